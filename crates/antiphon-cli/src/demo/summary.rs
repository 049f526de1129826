//! What remains of the call: figures on the terminal, and the page.

use std::{collections::BTreeMap, path::Path};

use antiphon::{
    Code, Error, Notice, Result, SessionEvent, SpeechId,
    audio::WavReader,
    conversation::{AgentState, UserState},
    sim::scenario::Miss,
    tts::WordTiming,
};
use serde::Serialize;

use super::{
    Args,
    figures::{Steps, quantile, silent_after, sounds_after},
    files::Files,
    page::{Page, PageLine, PageMark, PageState, PageWord, peaks, render},
    run::{Call, RATE_HZ},
    show::tool_event,
};
use crate::screen::say;

/// The figures of a call. Milliseconds; `None` where nothing was to be measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figures {
    /// True end of speech to the first audible sample, on the recording.
    pub(crate) response_p50: Option<f64>,
    /// The slowest.
    pub(crate) response_max: Option<f64>,
    /// What of it is the runtime's own, by the waterfalls.
    pub(crate) framework_p50: Option<f64>,
    /// True onset of speech over the agent to the agent's silence, on the recording.
    pub(crate) yield_p50: Option<f64>,
    /// Turns measured.
    pub(crate) turns: usize,
    /// Media ticks that came too late.
    pub(crate) late_ticks: u64,
}

pub(crate) fn write(call: &Call, args: &Args, files: &Files) -> Result<()> {
    let (caller, agent) = channels(&files.wav)?;
    let figures = figures(call, &agent);
    let page = page(call, (&caller, &agent), &figures);
    files.write_page(&render(&page)?)?;
    show_unmet(call, args.json);
    if args.json {
        let files = serde_json::json!({
            "wav": files.wav, "journal": files.journal, "page": files.page,
        });
        say!("{}", serde_json::json!({ "figures": figures, "files": files }));
        return Ok(());
    }
    say!("");
    for (name, value) in rows(&figures) {
        say!("{name:48} {value}");
    }
    let Files { wav, journal, page } = files;
    say!("\n{}  {}  {}", wav.display(), journal.display(), page.display());
    Ok(())
}

/// What the caller's scenario expected in vain, and what helps.
fn show_unmet(call: &Call, json: bool) {
    let Some(unmet) = &call.unmet else { return };
    let model = &call.models;
    let help = format!(
        "{} is small ({}); a larger model does better: --llm qwen, 490 MB, \
         fetched by `antiphon models fetch qwen`",
        model.llm, model.character
    );
    let help = Some(help).filter(|_| call.small);
    if json {
        let miss = |m: &Miss| serde_json::json!({"wanted": m.wanted, "seen": m.seen});
        let misses: Vec<_> = unmet.misses.iter().map(miss).collect();
        say!("{}", serde_json::json!({ "unmet": misses, "help": help }));
        return;
    }
    say!("\nnot as expected:");
    for Miss { wanted, seen, .. } in &unmet.misses {
        say!("  wanted: {wanted}\n  seen:   {seen}");
    }
    if let Some(help) = help {
        say!("  help:   {help}");
    }
}

/// The recording's two sides.
fn channels(wav: &Path) -> Result<(Vec<i16>, Vec<i16>)> {
    let bytes = std::fs::read(wav)
        .map_err(|e| Error::new("demo", Code::Storage, format!("{}: {e}", wav.display())))?;
    // Our own file: the header has 44 bytes, the format is known; the reader checks both.
    WavReader::open(wav)?;
    let sample = |b: &[u8]| b.try_into().map_or(0, i16::from_le_bytes);
    let side = |at: usize| {
        let frames = bytes.get(44..).unwrap_or_default().chunks_exact(4);
        frames.map(|f| f.get(at..at + 2).map_or(0, sample)).collect()
    };
    Ok((side(0), side(2)))
}

fn steps(events: &[SessionEvent]) -> Vec<Steps> {
    let latency =
        |e: &SessionEvent| if let Notice::Latency(w) = &e.notice { Steps::of(w) } else { None };
    events.iter().filter_map(latency).collect()
}

fn figures(call: &Call, agent: &[i16]) -> Figures {
    let steps = steps(&call.events);
    let (mut responses, mut yields) = (Vec::new(), Vec::new());
    let spoken = call.cues.iter().flat_map(|c| (0..).map_while(|n| c.spoken(n)));
    for (onset, end) in spoken {
        let over = silent_after(agent, RATE_HZ, onset).filter(|ms| *ms < 1_500.0);
        match over {
            Some(ms)
                if agent.get(onset..).is_some_and(|a| a.iter().take(2_400).any(|s| *s != 0)) =>
            {
                yields.push(ms);
            }
            _ => {}
        }
        let quiet = agent.get(end.saturating_sub(1_200)..end);
        if quiet.is_some_and(|q| q.iter().all(|s| *s == 0)) {
            responses.extend(sounds_after(agent, RATE_HZ, end).filter(|ms| *ms < 5_000.0));
        }
    }
    if call.cues.is_none() || responses.is_empty() {
        responses = steps.iter().map(|s| s.total).collect();
    }
    let framework: Vec<f64> = steps.iter().map(|s| s.framework).collect();
    Figures {
        response_p50: quantile(&responses, 0.5),
        response_max: quantile(&responses, 1.0),
        framework_p50: quantile(&framework, 0.5),
        yield_p50: quantile(&yields, 0.5),
        turns: steps.len(),
        late_ticks: call.late_ticks,
    }
}

fn rows(f: &Figures) -> Vec<(String, String)> {
    let ms = |v: Option<f64>| v.map_or_else(|| "–".to_owned(), |v| format!("{v:.0} ms"));
    vec![
        ("turns answered".to_owned(), f.turns.to_string()),
        ("end of speech → first audible sample, p50".to_owned(), ms(f.response_p50)),
        ("the slowest".to_owned(), ms(f.response_max)),
        ("of it the runtime's own, p50".to_owned(), ms(f.framework_p50)),
        ("speech over the agent → agent silent, p50".to_owned(), ms(f.yield_p50)),
        ("late media ticks".to_owned(), f.late_ticks.to_string()),
    ]
}

fn page(call: &Call, (caller, agent): (&[i16], &[i16]), figures: &Figures) -> Page {
    let models = &call.models;
    let duration = agent.len() as f64 / f64::from(RATE_HZ);
    let (caller_peaks, bins_per_second) = peaks(caller, RATE_HZ);
    let story = Story::of(&call.events, duration);
    Page {
        title: "A spoken conversation".to_owned(),
        models: vec![
            ("language model".to_owned(), format!("{} ({})", models.llm, models.character)),
            ("speech to text".to_owned(), models.stt.to_owned()),
            ("voice".to_owned(), models.voice.clone()),
        ],
        duration,
        caller: caller_peaks,
        agent: peaks(agent, RATE_HZ).0,
        bins_per_second,
        lines: story.lines,
        words: story.words,
        states: story.states,
        marks: story.marks,
        steps: steps(&call.events),
        figures: rows(figures),
    }
}

/// The events as things with a beginning and an end.
#[derive(Default)]
struct Story {
    lines: Vec<PageLine>,
    words: Vec<PageWord>,
    states: Vec<PageState>,
    marks: Vec<PageMark>,
}

impl Story {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is not on the page")]
    fn of(events: &[SessionEvent], duration: f64) -> Self {
        let mut story = Self::default();
        let mut caller_from = None;
        let mut state: Option<(f64, AgentState)> = None;
        let mut texts = BTreeMap::new();
        let starts: BTreeMap<SpeechId, f64> = events.iter().filter_map(start_of).collect();
        let pauses = pauses(events);
        for event in events {
            let at = event.at.as_secs_f64();
            match &event.notice {
                Notice::AgentState(new) => {
                    if let Some((from, old)) = state.replace((at, *new)) {
                        story.state(from, at, old);
                    }
                }
                // A turn begins with its first sound, however often the caller pauses in it.
                Notice::UserState(UserState::Speaking) => {
                    caller_from.get_or_insert(at);
                }
                Notice::UserTurn { text, late: false, .. } => {
                    let from = caller_from.take().unwrap_or(at);
                    story.line("caller", from, at, text, "");
                }
                Notice::TurnDiscarded { .. } => caller_from = None,
                Notice::Segment { speech, segment, text } => {
                    texts.insert((*speech, *segment), text.as_str());
                }
                Notice::OverlapStarted(_) => story.mark(at, "held"),
                Notice::Interrupted { .. } => story.mark(at, "interrupted"),
                Notice::Resumed { .. } => story.mark(at, "resumed"),
                Notice::SpeechEnded { speech, heard, unheard, .. } => {
                    let from = starts.get(speech).copied().unwrap_or(at);
                    story.line("agent", from, at, heard, unheard);
                }
                Notice::ToolCalled { call, .. } => {
                    let text = format!("{} {}", call.name, call.arguments);
                    story.line("tool", at, at, &text, "");
                }
                Notice::Tool { name, event, .. } => {
                    let text = tool_event(event).map(|what| format!("{name} {what}"));
                    story.line("tool", at, at, &text.unwrap_or_default(), "");
                }
                Notice::Words { speech, segment, words } => {
                    let text = texts.get(&(*speech, *segment)).copied().unwrap_or_default();
                    if let Some(start) = starts.get(speech) {
                        story.words(words, text, *start, &pauses);
                    }
                }
                _ => {}
            }
        }
        if let Some((from, old)) = state {
            story.state(from, duration, old);
        }
        story
    }

    fn line(&mut self, who: &'static str, from: f64, to: f64, text: &str, unheard: &str) {
        let (text, unheard) = (text.trim().to_owned(), unheard.trim().to_owned());
        if !(text.is_empty() && unheard.is_empty()) {
            self.lines.push(PageLine { who, from, to, text, unheard });
        }
    }

    fn mark(&mut self, at: f64, what: &'static str) {
        self.marks.push(PageMark { at, what });
    }

    fn state(&mut self, from: f64, to: f64, state: AgentState) {
        let state = format!("{state:?}").to_lowercase();
        self.states.push(PageState { who: "agent", from, to, state });
    }

    /// Places words on the time axis: after each pause in the middle of a speech, later.
    fn words(&mut self, words: &[WordTiming], text: &str, start: f64, pauses: &[(f64, f64)]) {
        let place = |n: u64| {
            let at = start + n as f64 / f64::from(RATE_HZ);
            let shift = |at: f64, (from, to): &(f64, f64)| {
                if (start..at).contains(from) { at + to - from } else { at }
            };
            pauses.iter().fold(at, shift)
        };
        self.words.extend(words.iter().map(|w| PageWord {
            at: place(w.samples.start),
            to: place(w.samples.end),
            text: text.get(w.text.clone()).unwrap_or_default().to_owned(),
        }));
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "one notice is asked for")]
fn start_of(event: &SessionEvent) -> Option<(SpeechId, f64)> {
    match &event.notice {
        Notice::SpeechStarted { speech, .. } => Some((*speech, event.at.as_secs_f64())),
        _ => None,
    }
}

/// When playout was held and went on again.
#[expect(clippy::wildcard_enum_match_arm, reason = "two notices are asked for")]
fn pauses(events: &[SessionEvent]) -> Vec<(f64, f64)> {
    let mut held = None;
    let mut pauses = Vec::new();
    for event in events {
        let at = event.at.as_secs_f64();
        match event.notice {
            Notice::OverlapStarted(_) => held = Some(at),
            Notice::Resumed { .. } => pauses.extend(held.take().map(|from| (from, at))),
            _ => {}
        }
    }
    pauses
}

#[cfg(test)]
mod tests;
