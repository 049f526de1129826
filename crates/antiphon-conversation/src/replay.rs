//! Running recorded events through a fresh machine, and telling whether it decides as it did when
//! they were recorded.

use antiphon_core::{Code, Error, Result, Timestamp, TurnId};
use antiphon_state::{Digest, Footer, Header, Journal, Record};

use crate::{Action, Actions, Config, Conversation, Event, Notice, redact::outline};

/// The journal of a conversation.
pub type Recording = Journal<Config, Event>;

/// A machine fed from a record of events.
#[derive(Clone, Debug)]
pub struct Replay {
    machine: Conversation,
    decisions: Decisions,
    actions: Actions,
    events: u64,
    /// Whether the records say what was decided on each.
    told: bool,
    differs_at: Option<u64>,
}

/// Where a replay stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// After the event that settles this turn: it was committed or discarded, or the agent began
    /// to answer it or to speak of its own accord.
    Turn(TurnId),
    /// Before the first event later than this.
    At(Timestamp),
}

/// Whether a replay took the recorded decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every action is the same, byte for byte.
    Identical,
    /// Not so, first on the event with this number, from 0; `None` if the recording does not say.
    Differs(Option<u64>),
    /// The recording does not say what was decided.
    Unknown,
}

impl Replay {
    /// A replay with the configuration of the recording, which is not compared with it.
    ///
    /// # Errors
    /// `invalid_input` if the configuration is invalid.
    pub fn new(config: Config) -> Result<Self> {
        Ok(Self {
            machine: Conversation::new(config)?,
            decisions: Decisions::default(),
            actions: Vec::new(),
            events: 0,
            told: false,
            differs_at: None,
        })
    }

    /// A replay of the recording with this header.
    ///
    /// # Errors
    /// `invalid_input` if the configuration is invalid, or the recording does not begin with the
    /// session.
    pub fn of(header: &Header<Config>) -> Result<Self> {
        if let Some(continues) = header.continues {
            let what = format!(
                "this is part {} of a journal: a machine starts from the first event, and {} \
                 are missing",
                continues.part, continues.events
            );
            return Err(Error::new("replay", Code::InvalidInput, what)
                .with_help("pass the first file; the others are found beside it"));
        }
        let decisions = Decisions::new(header.redacted);
        Ok(Self { decisions, told: header.version > 1, ..Self::new(header.config.clone())? })
    }

    /// Handles one recorded event and gives the actions taken.
    pub fn step(&mut self, record: &Record<Event>) -> &[Action] {
        self.actions.clear();
        self.machine.handle(record.t, record.e.clone(), &mut self.actions);
        let decided = self.decisions.add(record.t, &self.actions);
        if self.told && decided != record.a {
            self.differs_at.get_or_insert(self.events);
        }
        self.events += 1;
        &self.actions
    }

    /// Handles records in order, shows each with its actions to `each`, and gives how many were
    /// handled.
    pub fn run(
        &mut self,
        records: &[Record<Event>],
        until: Option<Until>,
        mut each: impl FnMut(&Record<Event>, &[Action]),
    ) -> usize {
        for (n, record) in records.iter().enumerate() {
            if matches!(until, Some(Until::At(at)) if record.t > at) {
                return n;
            }
            let actions = self.step(record);
            each(record, actions);
            if matches!(until, Some(Until::Turn(turn)) if actions.iter().any(|a| settles(a, turn)))
            {
                return n + 1;
            }
        }
        records.len()
    }

    /// The machine in its present state.
    #[must_use]
    pub const fn machine(&self) -> &Conversation {
        &self.machine
    }

    /// Digest of all actions so far, to compare with a journal's footer.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.decisions.digest
    }

    /// Whether the decisions up to here are those of the recording; with its footer, if the replay
    /// came to it.
    #[must_use]
    pub fn verdict(&self, footer: Option<&Footer>) -> Verdict {
        match (self.differs_at, footer) {
            (Some(event), _) => Verdict::Differs(Some(event)),
            (None, Some(end)) if (end.events, end.digest) != (self.events, self.digest()) => {
                Verdict::Differs(None)
            }
            (None, None) if !self.told => Verdict::Unknown,
            (None, _) => Verdict::Identical,
        }
    }
}

/// Whether an action says that `turn` or a later one is settled.
fn settles(action: &Action, turn: TurnId) -> bool {
    matches!(
        action,
        Action::Emit(
            Notice::UserTurn { turn: t, .. }
            | Notice::TurnDiscarded { turn: t, .. }
            | Notice::SpeechCreated { turn: t, .. }
        ) if *t >= turn
    )
}

/// Digests of what a machine decides, on each event and in all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Decisions {
    digest: Digest,
    redacted: bool,
}

impl Decisions {
    /// Of a recording whose texts were replaced, texts do not count.
    #[must_use]
    pub fn new(redacted: bool) -> Self {
        Self { digest: Digest::default(), redacted }
    }

    /// Adds the actions taken on one event, and gives their digest for its record.
    pub fn add(&mut self, now: Timestamp, actions: &[Action]) -> Option<Digest> {
        let mut here = Digest::default();
        for action in actions {
            let outline = self.redacted.then(|| outline(action));
            let action = outline.as_ref().unwrap_or(action);
            digest_actions(&mut here, now, std::slice::from_ref(action));
            digest_actions(&mut self.digest, now, std::slice::from_ref(action));
        }
        (!actions.is_empty()).then_some(here)
    }

    /// Digest of everything added.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }
}

/// Adds the actions of one event to a digest.
pub fn digest_actions(digest: &mut Digest, now: Timestamp, actions: &[Action]) {
    for action in actions {
        digest.add(&now.as_micros().to_le_bytes());
        // Serialising plain data into a digest cannot fail; if it did, the digests differ.
        if serde_json::to_writer(&mut *digest, action).is_err() {
            digest.add(b"?");
        }
    }
}

/// Where two recordings part. Events are numbered from 0; a side without one has ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Whether the configurations are the same.
    pub same_config: bool,
    /// The first event at another time.
    pub time: Option<u64>,
    /// The first event with another content.
    pub event: Option<Difference<Event>>,
    /// The first action that is not the same.
    pub action: Option<Difference<Action>>,
}

/// The first difference of a kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference<T> {
    /// Number of the event.
    pub at: u64,
    /// What is there on the left.
    pub left: Option<T>,
    /// What is there on the right.
    pub right: Option<T>,
}

impl Comparison {
    /// Replays two recordings side by side.
    ///
    /// # Errors
    /// As [`Replay::of`], for either.
    pub fn of(left: &Recording, right: &Recording) -> Result<Self> {
        let (mut a, mut b) = (Replay::of(&left.header)?, Replay::of(&right.header)?);
        let mut this =
            Self { same_config: left.header.config == right.header.config, ..Self::default() };
        let (mut lefts, mut rights) = (left.records.iter(), right.records.iter());
        for at in 0u64.. {
            let (l, r) = (lefts.next(), rights.next());
            if l.is_none() && r.is_none() || this.action.is_some() && this.event.is_some() {
                break;
            }
            if l.map(|l| l.t) != r.map(|r| r.t) {
                this.time.get_or_insert(at);
            }
            if l.map(|l| &l.e) != r.map(|r| &r.e) && this.event.is_none() {
                let [left, right] = [l, r].map(|record| record.map(|record| record.e.clone()));
                this.event = Some(Difference { at, left, right });
            }
            let left = l.map_or(&[][..], |record| a.step(record));
            let right = r.map_or(&[][..], |record| b.step(record));
            if this.action.is_none() {
                this.action = first_difference(at, left, right);
            }
        }
        Ok(this)
    }

    /// Whether they hold the same, times included.
    #[must_use]
    pub const fn is_same(&self) -> bool {
        self.same_config && self.time.is_none() && self.event.is_none() && self.action.is_none()
    }
}

fn first_difference(at: u64, left: &[Action], right: &[Action]) -> Option<Difference<Action>> {
    let n = left.iter().zip(right).take_while(|(l, r)| l == r).count();
    let (left, right) = (left.get(n).cloned(), right.get(n).cloned());
    (left != right).then_some(Difference { at, left, right })
}
