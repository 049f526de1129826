//! The port, on the tiny model: what it says is noise, but all else is as with a real one.

use antiphon_core::{Code, Result};
use antiphon_llm::{
    FinishReason, Llm as _, LlmEvent, LlmRequest, Message, Role, Usage, conformance,
};
use futures_util::{StreamExt as _, future::join_all};

use super::tiny::Tiny;
use crate::{Gguf, GgufOptions};

fn load(options: GgufOptions) -> Gguf {
    let (_folder, path) = Tiny::new("llama").write();
    Gguf::load(path, options).unwrap()
}

pub(super) fn request(lines: &[&str]) -> LlmRequest {
    let roles = [Role::User, Role::Assistant].into_iter().cycle();
    let message = |(role, line): (Role, &&str)| Message::new(role, *line);
    let messages = roles.zip(lines).map(message).collect();
    LlmRequest { messages, max_tokens: Some(20), ..LlmRequest::default() }
}

async fn reply(llm: &Gguf, request: LlmRequest) -> Result<(String, FinishReason, Usage)> {
    let mut events = llm.generate(request).await?;
    let mut text = String::new();
    while let Some(event) = events.next().await {
        match event? {
            LlmEvent::Delta { text: delta } => text.push_str(&delta),
            LlmEvent::ToolCall(call) => panic!("no tools, but {call:?}"),
            LlmEvent::Done { finish, usage } => return Ok((text, finish, usage)),
        }
    }
    panic!("no end after {text:?}");
}

#[tokio::test]
async fn it_conforms() {
    conformance::check(&load(GgufOptions::default())).await;
}

#[tokio::test]
async fn a_next_turn_reads_only_what_is_new_and_says_the_same() {
    let llm = load(GgufOptions::default());
    let (first, _, usage) = reply(&llm, request(&["hello there"])).await.unwrap();
    assert_eq!(usage.cached_tokens, 0);
    let turns = ["hello there", first.as_str(), "and then"];
    let (text, _, usage) = reply(&llm, request(&turns)).await.unwrap();
    let before = usage.input_tokens - usage.cached_tokens;
    assert!(usage.cached_tokens > 20 && before < 40, "{usage:?}");
    let fresh = reply(&load(GgufOptions::default()), request(&turns)).await.unwrap();
    assert_eq!((text, 0), (fresh.0, fresh.2.cached_tokens));
}

#[tokio::test]
async fn after_an_interruption_the_heard_part_is_reused() {
    let llm = load(GgufOptions::default());
    let (said, _, _) = reply(&llm, request(&["tell me a story"])).await.unwrap();
    let heard: String = said.chars().take(said.chars().count() / 2).collect();
    let turns = ["tell me a story", heard.as_str(), "stop"];
    let (text, _, usage) = reply(&llm, request(&turns)).await.unwrap();
    let (fresh, _, _) = reply(&load(GgufOptions::default()), request(&turns)).await.unwrap();
    assert_eq!(text, fresh);
    let known = llm.count_tokens("user\ntell me a story").unwrap() as u32;
    assert!(usage.cached_tokens > known, "{usage:?}: of the reply nothing was reused");
}

#[tokio::test]
async fn a_warmed_context_is_cached() {
    let llm = load(GgufOptions::default());
    let system = Message::new(Role::System, "be kind and brief");
    let warm = LlmRequest { messages: vec![system.clone()], ..Default::default() };
    llm.warm(warm).await.unwrap();
    let mut asked = request(&["hello"]);
    asked.messages.insert(0, system);
    let (_, _, usage) = reply(&llm, asked).await.unwrap();
    let known = llm.count_tokens("be kind and brief").unwrap() as u32;
    assert!(usage.cached_tokens > known, "{usage:?}");
}

#[tokio::test]
async fn a_reply_ends_where_the_context_does() {
    let llm = load(GgufOptions { context_tokens: 64, ..Default::default() });
    let asked = LlmRequest { max_tokens: Some(500), ..request(&["tell me all you know"]) };
    let (_, finish, usage) = reply(&llm, asked).await.unwrap();
    assert_eq!(finish, FinishReason::Length);
    assert_eq!(usage.input_tokens + usage.output_tokens, 64);
    let error = reply(&llm, request(&[&"x".repeat(60)])).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidInput);
    assert!(error.detail().contains("context of 64 tokens") && error.help().is_some(), "{error}");
    let error = reply(&llm, request(&[&"x".repeat(60_000)])).await.unwrap_err();
    // With "user" and a newline before them.
    assert!(error.detail().contains("60005 bytes"), "{error}");
}

#[tokio::test]
async fn nothing_is_said_in_no_tokens() {
    let llm = load(GgufOptions::default());
    let asked = LlmRequest { max_tokens: Some(0), ..request(&["hello"]) };
    let (text, finish, usage) = reply(&llm, asked).await.unwrap();
    assert_eq!((text.as_str(), finish, usage.output_tokens), ("", FinishReason::Length, 0));
}

#[tokio::test]
async fn replies_are_repeatable_also_at_a_temperature() {
    let warm = LlmRequest { temperature: Some(1.5), ..request(&["hello"]) };
    let (a, b) = (load(GgufOptions::default()), load(GgufOptions::default()));
    let (first, _, _) = reply(&a, warm.clone()).await.unwrap();
    assert_eq!(first, reply(&b, warm.clone()).await.unwrap().0);
    assert_eq!(first, reply(&a, warm).await.unwrap().0, "also from a cached context");
    assert_ne!(first, reply(&a, request(&["hello"])).await.unwrap().0, "than without");
}

#[tokio::test]
async fn replies_in_turns_are_the_replies_alone() {
    let llm = load(GgufOptions::default());
    let asked = ["one", "two", "three", "four", "five", "six"].map(|line| request(&[line]));
    let together = join_all(asked.clone().map(|r| reply(&llm, r))).await;
    for (together, asked) in together.into_iter().zip(asked) {
        let alone = reply(&load(GgufOptions::default()), asked).await.unwrap();
        assert_eq!(together.unwrap().0, alone.0);
    }
}

#[tokio::test]
async fn more_than_can_wait_is_refused_and_the_rest_completes() {
    let llm = load(GgufOptions { active: 1, waiting: 2, ..Default::default() });
    let long = LlmRequest { max_tokens: Some(150), ..request(&["hello"]) };
    let all = join_all((0..60).map(|_| reply(&llm, long.clone()))).await;
    let refused: Vec<_> = all.iter().filter_map(|r| r.as_ref().err().map(|e| e.code())).collect();
    assert!(!refused.is_empty() && refused.iter().all(|code| *code == Code::Unavailable));
    assert!(all.iter().filter(|r| r.is_ok()).count() >= 2);
}

#[tokio::test]
async fn streams_outlive_the_model() {
    let llm = load(GgufOptions::default());
    let events = llm.generate(request(&["hello"])).await.unwrap();
    drop(llm);
    let events: Vec<_> = events.collect().await;
    assert!(matches!(events.last(), Some(Ok(LlmEvent::Done { .. }))), "{events:?}");
}
