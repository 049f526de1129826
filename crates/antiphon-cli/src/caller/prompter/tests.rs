//! A caller on cue, without a voice.

use std::time::Duration;

use antiphon::{
    Notice, SessionEvent, SpeechId, Timestamp, TurnId, conversation::AgentState, sim::When,
};

use super::{PATIENCE, Prompter};
use crate::caller::{CallerAudio, Cues, Line};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

/// A caller whose lines take no time.
fn caller(lines: &[When]) -> (Prompter, Cues) {
    let line = |when: &When| Line { when: *when, parts: Vec::new(), pause: Duration::ZERO };
    let (_, cues) = CallerAudio::new(Vec::new(), 16_000);
    (Prompter::new(cues.clone(), lines.iter().map(line).collect(), 16_000), cues)
}

fn state(ms: u64, state: AgentState) -> SessionEvent {
    SessionEvent { at: at(ms), notice: Notice::AgentState(state) }
}

fn started(ms: u64) -> SessionEvent {
    let notice = Notice::SpeechStarted { speech: SpeechId(0), turn: TurnId(0) };
    SessionEvent { at: at(ms), notice }
}

fn ended(ms: u64, interrupted: bool) -> SessionEvent {
    let (heard, unheard) = (String::new(), String::new());
    let (speech, turn, estimated) = (SpeechId(0), TurnId(0), false);
    let notice = Notice::SpeechEnded { speech, turn, heard, unheard, interrupted, estimated };
    SessionEvent { at: at(ms), notice }
}

#[test]
fn a_line_waits_for_the_end_of_the_speech_that_is_the_last() {
    let (mut caller, _) = caller(&[When::AfterAgent(ms(600))]);
    caller.hear(&started(100));
    assert_eq!(caller.due(), None);
    caller.hear(&ended(1_000, true));
    assert_eq!(caller.due(), None, "an interrupted speech is followed by another");
    caller.hear(&ended(2_000, false));
    caller.hear(&state(2_000, AgentState::Listening));
    assert_eq!(caller.due(), Some(at(2_600)));
    caller.hear(&started(2_100));
    assert_eq!(caller.due(), None);
}

#[test]
fn a_line_over_the_agent_comes_late_if_the_agent_is_short() {
    let (mut caller, _) = caller(&[When::IntoSpeech(ms(900))]);
    caller.hear(&started(1_000));
    caller.hear(&state(1_000, AgentState::Speaking));
    assert_eq!(caller.due(), Some(at(1_900)));
    caller.hear(&ended(1_200, false));
    assert_eq!(caller.due(), Some(at(1_700)));
}

#[test]
fn times_and_pauses_need_no_agent() {
    let (mut caller, _) = caller(&[When::At(at(3_000)), When::AfterSelf(ms(400))]);
    assert_eq!(caller.due(), Some(at(3_000)));
    caller.speak(at(3_000));
    assert_eq!(caller.due(), Some(at(3_400)));
}

#[test]
fn an_agent_that_says_nothing_is_not_waited_for_in_vain() {
    let (mut caller, cues) = caller(&[When::AfterAgent(ms(600))]);
    caller.hear(&state(0, AgentState::Listening));
    assert_eq!(caller.due(), Some(Timestamp::ZERO + PATIENCE));
    caller.hear(&state(500, AgentState::Thinking));
    assert_eq!(caller.due(), None, "it works");
    caller.hear(&state(900, AgentState::Listening));
    let impatient = at(900) + PATIENCE;
    assert_eq!(caller.due(), Some(impatient));
    caller.speak(impatient);
    assert_eq!(caller.due(), Some(impatient + PATIENCE), "then the caller hangs up");
    assert!(!cues.is_over());
    caller.speak(impatient + PATIENCE);
    assert!(cues.is_over());
}

#[test]
fn the_caller_hangs_up_after_the_last_answer_or_when_the_scenario_says_so() {
    let (mut polite, cues) = caller(&[When::At(at(0))]);
    polite.speak(at(0));
    polite.hear(&ended(800, false));
    assert!(cues.is_over());
    let (leaving, cues) = caller(&[When::At(at(0))]);
    let mut leaving = leaving.leaving(Some(ms(8_000)));
    leaving.speak(at(0));
    leaving.hear(&ended(800, false));
    assert!(!cues.is_over());
    assert_eq!(leaving.due(), Some(at(8_000)));
}
