//! Talks to a model and measures it: `chat_bench MODEL.gguf [@SYSTEM.txt] LINE...`.
//!
//! Each line is a turn of one conversation. Printed are the time to the first token with nothing
//! cached and with the conversation so far cached, the tokens per second of reading and of
//! speaking, and the memory of the process.

#![expect(clippy::print_stdout, reason = "an example's output")]

use std::{
    env, fs,
    time::{Duration, Instant},
};

use antiphon_core::{Code, Error, Result};
use antiphon_gguf::{Gguf, GgufOptions};
use antiphon_llm::{Llm as _, LlmEvent, LlmRequest, Message, Role, Usage};
use futures_util::StreamExt as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut args = env::args().skip(1).peekable();
    let model = args.next().ok_or_else(|| bad("usage: chat_bench MODEL [@SYSTEM] LINE..."))?;
    let system = args.next_if(|arg| arg.starts_with('@'));
    let start = Instant::now();
    let llm = Gguf::load(&model, options()?)?;
    println!("{}: loaded in {:.2?}, {}", llm.capabilities().model, start.elapsed(), memory());
    let mut messages = Vec::new();
    if let Some(path) = system.as_deref().and_then(|arg| arg.strip_prefix('@')) {
        let text = fs::read_to_string(path).map_err(|e| bad(&format!("{path}: {e}")))?;
        messages.push(message(Role::System, text.trim()));
        let start = Instant::now();
        llm.warm(LlmRequest { messages: messages.clone(), ..LlmRequest::default() }).await?;
        let (tokens, took) = (llm.count_tokens(text.trim())?, start.elapsed());
        println!("{tokens} tokens of instructions read in {took:.2?}, {:.0}/s", rate(tokens, took));
    }
    for line in args {
        messages.push(message(Role::User, &line));
        let reply = turn(&llm, messages.clone()).await?;
        println!("\n> {line}\n{}", reply.text);
        let Usage { input_tokens, cached_tokens, output_tokens } = reply.usage;
        let said = rate(output_tokens as usize - 1, reply.rest);
        println!(
            "  [{input_tokens} tokens, {cached_tokens} cached: first after {:.0?}; {output_tokens} \
             said, {said:.1}/s; {} words; {}]",
            reply.first,
            reply.text.split_whitespace().count(),
            memory()
        );
        messages.push(message(Role::Assistant, &reply.text));
    }
    Ok(())
}

struct Reply {
    text: String,
    usage: Usage,
    first: Duration,
    rest: Duration,
}

async fn turn(llm: &Gguf, messages: Vec<Message>) -> Result<Reply> {
    let start = Instant::now();
    let mut reply = Reply {
        text: String::new(),
        usage: Usage::default(),
        first: Duration::ZERO,
        rest: Duration::ZERO,
    };
    let mut events = llm.generate(LlmRequest { messages, ..LlmRequest::default() }).await?;
    while let Some(event) = events.next().await {
        match event? {
            LlmEvent::Delta { text } => {
                if reply.text.is_empty() {
                    reply.first = start.elapsed();
                }
                reply.text.push_str(&text);
            }
            LlmEvent::ToolCall(_) => {}
            LlmEvent::Done { usage, .. } => reply.usage = usage,
        }
    }
    reply.rest = start.elapsed() - reply.first;
    Ok(reply)
}

/// The defaults, with a temperature and a seed from the environment.
fn options() -> Result<GgufOptions> {
    let number = |name: &str| match env::var(name) {
        Ok(text) => text.parse().map(Some).map_err(|_| bad(&format!("{name} is {text:?}"))),
        Err(_) => Ok(None::<f32>),
    };
    let mut options = GgufOptions::default();
    let sampling = &mut options.sampling;
    sampling.temperature = number("TEMPERATURE")?.unwrap_or(sampling.temperature);
    sampling.repetition_penalty = number("PENALTY")?.unwrap_or(sampling.repetition_penalty);
    sampling.top_p = number("TOP_P")?.unwrap_or(sampling.top_p);
    sampling.seed = number("SEED")?.map_or(sampling.seed, |seed| seed as u64);
    Ok(options)
}

fn message(role: Role, content: &str) -> Message {
    Message::new(role, content)
}

fn rate(tokens: usize, took: Duration) -> f64 {
    tokens as f64 / took.as_secs_f64()
}

/// Resident memory, now and at its peak, where the system tells.
fn memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default()
    };
    format!("{} MB, peak {} MB", kilobytes("VmRSS:") / 1000, kilobytes("VmHWM:") / 1000)
}

fn bad(what: &str) -> Error {
    Error::new("chat_bench", Code::InvalidInput, what.to_owned())
}
