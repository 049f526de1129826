//! Whole calls through real sessions: how long the caller waits for an answer to begin, what is
//! answered too early, and which words are lost.

use antiphon::{Result, local::Local, stt::wer::Wer};
use serde::Serialize;

use super::{
    corpus::Call,
    overlaps::{ms, sound_after, understood},
    run::{Ran, run},
};

/// What became of one call's turns.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Replies {
    /// The seed.
    pub seed: u64,
    /// On a telephone line.
    pub phone: bool,
    /// Speech above the noise of the room, dB.
    pub snr_db: f64,
    /// From the end of each turn to the first sample of its answer, milliseconds.
    pub response_ms: Vec<f64>,
    /// Turns that were not answered before the next one began.
    pub unanswered: usize,
    /// Pauses within turns, and those in which the agent began to answer.
    pub pauses: (usize, usize),
    /// Words understood wrongly, and all.
    pub words: (usize, usize),
    /// What was understood.
    pub heard: String,
}

/// Holds the calls.
pub(crate) async fn measure(local: &Local, calls: &[(u64, Call)]) -> Result<Vec<Replies>> {
    let mut replies = Vec::new();
    for (seed, call) in calls {
        let ran = run(local, call.samples.clone(), None).await?;
        replies.push(judge(*seed, call, &ran));
    }
    Ok(replies)
}

fn judge(seed: u64, call: &Call, ran: &Ran) -> Replies {
    let heard = understood(ran);
    let said: Vec<&str> = call.turns.iter().map(|t| t.text.as_str()).collect();
    let words = Wer::of(&said.join(" "), &heard);
    let (phone, snr_db) = (call.caller.phone, call.caller.snr_db);
    let words = (words.errors, words.words);
    let mut replies = Replies { seed, phone, snr_db, words, heard, ..Replies::default() };
    let next = call.turns.iter().skip(1).map(|t| t.speech.start).chain([call.samples.len()]);
    for (turn, next) in call.turns.iter().zip(next) {
        let end = turn.speech.end;
        match sound_after(&ran.agent, end).filter(|at| *at < next) {
            // An answer that sounds at the end began within the turn: no response at all.
            Some(at) if at > end => replies.response_ms.push(ms(at, end)),
            Some(_) | None => replies.unanswered += 1,
        }
        let spoken_into = |p: &&std::ops::Range<usize>| {
            sound_after(&ran.agent, p.start).is_some_and(|at| at < p.end)
        };
        replies.pauses.0 += turn.pauses.len();
        replies.pauses.1 += turn.pauses.iter().filter(spoken_into).count();
    }
    replies
}
