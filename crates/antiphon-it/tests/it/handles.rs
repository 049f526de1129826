//! What an application does with a running session: it speaks, waits, takes back, hands over.

use std::sync::Arc;

use antiphon::{
    CallbackAgent, Code, Notice, SayOptions, Session, conversation::Priority, session::Clip,
    state::Said,
};

use crate::tones::{Caller, RATE_HZ, When, parts, speak, start as begin};

fn answers(text: &'static str) -> Arc<CallbackAgent> {
    Arc::new(CallbackAgent::new(move |_| async move { Ok(text.to_owned()) }))
}

fn start(caller: &Caller) -> Session {
    begin(parts(answers("answer."), caller)).0
}

/// A caller who stays on the line for as long as a test takes.
fn patient() -> Caller {
    Caller::default().says(When::Quiet(600_000), "hello")
}

#[tokio::test]
async fn a_speech_can_be_waited_for_and_its_outcome_is_known() {
    let caller = patient();
    let session = start(&caller);
    let mut speech = session.say("one two three").await.unwrap();
    let outcome = speech.wait_for_playout().await;
    assert_eq!((outcome.heard.as_str(), outcome.interrupted), ("one two three", false));
    assert!(speech.done() && !speech.interrupted());
    assert_eq!(caller.heard(), "one two three");
}

#[tokio::test]
async fn the_urgent_goes_first_and_what_is_withdrawn_is_never_heard() {
    let caller = patient();
    let session = start(&caller);
    let with = |priority| SayOptions { priority, ..SayOptions::default() };
    let _ = session.say("one").await.unwrap();
    let mut last = session.say_with("four", with(Priority::Low)).await.unwrap();
    let mut never = session.say("nine").await.unwrap();
    let _ = session.say_with("two", with(Priority::High)).await.unwrap();
    let _ = session.say("three").await.unwrap();
    never.interrupt().await.unwrap();
    assert!(never.wait_for_playout().await.interrupted);
    last.wait_for_playout().await;
    assert_eq!(caller.heard(), "one two three four");
}

#[tokio::test]
async fn a_recording_is_played_in_place_of_the_voice() {
    let caller = patient();
    let session = start(&caller);
    let clip = Clip { rate_hz: RATE_HZ, samples: speak("sunny table").into() };
    let options = SayOptions { clip: Some(clip), ..SayOptions::default() };
    let mut speech = session.say_with("What a lovely table!", options).await.unwrap();
    assert_eq!(speech.wait_for_playout().await.heard, "What a lovely table!");
    assert_eq!(caller.heard(), "sunny table");

    let empty = Clip { rate_hz: RATE_HZ, samples: Vec::new().into() };
    let options = SayOptions { clip: Some(empty), ..SayOptions::default() };
    assert_eq!(session.say_with("x", options).await.unwrap_err().code(), Code::InvalidInput);
}

#[tokio::test]
async fn typed_text_is_answered_in_speech_and_another_agent_takes_over() {
    let caller = patient();
    let session = start(&caller);
    let mut events = session.events();
    for (agent, text) in [(None, "hello"), (Some(answers("thanks.")), "again")] {
        if let Some(agent) = agent {
            session.update_agent(agent).await.unwrap();
        }
        session.user_text(text).await.unwrap();
        while !matches!(events.recv().await.unwrap().notice, Notice::SpeechEnded { .. }) {}
    }
    assert_eq!(caller.heard(), "answer thanks");
    let users = |said: &Said| matches!(said, Said::User { .. });
    assert_eq!(session.history().items().filter(|i| users(&i.said)).count(), 2);
    assert_eq!(session.user_text(" ").await.unwrap_err().code(), Code::InvalidInput);
}

#[tokio::test]
async fn the_agent_can_be_asked_to_speak_by_itself() {
    let caller = patient();
    let session = start(&caller);
    let mut speech = session.generate_reply("Greet the caller.").await.unwrap();
    assert_eq!(speech.wait_for_playout().await.heard.trim(), "answer.");
}

#[tokio::test]
async fn after_the_end_everything_says_so() {
    let caller = patient();
    let session = start(&caller);
    let handle = session.handle();
    let mut speech = handle.say("one two three four five six seven eight nine").await.unwrap();
    let history = session.close().await.unwrap();
    assert!(speech.wait_for_playout().await.interrupted);
    assert!(history.items().count() <= 1);
    assert_eq!(handle.say("one").await.unwrap_err().code(), Code::Cancelled);
}
