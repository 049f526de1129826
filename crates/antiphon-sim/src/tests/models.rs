//! The reference model has teeth: it notices when the books are wrong.

use antiphon_conversation::{Action, Config, Conversation, Notice};
use antiphon_core::Timestamp;

use crate::{Caller, Line, Model, Providers, Report, Step, When, World};

fn interrupted() -> Report {
    let ms = std::time::Duration::from_millis;
    let lines = vec![
        Line::new(When::At(Timestamp::from_millis(500)), "when do you open"),
        Line::new(When::IntoSpeech(ms(1500)), "stop please"),
    ];
    let config = Config::default();
    let world = World::new(config, Providers::default(), Caller::from(lines), 1).unwrap();
    world.run(Timestamp::from_millis(120_000)).unwrap()
}

/// Runs the steps again, the model being told what `lie` makes of the actions.
fn check(steps: &[Step], lie: fn(&mut Action)) -> Result<(), String> {
    let config = Config::default();
    let mut model = Model::new(config.max_history_items);
    let mut machine = Conversation::new(config).unwrap();
    steps.iter().try_for_each(|step| {
        let mut actions = Vec::new();
        machine.handle(step.at, step.event.clone(), &mut actions);
        actions.iter_mut().for_each(lie);
        model.check(&step.event, &actions, &machine)
    })
}

#[test]
fn the_model_agrees_with_the_machine_and_with_no_lie() {
    let steps = interrupted().steps;
    assert_eq!(check(&steps, |_| {}), Ok(()));
    let less = |a: &mut Action| {
        if let Action::Emit(Notice::SpeechEnded { heard, unheard, interrupted: true, .. }) = a {
            let last = heard.split_off(heard.trim_end().rfind(' ').unwrap());
            unheard.insert_str(0, &last);
        }
    };
    assert!(check(&steps, less).unwrap_err().starts_with("heard"));
    let other = |a: &mut Action| {
        if let Action::Emit(Notice::UserTurn { text, .. }) = a {
            text.push_str(" or not");
        }
    };
    assert!(check(&steps, other).unwrap_err().starts_with("history"));
    let mute = |a: &mut Action| {
        if let Action::Emit(Notice::AgentState(_)) = a {
            *a = Action::Emit(Notice::Ended);
        }
    };
    assert!(check(&steps, mute).unwrap_err().starts_with("states"));
}
