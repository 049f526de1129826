//! The life of a chat.

use antiphon_core::Code;

use super::support::{
    Generation::{Calls, Refuses, Says},
    Scripted, USAGE, call, parts,
};
use crate::executor::{ChatConfig, ChatSessionManager};

fn chat(agent: &Scripted, max_messages: u32) -> ChatSessionManager {
    let config = ChatConfig { max_messages, ..ChatConfig::default() };
    ChatSessionManager::new(parts(agent), config).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_chat_is_started_used_and_terminated() {
    let weather = call("c1", "weather", r#"{"place": "Rome"}"#);
    let agent = Scripted::new([Says(&["Hi."]), Calls("", vec![weather]), Says(&["Sunny."])]);
    let mut chat = chat(&agent, 50);
    let early = chat.process_message("hello").await.unwrap_err();
    assert_eq!((early.op(), early.code()), ("chat.message", Code::Cancelled));
    assert_eq!(chat.get_session().unwrap_err().code(), Code::Cancelled);
    assert_eq!(chat.start().unwrap().messages, 0);
    assert_eq!(chat.start().unwrap_err().code(), Code::InvalidInput);
    assert_eq!(chat.process_message("hello").await.unwrap().content, "Hi.");
    assert_eq!(chat.process_message("the weather?").await.unwrap().content, "Sunny.");
    let session = chat.get_session().unwrap();
    assert_eq!((session.messages, session.turns, session.tool_calls), (4, 2, 1));
    assert_eq!(session.tokens.input_tokens, 3 * USAGE.input_tokens);
    assert_eq!(chat.executor().unwrap().get_history().len(), 5);
    chat.terminate().await;
    chat.terminate().await;
    assert_eq!(chat.process_message("hello").await.unwrap_err().code(), Code::Cancelled);
    assert_eq!(agent.left.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_chat_warns_at_four_fifths_and_ends_at_its_limit() {
    let agent = Scripted::new((0..6).map(|_| Says(&["Yes."])));
    let mut chat = chat(&agent, 10);
    assert!(!chat.should_warn_context_limit());
    chat.start().unwrap();
    for turn in 1..=5 {
        chat.process_message("and?").await.unwrap();
        assert_eq!(chat.should_warn_context_limit(), turn >= 4, "turn {turn}");
    }
    let full = chat.process_message("and?").await.unwrap_err();
    assert_eq!(full.code(), Code::ContextError);
    assert!(full.help().unwrap().contains("clear"));
    chat.clear_history().unwrap();
    assert!(!chat.should_warn_context_limit());
    chat.process_message("and?").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_taken_is_neither_counted_nor_answered() {
    let agent = Scripted::new([Refuses(Code::Unauthorized)]);
    let mut chat = chat(&agent, 10);
    chat.start().unwrap();
    for bad in ["", "  \n", "bell \u{7}", &"x".repeat(10_001)] {
        let e = chat.process_message(bad).await.unwrap_err();
        assert_eq!((e.op(), e.code()), ("message.validate", Code::InvalidInput));
    }
    assert_eq!(chat.get_session().unwrap().messages, 0);
    assert!(agent.asked.lock().unwrap().is_empty());
    let e = chat.process_message("hello").await.unwrap_err();
    assert_eq!(e.code(), Code::Unauthorized);
    assert_eq!(chat.get_session().unwrap().messages, 1, "it was said, and is in history");
}

#[test]
fn limits_out_of_range_are_refused() {
    for (max_messages, warn_at_percent) in [(1, 80), (50, 0), (50, 101)] {
        let config = ChatConfig { max_messages, warn_at_percent, ..ChatConfig::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let _inside = runtime.enter();
        let e = ChatSessionManager::new(parts(&Scripted::new([])), config).unwrap_err();
        assert_eq!((e.op(), e.code()), ("chat.start", Code::InvalidInput));
    }
}
