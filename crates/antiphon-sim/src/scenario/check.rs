//! Expectations against what happened.

use std::fmt;

use antiphon_core::Timestamp;
use serde_json::{Map, Value};

use super::{Call, Entry, Expect, Moment, Transcript, duration, judge::Judge};

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
    pub(super) fn miss(&self, transcript: &Transcript, judge: &Judge) -> Option<Miss> {
        match self {
            Self::Said(text) => find(transcript, Moment::UserTurn, text),
            Self::Heard(text) => find(transcript, Moment::SpeechEnded, text),
            Self::NotHeard(text) => {
                let entry = transcript.all(Moment::SpeechEnded).find(|e| holds(&e.text, text))?;
                Some(miss(entry.at, format!("never heard: {text:?}"), format!("{:?}", entry.text)))
            }
            Self::Matches(pattern) => unmatched(transcript, pattern),
            Self::Called { tool, arguments, result } => {
                uncalled(transcript, (tool, arguments, result))
            }
            Self::NotCalled(tool) => {
                let call = transcript.calls.iter().find(|c| c.call.name == *tool)?;
                Some(miss(call.at, format!("{tool} is never called"), call.to_string()))
            }
            Self::Judge { rubric } => {
                let verdict = judge.verdict(rubric, &transcript.history);
                (!verdict.met)
                    .then(|| miss(end(transcript), format!("judged: {rubric}"), verdict.answer))
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

fn unmatched(transcript: &Transcript, pattern: &str) -> Option<Miss> {
    let wanted = || format!("the agent was heard to match: {pattern}");
    let regex = match regex::Regex::new(pattern) {
        Ok(regex) => regex,
        Err(e) => return Some(miss(Timestamp::ZERO, wanted(), e.to_string())),
    };
    let texts: Vec<&str> = transcript.all(Moment::SpeechEnded).map(|e| e.text.as_str()).collect();
    let matched = texts.iter().any(|text| regex.is_match(text));
    (!matched).then(|| miss(end(transcript), wanted(), format!("{texts:?}")))
}

/// What a call has to be: its tool, some of its arguments, a part of its result.
type Wanted<'a> = (&'a String, &'a Map<String, Value>, &'a String);

fn uncalled(transcript: &Transcript, (tool, arguments, result): Wanted<'_>) -> Option<Miss> {
    let fits = |call: &&Call| {
        let made: Value = serde_json::from_str(&call.call.arguments).unwrap_or_default();
        let given = |(key, wanted): (&String, &Value)| {
            made.get(key).is_some_and(|v| plain(&text_of(v)) == plain(&text_of(wanted)))
        };
        let told = call.result.as_ref().map_or("", |r| r.text.as_str());
        call.call.name == *tool
            && arguments.iter().all(given)
            && (result.is_empty() || holds(told, result))
    };
    if transcript.calls.iter().any(|call| fits(&call)) {
        return None;
    }
    let mut wanted = format!("{tool} is called");
    if !arguments.is_empty() {
        wanted += &format!(" with {}", Value::Object(arguments.clone()));
    }
    if !result.is_empty() {
        wanted += &format!(" and says {result:?}");
    }
    let calls: Vec<String> = transcript.calls.iter().map(Call::to_string).collect();
    let seen = if calls.is_empty() { "no calls".to_owned() } else { calls.join("\n            ") };
    Some(miss(transcript.calls.last().map_or_else(|| end(transcript), |c| c.at), wanted, seen))
}

/// A value as it would be said: 4 and "4" are the same.
fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
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
