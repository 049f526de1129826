//! Providers' streams on their way to the driver: items become events of an operation, or chunks for
//! the voice. They know no session.

use std::{future::poll_fn, pin::pin, task::Poll};

use antiphon_conversation::OpEvent;
use antiphon_core::{BoxStream, Error, OpId, Result};
use antiphon_stt::SttEvent;
use antiphon_tts::{Tts, TtsRequest};
use futures_util::{StreamExt as _, stream};
use tokio::sync::{mpsc, oneshot};

use crate::{
    Working,
    driver::OpSender,
    voice::{Chunk, Chunks},
};

/// Synthesises into the chunk channel. Waiting for the voice is not work. `asking` is dropped once
/// the voice has seen the request, even if it has not taken it yet: providers may be slow to.
pub(crate) async fn synthesise(
    tts: &dyn Tts,
    request: TtsRequest,
    asking: oneshot::Sender<()>,
    chunks: &Chunks,
    working: Working,
) {
    let clock = working.clock().clone();
    let spoken = first_poll(tts.speak(request), move || drop(asking)).await;
    let mut stream = match spoken {
        Ok(stream) => stream,
        Err(e) => {
            chunks.send(Chunk::Failed(e)).await;
            return;
        }
    };
    let mut working = Some(working);
    while let Some(item) = stream.next().await {
        let (chunk, last) = match item {
            Ok(event) => (Chunk::Item(event), false),
            Err(e) => (Chunk::Failed(e), true),
        };
        let sent = chunks.send(chunk);
        drop(working.take());
        // Nobody wants the rest.
        if !sent.await || last {
            return;
        }
        working = Some(clock.working());
    }
    let sent = chunks.send(Chunk::Ended);
    drop(working);
    sent.await;
}

/// Forwards a provider's stream as events of `op`, then its end.
pub(crate) async fn relay<T>(
    op: OpId,
    stream: Result<BoxStream<Result<T>>>,
    wrap: fn(T) -> OpEvent,
    events: &OpSender,
) {
    let mut stream = match stream {
        Ok(stream) => stream,
        Err(e) => return events.send(op, failed(&e)).await,
    };
    while let Some(item) = stream.next().await {
        match item {
            Ok(item) => events.send(op, wrap(item)).await,
            Err(e) => return events.send(op, failed(&e)).await,
        }
    }
    events.send(op, OpEvent::Ended).await;
}

/// What a transcription hears. Who asks for the next piece has dealt with the one before.
pub(crate) fn receiver_stream<T: Send + 'static>(rx: mpsc::Receiver<(T, Working)>) -> BoxStream<T> {
    Box::pin(stream::unfold((rx, None), |(mut rx, before)| async move {
        drop(before);
        let (item, working) = rx.recv().await?;
        Some((item, (rx, Some(working))))
    }))
}

/// Does `then` once `work` has been polled for the first time, finished or not.
pub(crate) async fn first_poll<T>(work: impl Future<Output = T>, then: impl FnOnce()) -> T {
    let mut work = pin!(work);
    let first = poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await;
    then();
    match first {
        Poll::Ready(done) => done,
        Poll::Pending => work.await,
    }
}

/// How a provider's error reaches the machine.
pub(crate) fn failed(e: &Error) -> OpEvent {
    OpEvent::Failed { code: e.code(), detail: e.to_string() }
}

/// Whether an event of a transcription answers a flush.
pub(crate) const fn is_flushed(event: &OpEvent) -> bool {
    matches!(event, OpEvent::Stt(SttEvent::Flushed { .. }))
}
