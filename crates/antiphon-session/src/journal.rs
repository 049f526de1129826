//! The journal is written on a thread of its own: the driver never waits for a disk.

use std::{
    io::Write,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use antiphon_conversation::{Action, Config, Event, digest_actions};
use antiphon_core::{Code, Error, Result, Timestamp};
use antiphon_state::{Digest, Header, JournalWriter, Record};

/// Events that may wait for the disk; about a minute of lively conversation.
const WAITING: usize = 4096;

enum Line {
    Step(Record<Event>, Vec<Action>),
    End,
}

/// The first failure of the writer, for whoever asks.
type Failure = Arc<Mutex<Option<String>>>;

/// The driver's end of the journal.
pub(crate) struct JournalSink {
    lines: SyncSender<Line>,
    lost: u64,
}

/// The writer's thread, to wait for at the end.
#[derive(Debug)]
pub(crate) struct JournalThread {
    thread: thread::JoinHandle<()>,
    failure: Failure,
}

impl JournalThread {
    /// Waits until everything is written.
    pub(crate) fn join(self) -> Result<()> {
        let died = self.thread.join().is_err();
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        match failure {
            None if !died => Ok(()),
            failure => {
                let what = failure.unwrap_or_else(|| "its writer died".to_owned());
                Err(Error::new("journal.write", Code::Storage, what)
                    .with_help("free disk space or choose another folder"))
            }
        }
    }
}

/// Writes the header and starts the writer.
pub(crate) fn open(
    out: impl Write + Send + 'static,
    session: &str,
    config: &Config,
) -> Result<(JournalSink, JournalThread)> {
    let writer = JournalWriter::new(out, &Header::new(session, config))?;
    let (lines, inbox) = sync_channel(WAITING);
    let failure = Failure::default();
    let thread = thread::Builder::new().name("antiphon-journal".to_owned()).spawn({
        let failure = failure.clone();
        move || {
            if let Err(e) = write(writer, &inbox) {
                *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(e.to_string());
            }
        }
    });
    let thread = thread.map_err(|e| {
        Error::new("session.start", Code::Unavailable, format!("no thread for the journal: {e}"))
    })?;
    Ok((JournalSink { lines, lost: 0 }, JournalThread { thread, failure }))
}

impl JournalSink {
    /// Notes a step. If the disk is far behind, the step is lost and the journal ends there:
    /// a gap would replay as something that never happened.
    pub(crate) fn record(&mut self, t: Timestamp, e: Event, actions: &[Action]) {
        if self.lost > 0 || self.lines.try_send(step(t, e, actions)).is_err() {
            self.lost += 1;
        }
    }

    pub(crate) fn finish(self) {
        if self.lost == 0 {
            // The writer may be gone after a failure, which its thread reports.
            let _ = self.lines.send(Line::End);
        }
    }
}

fn step(t: Timestamp, e: Event, actions: &[Action]) -> Line {
    Line::Step(Record { t, e }, actions.to_vec())
}

fn write<W: Write>(mut writer: JournalWriter<W>, inbox: &Receiver<Line>) -> Result<()> {
    let mut digest = Digest::default();
    while let Ok(line) = inbox.recv() {
        match line {
            Line::Step(record, actions) => {
                digest_actions(&mut digest, record.t, &actions);
                writer.event(&record)?;
            }
            Line::End => {
                writer.finish(digest)?;
                return Ok(());
            }
        }
    }
    writer.flush()
}
