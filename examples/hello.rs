//! The smallest voice session: a WAV file speaks, local engines listen, think and answer.
//!
//! `cargo run --release -p antiphon-examples --bin hello [QUESTION.wav]` leaves the whole call in
//! `call.wav`: the caller left, the agent right.
#![expect(clippy::print_stdout, reason = "an example shows what happens")]
#![expect(clippy::wildcard_enum_match_arm, reason = "new notices may come; these are enough")]

use std::{
    env,
    io::{Write as _, stdout},
    path::{Path, PathBuf},
};

use antiphon::{
    audio::WavWriter,
    local::{Local, LocalOptions},
    models::Quiet,
    prelude::*,
    transport::{Recorder, Transport as _, WavTransport},
    tts::TtsRequest,
};

#[tokio::main]
async fn main() -> Result<()> {
    // Loading and synthesising take their time: not on a thread that serves others.
    let (local, question) = tokio::task::block_in_place(prepare)?;

    // The far end: any source and sink of frames. Here a file speaks, and both are recorded.
    let link = WavTransport::open_file(&question, 24_000)?.open()?;
    let (link, recorder) = Recorder::attach(link, Path::new("call.wav"))?;

    // The pool has the threads that move audio. `Pace::Fast` skips the time in which nobody works;
    // with a microphone it is `Pace::RealTime`.
    let pool = MediaPool::start(SessionClock::new(Pace::Fast))?;
    let config = Config { max_reply_tokens: Some(40), ..Config::default() };
    let (session, mut events) = Session::start(&pool, local.session(config, link)?)?;

    while let Ok(SessionEvent { at, notice }) = events.recv().await {
        match notice {
            // What is understood so far: the line is written over until the turn is over.
            Notice::Interim { text, .. } => print!("\r{at} user:  {text} …"),
            Notice::UserTurn { text, .. } => println!("\r{at} user:  {text}  "),
            Notice::Segment { text, .. } => println!("{at} agent: {text}"),
            Notice::Error { op, detail, .. } => println!("{at} {op} failed: {detail}"),
            // The file is over: the caller hung up.
            Notice::Ended => break,
            _ => {}
        }
        let _ = stdout().flush();
    }
    session.close().await?;
    recorder.finish()
}

/// The engines, and the file that speaks.
fn prepare() -> Result<(Local, PathBuf)> {
    // Fetches the models that are missing. Load them once: all your sessions share them.
    let local = Local::load(&LocalOptions::default(), &mut Quiet)?;
    let question = match env::args().nth(1) {
        Some(path) => PathBuf::from(path),
        None => synthesise(&local, "Hello! Can you tell me something nice about the sea?")?,
    };
    Ok((local, question))
}

/// Has the agent's own voice ask, after half a second of silence.
fn synthesise(local: &Local, text: &str) -> Result<PathBuf> {
    let request = TtsRequest { text: text.to_owned(), voice: None, rate: 1.0 };
    let speech = local.voice.synthesise(request)?;
    let path = PathBuf::from("question.wav");
    let mut wav = WavWriter::create(&path, AudioFormat::mono(speech.rate_hz))?;
    wav.write(&vec![0; speech.rate_hz as usize / 2])?;
    wav.write(&speech.samples)?;
    wav.finish()?;
    Ok(path)
}
