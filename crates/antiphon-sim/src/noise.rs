//! Storms: random events in any order, sensible or not, with the invariants checked after each.

use antiphon_conversation::{
    AgentUpdate, Command, Config, Conversation, Event, OpEvent, PlayoutEvent, Priority, Say,
    SynthesisEvent, UserEvent,
};
use antiphon_core::{Code, Generation, OpId, RequestId, Timestamp};
use antiphon_llm::{FinishReason, LlmEvent, Usage};
use antiphon_stt::SttEvent;
use antiphon_tts::WordTiming;

use crate::{Invariants, Rng};

/// Texts a storm draws from: words, hums, nothing, markup, other scripts.
const TEXTS: [&str; 9] = [
    "Hello there. ",
    "",
    "mm-hmm",
    "Wait, stop",
    "yeah",
    "Well, Dr. Smith paid $3.50 at 5:30 p.m. and left. Then",
    "**é世界🙂** ",
    "a, b, c! d? e; f",
    "\u{0}\n\n",
];

/// Throws `steps` random events at a machine.
///
/// # Errors
/// The broken invariant, with the step and the event that broke it.
pub fn storm(config: Config, seed: u64, steps: u32) -> Result<(), String> {
    let mut rng = Rng::new(seed);
    let mut machine = Conversation::new(config).map_err(|e| e.to_string())?;
    let mut invariants = Invariants::default();
    let mut actions = Vec::new();
    let mut clock = Timestamp::ZERO;
    let mut latest = clock;
    for step in 0..steps {
        clock = match rng.below(10) {
            0 => Timestamp::from_micros(clock.as_micros().saturating_sub(rng.below(100_000))),
            1 => machine.deadline().map_or(clock, |d| d.at),
            2 => Timestamp::from_micros(clock.as_micros() + rng.below(20_000_000)),
            _ => Timestamp::from_micros(clock.as_micros() + rng.below(400_000)),
        };
        latest = latest.max(clock);
        let event =
            if step == 0 { Event::App(Command::Start) } else { draw(&mut rng, &machine, latest) };
        let dead = is_dead(&event, &machine);
        let twin = dead.then(|| machine.clone());
        actions.clear();
        machine.handle(clock, event.clone(), &mut actions);
        if let Some(mut twin) = twin {
            let mut other = Vec::new();
            twin.handle(clock, Event::Tick, &mut other);
            if other != actions {
                return Err(format!("seed {seed} step {step}: dead {event:?} changed something"));
            }
        }
        invariants
            .check(latest, &event, &actions, &machine)
            .map_err(|e| format!("seed {seed} step {step} {event:?}: {e}"))?;
    }
    Ok(())
}

fn is_dead(event: &Event, machine: &Conversation) -> bool {
    matches!(event, Event::Op(op, _) if machine.live_ops().all(|o| o != *op))
}

fn draw(rng: &mut Rng, machine: &Conversation, now: Timestamp) -> Event {
    match rng.below(100) {
        0..20 => Event::User(match rng.below(40) {
            0 => UserEvent::Left,
            1..20 => UserEvent::SpeechStopped { at: around(rng, now) },
            _ => UserEvent::SpeechStarted { at: around(rng, now), sample: rng.below(1 << 30) },
        }),
        20..70 => Event::Op(draw_op(rng, machine), draw_op_event(rng)),
        70..90 => draw_playout(rng).into(),
        90..96 => Event::App(draw_command(rng)),
        _ => Event::Tick,
    }
}

fn around(rng: &mut Rng, now: Timestamp) -> Timestamp {
    Timestamp::from_micros((now.as_micros() + 50_000).saturating_sub(rng.below(500_000)))
}

/// Mostly a live operation, sometimes a dead one, sometimes one that never was.
fn draw_op(rng: &mut Rng, machine: &Conversation) -> OpId {
    let live: Vec<OpId> = machine.live_ops().collect();
    match rng.pick(&live) {
        Some(op) if !rng.one_in(5) => *op,
        _ => OpId(u32::try_from(rng.below(40)).unwrap_or_default()),
    }
}

fn draw_op_event(rng: &mut Rng) -> OpEvent {
    let text = rng.pick(&TEXTS).copied().unwrap_or_default().to_owned();
    let segment = u32::try_from(rng.below(3)).unwrap_or_default();
    match rng.below(14) {
        0 => OpEvent::Stt(SttEvent::Interim { segment, text }),
        1 | 2 => OpEvent::Stt(SttEvent::Final { segment, text }),
        3 | 4 => OpEvent::Stt(SttEvent::Flushed { marker: 1 + segment }),
        5 => OpEvent::TurnEnd(rng.below(101) as f32 / 100.0),
        6 => OpEvent::TurnEnd(f32::NAN),
        7 | 8 => OpEvent::Llm(LlmEvent::Delta { text }),
        9 => OpEvent::Llm(LlmEvent::Done { finish: FinishReason::Stop, usage: Usage::default() }),
        10 => OpEvent::Speech(SynthesisEvent::Queued(
            u32::try_from(rng.below(50_000)).unwrap_or_default(),
        )),
        11 => OpEvent::Speech(SynthesisEvent::Words(draw_words(rng))),
        12 => OpEvent::Failed { code: Code::StreamError, detail: text },
        _ => OpEvent::Ended,
    }
}

/// Timings as a broken provider might send them.
fn draw_words(rng: &mut Rng) -> Vec<WordTiming> {
    let mut word = || {
        let (a, b) = (rng.below(40) as usize, rng.below(40) as usize);
        let (s, t) = (rng.below(60_000), rng.below(60_000));
        WordTiming { text: a..b, samples: s..t }
    };
    vec![word(), word()]
}

fn draw_playout(rng: &mut Rng) -> PlayoutEvent {
    let g = Generation(u32::try_from(rng.below(8)).unwrap_or_default());
    let n = rng.below(100_000);
    match rng.below(7) {
        0 => PlayoutEvent::Started(g),
        1 => PlayoutEvent::Progress(g, n),
        2 => PlayoutEvent::Paused(g, n),
        3 => PlayoutEvent::Resumed(g),
        4 => PlayoutEvent::Flushed(g, n),
        5 => PlayoutEvent::Drained(g, n),
        _ => PlayoutEvent::Starved(g, n),
    }
}

fn draw_command(rng: &mut Rng) -> Command {
    let text = rng.pick(&TEXTS).copied().unwrap_or_default().to_owned();
    let request = RequestId(rng.below(8) as u32);
    let priorities = [Priority::Low, Priority::Normal, Priority::High];
    let priority = rng.pick(&priorities).copied().unwrap_or_default();
    match rng.below(80) {
        0 => Command::Close,
        1 => Command::Start,
        2..20 => {
            let (clip, protected) = (rng.one_in(8), rng.one_in(3));
            Command::Say(Say { request, text, clip, protected, priority })
        }
        20..30 => Command::Interrupt,
        30..45 => Command::CommitTurn,
        45..55 => Command::ClearTurn,
        55..60 => Command::UserText { text },
        60..68 => Command::Prompt { request, instructions: text, priority },
        68..76 => Command::Withdraw(request),
        _ => Command::Update(AgentUpdate { instructions: Some(text), voice: None }),
    }
}
