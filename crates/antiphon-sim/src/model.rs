//! A reference model of the conversation: what states, generations and history must be, computed
//! a second time from nothing but the events that went in and the notices that came out.
//!
//! It deliberately shares no code with the machine and decides nothing: when to speak is the
//! machine's business, what follows for the books is the model's.

mod speech;

use std::collections::BTreeMap;

use antiphon_conversation::{
    Action, AgentState, Conversation, Effect, Event, Notice, OpEvent, PlayoutCommand, UserState,
};
use antiphon_core::{Generation, OpId, TurnId};
use antiphon_state::{Item, Said};
use antiphon_stt::SttEvent;

use self::speech::Speech;

/// The model of one conversation.
#[derive(Clone, Debug)]
pub struct Model {
    max_history_items: usize,
    forgotten: bool,
    agent: AgentState,
    user: UserState,
    /// The words of each transcription: by segment, whether final, and the text.
    transcripts: BTreeMap<OpId, BTreeMap<u32, (bool, String)>>,
    speeches: BTreeMap<Generation, Speech>,
    speaks: BTreeMap<OpId, Generation>,
    newest: Option<Generation>,
    history: Vec<Item>,
}

impl Model {
    /// A model of a machine that keeps so many history items.
    #[must_use]
    pub const fn new(max_history_items: usize) -> Self {
        Self {
            max_history_items,
            forgotten: false,
            agent: AgentState::Initializing,
            user: UserState::Listening,
            transcripts: BTreeMap::new(),
            speeches: BTreeMap::new(),
            speaks: BTreeMap::new(),
            newest: None,
            history: Vec::new(),
        }
    }

    /// Follows one step and compares the machine with the model.
    ///
    /// # Errors
    /// What differs.
    pub fn check(
        &mut self,
        event: &Event,
        actions: &[Action],
        machine: &Conversation,
    ) -> Result<(), String> {
        self.event(event);
        actions.iter().try_for_each(|a| self.action(a))?;
        self.compare(machine)
    }

    // ---- what came in -------------------------------------------------------------------

    fn event(&mut self, event: &Event) {
        match event {
            Event::Op(op, OpEvent::Stt(event)) => self.transcribed(*op, event),
            Event::Op(op, event) => {
                let Some(generation) = self.speaks.get(op) else { return };
                if let Some(speech) = self.speeches.get_mut(generation) {
                    speech.synthesised(*op, event);
                }
                if matches!(event, OpEvent::Ended | OpEvent::Failed { .. }) {
                    self.speaks.remove(op);
                }
            }
            Event::Playout(event) => {
                let generation = event.generation();
                // What is held until its commit cannot have sounded, whatever is reported.
                if let Some(speech) = self.speeches.get_mut(&generation).filter(|s| s.created) {
                    speech.played(event.played().unwrap_or_default());
                }
            }
            Event::User(_) | Event::App(_) | Event::Tick => {}
        }
    }

    fn transcribed(&mut self, op: OpId, event: &SttEvent) {
        let Some(transcript) = self.transcripts.get_mut(&op) else { return };
        let (segment, is_final, text) = match event {
            SttEvent::Interim { segment, text } => (*segment, false, text.trim()),
            SttEvent::Final { segment, text } => (*segment, true, text.trim()),
            SttEvent::Flushed { .. } | SttEvent::EndOfTurn => return,
        };
        let slot = transcript.entry(segment).or_default();
        if is_final || !slot.0 || !slot.1.starts_with(text) {
            *slot = (is_final, text.to_owned());
        }
    }

    // ---- what came out ------------------------------------------------------------------

    fn action(&mut self, action: &Action) -> Result<(), String> {
        match action {
            Action::Start { op, effect } => self.started(*op, effect),
            Action::Cancel { op } => {
                self.transcripts.remove(op);
                if let Some(speech) = self.speaks.remove(op).and_then(|s| self.speeches.get_mut(&s))
                {
                    speech.broke_off(*op);
                }
                Ok(())
            }
            Action::Playout(PlayoutCommand::Finish(g)) if Some(*g) != self.newest => {
                Err(format!("{g} is finished, but {:?} is the newest", self.newest))
            }
            Action::Playout(PlayoutCommand::Flush(g)) => {
                // A reply may be dropped before its first segment.
                if self.newest > Some(*g) {
                    return Err(format!("{g} is flushed, but {:?} is the newest", self.newest));
                }
                self.newest = Some(*g);
                Ok(())
            }
            Action::Emit(notice) => self.noticed(notice),
            Action::Feed { .. } | Action::Playout(_) => Ok(()),
        }
    }

    fn started(&mut self, op: OpId, effect: &Effect) -> Result<(), String> {
        let generation = match effect {
            Effect::Transcribe { .. } => {
                self.transcripts.insert(op, BTreeMap::new());
                return Ok(());
            }
            Effect::PredictTurnEnd { .. }
            | Effect::PredictBackchannel { .. }
            | Effect::Generate(_)
            | Effect::CallTool { .. } => return Ok(()),
            Effect::Speak { generation, .. } | Effect::Play { generation, .. } => *generation,
        };
        if self.newest > Some(generation) {
            return Err(format!("{generation} speaks again after {:?}", self.newest));
        }
        self.newest = Some(generation);
        self.speaks.insert(op, generation);
        let speech = self.speeches.entry(generation).or_default();
        let text = if let Effect::Speak { request, .. } = effect {
            Some(request.text.clone())
        } else {
            speech.announced.last().cloned()
        };
        let Some(text) = text else {
            return Err(format!("{op} plays a segment that was not announced"));
        };
        speech.segment(op, text);
        Ok(())
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the others change no books")]
    fn noticed(&mut self, notice: &Notice) -> Result<(), String> {
        match notice {
            Notice::AgentState(state) => self.agent = *state,
            Notice::UserState(state) => self.user = *state,
            Notice::SpeechCreated { speech, .. } => {
                self.speeches.entry(Generation(speech.0)).or_default().created = true;
            }
            Notice::Segment { speech, text, .. } => {
                let speech = self.speeches.entry(Generation(speech.0)).or_default();
                speech.announced.push(text.clone());
            }
            Notice::ToolResult { turn, call, result } => {
                let said = Said::Tool { call: call.clone(), result: result.clone() };
                self.remember(Item { turn: *turn, said });
            }
            Notice::UserTurn { turn, text, late } => return self.turn(*turn, text, *late),
            Notice::SpeechEnded { speech, turn, heard, unheard, interrupted, estimated } => {
                if let Some(speech) = self.speeches.remove(&Generation(speech.0)) {
                    speech.check(heard, unheard)?;
                }
                let (interrupted, estimated) = (*interrupted, *estimated);
                let (heard, unheard) = (heard.clone(), unheard.clone());
                if !heard.trim().is_empty() {
                    let said = Said::Agent { heard, unheard, interrupted, estimated };
                    self.remember(Item { turn: *turn, said });
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A turn was committed, or amended: its text is that of a transcription, or was typed.
    fn turn(&mut self, turn: TurnId, text: &str, late: bool) -> Result<(), String> {
        let mut items = self.history.iter_mut().filter(|i| i.turn == turn);
        let known = items.find_map(|i| match &mut i.said {
            Said::User { text } => Some(text),
            Said::Agent { .. } | Said::Tool { .. } => None,
        });
        match (known, late) {
            (Some(known), true) => text.clone_into(known),
            (None, false) => {
                let said = Said::User { text: text.to_owned() };
                self.remember(Item { turn, said });
            }
            (None, true) if self.forgotten => {}
            (known, _) => return Err(format!("{turn} late {late}, in the books: {known:?}")),
        }
        // A transcription may have gone on where another one broke off.
        if late && !self.transcripts.values().any(|t| text.ends_with(&joined(t))) {
            return Err(format!("no transcription says {text:?}: {:?}", self.transcripts));
        }
        Ok(())
    }

    /// In the order of turns, and within a turn in the order in which it became known.
    fn remember(&mut self, item: Item) {
        self.history.push(item);
        self.history.sort_by_key(|i| i.turn);
        if self.history.len() > self.max_history_items {
            self.history.remove(0);
            self.forgotten = true;
        }
    }

    // ---- the comparison -----------------------------------------------------------------

    fn compare(&self, machine: &Conversation) -> Result<(), String> {
        if machine.agent_state() != self.agent || machine.user_state() != self.user {
            let states = (machine.agent_state(), machine.user_state());
            return Err(format!("states {states:?}, announced {:?}", (self.agent, self.user)));
        }
        if !machine.history().items().eq(&self.history) {
            let items: Vec<_> = machine.history().items().collect();
            return Err(format!("history {items:?}, in the books {:?}", self.history));
        }
        Ok(())
    }
}

fn joined(transcript: &BTreeMap<u32, (bool, String)>) -> String {
    let texts = transcript.values().map(|(_, text)| text.as_str()).filter(|t| !t.is_empty());
    texts.collect::<Vec<_>>().join(" ")
}
