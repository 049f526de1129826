//! One JSON message a line over a pair of streams, with bounds: what a server writes on its
//! standard output.
//!
//! It deliberately knows no process. Lines that are no message are passed over, as many programs
//! print there what they should not; too many of them end the connection.

use std::{io, sync::Arc};

use rmcp::{
    RoleClient,
    model::{ErrorData, JsonRpcMessage, NumberOrString},
    service::{RxJsonRpcMessage, TxJsonRpcMessage},
    transport::Transport,
};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    sync::Mutex,
};

use crate::fate::Fate;

/// Longest message in bytes: a model is told some 16 KiB of it, the rest is pictures and waste.
pub(crate) const MAX_MESSAGE: usize = 4 * 1024 * 1024;

/// Bytes that may come between two answers. What is beyond is a flood.
const MAX_BETWEEN: usize = 16 * MAX_MESSAGE;

/// Beginning of an overlong line in which the id of its request is looked for, in bytes.
const HEAD: usize = 256;

/// Longest piece of a line that is repeated in an error, in characters.
const SHOWN: usize = 80;

type Shared<W> = Arc<Mutex<Option<W>>>;

/// The connection as a transport of rmcp.
pub(crate) struct Lines<R, W> {
    read: BufReader<R>,
    write: Shared<W>,
    /// The line so far. Kept here as `receive` may be dropped and called again in mid-line.
    line: Vec<u8>,
    /// The line is longer than allowed: of it only the beginning is kept.
    overlong: bool,
    /// Bytes since the last answer.
    between: usize,
    fate: Fate,
}

/// A line, or none.
enum Read {
    Whole,
    Overlong,
    End,
}

impl<R: AsyncRead + Send + Unpin, W: AsyncWrite + Send + Unpin + 'static> Lines<R, W> {
    pub(crate) fn new(read: R, write: W, fate: Fate) -> Self {
        Self {
            read: BufReader::new(read),
            write: Arc::new(Mutex::new(Some(write))),
            line: Vec::new(),
            overlong: false,
            between: 0,
            fate,
        }
    }

    /// Ends our side. A write that hangs keeps the stream open: only the end of the process
    /// helps then.
    pub(crate) fn hang_up(&self) {
        if let Ok(mut write) = self.write.try_lock() {
            *write = None;
        }
    }

    /// Reads on to the end of the line. Dropping it loses nothing.
    async fn read_line(&mut self) -> io::Result<Read> {
        loop {
            let bytes = self.read.fill_buf().await?;
            if bytes.is_empty() {
                return Ok(Read::End);
            }
            let newline = bytes.iter().position(|b| *b == b'\n');
            let taken = newline.map_or(bytes.len(), |at| at + 1);
            if !self.overlong {
                self.line.extend_from_slice(bytes.get(..taken).unwrap_or_default());
            }
            self.read.consume(taken);
            self.between = self.between.saturating_add(taken);
            if self.line.len() > MAX_MESSAGE {
                self.overlong = true;
                self.line.truncate(HEAD);
                self.line.shrink_to_fit();
            }
            if self.between > MAX_BETWEEN {
                self.fate.end("it floods the connection");
                return Ok(Read::End);
            }
            if newline.is_some() {
                return Ok(if self.overlong { Read::Overlong } else { Read::Whole });
            }
        }
    }

    /// The message on the line, if it is one.
    fn message(&mut self, read: &Read) -> Option<RxJsonRpcMessage<RoleClient>> {
        let line = std::mem::take(&mut self.line);
        let overlong = std::mem::take(&mut self.overlong);
        debug_assert_eq!(overlong, matches!(read, Read::Overlong), "both say the same");
        if overlong {
            let what = format!("a message of more than {MAX_MESSAGE} bytes");
            let text = String::from_utf8_lossy(&line);
            let id = id_at_the_head(&text);
            if id.is_none() {
                self.fate.garbage(what.clone());
            }
            return Some(failed(id?, format!("The server answered with {what}.")));
        }
        if let Ok(message) = serde_json::from_slice(&line) {
            return Some(message);
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        if !text.is_empty() {
            self.fate.garbage(text.chars().take(SHOWN).collect());
        }
        // An answer that cannot be read is one all the same: who waits for it need not wait on.
        let value: Value = serde_json::from_str(text).ok()?;
        let id = value.get("id").filter(|_| value.get("method").is_none())?.as_i64()?;
        Some(failed(id, "The server's answer is not as the protocol says.".to_owned()))
    }
}

fn failed(id: i64, why: String) -> RxJsonRpcMessage<RoleClient> {
    JsonRpcMessage::error(ErrorData::internal_error(why, None), Some(NumberOrString::Number(id)))
}

/// The number after the first `"id":` in `text`. Ids are numbers, as we choose them.
fn id_at_the_head(text: &str) -> Option<i64> {
    let behind = text.split_once("\"id\"")?.1.trim_start().strip_prefix(':')?.trim_start();
    let digits = behind.find(|c: char| !c.is_ascii_digit())?;
    behind.get(..digits)?.parse().ok()
}

impl<R, W> Transport<RoleClient> for Lines<R, W>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let write = Arc::clone(&self.write);
        async move {
            let mut line = serde_json::to_vec(&message)?;
            line.push(b'\n');
            let mut write = write.lock().await;
            let Some(write) = write.as_mut() else {
                return Err(io::Error::new(io::ErrorKind::NotConnected, "it is closed"));
            };
            write.write_all(&line).await?;
            write.flush().await
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        loop {
            let read = match self.read_line().await {
                Ok(Read::End) => return None,
                Ok(read) => read,
                Err(e) => {
                    self.fate.end(format!("it cannot be read: {e}"));
                    return None;
                }
            };
            if let Some(message) = self.message(&read) {
                if matches!(message, JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_)) {
                    self.between = 0;
                }
                return Some(message);
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.hang_up();
        Ok(())
    }
}
