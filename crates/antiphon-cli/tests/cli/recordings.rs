//! Recordings as callers: of any rate and coding, the question is understood and answered.

use std::{fs, path::Path};

use antiphon::{audio::resample, stt::wer::Wer};
use serde_json::Value;

use super::support::{QUESTION, antiphon, done, one_call, question, sides, stdout, wav};

/// A recording: rate, channels, format tag, bits.
type Form = (u32, u16, u16, u16);

const FORMS: [Form; 4] =
    [(8_000, 1, 1, 16), (11_025, 2, 1, 16), (44_100, 1, 1, 24), (48_000, 2, 3, 32)];

/// Louder than this is speech.
const SPEECH: u16 = 500;

fn record(path: &Path, (rate_hz, channels, tag, bits): Form) {
    let (samples, from_hz) = question();
    let samples = resample(samples, *from_hz, rate_hz).unwrap();
    let coded = samples.iter().flat_map(|s| {
        let integer = (i32::from(*s) << 16).to_le_bytes();
        let one = match tag {
            3 => (f32::from(*s) / 32_768.0).to_le_bytes().to_vec(),
            _ => integer[4 - usize::from(bits / 8)..].to_vec(),
        };
        one.repeat(usize::from(channels))
    });
    fs::write(path, wav(tag, channels, rate_hz, bits, &coded.collect::<Vec<_>>())).unwrap();
}

#[test]
fn recordings_of_any_rate_and_coding_are_understood() {
    let dir = tempfile::tempdir().unwrap();
    for form in FORMS {
        let (input, out) = (dir.path().join("question.wav"), dir.path().join("call"));
        record(&input, form);
        let mut command = antiphon(&["demo", "--fast", "--json", "--input"]);
        command.arg(&input).arg("--out").arg(&out);
        let one = one_call();
        let printed = stdout(&done(command));
        drop(one);
        let events: Vec<Value> =
            printed.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        let turns = events.iter().filter_map(|e| e.pointer("/notice/user_turn/text")?.as_str());
        let understood = turns.collect::<Vec<_>>().join(" ");
        assert!(Wer::of(QUESTION, &understood).rate() < 0.3, "{form:?}: {understood}");
        caller_left_agent_right(&out.join("call.wav"), &events);
    }
}

/// The caller's voice is left and the agent's right, each where it spoke and not before. The event of
/// the answer comes after its first frame, on a busy machine long after.
fn caller_left_agent_right(path: &Path, events: &[Value]) {
    let (caller, agent) = sides(path);
    let started = events.iter().find(|e| e.pointer("/notice/speech_started").is_some());
    let micros = started.unwrap()["t"].as_u64().unwrap();
    let told = usize::try_from(micros * 24 / 1_000).unwrap();
    let answer = agent.iter().position(|s| *s != 0).unwrap();
    assert!(answer < told + 480, "told at {told}, heard at {answer}");
    let loud = |side: &[i16]| side.iter().filter(|s| s.unsigned_abs() > SPEECH).count();
    assert!(loud(&caller[..24_000]) == 0, "the recording begins with a second of silence");
    assert!(loud(&caller[24_000..answer]) > 4_800, "the caller asks");
    assert!(loud(&agent[answer..]) > 4_800, "the agent answers");
    assert!(loud(&caller[answer..]) == 0, "the caller is done");
}
