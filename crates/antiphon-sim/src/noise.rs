//! Storms: random events in any order, sensible or not, with the invariants checked after each.

use std::collections::BTreeMap;

use antiphon_conversation::{
    Action, AgentUpdate, Command, Config, Conversation, Effect, Event, OpEvent, PlayoutEvent,
    Priority, Say, SynthesisEvent, UserEvent,
};
use antiphon_core::{
    Code, EffectClass, Generation, OpId, RequestId, Timestamp, ToolCall, ToolDefinition, ToolEvent,
    ToolFailure, ToolResult,
};
use antiphon_llm::{FinishReason, LlmEvent, Usage};
use antiphon_stt::SttEvent;
use antiphon_tts::WordTiming;

use crate::{Invariants, Model, Rng, world::spread};

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

/// Throws `steps` random events at a machine, with the invariants and the reference model checked
/// after each. Tools, fillers and whether replies are spoken vary with the seed.
///
/// # Errors
/// What was broken, and the shortest sequence of events found that breaks it.
pub fn storm(mut config: Config, seed: u64, steps: u32) -> Result<(), String> {
    config.tools = tools().into();
    config.speak = !seed.is_multiple_of(7);
    if seed.is_multiple_of(3) {
        config.filler = "One moment.".to_owned();
    }
    let mut rng = Rng::new(seed);
    let mut stage = Stage::new(config.clone())?;
    let mut clock = Timestamp::ZERO;
    let mut log = Vec::new();
    for step in 0..steps {
        clock = match rng.below(10) {
            0 => Timestamp::from_micros(clock.as_micros().saturating_sub(rng.below(100_000))),
            1 => stage.machine.deadline().map_or(clock, |d| d.at),
            2 => Timestamp::from_micros(clock.as_micros() + rng.below(20_000_000)),
            _ => Timestamp::from_micros(clock.as_micros() + rng.below(400_000)),
        };
        let event = if step == 0 { Event::App(Command::Start) } else { draw(&mut rng, &stage) };
        log.push((clock, event.clone()));
        if let Err(what) = stage.step(clock, event) {
            let shortest = shrink(&config, log);
            let shortest: String =
                shortest.iter().map(|(at, event)| format!("\n{at} {event:?}")).collect();
            return Err(format!("seed {seed} step {step}: {what}\nshortest:{shortest}"));
        }
    }
    Ok(())
}

/// A machine and those who watch it.
#[derive(Clone)]
struct Stage {
    machine: Conversation,
    invariants: Invariants,
    model: Model,
    latest: Timestamp,
    /// What live syntheses say, and the newest generation.
    texts: BTreeMap<OpId, String>,
    newest: Generation,
    actions: Vec<Action>,
}

impl Stage {
    fn new(config: Config) -> Result<Self, String> {
        Ok(Self {
            model: Model::new(config.max_history_items),
            machine: Conversation::new(config).map_err(|e| e.to_string())?,
            invariants: Invariants::default(),
            latest: Timestamp::ZERO,
            texts: BTreeMap::new(),
            newest: Generation(0),
            actions: Vec::new(),
        })
    }

    fn step(&mut self, at: Timestamp, event: Event) -> Result<(), String> {
        self.latest = self.latest.max(at);
        let twin = is_dead(&event, &self.machine).then(|| self.machine.clone());
        self.actions.clear();
        self.machine.handle(at, event.clone(), &mut self.actions);
        if let Some(mut twin) = twin {
            let mut other = Vec::new();
            twin.handle(at, Event::Tick, &mut other);
            if other != self.actions {
                return Err(format!("dead {event:?} changed something"));
            }
        }
        for action in &self.actions {
            if let Action::Start { op, effect: Effect::Speak { generation, request, .. } } = action
            {
                self.newest = *generation;
                self.texts.insert(*op, request.text.clone());
            }
        }
        let Self { machine, actions, .. } = self;
        self.invariants.check(self.latest, &event, actions, machine)?;
        self.model.check(&event, actions, machine)
    }
}

/// Leaves out events as long as what is left still breaks something.
fn shrink(config: &Config, mut log: Vec<(Timestamp, Event)>) -> Vec<(Timestamp, Event)> {
    let breaks = |log: &[(Timestamp, Event)]| {
        let Ok(mut stage) = Stage::new(config.clone()) else { return false };
        log.iter().any(|(at, event)| stage.step(*at, event.clone()).is_err())
    };
    let mut size = log.len() / 2;
    while size > 0 {
        let mut from = 0;
        while from < log.len() {
            let mut less = log.clone();
            less.drain(from..(from + size).min(log.len()));
            if breaks(&less) {
                log = less;
            } else {
                from += size;
            }
        }
        size /= 2;
    }
    log
}

fn is_dead(event: &Event, machine: &Conversation) -> bool {
    matches!(event, Event::Op(op, _) if machine.live_ops().all(|o| o != *op))
}

fn draw(rng: &mut Rng, stage: &Stage) -> Event {
    let now = stage.latest;
    match rng.below(100) {
        0..20 => Event::User(match rng.below(40) {
            0 => UserEvent::Left,
            1..20 => UserEvent::SpeechStopped { at: around(rng, now) },
            _ => UserEvent::SpeechStarted { at: around(rng, now), sample: rng.below(1 << 30) },
        }),
        20..70 => {
            let op = draw_op(rng, &stage.machine);
            Event::Op(op, draw_op_event(rng, stage.texts.get(&op)))
        }
        70..90 => draw_playout(rng, stage.newest).into(),
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

/// `said` is the text, if the operation is a synthesis.
fn draw_op_event(rng: &mut Rng, said: Option<&String>) -> OpEvent {
    let text = rng.pick(&TEXTS).copied().unwrap_or_default().to_owned();
    let segment = u32::try_from(rng.below(3)).unwrap_or_default();
    if let Some(said) = said.filter(|_| rng.one_in(3)) {
        let samples = said.len() as u64 * 1_600;
        return OpEvent::Speech(SynthesisEvent::Words(spread(said, samples)));
    }
    match rng.below(21) {
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
        13 | 14 => OpEvent::Llm(LlmEvent::ToolCall(draw_call(rng))),
        15 | 16 => OpEvent::Tool(draw_tool_event(rng, text)),
        19 => OpEvent::Stt(SttEvent::EndOfTurn),
        17 => OpEvent::Backchannel(rng.below(101) as f32 / 100.0),
        18 => OpEvent::Backchannel(rng.pick(&[f32::NAN, 7.0]).copied().unwrap_or_default()),
        _ => OpEvent::Ended,
    }
}

/// A call of a tool that changes something, one that changes nothing, or none there is.
fn draw_call(rng: &mut Rng) -> ToolCall {
    let name = rng.pick(&["book", "look_up", "nothing"]).copied().unwrap_or_default().to_owned();
    ToolCall { id: format!("call_{}", rng.below(50)), name, arguments: "{}".to_owned() }
}

fn draw_tool_event(rng: &mut Rng, text: String) -> ToolEvent {
    let at = Timestamp::ZERO;
    let result = ToolResult { text: text.clone(), is_error: rng.one_in(3), truncated: false };
    match rng.below(8) {
        0 => ToolEvent::Started { at },
        1 => ToolEvent::Progress { at, text },
        2 => ToolEvent::Deferred { at, result },
        3 => ToolEvent::Failed { at, why: ToolFailure::Timeout, result },
        _ => ToolEvent::Completed { at, result },
    }
}

/// The tools a storm calls.
fn tools() -> Vec<ToolDefinition> {
    let tool = |name: &str, effect| ToolDefinition {
        name: name.to_owned(),
        description: "A tool in a storm.".to_owned(),
        parameters: serde_json::json!({"type": "object"}),
        effect,
    };
    vec![tool("book", EffectClass::Write), tool("look_up", EffectClass::Read)]
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

fn draw_playout(rng: &mut Rng, newest: Generation) -> PlayoutEvent {
    let any = Generation(u32::try_from(rng.below(8)).unwrap_or_default());
    let g = if rng.one_in(3) { any } else { newest };
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
        _ => Command::Update(AgentUpdate { instructions: Some(text), ..AgentUpdate::default() }),
    }
}
