//! What a server may say without being asked, over any transport: little, and nothing that makes
//! us do more work than it does.
//!
//! It deliberately answers nothing itself: requests it lets through are answered behind it.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use rmcp::{
    RoleClient,
    model::{JsonRpcMessage, ServerNotification},
    service::{RxJsonRpcMessage, TxJsonRpcMessage},
    transport::Transport,
};

use crate::fate::Fate;

/// Messages that may come between two answers. What is beyond is a flood.
const MAX_UNASKED: usize = 10_000;

/// Messages on their way out: more wait only if the server has stopped reading.
const MAX_SENDING: usize = 64;

/// A transport with bounds.
pub(crate) struct Gate<T> {
    inner: T,
    fate: Fate,
    unasked: usize,
    sending: Arc<AtomicUsize>,
}

impl<T> Gate<T> {
    pub(crate) fn new(inner: T, fate: &Fate) -> Self {
        Self { inner, fate: fate.clone(), unasked: 0, sending: Arc::default() }
    }

    /// Whether the server still reads what is sent to it.
    fn is_read(&self) -> bool {
        let sending = self.sending.load(Ordering::Acquire) <= MAX_SENDING;
        if !sending {
            self.fate.end("it has stopped reading");
        }
        sending
    }
}

/// One message on its way out.
struct Sending(Arc<AtomicUsize>);

impl Sending {
    fn begin(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(count))
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl<T: Transport<RoleClient, Error = io::Error>> Transport<RoleClient> for Gate<T> {
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let sending = Sending::begin(&self.sending);
        let sent = self.is_read().then(|| self.inner.send(message));
        let fate = self.fate.clone();
        async move {
            let _sending = sending;
            match sent {
                Some(sent) => {
                    sent.await.map_err(|e| io::Error::new(e.kind(), fate.hide(e.to_string())))
                }
                None => Err(io::Error::other("the server has stopped reading")),
            }
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        loop {
            let message = self.inner.receive().await?;
            match message {
                JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => {
                    self.unasked = 0;
                    return Some(message);
                }
                JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => {}
            }
            self.unasked += 1;
            if self.unasked > MAX_UNASKED {
                self.fate.end("it floods the connection with messages");
                return None;
            }
            if !self.is_read() {
                return None;
            }
            let JsonRpcMessage::Notification(notification) = message else {
                return Some(message);
            };
            // The rest is about what we do not use: logs, prompts, resources.
            if let ServerNotification::ToolListChangedNotification(_) = notification.notification {
                self.fate.tools_changed();
            } else if let ServerNotification::ProgressNotification(n) = notification.notification {
                self.fate.progress(n.params);
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.inner.close().await
    }
}
