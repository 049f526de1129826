//! A real conversation: a spoken question in a file, an answer in audio, a journal that replays.

use std::{
    fs::File,
    io::{BufReader, BufWriter},
    path::Path,
};

use antiphon::{
    AudioFormat, Config, MediaPool, Notice, Pace, Session, SessionClock,
    audio::{WavReader, WavWriter},
    conversation::{Event, Replay},
    local::{Local, LocalOptions},
    models::Quiet,
    state::read_journal,
    stt::wer::Wer,
    transport::{Recorder, Transport as _, WavTransport},
    tts::TtsRequest,
};

const QUESTION: &str = "Can you tell me something nice about the sea?";

/// Writes the question as the voice speaks it, with silence before it.
fn ask(local: &Local, path: &Path) {
    let request = TtsRequest { text: QUESTION.into(), voice: None, rate: 1.0 };
    let speech = local.voice.synthesise(request).unwrap();
    let mut wav = WavWriter::create(path, AudioFormat::mono(speech.rate_hz)).unwrap();
    wav.write(&vec![0; speech.rate_hz as usize]).unwrap();
    wav.write(&speech.samples).unwrap();
    wav.finish().unwrap();
}

/// What the agent said, as its side of the recording has it.
fn said(call: &Path) -> Vec<i16> {
    let reader = WavReader::open(call).unwrap();
    assert_eq!((reader.format().rate_hz, reader.format().channels), (24_000, 2));
    let bytes = std::fs::read(call).unwrap();
    bytes[44..].chunks_exact(4).map(|f| i16::from_le_bytes([f[2], f[3]])).collect()
}

#[test]
fn a_spoken_question_is_understood_and_answered_in_audio() {
    let dir = tempfile::tempdir().unwrap();
    let (question, call, journal) =
        (dir.path().join("in.wav"), dir.path().join("call.wav"), dir.path().join("call.jsonl"));
    let local = Local::load(&LocalOptions::default(), &mut Quiet).unwrap();
    ask(&local, &question);
    let link = WavTransport::open_file(&question, 24_000).unwrap().open().unwrap();
    let (link, recorder) = Recorder::attach(link, &call).unwrap();
    let mut config = Config { max_reply_tokens: Some(30), ..Config::default() };
    // A machine with much to do may be slow to answer; that is no error here.
    config.endpointing.detector_timeout = config.effect_timeout;
    let out = BufWriter::new(File::create(&journal).unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (mut texts, mut heard, mut ended) = (Vec::new(), String::new(), false);
    runtime.block_on(async {
        let pool = MediaPool::start(SessionClock::new(Pace::Fast)).unwrap();
        let parts = local.journaled_session(config, link, "test", out).unwrap();
        let (session, mut events) = Session::start(&pool, parts).unwrap();
        while !ended {
            match events.recv().await.unwrap().notice {
                Notice::UserTurn { text, .. } => texts.push(text),
                Notice::SpeechEnded { heard: text, .. } => heard.push_str(&text),
                Notice::Ended => ended = true,
                Notice::Error { op, detail, .. } => panic!("{op}: {detail}"),
                _ => {}
            }
        }
        session.close().await.unwrap();
    });
    recorder.finish().unwrap();

    let understood = texts.last().unwrap();
    assert!(Wer::of(QUESTION, understood).rate() < 0.5, "{texts:?}");
    assert!(!heard.trim().is_empty(), "the agent said nothing");
    assert!(said(&call).iter().filter(|s| s.unsigned_abs() > 500).count() > 2_400);

    let journal =
        read_journal::<Config, Event>(BufReader::new(File::open(&journal).unwrap())).unwrap();
    let mut replay = Replay::new(journal.header.config).unwrap();
    for record in &journal.records {
        replay.step(record);
    }
    let footer = journal.footer.unwrap();
    assert_eq!((footer.events, footer.digest), (journal.records.len() as u64, replay.digest()));
}
