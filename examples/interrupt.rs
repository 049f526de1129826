//! Says something long, breaks it off after two seconds, and shows what was heard of it.
//!
//! `cargo run --release -p antiphon-examples --bin interrupt`
#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::time::Duration;

use antiphon::{
    local::{Local, LocalOptions},
    models::Quiet,
    prelude::*,
    state::Said,
    transport::{MemoryTransport, Transport as _},
};

const STORY: &str = "Once upon a time there was a lighthouse on a rock in the sea. Every evening \
                     its keeper climbed two hundred steps and lit the lamp. One night the lamp \
                     stayed dark, and all the ships went home.";

#[tokio::main]
async fn main() -> Result<()> {
    let load = || Local::load(&LocalOptions::default(), &mut Quiet);
    let local = tokio::task::block_in_place(load)?;

    // A far end in the same process. It says nothing, and hangs up when `peer` is dropped.
    let (mut transport, peer) = MemoryTransport::pair(AudioFormat::mono(24_000), 200);
    let pool = MediaPool::start(SessionClock::new(Pace::RealTime))?;
    let parts = local.session(Config::default(), transport.open()?)?;
    let (session, mut events) = Session::start(&pool, parts)?;

    // A handle on the speech: wait for its end, or end it.
    let mut speech = session.say(STORY).await?;
    while let Ok(SessionEvent { at, notice }) = events.recv().await {
        if let Notice::SpeechStarted { .. } = notice {
            println!("{at} the first sample leaves");
            pool.clock().sleep_until(at + Duration::from_secs(2)).await;
            break;
        }
    }
    speech.interrupt().await?;
    let outcome = speech.wait_for_playout().await;
    println!("{} interrupted: {}", pool.clock().now(), outcome.interrupted);

    // History holds what both sides experienced: the agent's words up to the one that was heard,
    // counted in the samples that were played.
    let history = session.close().await?;
    for item in history.items() {
        if let Said::Agent { heard, unheard, .. } = &item.said {
            println!("heard:     {}", heard.trim());
            println!("not heard: {}", unheard.trim());
        }
    }
    drop(peer);
    Ok(())
}
