//! One session's share of the analysis thread: voice activity, and facts for the driver.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use antiphon_audio::{PlayoutControl, PlayoutEvents};
use antiphon_conversation::{Event, PlayoutEvent, UserEvent};
use antiphon_core::{AudioFormat, Clock as _, SPEECH_RATE_HZ, Timestamp};
use antiphon_vad::{Blocks, GateEdge, SpeechGate, Vad};
use ringbuf::{HeapCons, traits::Consumer as _};
use tokio::sync::mpsc;

use super::tick::Shared;
use crate::{SessionClock, Working};

/// Ticks between reports of playout progress: 200 ms.
const PROGRESS_TICKS: u32 = 10;

/// A fact and the mark that it still has to be dealt with.
#[derive(Debug)]
pub(crate) struct Fact {
    pub(crate) event: Event,
    pub(crate) _working: Working,
}

/// A piece of the user's audio at [`SPEECH_RATE_HZ`].
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) samples: Vec<i16>,
    pub(crate) _working: Working,
}

/// What listens to the user: a detector and the gate behind it.
pub(crate) struct Ears {
    pub(crate) vad: Box<dyn Vad>,
    pub(crate) gate: SpeechGate,
    pub(crate) blocks: Blocks,
}

/// A session on the analysis thread.
pub(crate) struct Listener {
    pub(crate) ears: Ears,
    pub(crate) capture: HeapCons<i16>,
    pub(crate) playout_events: PlayoutEvents,
    pub(crate) control: PlayoutControl,
    pub(crate) facts: mpsc::Sender<Box<Fact>>,
    pub(crate) audio: mpsc::Sender<Heard>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) clock: SessionClock,
    pub(crate) ticks: u32,
    pub(crate) reported: (antiphon_core::Generation, u64),
    pub(crate) left: bool,
}

impl Listener {
    pub(crate) fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire) || self.facts.is_closed()
    }

    /// Takes what the ticks have left since the last call, in pieces of the size of `scratch`.
    pub(crate) fn listen(&mut self, scratch: &mut [i16]) {
        self.report_playout();
        let ended = self.shared.ended.load(Ordering::Acquire);
        loop {
            let n = self.capture.pop_slice(scratch);
            let Some(samples) = scratch.get(..n).filter(|s| !s.is_empty()) else { break };
            self.hear(samples);
        }
        if ended && !self.left {
            self.left = true;
            self.tell(Event::User(UserEvent::Left));
        }
    }

    fn hear(&mut self, mut samples: &[i16]) {
        let heard = Heard { samples: samples.to_vec(), _working: self.clock.working() };
        if self.audio.try_send(heard).is_err() {
            self.shared.dropped_in.fetch_add(samples.len() as u64, Ordering::Relaxed);
        }
        // Without an edge it allocates nothing.
        let mut edges = Vec::new();
        let Ears { vad, gate, blocks } = &mut self.ears;
        while let Some(frame) = blocks.next_frame(&mut samples) {
            // A frame the model fails on counts as silence; it cannot stop the conversation.
            let probability = vad.push(frame).unwrap_or(0.0);
            if let Some(edge) = gate.push(probability, frame.len()) {
                edges.push((edge, gate.position()));
            }
        }
        for (edge, position) in edges {
            self.edge(edge, position);
        }
    }

    fn edge(&self, edge: GateEdge, position: u64) {
        let now = self.clock.now();
        let event = match edge {
            GateEdge::Started { onset } => {
                UserEvent::SpeechStarted { at: before(now, position, onset), sample: onset }
            }
            GateEdge::Stopped { end } => {
                UserEvent::SpeechStopped { at: before(now, position, end) }
            }
        };
        self.tell(Event::User(event));
    }

    fn report_playout(&mut self) {
        while let Some(event) = self.playout_events.pop() {
            self.tell(translate(event).into());
        }
        self.ticks += 1;
        if !self.ticks.is_multiple_of(PROGRESS_TICKS) {
            return;
        }
        let position = self.control.position();
        let now = (position.generation, position.played);
        if now != self.reported && position.played > 0 && !position.paused {
            self.reported = now;
            self.tell(PlayoutEvent::Progress(position.generation, position.played).into());
        }
    }

    /// A fact that finds no room is lost; the machine's deadlines make up for it.
    fn tell(&self, event: Event) {
        let fact = Fact { event, _working: self.clock.working() };
        let _ = self.facts.try_send(Box::new(fact));
    }
}

/// When the sample at `then` was heard, if the one at `position` is heard now.
fn before(now: Timestamp, position: u64, then: u64) -> Timestamp {
    let age = AudioFormat::mono(SPEECH_RATE_HZ).micros(position.saturating_sub(then));
    Timestamp::ZERO + now.since(Timestamp::ZERO).saturating_sub(Duration::from_micros(age))
}

fn translate(event: antiphon_audio::PlayoutEvent) -> PlayoutEvent {
    use antiphon_audio::PlayoutEvent as From;
    match event {
        From::Started { generation } => PlayoutEvent::Started(generation),
        From::Paused { generation, played } => PlayoutEvent::Paused(generation, played),
        From::Resumed { generation } => PlayoutEvent::Resumed(generation),
        From::Flushed { generation, played } => PlayoutEvent::Flushed(generation, played),
        From::Drained { generation, played } => PlayoutEvent::Drained(generation, played),
        From::Starved { generation, played } => PlayoutEvent::Starved(generation, played),
    }
}
