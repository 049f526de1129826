//! Expectations against what happened.

use std::fmt;

use antiphon_core::Timestamp;

use super::{Entry, Expect, Moment, Transcript, duration};

/// An expectation that was not met.
#[derive(Clone, Debug, PartialEq)]
pub struct Miss {
    /// When it should have been met, or was violated.
    pub at: Timestamp,
    /// What was wanted.
    pub wanted: String,
    /// What was seen in its place.
    pub seen: String,
}

/// A scenario that did not go as expected.
#[derive(Clone, Debug)]
pub struct Unmet {
    /// The scenario.
    pub name: String,
    /// Every expectation that was not met.
    pub misses: Vec<Miss>,
    /// What happened.
    pub transcript: Transcript,
}

impl Unmet {
    /// The scenario could not be played to its end.
    pub(super) fn unplayed(name: &str, seen: String) -> Self {
        let wanted = "the scenario can be played".to_owned();
        let misses = vec![Miss { at: Timestamp::ZERO, wanted, seen }];
        Self { name: name.to_owned(), misses, transcript: Transcript::default() }
    }
}

impl std::error::Error for Unmet {}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "scenario {:?}: {} not met", self.name, self.misses.len())?;
        for Miss { at, wanted, seen } in &self.misses {
            writeln!(f, "  at {at}\n    wanted: {wanted}\n    seen:   {seen}")?;
            write!(f, "{}", self.transcript.around(*at))?;
        }
        Ok(())
    }
}

impl Expect {
    /// How `transcript` fails it, if it does.
    pub(super) fn miss(&self, transcript: &Transcript) -> Option<Miss> {
        match self {
            Self::Said(text) => find(transcript, Moment::UserTurn, text),
            Self::Heard(text) => find(transcript, Moment::SpeechEnded, text),
            Self::NotHeard(text) => {
                let entry = transcript.all(Moment::SpeechEnded).find(|e| holds(&e.text, text))?;
                Some(miss(entry.at, format!("never heard: {text:?}"), format!("{:?}", entry.text)))
            }
            Self::State { at, agent } => {
                let at = Timestamp::ZERO + duration(*at).unwrap_or_default();
                let seen = transcript.state_at(at);
                (seen != *agent)
                    .then(|| miss(at, format!("the agent is {agent:?}"), format!("{seen:?}")))
            }
            Self::Order(moments) => order(transcript, moments),
            Self::Never(moment) => {
                let entry = transcript.all(*moment).next()?;
                Some(miss(entry.at, format!("never: {moment}"), entry.to_string()))
            }
            Self::ResponseWithin(seconds) => late(transcript, *seconds),
            Self::History(lines) => {
                let differs = |(i, line): (usize, &String)| lines.get(i) != Some(line);
                let extra = transcript.history.iter().enumerate().any(differs);
                (extra || lines.len() != transcript.history.len()).then(|| {
                    let seen = format!("{:?}", transcript.history);
                    miss(end(transcript), format!("history is {lines:?}"), seen)
                })
            }
        }
    }
}

const fn miss(at: Timestamp, wanted: String, seen: String) -> Miss {
    Miss { at, wanted, seen }
}

fn end(transcript: &Transcript) -> Timestamp {
    transcript.entries.last().map_or(Timestamp::ZERO, |e| e.at)
}

fn find(transcript: &Transcript, moment: Moment, text: &str) -> Option<Miss> {
    let entries: Vec<&Entry> = transcript.all(moment).collect();
    if entries.iter().any(|e| holds(&e.text, text)) {
        return None;
    }
    // The time of the entry that shares most words with what was wanted says where to look.
    let words = plain(text);
    let shared = |e: &&&Entry| {
        let said = plain(&e.text);
        words.split(' ').filter(|w| said.split(' ').any(|s| s == *w)).count()
    };
    let near = entries.iter().max_by_key(shared);
    let at = near.map_or_else(|| end(transcript), |e| e.at);
    let texts: Vec<&str> = entries.iter().map(|e| e.text.as_str()).collect();
    Some(miss(at, format!("{moment}: {text:?}"), format!("{texts:?}")))
}

fn order(transcript: &Transcript, moments: &[Moment]) -> Option<Miss> {
    let mut wanted = moments.iter();
    let mut next = wanted.next()?;
    let mut last = Timestamp::ZERO;
    let mut met = 0;
    for entry in transcript.entries.iter() {
        if entry.moment == *next {
            (last, met) = (entry.at, met + 1);
            next = wanted.next()?;
        }
    }
    let seen = format!("only the first {met} of {}", moments.len());
    Some(miss(last, format!("then: {next}"), seen))
}

fn late(transcript: &Transcript, seconds: f64) -> Option<Miss> {
    let limit = duration(seconds)?;
    transcript.latencies.iter().find_map(|w| {
        let started = w.playout_started?;
        let took = started.since(w.speech_end);
        let wanted = format!("an answer within {seconds} s of the end of speech");
        (took > limit).then(|| miss(started, wanted, format!("{} s", took.as_secs_f64())))
    })
}

fn holds(text: &str, part: &str) -> bool {
    format!(" {} ", plain(text)).contains(&format!(" {} ", plain(part)))
}

/// Words in lower case, without punctuation, one space between them.
fn plain(text: &str) -> String {
    let letters = |w: &str| -> String {
        w.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let words: Vec<String> =
        text.split_whitespace().map(letters).filter(|w| !w.is_empty()).collect();
    words.join(" ")
}
