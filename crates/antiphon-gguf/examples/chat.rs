//! Talks: `chat MODEL.gguf SYSTEM LINE...`. Prints each reply with its time to the first token and
//! its tokens a second.
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::{path::Path, time::Instant};

use antiphon_core::Result;
use antiphon_gguf::{Gguf, GgufOptions};
use antiphon_llm::{Llm as _, LlmEvent, LlmRequest, Message, Role};
use futures_util::StreamExt as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, system, lines @ ..] = args.as_slice() else {
        println!("chat MODEL.gguf SYSTEM LINE...");
        return Ok(());
    };
    let start = Instant::now();
    let llm = Gguf::load(Path::new(model), GgufOptions::default())?;
    println!("{} loaded in {:.2?}", llm.capabilities().model, start.elapsed());
    let message = |role, text: &str| Message { role, content: text.to_owned() };
    let mut messages = vec![message(Role::System, system)];
    let start = Instant::now();
    llm.warm(LlmRequest { messages: messages.clone(), ..LlmRequest::default() }).await?;
    println!(
        "system prompt of {} tokens read in {:.2?}",
        llm.count_tokens(system)?,
        start.elapsed()
    );
    for line in lines {
        messages.push(message(Role::User, line));
        let (start, mut first, mut reply) = (Instant::now(), None, String::new());
        let request = LlmRequest { messages: messages.clone(), ..LlmRequest::default() };
        let mut stream = llm.generate(request).await?;
        while let Some(event) = stream.next().await {
            match event? {
                LlmEvent::Delta { text } => {
                    first.get_or_insert_with(|| start.elapsed());
                    reply.push_str(&text);
                }
                LlmEvent::Done { usage, finish } => {
                    let first = first.unwrap_or_default();
                    let rest = (start.elapsed() - first).as_secs_f64();
                    let rate = f64::from(usage.output_tokens) / rest.max(1e-9);
                    println!(
                        "> {line}\n{reply}\n  [first token {first:.0?}, {rate:.1} tokens/s, {usage:?}, {finish:?}]"
                    );
                }
            }
        }
        messages.push(message(Role::Assistant, &reply));
    }
    Ok(())
}
