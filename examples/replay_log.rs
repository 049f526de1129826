//! Records the journal of a short session, then replays it: the same events, the same actions.
//!
//! `cargo run --release -p antiphon-examples --bin replay_log` leaves `call.jsonl`.
#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::{
    fs::File,
    io::{BufReader, BufWriter},
    path::Path,
};

use antiphon::{
    conversation::{Action, Event, Replay},
    local::{Local, LocalOptions},
    models::Quiet,
    prelude::*,
    state::read_journal,
    transport::{MemoryTransport, Transport as _},
};

#[tokio::main]
async fn main() -> Result<()> {
    let path = Path::new("call.jsonl");
    record(path).await?;
    replay(path)
}

/// A greeting, a typed question, its answer.
async fn record(path: &Path) -> Result<()> {
    let load = || Local::load(&LocalOptions::default(), &mut Quiet);
    let local = tokio::task::block_in_place(load)?;
    let (mut transport, _peer) = MemoryTransport::pair(AudioFormat::mono(24_000), 200);
    let pool = MediaPool::start(SessionClock::new(Pace::Fast))?;
    let config = Config { max_reply_tokens: Some(20), ..Config::default() };
    let out = BufWriter::new(File::create(path).map_err(|e| storage(&e))?);
    let parts = local.journaled_session(config, transport.open()?, "example", out)?;
    let (session, mut events) = Session::start(&pool, parts)?;

    session.say("Hello! What would you like to know?").await?.wait_for_playout().await;
    session.user_text("What is the sea like?").await?;
    while let Ok(event) = events.recv().await {
        if let Notice::SpeechEnded { turn, heard, .. } = event.notice {
            println!("{} {turn}: {}", event.at, heard.trim());
            if turn.0 > 0 {
                break;
            }
        }
    }
    // The footer, with the digest of all actions, is written here.
    session.close().await.map(drop)
}

/// Feeds the recorded events to a fresh machine. It needs no model, no audio and no clock.
fn replay(path: &Path) -> Result<()> {
    let file = BufReader::new(File::open(path).map_err(|e| storage(&e))?);
    let journal = read_journal::<Config, Event>(file)?;
    let mut replay = Replay::of(&journal.header)?;
    let mut count = 0;
    replay.run(&journal.records, None, |record, actions| {
        count += actions.len();
        for action in actions {
            if let Action::Start { op, effect } = action {
                println!("{} starts {op}: {:.60}", record.t, format!("{effect:?}"));
            }
        }
    });
    println!("{} events, {count} actions", journal.records.len());
    if let Some(footer) = &journal.footer {
        println!("actions as recorded: {}", footer.digest);
    }
    println!("actions as replayed: {}", replay.digest());
    println!("verdict: {:?}", replay.verdict(journal.footer.as_ref()));
    Ok(())
}

fn storage(e: &std::io::Error) -> Error {
    Error::new("example", Code::Storage, e.to_string())
}
