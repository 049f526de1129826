//! A test of one's own agent: a caller in virtual time, no audio, no models, no waiting. A minute
//! of call takes about a millisecond. See `docs/testing.md`.
//!
//! `cargo test -p antiphon-examples --test scenario_test`

use antiphon::llm::{LlmRequest, Role};
use antiphon_sim::{Faults, Moment, Profile, Scenario};

/// The agent under test: from what a language model would be asked to what it answers.
fn waiter(request: &LlmRequest) -> String {
    let said = request.messages.iter().rev().find(|m| m.role == Role::User);
    let said = said.map(|m| m.content.to_lowercase()).unwrap_or_default();
    match said {
        s if s.contains("tomorrow") => "Tomorrow at eight, then.".to_owned(),
        s if s.contains("table") => "We have a table at seven, by the window.".to_owned(),
        _ => "Sorry, would you like a table?".to_owned(),
    }
}

fn call(name: &str) -> Scenario {
    Scenario::new(name).greeting("Hello, this is the front desk.").agent(waiter)
}

#[test]
fn a_table_is_booked() {
    call("a booking")
        .user("book a table please")
        .expect_heard("We have a table at seven, by the window.")
        .expect_response_within(1.0)
        .expect_never(Moment::Interrupted)
        .run()
        .unwrap();
}

#[test]
fn a_caller_can_change_their_mind() {
    let transcript = call("a caller changes their mind")
        .user("book a table please")
        .user("no wait, I meant tomorrow")
        .interrupts_after(0.8)
        .expect_said("I meant tomorrow")
        .expect_not_heard("by the window")
        .expect_heard("Tomorrow at eight")
        .expect_order([Moment::Overlap, Moment::Interrupted, Moment::SpeechStarted])
        .run()
        .unwrap();
    // For checks of one's own: everything that happened, and when.
    assert_eq!(transcript.all(Moment::Interrupted).count(), 1);
}

#[test]
fn a_hum_does_not_interrupt() {
    call("a backchannel")
        .user("book a table please")
        .hums(0.8)
        .expect_heard("We have a table at seven, by the window.")
        .expect_never(Moment::Interrupted)
        .run()
        .unwrap();
}

#[test]
fn bad_days_are_survived() {
    for seed in 0..50 {
        // Providers fail, hang and send garbage. That history holds what was audible, that no
        // conversation sticks and more is checked in every run.
        call("a bad day")
            .user("book a table please")
            .user("no wait, I meant tomorrow")
            .faults(Faults::of(Profile::Harsh), seed)
            .run()
            .unwrap();
    }
}
