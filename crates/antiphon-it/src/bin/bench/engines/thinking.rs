//! The language model: how soon it answers in a conversation it knows, and how fast it writes.

use antiphon::{
    Result,
    gguf::{Gguf, GgufOptions},
    llm::{Llm as _, LlmEvent, LlmRequest, Message, Role, Usage},
};
use futures_util::StreamExt as _;

use super::Bench;
use crate::{
    figures::{Figure, median},
    machine::{Took, Watch},
    report::Report,
};

/// Instructions of a usual length.
const INSTRUCTIONS: &str = "You are the friendly voice of a small restaurant by the harbour. You \
    answer the telephone. Guests want to book a table, ask for the opening hours, or ask what is \
    on the menu. The restaurant is open from half past eleven to nine, and closed on Mondays. The \
    kitchen serves fish, soup, pasta and salads; there are always two dishes without meat. Tables \
    are kept for fifteen minutes. Dogs are welcome outside. There is a car park behind the house. \
    Speak in one or two short sentences, because your words are spoken aloud. Never use lists, \
    headings or symbols. If you do not know something, say so and offer to ask a colleague. When a \
    guest wants a table, ask for the day, the time, the number of guests and a name, one after the \
    other, and repeat everything once at the end. Be warm, be brief, and let the guest speak.";

const QUESTIONS: [&str; 6] = [
    "Hello, are you open on Sunday?",
    "What do you have for vegetarians?",
    "Can I bring my dog?",
    "Where can I park my car?",
    "I would like a table for two.",
    "At seven in the evening, please.",
];

/// Tokens of a reply at most.
const MAX_TOKENS: u32 = 40;

/// One reply.
struct Reply {
    text: String,
    usage: Usage,
    first: Took,
    whole: Took,
}

pub(super) fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let file = bench.model("smollm2")?.file("SmolLM2-135M-Instruct.Q4_1.gguf")?;
    let model = Gguf::load(file, GgufOptions::default())?;
    let questions = report.rounds(QUESTIONS.len(), 2);
    let replies = bench.runtime.block_on(converse(&model, questions))?;
    let of = |f: fn(&Reply) -> f64| median(&replies.iter().map(f).collect::<Vec<_>>());
    let n = replies.len();
    let how = format!(
        "from the question to the first text, {:.0} tokens cached and {:.0} new; median of {n} \
         turns of one conversation, instructions read ahead",
        of(|r| f64::from(r.usage.cached_tokens)),
        of(|r| f64::from(r.usage.input_tokens - r.usage.cached_tokens)),
    );
    let (wall, cpu) = (of(|r| r.first.wall), of(|r| r.first.cpu));
    report.add(Figure::timed("SmolLM2, first token", wall, "s").at_most(0.15).how(how));
    let figure = Figure::timed("SmolLM2, first token, processor time", cpu, "s");
    report.add(figure.at_most(0.15).how("the same turns"));
    let wall = of(|r| speed(r, r.whole.wall - r.first.wall));
    let cpu = of(|r| speed(r, r.whole.cpu - r.first.cpu));
    let figure = Figure::timed("SmolLM2, tokens a second", wall, "tok/s");
    report.add(figure.at_least(28.0).how("those after the first of the same replies"));
    let figure = Figure::timed("SmolLM2, tokens a second of processor time", cpu, "tok/s");
    report.add(figure.at_least(28.0).how("the same replies"));
    let uncached = replies.iter().filter(|r| r.usage.cached_tokens == 0).count();
    let how = "the prefix cache must hold for every turn";
    let figure =
        Figure::counted("SmolLM2, turns read from the beginning", uncached as f64, "turns");
    report.add(figure.at_most(0.0).how(how));
    Ok(())
}

fn speed(reply: &Reply, seconds: f64) -> f64 {
    f64::from(reply.usage.output_tokens.saturating_sub(1)) / seconds
}

/// A conversation as a session holds it: instructions first, then turn by turn.
async fn converse(model: &Gguf, questions: usize) -> Result<Vec<Reply>> {
    let message = |role, content: &str| Message::new(role, content);
    let mut messages = vec![message(Role::System, INSTRUCTIONS)];
    model.warm(LlmRequest { messages: messages.clone(), ..LlmRequest::default() }).await?;
    let mut replies = Vec::new();
    for question in QUESTIONS.iter().take(questions) {
        messages.push(message(Role::User, question));
        let reply = answer(model, messages.clone()).await?;
        messages.push(message(Role::Assistant, &reply.text));
        replies.push(reply);
    }
    Ok(replies)
}

async fn answer(model: &Gguf, messages: Vec<Message>) -> Result<Reply> {
    let max_tokens = Some(MAX_TOKENS);
    let watch = Watch::start();
    let request = LlmRequest { messages, max_tokens, ..LlmRequest::default() };
    let mut events = model.generate(request).await?;
    let (mut first, mut text, mut usage) = (None, String::new(), Usage::default());
    while let Some(event) = events.next().await {
        match event? {
            LlmEvent::Delta { text: delta } => {
                first.get_or_insert_with(|| watch.took());
                text.push_str(&delta);
            }
            LlmEvent::ToolCall(_) => {}
            LlmEvent::Done { usage: used, .. } => usage = used,
        }
    }
    let (whole, first) = (watch.took(), first.unwrap_or_else(|| watch.took()));
    Ok(Reply { text, usage, first, whole })
}
