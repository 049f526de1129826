//! The labelled set against the gate, and the counting.

use antiphon::Result;
use futures_util::FutureExt as _;
use serde_json::{Value, json};

use super::{
    Labelled,
    labelled::{Case, Wanted},
    reading::{Gate, Made, in_tags},
    score::Score,
};

fn call(name: &str, arguments: &Value) -> String {
    json!({"name": name, "arguments": arguments}).to_string()
}

fn admit(gate: &Gate, reply: &str, case: &Case) -> Vec<Made> {
    gate.admit(reply, case).now_or_never().unwrap().0
}

#[test]
fn what_is_labelled_right_passes_the_gate() -> Result<()> {
    let set = Labelled::read()?;
    let gate = Gate::new(&set)?;
    let mut refused = Vec::new();
    for case in set.cases.iter().filter(|case| case.wanted == Wanted::Call) {
        let arguments =
            case.arguments.iter().map(|(name, values)| (name.clone(), values[0].clone()));
        let reply = call(case.tool.as_deref().unwrap(), &Value::Object(arguments.collect()));
        let made = admit(&gate, &reply, case);
        match made.as_slice() {
            [] => refused.push(case.user.as_str()),
            [made] => assert!(case.wants(made) && case.is_exact(made), "{}", case.user),
            more => panic!("{more:?}"),
        }
    }
    // It shares no word with the tool's description.
    assert_eq!(refused, ["What can I eat at your place tonight?"]);
    Ok(())
}

/// Whether they pass the gate is not asked: it was not made for them.
#[test]
fn the_held_out_set_names_tools_that_there_are_and_fits_their_schemas() -> Result<()> {
    let set = Labelled::held_out()?;
    let gate = Gate::new(&set)?;
    for case in set.cases.iter().filter(|case| case.wanted == Wanted::Call) {
        let tool = case.tool.as_deref().unwrap();
        for (name, values) in &case.arguments {
            assert!(!values.is_empty(), "{name} of {}", case.user);
        }
        let arguments =
            case.arguments.iter().map(|(name, values)| (name.clone(), values[0].clone()));
        let arguments = Value::Object(arguments.collect());
        let fits = gate.tools.validator(tool).unwrap().check(arguments);
        assert!(fits.is_ok(), "{}: {fits:?}", case.user);
    }
    Ok(())
}

#[test]
fn a_call_counts_as_what_was_wanted() -> Result<()> {
    let set = Labelled::read()?;
    let gate = Gate::new(&set)?;
    let find = |user: &str| set.cases.iter().find(|case| case.user == user).unwrap();
    let price = find("How much is the fish soup?");
    let right = call("dish_price", &json!({"dish": "Fish Soup"}));
    let made_up = call("dish_price", &json!({"dish": "bacon"}));
    assert_eq!(in_tags(&right), []);
    assert_eq!(in_tags(&format!("<tool_call>{right}</tool_call>")), gate.unchecked(&right));
    let score = |replies: &[(&str, &str)]| {
        let (mut unchecked, mut checked) = (Score::default(), Score::default());
        for (user, reply) in replies {
            unchecked.count(find(user), &gate.unchecked(reply));
            checked.count(find(user), &admit(&gate, reply, find(user)));
        }
        [unchecked, checked]
            .map(|s| s.figures("m", "h").iter().map(|f| f.value).collect::<Vec<_>>())
    };
    let replies = [(price.user.as_str(), right.as_str()), ("Hello!", &made_up)];
    assert_eq!(
        score(&replies),
        [[50.0, 100.0, 100.0, 100.0, 0.0], [100.0, 100.0, 100.0, 0.0, 0.0]]
    );
    let replies = [(price.user.as_str(), made_up.as_str()), ("How much does it cost?", &made_up)];
    assert_eq!(score(&replies), [[50.0, 100.0, 0.0, 0.0, 100.0], [0.0; 5]]);
    Ok(())
}
