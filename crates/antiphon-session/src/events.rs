//! What happens in a session, for whoever watches. It does not know what they make of it.

use std::sync::Arc;

use antiphon_conversation::Notice;
use antiphon_core::Timestamp;
use tokio::sync::broadcast::{
    self,
    error::{RecvError, TryRecvError},
};

/// Something that happened in a session, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionEvent {
    /// Session time.
    pub at: Timestamp,
    /// What.
    pub notice: Notice,
}

/// The events of a session from a moment on, each receiver getting all of them.
#[derive(Debug)]
pub struct Events(broadcast::Receiver<Arc<SessionEvent>>);

/// The end that tells. All receivers share an event, and the ring holds no more than pointers:
/// every idle session has one.
#[derive(Clone, Debug)]
pub(crate) struct EventSender(broadcast::Sender<Arc<SessionEvent>>);

/// Room for so many events that a slow receiver has not taken yet.
pub(crate) fn channel(room: usize) -> (EventSender, Events) {
    let (sender, first) = broadcast::channel(room);
    (EventSender(sender), Events(first))
}

impl Events {
    /// The next event. Cancel safe: none is lost if it is dropped.
    ///
    /// # Errors
    /// `Lagged` if so many were missed because they were taken too slowly, `Closed` after the
    /// last one.
    pub async fn recv(&mut self) -> Result<SessionEvent, RecvError> {
        self.0.recv().await.map(Arc::unwrap_or_clone)
    }

    /// The next event, if there is one already.
    ///
    /// # Errors
    /// `Empty` if there is none, and as for [`recv`](Self::recv).
    pub fn try_recv(&mut self) -> Result<SessionEvent, TryRecvError> {
        self.0.try_recv().map(Arc::unwrap_or_clone)
    }
}

impl EventSender {
    /// Tells all receivers. Without one there is nobody to tell; a slow one is told how much it
    /// missed.
    pub(crate) fn send(&self, at: Timestamp, notice: Notice) {
        if self.0.receiver_count() > 0 {
            let _ = self.0.send(Arc::new(SessionEvent { at, notice }));
        }
    }

    pub(crate) fn subscribe(&self) -> Events {
        Events(self.0.subscribe())
    }
}
