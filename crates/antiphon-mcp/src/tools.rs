//! The tools of a connected server in a set, kept as the server lists them.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use antiphon_core::Result;
use antiphon_tools::{ToolSet, ToolSpec};
use tokio::{sync::watch, task::AbortHandle, time::timeout};

use crate::{
    call::McpTool,
    link::Link,
    listing::{Listing, Skipped, list},
    server::McpServer,
};

/// The list is asked for this often at most, however often the server says that it has changed.
const REFRESH_PAUSE: Duration = Duration::from_secs(1);

/// A connected server, whose tools are in a [`ToolSet`].
///
/// When the server says that its tools have changed, so does the set: replies that run already
/// keep what they have. When it ends, its tools stay, and the next call connects again: once, and
/// after tries that came to nothing not before a pause of one to sixty seconds.
///
/// Dropping this takes the tools out of the set and ends the server. A process is asked to end
/// and killed after two seconds, or at once if its runtime ends; [`close`](Self::close) waits
/// for it.
pub struct McpTools {
    shared: Arc<Shared>,
    refresh: AbortHandle,
}

struct Shared {
    link: Arc<Link>,
    set: ToolSet,
    state: Mutex<State>,
    /// How often the tools have changed.
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    /// What is in the set, as it was put there.
    tools: BTreeMap<String, ToolSpec>,
    skipped: Vec<Skipped>,
    closed: bool,
}

impl McpTools {
    pub(crate) async fn connect(server: McpServer, set: ToolSet) -> Result<Self> {
        let link = Arc::new(Link::new(server));
        // Ends the server if this future is dropped, or fails.
        let mut opening = Opening(Some(Arc::clone(&link)));
        let state = Mutex::default();
        let shared = Arc::new(Shared { link, set, state, changes: watch::Sender::new(0) });
        shared.refresh().await?;
        shared.link.answered().await;
        let refresh = tokio::spawn(keep_up(Arc::clone(&shared))).abort_handle();
        opening.0 = None;
        Ok(Self { shared, refresh })
    }

    /// The server's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.link.server.name
    }

    /// The names of its tools in the set.
    #[must_use]
    pub fn tools(&self) -> Vec<String> {
        self.shared.lock().tools.keys().cloned().collect()
    }

    /// Tools that it lists and that are not in the set, with the reason; allowed ones that it does
    /// not list, too.
    #[must_use]
    pub fn skipped(&self) -> Vec<Skipped> {
        self.shared.lock().skipped.clone()
    }

    /// Whether there is a connection now. Without one the next call makes it.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.shared.link.standing().is_some()
    }

    /// Counts the changes of the tools; waiting on it tells of the next.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changes.subscribe()
    }

    /// Takes the tools out of the set, ends the server and waits until its process is gone:
    /// five seconds at most.
    ///
    /// Cancel safe: the server then ends without being waited for.
    pub async fn close(self) {
        self.shared.remove_all();
        self.shared.link.closed().await;
    }
}

impl Drop for McpTools {
    fn drop(&mut self) {
        self.refresh.abort();
        self.shared.remove_all();
        self.shared.link.close();
    }
}

impl fmt::Debug for McpTools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut s = f.debug_struct("McpTools");
        s.field("server", &self.name()).field("tools", &self.tools()).finish_non_exhaustive()
    }
}

/// Closes the connection unless it is taken out.
struct Opening(Option<Arc<Link>>);

impl Drop for Opening {
    fn drop(&mut self) {
        if let Some(link) = self.0.take() {
            link.close();
        }
    }
}

/// Brings the set up to date whenever the server says so or is there again.
async fn keep_up(shared: Arc<Shared>) {
    loop {
        match shared.link.standing() {
            Some(line) => tokio::select! {
                biased;
                () = shared.link.until_renewed() => {}
                () = line.fate.until_tools_change() => {}
            },
            None => shared.link.until_renewed().await,
        }
        if let Err(e) = shared.refresh().await {
            tracing::warn!(server = shared.link.server.name, error = %e, "tools stay as they were");
        }
        tokio::time::sleep(REFRESH_PAUSE).await;
    }
}

impl Shared {
    async fn refresh(&self) -> Result<()> {
        let line = self.link.line().await?;
        let server = &self.link.server;
        let within = server.connect_timeout;
        let listing = timeout(within, list(server, &line)).await.unwrap_or_else(|_| {
            Err(self.link.gone(&format!("it did not list its tools within {within:?}")))
        })?;
        self.take_over(listing);
        Ok(())
    }

    fn take_over(&self, mut listing: Listing) {
        let mut state = self.lock();
        if state.closed {
            return;
        }
        let mut tools = BTreeMap::new();
        for (name, (listed, spec)) in std::mem::take(&mut listing.tools) {
            let known = state.tools.remove(&name);
            if known.as_ref() != Some(&spec)
                && let Err(e) = self.put(&listed, &spec, known.is_some())
            {
                listing.skip(&listed, e.detail());
                continue;
            }
            tools.insert(name, spec);
        }
        for gone in state.tools.keys() {
            self.set.unregister(gone);
        }
        state.tools = tools;
        state.skipped = listing.skipped;
        drop(state);
        self.changes.send_modify(|n| *n += 1);
    }

    /// Puts a tool into the set, in place of its older self if that is `there`.
    fn put(&self, listed: &str, spec: &ToolSpec, there: bool) -> Result<()> {
        let link = Arc::clone(&self.link);
        let tool = McpTool { spec: spec.clone(), listed: listed.to_owned(), link };
        if !there {
            return self.set.register(tool);
        }
        self.set.replace(tool).inspect_err(|_| {
            // What it was is no longer what the server has.
            self.set.unregister(&spec.name);
        })
    }

    fn remove_all(&self) {
        let mut state = self.lock();
        state.closed = true;
        for name in std::mem::take(&mut state.tools).keys() {
            self.set.unregister(name);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
