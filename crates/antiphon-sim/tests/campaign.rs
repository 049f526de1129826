//! The campaign that the command runs, at the size that every change has to stand.
#![cfg(test)]

use std::process::Command;

#[test]
fn a_hundred_thousand_stories_and_ten_million_events_keep_every_rule() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_antiphon-sim"));
    command.args(["--seeds", "100000", "--faults", "mild", "--steps", "10000000"]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("100000 stories"), "{said}");
    assert!(said.contains("10000000 random events"), "{said}");
    assert_eq!(said.matches(" 0 failures").count(), 2, "{said}");
}
