//! An agent from a YAML file, answered by the local model, in text: what `antiphon chat` does.
//!
//! `cargo run --release -p antiphon-examples --bin yaml_agent -- examples/agents/hello.yaml`
#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::{path::PathBuf, sync::Arc};

use antiphon::{
    TextTools,
    chat::{ChatConfig, ChatSessionManager, ExecutorParts, TurnEvent},
    config::{self, Reload, Sources},
    gguf::GgufOptions,
    local,
    models::Quiet,
    prelude::*,
    tools::ToolSet,
};

fn main() -> Result<()> {
    let own = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/agents/hello.yaml"));
    let path = std::env::args_os().nth(1).map_or_else(own, PathBuf::from);
    // The file, with the environment and this folder's `.env` over it. What is wrong in it is told
    // with line, column and suggestion.
    let sources = Sources::of_process(".env".as_ref(), Vec::new())?;
    let effective = config::load(&path, &sources)?;
    let file = effective.agent();
    println!("name: {}", file.name);
    if let Some(origin) = effective.origin("greeting") {
        println!("greeting from: {origin}");
    }
    // An edit of the file is read between turns. Nothing has changed yet.
    println!("edited: {}", !matches!(effective.reload(&sources), Reload::Unchanged));

    let store = local::store()?;
    let (llm, _) = local::language_model(&store, None, GgufOptions::default(), &mut Quiet)?;
    let parts = ExecutorParts {
        config: file.to_conversation_config(),
        // Lets models call tools that were not made for it; here are none.
        agent: Arc::new(LlmAgent::new(Arc::new(TextTools::new(Arc::new(llm))))),
        tools: ToolSet::new(),
        clock: Arc::new(SessionClock::new(Pace::RealTime)),
        session: "example".into(),
    };
    chat(parts, &file.greeting)
}

#[tokio::main]
async fn chat(parts: ExecutorParts, greeting: &str) -> Result<()> {
    let mut chat = ChatSessionManager::new(parts, ChatConfig::default())?;
    chat.start()?;
    println!("agent: {greeting}");
    let question = "Can you say hello to my friend Ada?";
    println!("you: {question}");
    let mut turn = chat.stream_message(question)?;
    while let Some(event) = turn.next().await {
        match event? {
            TurnEvent::Text(text) => print!("{text}"),
            TurnEvent::Tool { call, event } => println!("[{}] {event:?}", call.name),
            TurnEvent::Done(done) => println!("\ntokens: {:?}", done.tokens_used),
        }
    }
    drop(turn);
    println!("messages: {}", chat.get_session()?.messages);
    chat.terminate().await;
    Ok(())
}
