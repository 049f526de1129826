//! The thread that speaks, its mailbox, and the listeners it serves in turn by window.
//!
//! It deliberately knows no phonemes and no graph: an utterance is something that takes steps.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel},
    },
    thread,
    time::Duration,
};

use antiphon_core::{Code, Error, Result};
use antiphon_tts::TtsEvent;
use tokio::sync::mpsc;

use crate::utterance::{Utterance, Voice};

/// Requests that may wait in the mailbox, and requests that are served in turn.
const WAITING: usize = 16;
const AT_ONCE: usize = 16;

/// Pieces of at most 200 ms that may wait for a listener: two seconds.
const PIECES: usize = 10;

/// A listener who has got so much of an utterance more than another lets that one pass.
const TURN_MS: u64 = 2000;

/// How often the worker looks again whether a slow listener has made room.
const ROOM_POLL: Duration = Duration::from_millis(5);

/// What a listener gets.
pub(crate) type Pieces = mpsc::Receiver<Result<TtsEvent>>;

/// The sending side; the thread ends when all its clones are dropped and all is said.
#[derive(Clone)]
pub(crate) struct Mailbox(SyncSender<Job>);

/// An utterance in progress and what its listener has not taken yet.
struct Job {
    utterance: Utterance,
    out: mpsc::Sender<Result<TtsEvent>>,
    /// What the last step made and `out` had no room for.
    pending: VecDeque<Result<TtsEvent>>,
    more: bool,
}

impl Mailbox {
    /// Starts the thread.
    ///
    /// # Errors
    /// `unavailable` if the system refuses.
    pub(crate) fn start(voice: Arc<Voice>) -> Result<Self> {
        let (jobs, inbox) = sync_channel(WAITING);
        thread::Builder::new()
            .name("antiphon-piper".to_owned())
            .spawn(move || serve(&voice, &inbox))
            .map_err(|e| {
                Error::new("piper.load", Code::Unavailable, "starting the worker").with_source(e)
            })?;
        Ok(Self(jobs))
    }

    /// Asks for an utterance. Dropping the pieces cancels it within one step.
    ///
    /// # Errors
    /// `unavailable` if the mailbox is full or the thread is gone.
    pub(crate) fn speak(&self, utterance: Utterance) -> Result<Pieces> {
        let (out, pieces) = mpsc::channel(PIECES);
        let job = Job { utterance, out, pending: VecDeque::new(), more: true };
        self.0.try_send(job).map_err(|e| {
            let what = match e {
                TrySendError::Full(_) => "too many requests wait for the voice",
                TrySendError::Disconnected(_) => "the voice's worker is gone",
            };
            Error::new("piper.speak", Code::Unavailable, what)
        })?;
        Ok(pieces)
    }
}

fn serve(voice: &Voice, inbox: &Receiver<Job>) {
    let turn = u64::from(voice.config.rate_hz()) * TURN_MS / 1000;
    let mut jobs: VecDeque<Job> = VecDeque::new();
    loop {
        let next = match jobs.len() {
            0 => inbox.recv().map_err(|_| TryRecvError::Disconnected),
            AT_ONCE.. => Err(TryRecvError::Empty),
            _ => inbox.try_recv(),
        };
        let none = next.is_err();
        jobs.extend(next);
        if jobs.is_empty() {
            return;
        }
        // Of those equally far the oldest, for later segments must not delay earlier ones.
        let ready = jobs.iter_mut().filter(|job| job.can_step());
        match ready.min_by_key(|job| job.utterance.sent() / turn.max(1)) {
            Some(job) => job.step(voice),
            None if none => thread::park_timeout(ROOM_POLL),
            None => {}
        }
        jobs.retain_mut(Job::deliver);
    }
}

impl Job {
    fn can_step(&self) -> bool {
        self.more && self.pending.is_empty() && !self.out.is_closed()
    }

    fn step(&mut self, voice: &Voice) {
        let mut made = Vec::new();
        let more = self.utterance.step(voice, &mut made);
        self.pending.extend(made.into_iter().map(Ok));
        match more {
            Ok(more) => self.more = more,
            Err(error) => {
                self.more = false;
                self.pending.push_back(Err(error));
            }
        }
    }

    /// Hands over what there is room for. Returns whether the job goes on.
    fn deliver(&mut self) -> bool {
        while let Some(event) = self.pending.pop_front() {
            match self.out.try_send(event) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(event)) => {
                    self.pending.push_front(event);
                    return true;
                }
                Err(mpsc::error::TrySendError::Closed(_)) => return false,
            }
        }
        self.more && !self.out.is_closed()
    }
}
