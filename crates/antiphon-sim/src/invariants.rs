//! What must hold after every event, whatever came before. Each rule is a bug that voice agents
//! are known for.

use std::collections::{BTreeMap, BTreeSet};

use antiphon_conversation::{
    Action, AgentState, Conversation, Effect, Event, Notice, OpEvent, PlayoutCommand, UserState,
};
use antiphon_core::{Generation, OpId, SpeechId, Timestamp, TurnId};
use antiphon_state::Said;

/// Watches one conversation from outside.
#[derive(Clone, Debug, Default)]
pub struct Invariants {
    live: BTreeSet<OpId>,
    composing: BTreeSet<OpId>,
    audible: BTreeMap<TurnId, SpeechId>,
    started: u64,
    flushed: Option<Generation>,
    /// The newest generation that is synthesised.
    spoken: Option<Generation>,
    /// The newest speech that may be heard.
    created: Option<SpeechId>,
    holding: bool,
    composed: BTreeMap<SpeechId, String>,
    ended: BTreeSet<SpeechId>,
    closed: bool,
}

impl Invariants {
    /// Checks the step that handled `event` at `now` and took `actions`.
    ///
    /// # Errors
    /// The rule that is broken, and how.
    pub fn check(
        &mut self,
        now: Timestamp,
        event: &Event,
        actions: &[Action],
        machine: &Conversation,
    ) -> Result<(), String> {
        if self.closed && !actions.is_empty() {
            return Err(format!("after the end {event:?} led to {actions:?}"));
        }
        if let Event::Op(op, OpEvent::Ended | OpEvent::Failed { .. }) = event {
            self.live.remove(op);
        }
        for action in actions {
            self.action(action)?;
        }
        self.silence()?;
        self.state(now, machine)
    }

    fn action(&mut self, action: &Action) -> Result<(), String> {
        match action {
            Action::Start { op, effect } => {
                if u64::from(op.0) != self.started {
                    return Err(format!("{op} was started, expected op{}", self.started));
                }
                self.started += 1;
                self.live.insert(*op);
                self.effect(*op, effect)
            }
            Action::Cancel { op } if !self.live.remove(op) => {
                Err(format!("{op} was cancelled while it was not alive"))
            }
            Action::Feed { op, .. } if !self.live.contains(op) => {
                Err(format!("{op} was fed while it was not alive"))
            }
            Action::Playout(PlayoutCommand::Flush(g)) => {
                self.flushed = self.flushed.max(Some(*g));
                Ok(())
            }
            Action::Playout(PlayoutCommand::Finish(g)) if self.flushed >= Some(*g) => {
                Err(format!("{g} was finished after its flush"))
            }
            Action::Playout(command @ (PlayoutCommand::Pause | PlayoutCommand::Resume)) => {
                self.holding = *command == PlayoutCommand::Pause;
                Ok(())
            }
            Action::Emit(notice) => self.notice(notice),
            Action::Cancel { .. } | Action::Feed { .. } | Action::Playout(_) => Ok(()),
        }
    }

    /// Nothing may sound before its turn is committed.
    fn silence(&self) -> Result<(), String> {
        let open = self.spoken.filter(|g| self.flushed < Some(*g) && !self.holding);
        match open.filter(|g| self.created < Some(SpeechId(g.0))) {
            Some(generation) => Err(format!("{generation} may sound before it is committed")),
            None => Ok(()),
        }
    }

    fn effect(&mut self, op: OpId, effect: &Effect) -> Result<(), String> {
        if matches!(effect, Effect::Generate(_)) {
            self.composing.retain(|o| self.live.contains(o));
            if let Some(other) = self.composing.first() {
                return Err(format!("{op} composes a reply while {other} still does"));
            }
            self.composing.insert(op);
        }
        match effect {
            Effect::Speak { generation, .. } | Effect::Play { generation, .. }
                if self.flushed >= Some(*generation) =>
            {
                Err(format!("{generation} speaks after its flush"))
            }
            Effect::Speak { generation, .. } | Effect::Play { generation, .. } => {
                self.spoken = Some(*generation);
                Ok(())
            }
            Effect::Generate(request) if request.messages.is_empty() => {
                Err("a generation without messages".to_owned())
            }
            Effect::Generate(_)
            | Effect::CallTool { .. }
            | Effect::Transcribe { .. }
            | Effect::PredictTurnEnd { .. }
            | Effect::PredictBackchannel { .. } => Ok(()),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "most notices carry no promise")]
    fn notice(&mut self, notice: &Notice) -> Result<(), String> {
        match notice {
            Notice::Segment { speech, text, .. } => {
                self.composed.entry(*speech).or_default().push_str(text);
            }
            Notice::SpeechCreated { speech, .. } => self.created = Some(*speech),
            Notice::SpeechStarted { speech, turn } => {
                if let Some(other) = self.audible.insert(*turn, *speech) {
                    return Err(format!("{turn} was answered by {other} and by {speech}"));
                }
            }
            Notice::SpeechEnded { speech, heard, unheard, .. } => {
                if !self.ended.insert(*speech) {
                    return Err(format!("{speech} ended twice"));
                }
                let spoken = self.composed.get(speech).cloned().unwrap_or_default();
                let mut all = heard.len() + unheard.len();
                all = all.min(spoken.len());
                if all < spoken.len() {
                    return Err(format!(
                        "{speech} lost text: {heard:?} + {unheard:?} < {spoken:?}"
                    ));
                }
            }
            Notice::Ended => self.closed = true,
            _ => {}
        }
        Ok(())
    }

    fn state(&self, now: Timestamp, machine: &Conversation) -> Result<(), String> {
        if !machine.live_ops().eq(self.live.iter().copied()) {
            let theirs: Vec<_> = machine.live_ops().collect();
            return Err(format!("live effects differ: {theirs:?} inside, {:?} outside", self.live));
        }
        let waits = machine.deadline().is_some() || !self.live.is_empty();
        let rests = machine.is_at_rest() || machine.agent_state() == AgentState::Initializing;
        let hears = machine.user_state() == UserState::Speaking;
        if !(self.closed || waits || rests || hears) {
            return Err(format!("stuck in {:?}", machine.agent_state()));
        }
        if let Some(d) = machine.deadline()
            && d.at <= now
        {
            return Err(format!("the deadline {:?} was due and is still there", d.why));
        }
        for item in machine.history().items() {
            if let Said::Agent { heard, .. } = &item.said
                && heard.trim().is_empty()
            {
                return Err("history holds speech that nobody heard".to_owned());
            }
        }
        Ok(())
    }
}
