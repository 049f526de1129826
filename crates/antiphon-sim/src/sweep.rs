//! The barge-in sweep: one caller interrupts at every moment of a reply, one moment per run.
//!
//! Wherever it happens, history must hold what was heard and no more, nothing of the old reply may
//! be played afterwards, the next reply must be heard, and the user's words must arrive once. All
//! but the reply to the interruption is checked by the world itself; see [`World`].

use std::{sync::Arc, time::Duration};

use antiphon_conversation::{Action, Config, Notice};
use antiphon_core::Timestamp;
use antiphon_llm::LlmRequest;
use antiphon_state::{Item, Said};

use crate::{Caller, Line, Providers, Replies, Report, When, World};

/// What the caller asks, and when.
const QUESTION: &str = "what do you offer";
const ASKED_AT: Timestamp = Timestamp::from_millis(500);

/// What the caller interrupts with. No other text of the sweep has these words.
const OBJECTION: &str = "wait tell me about Thursday instead";

const ANSWER: &str = "On Thursday we have the quartet.";
const ANSWER_WORDS: usize = 6;

/// A reply of about a minute at fifteen characters a second: one short segment, long ones, and a
/// short one at the end.
const REPLY: &str = "Let me see. On Monday evening we show the silent films that the old cinema \
    left behind, with a pianist who has played to them for thirty years. On Tuesday there is the \
    open rehearsal of the chamber orchestra, and everybody may sit among the players. On \
    Wednesday the kitchen cooks what the market had that morning, which is why I cannot tell you \
    the menu now, but it was very good last week. Friday is for the dancers: the floor opens at \
    seven, the lesson is at eight, and the band begins at nine and does not stop before \
    midnight. On Saturday the big hall belongs to the children until five, and after that to the \
    choir that came second in the national competition. On Sunday we rest, as everybody does, \
    unless it is the first Sunday of the month, when the flower market fills the yard from six \
    in the morning. Parking is behind the house. Shall I book?";

/// The part of a reply in which it is interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Before its first sample: the language model or the voice is at work.
    Llm,
    /// In its first segment.
    FirstSegment,
    /// In the middle.
    BetweenSegments,
    /// In its last second: the last words.
    LastWord,
    /// After its last sample.
    Tail,
}

/// One interruption, and what came of it.
#[derive(Clone, Debug)]
pub struct Landing {
    /// When the caller began to speak, from the end of the question.
    pub offset: Duration,
    /// What the agent was at.
    pub phase: Phase,
    /// Words of the reply in history.
    pub heard: usize,
    /// Whether the reply was cut.
    pub interrupted: bool,
}

/// Interrupts the reply at every `step` from the end of the question to three seconds after the
/// reply's end.
///
/// # Errors
/// The first offset at which a rule is broken, and how.
pub fn sweep(step: Duration) -> Result<Vec<Landing>, String> {
    let reply = landmarks()?;
    let until = reply.ends + Duration::from_secs(3);
    let asked = ASKED_AT + question().takes;
    let mut landings = Vec::new();
    let mut at = asked;
    let mut heard = 0;
    while at < until {
        let landing = interrupt(at, &reply).map_err(|e| format!("interrupted at {at}: {e}"))?;
        if landing.heard < heard {
            return Err(format!("interrupted at {at}: less was heard than before, {landing:?}"));
        }
        heard = landing.heard;
        landings.push(landing);
        at = at + step;
    }
    Ok(landings)
}

fn question() -> Line {
    Line::new(When::At(ASKED_AT), QUESTION)
}

/// Where in time the undisturbed reply has its parts.
struct Reply {
    first_sample: Timestamp,
    first_segment_ends: Timestamp,
    ends: Timestamp,
}

fn landmarks() -> Result<Reply, String> {
    let report = run(vec![question()])?;
    let at = |what: fn(&Notice) -> bool| {
        let mut steps = report.steps.iter();
        let step = steps.find(|s| notices(&s.actions).any(what));
        step.map(|s| s.at).ok_or_else(|| "the undisturbed reply has no beginning or end".to_owned())
    };
    let first_sample = at(|n| matches!(n, Notice::SpeechStarted { .. }))?;
    Ok(Reply {
        first_sample,
        // "Let me see." at fifteen characters a second.
        first_segment_ends: first_sample + Duration::from_millis(800),
        ends: at(|n| matches!(n, Notice::SpeechEnded { .. }))?,
    })
}

impl Reply {
    fn phase(&self, at: Timestamp) -> Phase {
        let last_word = self.ends.since(Timestamp::ZERO).saturating_sub(Duration::from_secs(1));
        match at {
            at if at < self.first_sample => Phase::Llm,
            at if at < self.first_segment_ends => Phase::FirstSegment,
            at if at < Timestamp::ZERO + last_word => Phase::BetweenSegments,
            at if at < self.ends => Phase::LastWord,
            _ => Phase::Tail,
        }
    }
}

fn run(lines: Vec<Line>) -> Result<Report, String> {
    let providers =
        Providers { replies: Replies::Computed(Arc::new(answer)), ..Providers::default() };
    let world = World::new(Config::default(), providers, Caller::from(lines), 0)
        .map_err(|e| e.to_string())?;
    world.run(Timestamp::from_millis(600_000)).map_err(|e| e.to_string())
}

fn answer(request: &LlmRequest) -> String {
    let last = request.messages.last().map_or("", |m| m.content.as_str());
    if last.ends_with(OBJECTION) { ANSWER } else { REPLY }.to_owned()
}

fn notices(actions: &[Action]) -> impl Iterator<Item = &Notice> {
    actions.iter().filter_map(|a| if let Action::Emit(n) = a { Some(n) } else { None })
}

fn interrupt(at: Timestamp, reply: &Reply) -> Result<Landing, String> {
    let report = run(vec![question(), Line::new(When::At(at), OBJECTION)])?;
    let items: Vec<&Item> = report.machine.history().items().collect();
    let said = |text: &str| items.iter().filter(|i| user(i).is_some_and(|t| t == text)).count();
    let asked_once = format!("{QUESTION} {OBJECTION}");
    if said(QUESTION) != said(OBJECTION) || said(QUESTION) + said(&asked_once) != 1 {
        return Err(format!("the user's words are not in history once: {items:?}"));
    }
    if items.last().and_then(|i| agent(i, ANSWER)) != Some((ANSWER_WORDS, false)) {
        return Err(format!("the next reply was not heard whole: {items:?}"));
    }
    let (heard, interrupted) = items.iter().find_map(|i| agent(i, REPLY)).unwrap_or_default();
    let offset = at.since(ASKED_AT + question().takes);
    Ok(Landing { offset, phase: reply.phase(at), heard, interrupted })
}

fn user(item: &Item) -> Option<&str> {
    match &item.said {
        Said::User { text } => Some(text),
        Said::Agent { .. } | Said::Tool { .. } => None,
    }
}

/// How many words of `text` the agent's item holds, if it holds its beginning, and whether it was
/// cut.
fn agent(item: &Item, text: &str) -> Option<(usize, bool)> {
    let Said::Agent { heard, interrupted, .. } = &item.said else { return None };
    let words = heard.split_whitespace();
    let same = words.clone().zip(text.split_whitespace()).all(|(a, b)| a == b);
    same.then(|| (words.count(), *interrupted))
}
