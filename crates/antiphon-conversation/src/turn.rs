//! The user's turn: from the first sound to the committed transcript.
//!
//! It deliberately knows nothing of the agent. Whether the turn *may* be committed (it may not
//! while an overlap is undecided) is the caller's business.

mod hearing;
mod open;

use antiphon_core::{OpId, SPEECH_RATE_HZ, Timestamp, TurnId};
use antiphon_turn::{EndpointingConfig, EndpointingMode, PauseModel, Prediction};

use crate::{
    Action, Actions, Config, Discard, Effect, Notice, Waterfall, ops::Ops, waterfall::mark,
};

pub(crate) use hearing::PRE_ROLL_SAMPLES;
use hearing::{Closing, Hearing};
pub(crate) use open::{Open, Silence, Voice, same_words};

#[derive(Clone, Debug)]
pub(crate) struct UserTurn {
    next: u32,
    open: Option<Open>,
    closing: Vec<Closing>,
    /// When the sound that is heard now began, as time and sample position.
    sounding: Option<(Timestamp, u64)>,
    /// What the user is saying now belongs to no turn yet: one was cut at its greatest length, or
    /// the user was muted.
    unheard: bool,
    /// How this caller pauses.
    pauses: PauseModel,
    /// Since when the latest committed turn was over, until its reply is heard.
    unanswered: Option<Timestamp>,
}

/// What a commit hands over.
#[derive(Clone, Debug)]
pub(crate) struct Committed {
    pub(crate) id: TurnId,
    pub(crate) text: String,
    pub(crate) waterfall: Waterfall,
}

impl UserTurn {
    pub(crate) fn new() -> Self {
        Self {
            next: 0,
            open: None,
            closing: Vec::new(),
            sounding: None,
            unheard: false,
            pauses: PauseModel::default(),
            unanswered: None,
        }
    }

    pub(crate) const fn open(&self) -> Option<&Open> {
        self.open.as_ref()
    }

    /// Nothing that the user said is still to be understood.
    pub(crate) const fn is_heard_out(&self) -> bool {
        self.open.is_none() && self.closing.is_empty()
    }

    pub(crate) fn is_speaking(&self) -> bool {
        self.open.as_ref().is_some_and(|o| matches!(o.voice, Voice::Speaking))
    }

    /// The reply to the latest turn is heard: the user had left it at that.
    pub(crate) fn answered(&mut self) {
        if self.unanswered.take().is_some() {
            self.pauses.ended();
        }
    }

    /// When the open turn is to be committed if nothing changes; `None` while the user speaks, or
    /// if only the application ends turns.
    pub(crate) fn due(&self, policy: &EndpointingConfig) -> Option<Timestamp> {
        self.open.as_ref()?.due(policy, self.pauses.usual())
    }

    /// A turn id for something that is not the user's: a greeting, a `say`.
    pub(crate) fn next_id(&mut self) -> TurnId {
        let id = TurnId(self.next);
        self.next += 1;
        id
    }

    /// The user speaks: a new turn, or the open one goes on.
    pub(crate) fn speech_started(
        &mut self,
        now: Timestamp,
        (at, sample): (Timestamp, u64),
        config: &Config,
        ops: &mut Ops,
        out: &mut Actions,
    ) {
        self.sounding = Some((at.min(now), sample));
        if let Some(over) = self.unanswered.take() {
            self.pauses.resumed(now.since(over));
        }
        if let Some(open) = &mut self.open {
            if let Voice::Silent(silence) = &open.voice {
                self.pauses.resumed(now.since(silence.since));
                if let Some(op) = silence.predict {
                    ops.cancel(op, out);
                }
            }
            open.voice = Voice::Speaking;
            open.provider_ended = None;
            open.hearing.goes_on(now, sample, config, ops, out);
            return;
        }
        let id = self.next_id();
        let hearing = Hearing::begin(now, sample, config, ops, out);
        let (voice, onset) = (Voice::Speaking, at.min(now));
        self.open = Some(Open {
            id,
            onset,
            voice,
            hearing,
            changed: now,
            speculations: 0,
            commit_asked: false,
            trails_off: false,
            provider_ended: None,
        });
    }

    /// The user pauses.
    pub(crate) fn speech_stopped(
        &mut self,
        now: Timestamp,
        at: Timestamp,
        config: &Config,
        ops: &mut Ops,
        out: &mut Actions,
    ) {
        self.sounding = None;
        self.pause(now, at, config, ops, out);
    }

    /// Makes the transcript final, unless the engine says itself when it is, and asks whether that
    /// was all.
    fn pause(
        &mut self,
        now: Timestamp,
        at: Timestamp,
        config: &Config,
        ops: &mut Ops,
        out: &mut Actions,
    ) {
        let Some(open) = &mut self.open else { return };
        if !matches!(open.voice, Voice::Speaking) {
            return;
        }
        let provider = config.endpointing.mode == EndpointingMode::Provider;
        let flush_asked = !provider;
        if flush_asked {
            open.hearing.flush(now, ops, out);
        }
        let predict = (config.turn_detector && !provider).then(|| {
            let transcript = open.text();
            ops.start(now, Effect::PredictTurnEnd { transcript }, out)
        });
        let since = at.clamp(open.onset, now);
        if !open.hearing.is_live() {
            // Nobody is left to say when the turn is over.
            let alone = since + config.endpointing.without_detector;
            open.provider_ended.get_or_insert(alone);
        }
        let mut waterfall = Waterfall::new(open.id, since);
        mark(&mut waterfall.silence_detected, now);
        open.voice = Voice::Silent(Silence {
            since,
            flushed: !open.hearing.is_live() || open.provider_ended.is_some(),
            flush_asked,
            prediction: if predict.is_some() { Prediction::Pending } else { Prediction::Absent },
            predict,
            waterfall,
        });
    }

    /// Asks for the final transcript, if the engine was to say by itself when it is final and does
    /// not.
    pub(crate) fn flush_overdue(
        &mut self,
        now: Timestamp,
        config: &Config,
        ops: &mut Ops,
        out: &mut Actions,
    ) {
        if self.flush_due(config).is_some_and(|at| at <= now)
            && let Some(open) = &mut self.open
            && let Voice::Silent(silence) = &mut open.voice
        {
            silence.flush_asked = true;
            open.hearing.flush(now, ops, out);
        }
    }

    /// Whether nothing more can become known of the open turn. An engine that says by itself that the
    /// turn is over may not have heard all of it yet: it is asked.
    pub(crate) fn is_understood(
        &mut self,
        now: Timestamp,
        ops: &mut Ops,
        out: &mut Actions,
    ) -> bool {
        let Some(open) = &mut self.open else { return true };
        let Voice::Silent(silence) = &mut open.voice else { return false };
        if silence.flushed && !silence.flush_asked && open.hearing.is_live() {
            (silence.flushed, silence.flush_asked) = (false, true);
            open.hearing.flush(now, ops, out);
        }
        silence.flushed
    }

    /// When that is.
    pub(crate) fn flush_due(&self, config: &Config) -> Option<Timestamp> {
        self.open.as_ref()?.flush_due(&config.endpointing)
    }

    /// The turn detector answered.
    pub(crate) fn predicted(&mut self, now: Timestamp, op: OpId, p: f32) {
        if let Some(silence) = self.silence_of(op) {
            silence.prediction = Prediction::Finished(p);
            mark(&mut silence.waterfall.turn_predicted, now);
        }
    }

    /// The turn detector said all it has to say, or failed.
    pub(crate) fn prediction_ended(&mut self, op: OpId) {
        if let Some(silence) = self.silence_of(op) {
            silence.predict = None;
            if silence.prediction == Prediction::Pending {
                silence.prediction = Prediction::Absent;
            }
        }
    }

    fn silence_of(&mut self, op: OpId) -> Option<&mut Silence> {
        match &mut self.open.as_mut()?.voice {
            Voice::Silent(silence) if silence.predict == Some(op) => Some(silence),
            Voice::Silent(_) | Voice::Speaking => None,
        }
    }

    /// The transcript, for a reply that is begun on it.
    pub(crate) fn speculate(&mut self) -> Option<(TurnId, Waterfall, String)> {
        let open = self.open.as_mut()?;
        open.speculations += 1;
        let Voice::Silent(silence) = &open.voice else { return None };
        Some((open.id, silence.waterfall.clone(), open.text()))
    }

    /// Commits the turn though the user may go on: what is said from now on is of the next one.
    pub(crate) fn cut(
        &mut self,
        now: Timestamp,
        config: &Config,
        ops: &mut Ops,
        out: &mut Actions,
    ) {
        self.unheard |= self.is_speaking();
        self.ask_commit(now, config, ops, out);
    }

    /// The user speaks, and is not to be noticed.
    pub(crate) fn muted(&mut self, at: Timestamp, sample: u64) {
        self.sounding = Some((at, sample));
        self.unheard = true;
    }

    /// Where the next turn begins, if the user speaks and no turn has it yet.
    pub(crate) fn goes_on(&mut self, now: Timestamp) -> Option<(Timestamp, u64)> {
        if self.open.is_some() || !std::mem::take(&mut self.unheard) {
            return None;
        }
        let (at, sample) = self.sounding?;
        let samples = now.since(at).as_millis() as u64 * u64::from(SPEECH_RATE_HZ) / 1000;
        Some((now, sample.saturating_add(samples)))
    }

    /// When a turn that goes on and on is committed all the same.
    pub(crate) fn limit(&self, config: &Config) -> Option<Timestamp> {
        let open = self.open.as_ref().filter(|o| matches!(o.voice, Voice::Speaking))?;
        config.floor.turn_ends(open.onset)
    }

    /// Commits as soon as the transcript is final. While the user speaks, the pause is declared.
    pub(crate) fn ask_commit(
        &mut self,
        now: Timestamp,
        config: &Config,
        ops: &mut Ops,
        out: &mut Actions,
    ) {
        self.pause(now, now, config, ops, out);
        if let Some(open) = &mut self.open {
            open.commit_asked = true;
        }
    }

    /// Commits the turn and leaves its transcription to end on its own.
    pub(crate) fn commit(
        &mut self,
        now: Timestamp,
        ops: &mut Ops,
        out: &mut Actions,
    ) -> Option<Committed> {
        let Open { id, voice, hearing, .. } = self.open.take()?;
        let Voice::Silent(mut silence) = voice else { return None };
        if let Some(op) = silence.predict {
            ops.cancel(op, out);
        }
        let text = hearing.text();
        self.close_hearing(now, id, hearing, ops, out);
        mark(&mut silence.waterfall.committed, now);
        self.unanswered = Some(silence.since);
        Some(Committed { id, text, waterfall: silence.waterfall })
    }

    /// Drops the open turn.
    pub(crate) fn discard(&mut self, why: Discard, ops: &mut Ops, out: &mut Actions) {
        let Some(open) = self.open.take() else { return };
        if let Voice::Silent(Silence { predict: Some(op), .. }) = open.voice {
            ops.cancel(op, out);
        }
        let text = open.text();
        open.hearing.cancel(ops, out);
        out.push(Action::Emit(Notice::TurnDiscarded { turn: open.id, why, text }));
    }
}
