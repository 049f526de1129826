//! What every [`Llm`] must do, as checks that a provider's tests run.
//!
//! It deliberately judges no quality: what a model says is each provider's own test. It needs no
//! async runtime, only an executor that polls.

#![expect(clippy::panic, reason = "the verdict of a check is a panic")]

use antiphon_core::{BoxStream, Code, Error, Result};
use futures_util::{StreamExt as _, future::join};

use crate::{FinishReason, Llm, LlmEvent, LlmRequest, Message, Role, Usage};

/// Runs every check of this module. About a dozen short generations.
///
/// # Panics
/// At the first broken rule, naming it. Meant for tests.
pub async fn check(llm: &dyn Llm) {
    capabilities_are_usable(llm);
    a_reply_is_deltas_then_one_done(llm).await;
    max_tokens_is_respected(llm).await;
    characters_stay_whole(llm).await;
    a_dropped_reply_harms_no_other(llm).await;
    two_replies_at_once_both_complete(llm).await;
    a_warmed_context_can_be_continued(llm).await;
    no_messages_are_refused(llm).await;
    impossible_temperatures_are_refused(llm).await;
    a_context_too_long_is_refused_with_figures(llm).await;
}

/// The model has a name and a context window.
///
/// # Panics
/// If it has not.
pub fn capabilities_are_usable(llm: &dyn Llm) {
    let capabilities = llm.capabilities();
    assert!(!capabilities.model.is_empty(), "a model without a name");
    assert_ne!(capabilities.context_tokens, 0, "a context window of 0 tokens");
}

/// Deltas that are not empty, exactly one `Done` whose usage adds up, then the end.
///
/// # Panics
/// If the stream has another shape.
pub async fn a_reply_is_deltas_then_one_done(llm: &dyn Llm) {
    let reply = reply(llm, ask("Hi there, how are you today?")).await;
    assert!(!reply.text.is_empty(), "a greeting got no reply");
}

/// Generation stops at `max_tokens`, and says so.
///
/// # Panics
/// If it does not.
pub async fn max_tokens_is_respected(llm: &dyn Llm) {
    let request = LlmRequest { max_tokens: Some(3), ..ask("Count from one to fifty in words.") };
    let reply = reply(llm, request).await;
    let used = reply.usage.output_tokens;
    assert!(used <= 3, "{used} tokens where 3 were allowed");
    assert_eq!(reply.finish, FinishReason::Length, "cut off, but not for its length");
}

/// Accents, other scripts and emoji, of one to four bytes and of several code points, never come
/// back broken.
///
/// # Panics
/// If a delta holds a replacement character.
pub async fn characters_stay_whole(llm: &dyn Llm) {
    let text = "Repeat after me, please: naïve, Ελλάδα, 日本語, 🎉🌊, 👩‍👩‍👧, 🇫🇷!";
    let reply = reply(llm, ask(text)).await;
    assert!(!reply.text.contains('\u{fffd}'), "a broken character in {:?}", reply.text);
}

/// Dropping a stream, before its first item or after it, cancels that generation only.
///
/// # Panics
/// If the next generation does not complete.
pub async fn a_dropped_reply_harms_no_other(llm: &dyn Llm) {
    let long = || LlmRequest { max_tokens: Some(200), ..ask("Tell me a long story about a cat.") };
    drop(start(llm, long()).await);
    let mut started = start(llm, long()).await;
    let first = started.next().await;
    assert!(matches!(first, Some(Ok(_))), "a story began with {first:?}");
    drop(started);
    reply(llm, ask("Hello!")).await;
}

/// Two generations of one model do not disturb each other.
///
/// # Panics
/// If one of them does not complete.
pub async fn two_replies_at_once_both_complete(llm: &dyn Llm) {
    join(reply(llm, ask("Do you like music?")), reply(llm, ask("Do you like the sea?"))).await;
}

/// What was warmed can be continued, and warming the same again changes nothing.
///
/// # Panics
/// If warming or the generation after it fails.
pub async fn a_warmed_context_can_be_continued(llm: &dyn Llm) {
    let system = message(Role::System, "You are a friendly companion. Keep it short.");
    let warm = LlmRequest { messages: vec![system.clone()], ..LlmRequest::default() };
    for _ in 0..2 {
        let warmed = llm.warm(warm.clone()).await;
        assert!(warmed.is_ok(), "warming failed: {warmed:?}");
    }
    let messages = vec![system, message(Role::User, "Hello!")];
    reply(llm, LlmRequest { messages, ..ask("") }).await;
}

/// A request without messages fails with `invalid_input`.
///
/// # Panics
/// If it does not.
pub async fn no_messages_are_refused(llm: &dyn Llm) {
    refusal(llm, LlmRequest { messages: Vec::new(), ..ask("") }).await;
    let code = llm.warm(LlmRequest::default()).await.err().map(|e| e.code());
    assert_eq!(code, Some(Code::InvalidInput), "nothing was warmed");
}

/// A temperature that is NaN or outside 0 to 2 fails with `invalid_input`; both ends are allowed.
///
/// # Panics
/// If it does not.
pub async fn impossible_temperatures_are_refused(llm: &dyn Llm) {
    let at = |t| LlmRequest { temperature: Some(t), max_tokens: Some(2), ..ask("Hello!") };
    for wrong in [f32::NAN, f32::INFINITY, -0.01, 2.01] {
        refusal(llm, at(wrong)).await;
    }
    for right in [0.0, 2.0] {
        reply(llm, at(right)).await;
    }
}

/// More text than the context window holds fails with `invalid_input`, and the error says how
/// much there is room for.
///
/// # Panics
/// If it does not.
pub async fn a_context_too_long_is_refused_with_figures(llm: &dyn Llm) {
    let limit = llm.capabilities().context_tokens;
    let error = refusal(llm, ask(&"hello ".repeat(limit + 1))).await;
    let figures = error.detail().contains(&limit.to_string());
    assert!(figures, "no limit of {limit} tokens in: {}", error.detail());
}

/// What a complete generation came to.
struct Reply {
    text: String,
    finish: FinishReason,
    usage: Usage,
}

fn message(role: Role, content: &str) -> Message {
    Message::new(role, content)
}

/// One line of the user; short and greedy, so that checks are quick and repeatable.
fn ask(line: &str) -> LlmRequest {
    let messages = vec![message(Role::User, line)];
    LlmRequest { messages, max_tokens: Some(24), temperature: Some(0.0), ..LlmRequest::default() }
}

async fn start(llm: &dyn Llm, request: LlmRequest) -> BoxStream<Result<LlmEvent>> {
    match llm.generate(request).await {
        Ok(events) => events,
        Err(error) => panic!("a valid request was refused: {error:?}"),
    }
}

/// Runs a generation to its end, checking the shape of the stream on the way.
async fn reply(llm: &dyn Llm, request: LlmRequest) -> Reply {
    let mut events = start(llm, request).await;
    let mut text = String::new();
    let (finish, usage) = loop {
        match events.next().await {
            Some(Ok(LlmEvent::Delta { text: delta })) => {
                assert!(!delta.is_empty(), "an empty delta after {text:?}");
                text.push_str(&delta);
            }
            Some(Ok(LlmEvent::ToolCall(call))) => panic!("called {call:?}, and none was offered"),
            Some(Ok(LlmEvent::Done { finish, usage })) => break (finish, usage),
            Some(Err(error)) => panic!("failed after {text:?}: {error:?}"),
            None => panic!("ended without `Done` after {text:?}"),
        }
    };
    let after = events.next().await;
    assert!(after.is_none(), "something after `Done`: {after:?}");
    let Usage { input_tokens, cached_tokens, output_tokens } = usage;
    assert_ne!(input_tokens, 0, "a context of 0 tokens");
    assert!(cached_tokens <= input_tokens, "{cached_tokens} of {input_tokens} tokens cached");
    assert!(text.is_empty() || output_tokens > 0, "text out of 0 tokens: {text:?}");
    Reply { text, finish, usage }
}

/// The error that `request` fails with: `invalid_input`.
async fn refusal(llm: &dyn Llm, request: LlmRequest) -> Error {
    match llm.generate(request.clone()).await {
        Ok(_) => panic!("an impossible request was accepted: {request:?}"),
        Err(error) => {
            assert_eq!(error.code(), Code::InvalidInput, "refused, but with {error:?}");
            error
        }
    }
}
