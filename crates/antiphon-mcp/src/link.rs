//! The connection to one server, made again when it is needed and has ended.
//!
//! It deliberately does not try on its own: a call that finds the server gone tries once, and not
//! sooner than a pause after the last try that came to nothing.

use std::{
    borrow::Cow,
    error::Error as _,
    io,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use antiphon_core::{Code, Error, Result};
use rmcp::{
    ClientHandler, RoleClient,
    model::{ClientCapabilities, ClientConfig, Implementation},
    service::{ClientInitializeError, Peer, RunningService, serve_client},
    transport::Transport,
};
use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};

use crate::{
    child::Server,
    fate::Fate,
    gate::Gate,
    server::{McpServer, Reach},
    web::{UNAUTHORIZED, Web},
};

/// The pause after the first try that came to nothing; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// How long the end of a connection is waited for: a process has its two pauses and what is
/// still to be sent, an address gets a last request.
const MAX_CLOSE: Duration = Duration::from_secs(5);

/// Longest text of a server's that an error repeats, in bytes.
const MAX_TOLD: usize = 400;

/// The connection.
pub(crate) struct Link {
    pub(crate) server: McpServer,
    live: Mutex<Option<Live>>,
    tries: tokio::sync::Mutex<Tries>,
    closed: AtomicBool,
    /// There is another connection than before.
    renewed: Notify,
}

/// A connection that stands.
struct Live {
    service: RunningService<RoleClient, Client>,
    fate: Fate,
}

/// What a call speaks through.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) peer: Peer<RoleClient>,
    pub(crate) fate: Fate,
}

/// Tries since the server last answered a call: that it can be started again does not say that it
/// can be used.
#[derive(Default)]
struct Tries {
    count: u32,
    last: Option<Instant>,
    why: String,
}

/// What we are to the server: a client that offers nothing.
struct Client;

impl ClientHandler for Client {
    fn get_info(&self) -> ClientConfig {
        let us = Implementation::new("antiphon", env!("CARGO_PKG_VERSION"));
        ClientConfig::new(ClientCapabilities::default(), us)
    }
}

impl Link {
    pub(crate) fn new(server: McpServer) -> Self {
        Self {
            server,
            live: Mutex::default(),
            tries: tokio::sync::Mutex::default(),
            closed: AtomicBool::new(false),
            renewed: Notify::new(),
        }
    }

    /// The connection; made first if there is none.
    ///
    /// # Errors
    /// As [`McpServer::connect`], and `unavailable` in the pause after a try that failed.
    pub(crate) async fn line(&self) -> Result<Line> {
        if let Some(line) = self.standing() {
            return Ok(line);
        }
        let mut tries = self.tries.lock().await;
        // Somebody else may have made it in the meantime.
        if let Some(line) = self.standing() {
            return Ok(line);
        }
        if self.closed.load(Ordering::Acquire) {
            return Err(self.gone("it is no longer connected"));
        }
        if let Some(wait) = tries.pause() {
            let why = format!("{}; the next try is in {} s", tries.why, wait.as_secs().max(1));
            return Err(self.gone(&why));
        }
        // Counted before: a try whose call is dropped has come to nothing, too.
        tries.begin();
        let live = self.open().await.inspect_err(|e| e.detail().clone_into(&mut tries.why))?;
        "it ended at once".clone_into(&mut tries.why);
        let line = live.line();
        let is_renewed = self.lock().replace(live).is_some();
        if self.closed.load(Ordering::Acquire) {
            self.close();
        }
        if is_renewed {
            self.renewed.notify_one();
        }
        Ok(line)
    }

    /// The connection that stands, if one does.
    pub(crate) fn standing(&self) -> Option<Line> {
        let live = self.lock();
        live.as_ref().filter(|live| !live.service.is_transport_closed()).map(Live::line)
    }

    /// Notes that the server has answered: the next failure begins to count anew.
    pub(crate) async fn answered(&self) {
        self.tries.lock().await.count = 0;
    }

    /// Waits until there is another connection than before.
    pub(crate) async fn until_renewed(&self) {
        self.renewed.notified().await;
    }

    /// Ends the connection for good, without waiting for it.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        drop(self.lock().take());
    }

    /// Ends the connection for good and waits until the process is gone.
    pub(crate) async fn closed(&self) {
        self.closed.store(true, Ordering::Release);
        let live = self.lock().take();
        if let Some(mut live) = live {
            // It fails if the task was stopped with its runtime: then it is closed, too. What takes
            // longer goes on without us.
            let _ = timeout(MAX_CLOSE, live.service.close()).await;
        }
    }

    /// An error about the server.
    pub(crate) fn gone(&self, why: &str) -> Error {
        let what = format!("the MCP server {:?} is not there: {why}", self.server.name);
        Error::new("mcp.connect", Code::Unavailable, what)
    }

    async fn open(&self) -> Result<Live> {
        let fate = Fate::new(self.server.secrets());
        let opened = async {
            match &self.server.reach {
                Reach::Program(program) => self.begin(Server::start(program, &fate)?, &fate).await,
                Reach::Address(address) => self.begin(Web::new(address)?, &fate).await,
                #[cfg(test)]
                Reach::Streams(streams) => {
                    let (read, write) = tokio::io::split(streams());
                    self.begin(crate::lines::Lines::new(read, write, fate.clone()), &fate).await
                }
            }
        };
        let within = self.server.connect_timeout;
        timeout(within, Box::pin(opened)).await.unwrap_or_else(|_| {
            let what = format!(
                "the MCP server {:?} was not ready within {within:?}{}",
                self.server.name,
                and(&fate.told())
            );
            Err(Error::new("mcp.connect", Code::Timeout, what)
                .with_help("start it by hand to see what it waits for"))
        })
    }

    async fn begin<T>(&self, transport: T, fate: &Fate) -> Result<Live>
    where
        T: Transport<RoleClient, Error = io::Error> + 'static,
    {
        let service = serve_client(Client, Gate::new(transport, fate)).await;
        let service = service.map_err(|e| self.refused(&e, fate))?;
        Ok(Live { service, fate: fate.clone() })
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the enum is open, and long")]
    fn refused(&self, error: &ClientInitializeError, fate: &Fate) -> Error {
        let (code, why): (_, Cow<'_, str>) = match error {
            ClientInitializeError::ConnectionClosed(_) => {
                (Code::Unavailable, "it closed the connection".into())
            }
            ClientInitializeError::TransportError { error, .. } => {
                let io = error.source().and_then(|e| e.downcast_ref::<io::Error>());
                let code = match io.map(io::Error::kind) {
                    Some(UNAUTHORIZED) => Code::Unauthorized,
                    Some(_) | None => Code::Unavailable,
                };
                (code, error.error.to_string().into())
            }
            ClientInitializeError::JsonRpcError(e) => {
                (Code::Protocol, format!("it refuses: {}", e.message).into())
            }
            other => (Code::Protocol, format!("it does not speak MCP: {other}").into()),
        };
        let what = format!(
            "the MCP server {:?} cannot be used: {}{}",
            self.server.name,
            shortened(&fate.hide(why.into_owned())),
            and(&fate.told())
        );
        let error = Error::new("mcp.connect", code, what);
        if code == Code::Unauthorized {
            return error.with_help("set its credentials as a header");
        }
        error
    }

    fn lock(&self) -> MutexGuard<'_, Option<Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Live {
    fn line(&self) -> Line {
        Line { peer: self.service.peer().clone(), fate: self.fate.clone() }
    }
}

impl Tries {
    fn begin(&mut self) {
        self.count = self.count.saturating_add(1);
        self.last = Some(Instant::now());
        "the last try was given up".clone_into(&mut self.why);
    }

    /// How long not to try yet.
    fn pause(&self) -> Option<Duration> {
        let doubled = self.count.checked_sub(1)?.min(16);
        let pause = FIRST_PAUSE.saturating_mul(1 << doubled).min(MAX_PAUSE);
        let left = pause.checked_sub(self.last?.elapsed())?;
        (!left.is_zero()).then_some(left)
    }
}

/// What a server says, as part of an error.
pub(crate) fn shortened(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_TOLD)).unwrap_or_default()
}

/// More of a sentence, if there is more.
pub(crate) fn and(told: &str) -> String {
    if told.is_empty() { String::new() } else { format!("; {}", shortened(told)) }
}
