//! Handles on speeches that the application asked for.

use std::collections::BTreeMap;

use antiphon_conversation::{Command, Notice};
use antiphon_core::{RequestId, Result, SpeechId};
use tokio::sync::watch;

use crate::SessionHandle;

/// Where a speech is on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpeechState {
    /// It waits for others to end, or for the user.
    Waiting,
    /// It is being made and cannot be heard yet.
    Begun(SpeechId),
    /// Its first sample has left.
    Speaking(SpeechId),
    /// It is over.
    Done(SpeechOutcome),
}

/// What became of a speech.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpeechOutcome {
    /// What was heard of it.
    pub heard: String,
    /// Whether it was interrupted, or never began.
    pub interrupted: bool,
}

/// A speech that was asked for. Dropping the handle leaves the speech alone.
#[derive(Clone, Debug)]
pub struct SpeechHandle {
    request: RequestId,
    state: watch::Receiver<SpeechState>,
    session: SessionHandle,
}

impl SpeechHandle {
    pub(crate) const fn new(
        request: RequestId,
        state: watch::Receiver<SpeechState>,
        session: SessionHandle,
    ) -> Self {
        Self { request, state, session }
    }

    /// Its id, as the notices about it have it.
    #[must_use]
    pub const fn request(&self) -> RequestId {
        self.request
    }

    /// Where it is now.
    #[must_use]
    pub fn state(&self) -> SpeechState {
        self.state.borrow().clone()
    }

    /// Whether it is over.
    #[must_use]
    pub fn done(&self) -> bool {
        matches!(*self.state.borrow(), SpeechState::Done(_))
    }

    /// Whether it was interrupted, or will never be heard.
    #[must_use]
    pub fn interrupted(&self) -> bool {
        matches!(&*self.state.borrow(), SpeechState::Done(outcome) if outcome.interrupted)
    }

    /// Waits until it has been played to its end, was interrupted, or never will be played.
    /// Cancel safe.
    pub async fn wait_for_playout(&mut self) -> SpeechOutcome {
        let done = self.state.wait_for(|s| matches!(s, SpeechState::Done(_))).await;
        match done.as_deref() {
            Ok(SpeechState::Done(outcome)) => outcome.clone(),
            // The session ended without another word.
            Ok(_) | Err(_) => SpeechOutcome { heard: String::new(), interrupted: true },
        }
    }

    /// Stops it, or withdraws it if it has not begun. Protected speech goes on.
    ///
    /// # Errors
    /// `cancelled` if the session is over.
    pub async fn interrupt(&self) -> Result<()> {
        self.session.command(Command::Withdraw(self.request)).await
    }
}

/// The speeches somebody has a handle on. The conversation bounds how many wait.
#[derive(Debug, Default)]
pub(crate) struct Speeches {
    requests: BTreeMap<RequestId, watch::Sender<SpeechState>>,
    speaking: BTreeMap<SpeechId, RequestId>,
}

impl Speeches {
    pub(crate) fn expect(&mut self, request: RequestId, state: watch::Sender<SpeechState>) {
        self.requests.insert(request, state);
    }

    /// Tells whom it concerns. Returns the request that is over, if one is.
    pub(crate) fn notice(&mut self, notice: &Notice) -> Option<RequestId> {
        if let Notice::SpeechCreated { speech, request: Some(request), .. } = notice {
            self.speaking.insert(*speech, *request);
            self.tell(*request, SpeechState::Begun(*speech));
        } else if let Notice::SpeechStarted { speech, .. } = notice {
            let request = *self.speaking.get(speech)?;
            self.tell(request, SpeechState::Speaking(*speech));
        } else if let Notice::SpeechEnded { speech, heard, interrupted, .. } = notice {
            let request = self.speaking.remove(speech)?;
            return self.over(request, heard.clone(), *interrupted);
        } else if let Notice::RequestDropped(request) = notice {
            return self.over(*request, String::new(), true);
        }
        None
    }

    fn tell(&self, request: RequestId, state: SpeechState) {
        if let Some(tx) = self.requests.get(&request) {
            tx.send_replace(state);
        }
    }

    fn over(&mut self, request: RequestId, heard: String, interrupted: bool) -> Option<RequestId> {
        self.tell(request, SpeechState::Done(SpeechOutcome { heard, interrupted }));
        self.requests.remove(&request);
        Some(request)
    }
}
