//! The live effects: the one place where an id is given out, and where a dead one is recognised.

use std::{collections::BTreeMap, time::Duration};

use antiphon_core::{OpId, Timestamp};

use crate::{Action, Actions, Config, Effect};

/// What an operation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Transcribe,
    Predict,
    Backchannel,
    Generate,
    Speak,
    Tool,
}

impl Role {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Transcribe => "stt.transcribe",
            Self::Predict => "turn.predict",
            Self::Backchannel => "turn.backchannel",
            Self::Generate => "llm.generate",
            Self::Speak => "tts.speak",
            Self::Tool => "tool.call",
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) role: Role,
    /// When its silence becomes a failure; `None` while it may be silent for ever.
    expires: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub(crate) struct Ops {
    next: u32,
    live: BTreeMap<OpId, Live>,
    timeout: Duration,
    tool_timeout: Duration,
    turn_detector_timeout: Duration,
    backchannel_detector_timeout: Duration,
}

impl Ops {
    pub(crate) const fn new(config: &Config) -> Self {
        Self {
            next: 0,
            live: BTreeMap::new(),
            timeout: config.effect_timeout,
            tool_timeout: config.tool_timeout,
            turn_detector_timeout: config.endpointing.detector_timeout,
            backchannel_detector_timeout: config.interruption.detector_timeout,
        }
    }

    /// Starts an effect under a fresh id. A transcription may be silent as long as the user is.
    pub(crate) fn start(&mut self, now: Timestamp, effect: Effect, out: &mut Actions) -> OpId {
        let role = match &effect {
            Effect::Transcribe { .. } => Role::Transcribe,
            Effect::PredictTurnEnd { .. } => Role::Predict,
            Effect::PredictBackchannel { .. } => Role::Backchannel,
            Effect::Generate(_) => Role::Generate,
            Effect::Speak { .. } | Effect::Play { .. } => Role::Speak,
            Effect::CallTool { .. } => Role::Tool,
        };
        let op = OpId(self.next);
        self.next += 1;
        let expires = (role != Role::Transcribe).then(|| now + self.patience(role));
        self.live.insert(op, Live { role, expires });
        out.push(Action::Start { op, effect });
        op
    }

    /// The operation, if it is alive. Everything else is ignored by the caller.
    pub(crate) fn get(&self, op: OpId) -> Option<&Live> {
        self.live.get(&op)
    }

    /// The operation showed life, or its input has ended: its time to answer runs anew.
    pub(crate) fn touch(&mut self, now: Timestamp, op: OpId) {
        let Some(role) = self.live.get(&op).map(|l| l.role) else { return };
        let timeout = self.patience(role);
        if let Some(live) = self.live.get_mut(&op)
            && live.expires.is_some()
        {
            live.expires = Some(now + timeout);
        }
    }

    /// How long a silence may be.
    pub(crate) const fn patience(&self, role: Role) -> Duration {
        match role {
            Role::Tool => self.tool_timeout,
            Role::Predict => self.turn_detector_timeout,
            Role::Backchannel => self.backchannel_detector_timeout,
            Role::Transcribe | Role::Generate | Role::Speak => self.timeout,
        }
    }

    /// From now on the operation owes an answer.
    pub(crate) fn limit(&mut self, now: Timestamp, op: OpId) {
        let timeout = self.timeout;
        if let Some(live) = self.live.get_mut(&op) {
            live.expires = Some(now + timeout);
        }
    }

    /// The operation owes nothing for now.
    pub(crate) fn unlimit(&mut self, op: OpId) {
        if let Some(live) = self.live.get_mut(&op) {
            live.expires = None;
        }
    }

    /// The operation has ended by itself.
    pub(crate) fn end(&mut self, op: OpId) {
        self.live.remove(&op);
    }

    /// Cancels an operation, if it is alive.
    pub(crate) fn cancel(&mut self, op: OpId, out: &mut Actions) {
        if self.live.remove(&op).is_some() {
            out.push(Action::Cancel { op });
        }
    }

    /// Cancels every operation of a role, but for one.
    pub(crate) fn cancel_others(&mut self, role: Role, but: Option<OpId>, out: &mut Actions) {
        let others = self.live.iter().filter(|(op, live)| live.role == role && Some(**op) != but);
        let others: Vec<OpId> = others.map(|(op, _)| *op).collect();
        for op in others {
            self.cancel(op, out);
        }
    }

    /// Cancels everything.
    pub(crate) fn cancel_all(&mut self, out: &mut Actions) {
        for (op, _) in std::mem::take(&mut self.live) {
            out.push(Action::Cancel { op });
        }
    }

    /// The operation that is given up next, and when.
    pub(crate) fn next_expiry(&self) -> Option<(Timestamp, OpId)> {
        self.live.iter().filter_map(|(op, l)| Some((l.expires?, *op))).min()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = OpId> {
        self.live.keys().copied()
    }
}
