//! The session driver: carries facts into the machine and its actions back out.
//!
//! It deliberately decides nothing. Facts from the media plane come first, then the machine's
//! deadline, then the results of effects, then audio; all inboxes are bounded.

use std::{collections::BTreeMap, sync::Arc};

use antiphon_audio::PlayoutControl;
use antiphon_conversation::{
    Action, Actions, AgentState, Command, Conversation, Effect, Event, Notice, OpEvent, OpInput,
    PlayoutCommand, UserState,
};
use antiphon_core::{Clock as _, Code, Error, Generation, OpId, Pii, RequestId, Timestamp};
use antiphon_state::History;
use antiphon_tools::{Heard, Request};
use antiphon_turn::OverlapContext;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

use crate::{
    Agent, Clip, SessionClock, SessionHandle, Working,
    counters::Counters,
    effects::Effects,
    events::EventSender,
    handle::{Extra, Order},
    journal::JournalSink,
    lifecycle,
    media::{Fact, Seat},
    speech::Speeches,
    streams::is_flushed,
    user_audio::UserAudio,
};

/// Results of effects that may wait for the driver.
pub(crate) const OP_EVENTS: usize = 256;

/// A result and the mark that it still has to be dealt with.
#[derive(Debug)]
pub(crate) struct OpMessage {
    op: OpId,
    event: OpEvent,
    _working: Working,
}

/// Where effects send their results.
#[derive(Clone, Debug)]
pub(crate) struct OpSender {
    tx: mpsc::Sender<Box<OpMessage>>,
    clock: SessionClock,
}

impl OpSender {
    pub(crate) const fn new(tx: mpsc::Sender<Box<OpMessage>>, clock: SessionClock) -> Self {
        Self { tx, clock }
    }

    /// The session's clock.
    pub(crate) const fn clock(&self) -> &SessionClock {
        &self.clock
    }

    /// Waits for room. If the driver is gone, nobody wants the result.
    pub(crate) async fn send(&self, op: OpId, event: OpEvent) {
        let message = Box::new(OpMessage { op, event, _working: self.clock.working() });
        let _ = self.tx.send(message).await;
    }
}

/// What the driver listens to. Boxed, because a channel keeps room for 32 messages even when it is
/// idle.
pub(crate) struct Inboxes {
    pub(crate) facts: mpsc::Receiver<Box<Fact>>,
    pub(crate) orders: mpsc::Receiver<Box<Order>>,
    pub(crate) ops: mpsc::Receiver<Box<OpMessage>>,
    pub(crate) audio: mpsc::Receiver<crate::media::Heard>,
}

pub(crate) struct Driver {
    pub(crate) machine: Conversation,
    pub(crate) clock: SessionClock,
    pub(crate) effects: Effects,
    pub(crate) playout: PlayoutControl,
    pub(crate) user: UserAudio,
    /// Where the latest transcription began: nothing is heard by two, unless it broke off.
    pub(crate) heard_from: u64,
    /// Where what transcriptions have heard ends.
    pub(crate) heard_through: u64,
    pub(crate) journal: Option<JournalSink>,
    /// For agents that take over.
    pub(crate) handle: SessionHandle,
    pub(crate) counters: Arc<Counters>,
    pub(crate) speeches: Speeches,
    /// Recordings that wait to be played.
    pub(crate) clips: BTreeMap<RequestId, Clip>,
    /// The agent that takes over now.
    pub(crate) entering: Option<JoinHandle<()>>,
    pub(crate) events: EventSender,
    pub(crate) history: watch::Sender<Arc<History>>,
    pub(crate) seat: Seat,
    pub(crate) actions: Actions,
    pub(crate) ended: bool,
}

enum Woken {
    Fact(Option<Box<Fact>>),
    Order(Option<Box<Order>>),
    Deadline(Working),
    Op(Option<Box<OpMessage>>),
    Audio(Option<crate::media::Heard>),
}

impl Driver {
    /// Runs the session to its end. Boxed, or the future would hold several copies. `beginning` is
    /// dropped once it has begun.
    pub(crate) async fn run(mut self: Box<Self>, mut inboxes: Inboxes, beginning: Working) {
        let agent = self.effects.agent();
        self.enter(None, agent);
        self.handle(Event::App(Command::Start), &mut inboxes);
        drop(beginning);
        while !self.ended {
            let deadline = self.machine.deadline();
            let at = deadline.map_or(Timestamp::ZERO, |d| d.at);
            let woken = tokio::select! {
                biased;
                fact = inboxes.facts.recv() => Woken::Fact(fact),
                order = inboxes.orders.recv() => Woken::Order(order),
                awake = self.clock.wake_at(at), if deadline.is_some() => Woken::Deadline(awake),
                result = inboxes.ops.recv() => Woken::Op(result),
                heard = inboxes.audio.recv() => Woken::Audio(heard),
            };
            self.woken(woken, &mut inboxes);
        }
        self.finish().await;
    }

    fn woken(&mut self, woken: Woken, inboxes: &mut Inboxes) {
        match woken {
            Woken::Fact(Some(fact)) => self.handle(fact.event, inboxes),
            Woken::Order(Some(order)) => self.order(*order, inboxes),
            Woken::Deadline(_awake) => self.handle(Event::Tick, inboxes),
            Woken::Op(Some(message)) => {
                let OpMessage { op, event, _working } = *message;
                self.result(op, event, inboxes);
            }
            Woken::Audio(Some(heard)) => self.hear(&heard.samples),
            // The media plane or the handle is gone: nobody is left to talk to.
            Woken::Fact(None) | Woken::Order(None) | Woken::Op(None) | Woken::Audio(None) => {
                self.handle(Event::App(Command::Close), inboxes);
            }
        }
    }

    fn order(&mut self, order: Order, inboxes: &mut Inboxes) {
        match order.extra {
            Extra::None => {}
            Extra::Speech { request, state, clip } => {
                self.speeches.expect(request, state);
                self.clips.extend(clip.map(|clip| (request, clip)));
            }
            Extra::Agent(agent) => {
                let old = self.effects.set_agent(agent.clone());
                self.enter(Some(old), agent);
            }
        }
        self.handle(Event::App(order.command), inboxes);
    }

    /// Lets an agent take over, beside the conversation.
    fn enter(&mut self, old: Option<Arc<dyn Agent>>, new: Arc<dyn Agent>) {
        let (handle, clock) = (self.handle.clone(), self.clock.clone());
        let (events, counters) = (self.events.clone(), self.counters.clone());
        let working = clock.working();
        self.entering = Some(tokio::spawn(async move {
            if let Err(e) = lifecycle::change(old, new, handle).await {
                let (op, code, detail) = (e.op().to_owned(), e.code(), e.detail().to_owned());
                counters.error(&op, code);
                tracing::warn!(op, %code, detail, "the agent could not take over");
                let notice = Notice::Error { op, code, detail };
                events.send(clock.now(), notice);
            }
            drop(working);
        }));
    }

    fn result(&mut self, op: OpId, event: OpEvent, inboxes: &mut Inboxes) {
        let over = matches!(event, OpEvent::Ended | OpEvent::Failed { .. });
        let flushed = is_flushed(&event);
        self.handle(Event::Op(op, event), inboxes);
        if over {
            self.effects.remove(op);
        } else if flushed {
            self.effects.flushed(op);
        }
    }

    /// Tells the machine and does what it wants.
    fn handle(&mut self, event: Event, inboxes: &mut Inboxes) {
        let now = self.clock.now();
        let mut actions = std::mem::take(&mut self.actions);
        let record = self.journal.is_some().then(|| event.clone());
        self.machine.handle(now, event, &mut actions);
        if let (Some(journal), Some(event)) = (&mut self.journal, record) {
            journal.record(now, event, &actions);
        }
        for action in actions.drain(..) {
            self.act(now, action, inboxes);
        }
        self.actions = actions;
    }

    fn act(&mut self, now: Timestamp, action: Action, inboxes: &mut Inboxes) {
        match action {
            Action::Start { op, effect } => self.start(op, effect, inboxes),
            Action::Feed { op, input } => self.feed(op, input, inboxes),
            Action::Cancel { op } => {
                self.effects.remove(op);
                self.user.set_in_turn(self.effects.listener().is_some());
            }
            Action::Playout(PlayoutCommand::Pause) => self.playout.pause(),
            Action::Playout(PlayoutCommand::Resume) => self.playout.resume(),
            Action::Playout(PlayoutCommand::Flush(generation)) => self.playout.flush(generation),
            Action::Playout(PlayoutCommand::Finish(generation)) => {
                if !self.effects.finish(generation) {
                    self.warn(now, "playout", "the voice's line is full");
                }
            }
            Action::Emit(notice) => self.emit(now, notice),
        }
    }

    fn start(&mut self, op: OpId, effect: Effect, inboxes: &mut Inboxes) {
        match effect {
            Effect::Transcribe { from_sample, language, again } => {
                self.catch_up(inboxes);
                self.effects.transcribe(op, language);
                self.user.set_in_turn(true);
                if !again {
                    self.heard_from = from_sample.max(self.heard_through);
                }
                let samples = self.user.since(self.heard_from);
                self.heard_through = self.user.end();
                self.effects.hear(op, samples);
            }
            Effect::PredictTurnEnd { transcript } => {
                self.catch_up(inboxes);
                self.effects.predict(op, self.user.window(), transcript);
            }
            Effect::PredictBackchannel { from_sample, is_over, transcript } => {
                self.catch_up(inboxes);
                let transcript = Pii::new(transcript);
                let (audio, caller_dbfs) = (self.user.overlap(from_sample), self.user.level());
                let context = OverlapContext { audio, transcript, is_over, caller_dbfs };
                self.effects.predict_backchannel(op, context);
            }
            Effect::Generate(request) => self.effects.generate(op, request),
            Effect::CallTool { call, turn, said } => {
                let heard = said.map(|s| Heard { last: s.last, conversation: s.all });
                self.effects.call_tool(op, Request { heard, ..Request::new(call, turn) });
            }
            Effect::Speak { generation, request, .. } => {
                self.effects.speak(op, generation, request);
            }
            Effect::Play { generation, clip, .. } => self.play(op, generation, clip),
        }
    }

    fn play(&mut self, op: OpId, generation: Generation, clip: RequestId) {
        match self.clips.remove(&clip) {
            Some(clip) => self.effects.play(op, generation, clip),
            None => {
                let e = Error::new("session.say", Code::InvalidInput, "the recording is missing");
                self.effects.fail(op, e);
            }
        }
    }

    fn feed(&mut self, op: OpId, input: OpInput, inboxes: &mut Inboxes) {
        match input {
            OpInput::Flush(marker) => {
                self.catch_up(inboxes);
                if !self.effects.flush(op, marker) {
                    let now = self.clock.now();
                    self.warn(now, "stt.transcribe", "the transcription takes no more input");
                }
            }
            OpInput::End => {
                self.effects.end_input(op);
                self.user.set_in_turn(self.effects.listener().is_some());
            }
        }
    }

    /// Audio that was heard before the present fact, but waits behind it.
    fn catch_up(&mut self, inboxes: &mut Inboxes) {
        while let Ok(heard) = inboxes.audio.try_recv() {
            self.hear(&heard.samples);
        }
    }

    fn hear(&mut self, samples: &[i16]) {
        let alone = self.machine.user_state() == UserState::Speaking
            && self.machine.agent_state() != AgentState::Speaking;
        self.user.push(samples, alone);
        if let Some(op) = self.effects.listener() {
            self.heard_through = self.user.end();
            self.effects.hear(op, samples.to_vec());
        }
    }

    fn emit(&mut self, at: Timestamp, notice: Notice) {
        if matches!(notice, Notice::UserTurn { .. } | Notice::SpeechEnded { .. }) {
            self.history.send_replace(Arc::new(self.machine.history().clone()));
        }
        // What was said last is known now, and the user is likely to take a while.
        if matches!(notice, Notice::SpeechEnded { .. })
            && self.machine.agent_state() == AgentState::Listening
        {
            self.effects.warm(self.machine.next_request());
        }
        self.effects.notice(&notice);
        if notice == Notice::Ended {
            self.ended = true;
            self.seat.leave();
        }
        if let Some(over) = self.speeches.notice(&notice) {
            self.clips.remove(&over);
        }
        if let Notice::Error { op, code, detail } = &notice {
            self.counters.error(op, *code);
            tracing::warn!(op, %code, detail, at = %at, "the session goes on");
        }
        self.events.send(at, notice);
    }

    fn warn(&mut self, at: Timestamp, op: &str, detail: &str) {
        let (op, detail) = (op.to_owned(), detail.to_owned());
        self.emit(at, Notice::Error { op, code: Code::Unavailable, detail });
    }

    async fn finish(mut self: Box<Self>) {
        if let Some(entering) = self.entering.take() {
            entering.abort();
        }
        self.history.send_replace(Arc::new(self.machine.history().clone()));
        let dropped = self.effects.dropped_audio();
        if dropped > 0 {
            let now = self.clock.now();
            self.warn(now, "stt.transcribe", &format!("{dropped} samples came too fast"));
        }
        lifecycle::leave(self.effects.agent()).await;
        if let Some(journal) = self.journal {
            journal.finish();
        }
    }
}
