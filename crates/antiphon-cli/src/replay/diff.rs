//! Two journals side by side: where they part.

use std::{fmt::Display, path::Path, process::ExitCode};

use antiphon::{
    Result,
    conversation::{Comparison, Difference, Recording},
};
use serde::Serialize;
use serde_json::{Value, json};

use super::show::{Show, journal};
use crate::screen::say;

pub(crate) fn main(
    (left_file, left): (&Path, Recording),
    (right_file, right): (&Path, Recording),
    json: bool,
) -> Result<ExitCode> {
    let found = Comparison::of(&left, &right)?;
    if json {
        let files = [journal(left_file, &left), journal(right_file, &right)];
        say!(
            "{}",
            json!({ "diff": {
                "journals": files, "same": found.is_same(), "same_config": found.same_config,
                "time": found.time, "event": value(found.event.as_ref()),
                "action": value(found.action.as_ref()),
            }})
        );
    } else {
        let show = Show { json };
        show.journal(left_file, &left);
        show.journal(right_file, &right);
        say!("configuration  {}", if found.same_config { "the same" } else { "differs" });
        say!("times          {}", found.time.map_or("the same".to_owned(), |n| first(n, &left)));
        say_difference("events ", found.event.as_ref(), &left);
        say_difference("actions", found.action.as_ref(), &left);
    }
    Ok(if found.is_same() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn first(n: u64, left: &Recording) -> String {
    let record = usize::try_from(n).ok().and_then(|n| left.records.get(n));
    let at = record.map_or(String::new(), |r| format!(", at {} on the left", r.t));
    format!("differ first on event {n}{at}")
}

fn say_difference<T: Display + Serialize>(
    what: &str,
    found: Option<&Difference<T>>,
    left: &Recording,
) {
    let Some(found) = found else {
        say!("{what}        the same");
        return;
    };
    say!("{what}        {}", first(found.at, left));
    let (mut left, mut right) = (side(&found.left), side(&found.right));
    if left == right {
        // What a line leaves out is what differs.
        (left, right) = (json!(found.left).to_string(), json!(found.right).to_string());
    }
    say!("  left   {}", left.trim_start());
    say!("  right  {}", right.trim_start());
}

fn side<T: Display>(side: &Option<T>) -> String {
    side.as_ref().map_or("nothing".to_owned(), T::to_string)
}

fn value<T: Serialize>(found: Option<&Difference<T>>) -> Value {
    found.map_or(Value::Null, |d| json!({ "n": d.at, "left": d.left, "right": d.right }))
}
