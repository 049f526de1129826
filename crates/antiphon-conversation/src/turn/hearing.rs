//! What a turn's transcription understands, and what becomes of it when it breaks off.
//!
//! It deliberately does not know when a turn is over.

use std::time::Duration;

use antiphon_core::{OpId, Timestamp, TurnId};
use antiphon_stt::{SttEvent, Transcript};
use antiphon_turn::{EndpointingMode, trails_off};

use super::{UserTurn, Voice};
use crate::{Action, Actions, Config, Effect, Notice, OpInput, ops::Ops, waterfall::mark};

/// Audio before the detected onset that is transcribed too, so that first words are not clipped:
/// 300 ms at 16 kHz.
pub(crate) const PRE_ROLL_SAMPLES: u64 = 4_800;

/// Transcriptions of committed turns that may still bring a late text.
const MAX_CLOSING: usize = 4;

/// Times that a transcription is begun again within a turn. A provider that fails twice in a few
/// seconds will fail a third time.
const MAX_RETRIES: u32 = 1;

/// A turn up to this long is heard again as a whole; drivers keep 8 s of the user's audio.
const HEARD_AGAIN: Duration = Duration::from_secs(7);

/// The words of an open turn.
#[derive(Clone, Debug)]
pub(crate) struct Hearing {
    op: Option<OpId>,
    /// When the transcription, and its audio, began.
    began: Timestamp,
    from_sample: u64,
    words: Words,
    marker: u32,
    retries: u32,
}

/// The words of one transcription, after those of others that broke off.
#[derive(Clone, Debug, Default)]
struct Words {
    before: String,
    transcript: Transcript,
}

/// A committed turn whose transcription has not ended.
#[derive(Clone, Debug)]
pub(super) struct Closing {
    op: OpId,
    id: TurnId,
    words: Words,
    committed: String,
}

impl Hearing {
    /// Transcribes what the user says from about `sample` on.
    pub(super) fn begin(
        now: Timestamp,
        sample: u64,
        config: &Config,
        ops: &mut Ops,
        out: &mut Actions,
    ) -> Self {
        let from_sample = sample.saturating_sub(PRE_ROLL_SAMPLES);
        let words = Words::default();
        let mut hearing = Self { op: None, began: now, from_sample, words, marker: 0, retries: 0 };
        hearing.listen(now, false, config, ops, out);
        hearing
    }

    fn listen(
        &mut self,
        now: Timestamp,
        again: bool,
        config: &Config,
        ops: &mut Ops,
        out: &mut Actions,
    ) {
        let (from_sample, language) = (self.from_sample, config.language.clone());
        let effect = Effect::Transcribe { from_sample, language, again };
        self.op = Some(ops.start(now, effect, out));
    }

    /// The user speaks again, from `sample` on. A transcription that was lost in the pause is
    /// needed again.
    pub(super) fn goes_on(
        &mut self,
        now: Timestamp,
        sample: u64,
        config: &Config,
        ops: &mut Ops,
        out: &mut Actions,
    ) {
        match self.op {
            Some(op) => ops.unlimit(op),
            None if self.retries < MAX_RETRIES => {
                self.retries += 1;
                self.words.keep();
                self.began = now;
                self.from_sample = sample.saturating_sub(PRE_ROLL_SAMPLES);
                self.listen(now, false, config, ops, out);
            }
            None => {}
        }
    }

    /// Everything said up to now is to become final; the transcription owes an answer.
    pub(super) fn flush(&mut self, now: Timestamp, ops: &mut Ops, out: &mut Actions) {
        self.marker += 1;
        self.ask_final(now, ops, out);
    }

    fn ask_final(&self, now: Timestamp, ops: &mut Ops, out: &mut Actions) {
        if let Some(op) = self.op {
            out.push(Action::Feed { op, input: OpInput::Flush(self.marker) });
            ops.limit(now, op);
        }
    }

    /// The transcription ended before the turn did. Begins another one, if that may help: it
    /// hears the same again, or what the user who is `speaking` says from now on.
    fn broke_off(
        &mut self,
        now: Timestamp,
        speaking: bool,
        config: &Config,
        ops: &mut Ops,
        out: &mut Actions,
    ) -> bool {
        self.op = None;
        let again = now.since(self.began) <= HEARD_AGAIN;
        if self.retries == MAX_RETRIES || !(again || speaking) {
            return false;
        }
        self.retries += 1;
        if again {
            self.words.forget();
        } else {
            self.words.keep();
        }
        self.listen(now, again, config, ops, out);
        true
    }

    pub(super) fn text(&self) -> String {
        self.words.text()
    }

    pub(super) const fn is_live(&self) -> bool {
        self.op.is_some()
    }

    pub(super) fn cancel(self, ops: &mut Ops, out: &mut Actions) {
        if let Some(op) = self.op {
            ops.cancel(op, out);
        }
    }
}

impl Words {
    fn text(&self) -> String {
        let (before, now) = (self.before.as_str(), self.transcript.text());
        let both = [before, &now];
        both.into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// Another transcription goes on where this one broke off.
    fn keep(&mut self) {
        self.before = self.text();
        self.transcript = Transcript::default();
    }

    /// Another transcription hears the same again.
    fn forget(&mut self) {
        self.transcript = Transcript::default();
    }
}

impl UserTurn {
    /// The transcription `op` reports. Gives a late text for a committed turn, if it is one.
    pub(crate) fn transcribed(
        &mut self,
        now: Timestamp,
        op: OpId,
        event: &SttEvent,
        config: &Config,
        ops: &mut Ops,
        out: &mut Actions,
    ) -> Option<(TurnId, String)> {
        if let Some(closing) = self.closing.iter_mut().find(|c| c.op == op) {
            return closing.transcribed(event);
        }
        let open = self.open.as_mut().filter(|o| o.hearing.op == Some(op))?;
        let before = open.text();
        open.hearing.words.transcript.apply(event);
        let flushed =
            matches!(event, SttEvent::Flushed { marker } if *marker == open.hearing.marker);
        let provider = config.endpointing.mode == EndpointingMode::Provider;
        let ended = provider && *event == SttEvent::EndOfTurn;
        // Who was asked for everything may have more to say than that the turn is over.
        if let Voice::Silent(silence) = &mut open.voice
            && if silence.flush_asked { flushed } else { ended }
        {
            silence.flushed = true;
            ops.unlimit(op);
            mark(&mut silence.waterfall.stt_final, now);
            // An engine that had to be asked says nothing more about the end of this turn.
            open.provider_ended.get_or_insert(now);
        }
        if ended && !open.text().is_empty() {
            open.provider_ended.get_or_insert(now);
        }
        let text = open.text();
        if text != before {
            open.changed = now;
            open.trails_off = trails_off(&text, config.language.as_deref());
            if matches!(open.voice, Voice::Speaking) {
                open.provider_ended = None;
            }
            out.push(Action::Emit(Notice::Interim { turn: open.id, text }));
        }
        None
    }

    /// The transcription `op` ended or failed. If the turn still needs one, another begins.
    pub(crate) fn transcription_ended(
        &mut self,
        now: Timestamp,
        op: OpId,
        config: &Config,
        ops: &mut Ops,
        out: &mut Actions,
    ) {
        self.closing.retain(|c| c.op != op);
        let Some(open) = self.open.as_mut().filter(|o| o.hearing.op == Some(op)) else { return };
        match &mut open.voice {
            Voice::Silent(silence) if silence.flushed => open.hearing.op = None,
            Voice::Silent(silence) => match open.hearing.broke_off(now, false, config, ops, out) {
                true => {
                    silence.flush_asked = true;
                    open.hearing.ask_final(now, ops, out);
                }
                false => {
                    silence.flushed = true;
                    open.provider_ended.get_or_insert(now);
                }
            },
            Voice::Speaking => {
                open.hearing.broke_off(now, true, config, ops, out);
            }
        }
        if open.text().is_empty() && open.hearing.is_live() {
            // The end that was said was that of words which are heard again.
            open.provider_ended = None;
        }
    }

    /// Leaves the transcription of a committed turn to end on its own.
    pub(super) fn close_hearing(
        &mut self,
        now: Timestamp,
        id: TurnId,
        hearing: Hearing,
        ops: &mut Ops,
        out: &mut Actions,
    ) {
        let Some(op) = hearing.op else { return };
        out.push(Action::Feed { op, input: OpInput::End });
        ops.limit(now, op);
        if self.closing.len() == MAX_CLOSING {
            ops.cancel(self.closing.remove(0).op, out);
        }
        let committed = hearing.text();
        self.closing.push(Closing { op, id, words: hearing.words, committed });
    }
}

impl Closing {
    /// A text for the committed turn, if it is another. None at all is no text: there was one, and
    /// it is being answered.
    fn transcribed(&mut self, event: &SttEvent) -> Option<(TurnId, String)> {
        self.words.transcript.apply(event);
        let text = self.words.text();
        let is_final = matches!(event, SttEvent::Final { .. });
        if !is_final || text.is_empty() || text == self.committed {
            return None;
        }
        self.committed.clone_from(&text);
        Some((self.id, text))
    }
}
