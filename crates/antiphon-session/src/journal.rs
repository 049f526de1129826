//! The journal is written on a thread of its own: the driver never waits for a disk.

use std::{
    fmt,
    io::Write,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TryRecvError, sync_channel},
    },
    thread,
};

use antiphon_conversation::{Action, Config, Decisions, Event};
use antiphon_core::{Code, Error, Result, Timestamp};
use antiphon_state::{Header, JournalOptions, JournalWriter, Record};

/// Events that may wait for the disk; about a minute of lively conversation.
const WAITING: usize = 4096;

/// Where a session's journal goes, and what is written.
pub struct JournalOut {
    label: String,
    options: JournalOptions,
    to: To,
}

enum To {
    Writer(Box<dyn Write + Send>),
    Files(PathBuf),
}

impl JournalOut {
    /// A journal in files: `path`, and if it grows beyond `options.max_bytes`, further ones beside
    /// it. `label` names the session in the header.
    pub fn files(
        label: impl Into<String>,
        path: impl Into<PathBuf>,
        options: JournalOptions,
    ) -> Self {
        Self { label: label.into(), options, to: To::Files(path.into()) }
    }

    /// A journal that goes to `out`, within `options.max_bytes`. It should be buffered: it is
    /// flushed whenever nothing waits to be written.
    pub fn writer(
        label: impl Into<String>,
        out: impl Write + Send + 'static,
        options: JournalOptions,
    ) -> Self {
        Self { label: label.into(), options, to: To::Writer(Box::new(out)) }
    }

    /// The session's name in the header.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }
}

impl fmt::Debug for JournalOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut s = f.debug_struct("JournalOut");
        s.field("label", &self.label).field("options", &self.options).finish_non_exhaustive()
    }
}

/// What both ends know.
#[derive(Debug, Default)]
struct Shared {
    /// The first failure of the writer, for whoever asks.
    failure: Mutex<Option<String>>,
    /// Events for which the disk was too slow.
    lost: AtomicU64,
    /// Whether the session came to its end.
    closed: AtomicBool,
}

/// The driver's end of the journal.
pub(crate) struct JournalSink {
    steps: SyncSender<(Record<Event>, Vec<Action>)>,
    shared: Arc<Shared>,
}

/// The writer's thread, to wait for at the end.
#[derive(Debug)]
pub(crate) struct JournalThread {
    thread: thread::JoinHandle<()>,
    shared: Arc<Shared>,
}

impl JournalThread {
    /// Waits until everything is written.
    pub(crate) fn join(self) -> Result<()> {
        let died = self.thread.join().is_err();
        let failure = self.shared.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
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
pub(crate) fn open(out: JournalOut, config: &Config) -> Result<(JournalSink, JournalThread)> {
    let JournalOut { label, options, to } = out;
    let mut config = config.clone();
    if options.redact {
        config.redact();
    }
    let header = Header::new(label, config);
    match to {
        To::Writer(out) => start(JournalWriter::new(out, header, &options)?, options.redact),
        To::Files(path) => start(JournalWriter::create(&path, header, &options)?, options.redact),
    }
}

fn start<W: Write + Send + 'static>(
    writer: JournalWriter<Config, W>,
    redact: bool,
) -> Result<(JournalSink, JournalThread)> {
    let (steps, inbox) = sync_channel(WAITING);
    let shared = Arc::<Shared>::default();
    let thread = thread::Builder::new().name("antiphon-journal".to_owned()).spawn({
        let shared = shared.clone();
        move || {
            if let Err(e) = write(writer, &inbox, redact, &shared) {
                *shared.failure.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(e.to_string());
            }
        }
    });
    let thread = thread.map_err(|e| {
        Error::new("session.start", Code::Unavailable, format!("no thread for the journal: {e}"))
    })?;
    Ok((JournalSink { steps, shared: shared.clone() }, JournalThread { thread, shared }))
}

impl JournalSink {
    /// Notes a step. If the disk is far behind, the step is lost and the journal ends there:
    /// a gap would replay as something that never happened.
    pub(crate) fn record(&mut self, t: Timestamp, e: Event, actions: &[Action]) {
        let lost = &self.shared.lost;
        let step = || (Record::new(t, e), actions.to_vec());
        if lost.load(Ordering::Relaxed) > 0 || self.steps.try_send(step()).is_err() {
            lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Marks the session as closed. What still waits is written.
    pub(crate) fn finish(self) {
        self.shared.closed.store(true, Ordering::Release);
    }
}

/// Writes steps until the driver's end is gone.
fn write<W: Write>(
    mut writer: JournalWriter<Config, W>,
    inbox: &Receiver<(Record<Event>, Vec<Action>)>,
    redact: bool,
    shared: &Shared,
) -> Result<()> {
    let mut decisions = Decisions::new(redact);
    while let Some((mut record, actions)) = next(inbox, &mut writer)? {
        let before = decisions;
        record.a = decisions.add(record.t, &actions);
        if redact {
            record.e.redact();
        }
        if !writer.event(&record)? {
            decisions = before;
        }
    }
    if !shared.closed.load(Ordering::Acquire) {
        return writer.flush();
    }
    writer.lose(shared.lost.load(Ordering::Relaxed));
    writer.finish(decisions.digest()).map(drop)
}

/// The next step. While there is none, nothing stays in the writer's buffer: a process that is
/// killed leaves everything but its last moment.
fn next<T, W: Write>(
    inbox: &Receiver<T>,
    writer: &mut JournalWriter<Config, W>,
) -> Result<Option<T>> {
    match inbox.try_recv() {
        Ok(step) => Ok(Some(step)),
        Err(TryRecvError::Disconnected) => Ok(None),
        Err(TryRecvError::Empty) => {
            writer.flush()?;
            Ok(inbox.recv().ok())
        }
    }
}
