//! Functions as agents: one answers at once, one streams. No language model is asked.
//!
//! `cargo run --release -p antiphon-examples --bin callback_agent`
#![expect(clippy::print_stdout, reason = "an example shows what happens")]
#![expect(clippy::wildcard_enum_match_arm, reason = "new notices may come; these are enough")]

use std::sync::Arc;

use antiphon::{
    local::{Local, LocalOptions},
    models::Quiet,
    prelude::*,
    session::SessionParts,
    transport::{MemoryTransport, Transport as _},
};
use futures_util::stream;

/// From what the user said to what the agent says.
async fn opening_hours(said: String) -> Result<String> {
    let said = said.to_lowercase();
    if said.contains("open") {
        return Ok("We are open from nine to five.".to_owned());
    }
    Ok("Sorry, I only know when we are open.".to_owned())
}

/// The same with a stream of pieces: a sentence is spoken as soon as it is complete.
fn countdown(_said: String) -> impl futures_util::Stream<Item = Result<String>> {
    stream::iter(["Three. ", "Two. ", "One. ", "Here ", "we ", "go!"].map(|s| Ok(s.to_owned())))
}

#[tokio::main]
async fn main() -> Result<()> {
    let load = || Local::load(&LocalOptions::default(), &mut Quiet);
    let local = tokio::task::block_in_place(load)?;
    let (mut transport, _peer) = MemoryTransport::pair(AudioFormat::mono(24_000), 200);
    let pool = MediaPool::start(SessionClock::new(Pace::Fast))?;

    // The parts of a session, with another agent in place of the language model.
    let parts = SessionParts {
        agent: Some(Arc::new(CallbackAgent::new(opening_hours))),
        ..local.session(Config::default(), transport.open()?)?
    };
    let (session, mut events) = Session::start(&pool, parts)?;

    // The user types; speech takes the same way.
    session.user_text("When are you open?").await?;
    answer(&mut events).await;

    // Another agent takes over, from the next reply on.
    session.update_agent(Arc::new(CallbackAgent::streaming(countdown))).await?;
    session.user_text("Count down, please.").await?;
    answer(&mut events).await;

    session.close().await?;
    Ok(())
}

/// Shows what is said until the agent has finished.
async fn answer(events: &mut Events) {
    while let Ok(SessionEvent { at, notice }) = events.recv().await {
        match notice {
            Notice::UserTurn { text, .. } => println!("{at} user:  {text}"),
            Notice::Segment { text, .. } => println!("{at}        says {text:?}"),
            Notice::SpeechEnded { heard, .. } => {
                println!("{at} agent: {}", heard.trim());
                return;
            }
            _ => {}
        }
    }
}
