//! Running recorded events through a fresh machine.

use antiphon_core::{Result, Timestamp};
use antiphon_state::{Digest, Record};

use crate::{Action, Actions, Config, Conversation, Event};

/// A machine fed from a record of events.
#[derive(Clone, Debug)]
pub struct Replay {
    machine: Conversation,
    digest: Digest,
    actions: Actions,
}

impl Replay {
    /// A replay with the configuration of the recording.
    ///
    /// # Errors
    /// `invalid_input` if the configuration is invalid.
    pub fn new(config: Config) -> Result<Self> {
        let machine = Conversation::new(config)?;
        Ok(Self { machine, digest: Digest::default(), actions: Vec::new() })
    }

    /// Handles one recorded event and gives the actions taken.
    pub fn step(&mut self, record: &Record<Event>) -> &[Action] {
        self.actions.clear();
        self.machine.handle(record.t, record.e.clone(), &mut self.actions);
        digest_actions(&mut self.digest, record.t, &self.actions);
        &self.actions
    }

    /// The machine in its present state.
    #[must_use]
    pub const fn machine(&self) -> &Conversation {
        &self.machine
    }

    /// Digest of all actions so far, to compare with a journal's footer.
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
