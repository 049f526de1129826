//! A language model of one's own: thirty lines behind the `Llm` port, then its conformance kit.
//!
//! `cargo run --release -p antiphon-examples --bin custom_llm`
#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use antiphon::{
    BoxStream, Code, Error, Result,
    llm::{
        FinishReason, Llm, LlmCapabilities, LlmEvent, LlmRequest, Message, Role, Usage, conformance,
    },
};
use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};

/// Turns what it is told into a question. Its tokens are words.
struct Eliza;

const CONTEXT: usize = 1_000;

fn words(messages: &[Message]) -> usize {
    messages.iter().map(|m| m.content.split_whitespace().count()).sum()
}

fn check(request: &LlmRequest) -> Result<()> {
    let refuse = |what: String| Err(Error::new("eliza.generate", Code::InvalidInput, what));
    match words(&request.messages) {
        _ if request.messages.is_empty() => refuse("there is no message to answer".to_owned()),
        n if n > CONTEXT => refuse(format!("{n} words, and there is room for {CONTEXT}")),
        _ if request.temperature.is_some_and(|t| !(0.0..=2.0).contains(&t)) => {
            refuse("the temperature must be between 0 and 2".to_owned())
        }
        _ => Ok(()),
    }
}

#[async_trait]
impl Llm for Eliza {
    fn capabilities(&self) -> LlmCapabilities {
        LlmCapabilities { model: "eliza".to_owned(), context_tokens: CONTEXT, tools: false }
    }

    async fn generate(&self, request: LlmRequest) -> Result<BoxStream<Result<LlmEvent>>> {
        check(&request)?;
        let said = request.messages.last().map(|m| m.content.trim_matches(['.', '!', '?', ' ']));
        let reply = format!("Why do you say: {}?", said.unwrap_or_default());
        let all: Vec<&str> = reply.split_inclusive(' ').collect();
        let most = request.max_tokens.map_or(usize::MAX, |n| n as usize);
        let finish = if all.len() > most { FinishReason::Length } else { FinishReason::Stop };
        let kept = all.into_iter().take(most);
        let mut events: Vec<_> = kept.map(|w| LlmEvent::Delta { text: w.to_owned() }).collect();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let usage = Usage {
            input_tokens: count(words(&request.messages)),
            cached_tokens: 0,
            output_tokens: count(events.len()),
        };
        events.push(LlmEvent::Done { finish, usage });
        // A stream that is dropped cancels: here there is nothing left to stop.
        Ok(stream::iter(events).map(Ok).boxed())
    }

    async fn warm(&self, request: LlmRequest) -> Result<()> {
        check(&request)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    // Panics at the first broken rule and names it; usually called by a test.
    conformance::check(&Eliza).await;
    println!("eliza does what the port asks; wrap it: LlmAgent::new(Arc::new(Eliza))");

    let messages = vec![Message::new(Role::User, "I like the sea.")];
    let mut reply = Eliza.generate(LlmRequest { messages, ..LlmRequest::default() }).await?;
    while let Some(event) = reply.next().await {
        println!("{:?}", event?);
    }
    Ok(())
}
