//! How a server is reached, and which of its tools may be called.
//!
//! It deliberately starts nothing before [`McpServer::connect`].

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use antiphon_core::Result;
use antiphon_http::Secrets;
use antiphon_tools::{DEFAULT_TIMEOUT, EffectClass, ToolSet};

use crate::tools::McpTools;

/// How long a server may take to start and to list its tools, unless it is said otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// An MCP server, described.
///
/// ```no_run
/// # async fn run() -> antiphon_core::Result<()> {
/// use antiphon_mcp::McpServer;
/// use antiphon_tools::ToolSet;
///
/// let tools = ToolSet::new();
/// let handbook = McpServer::command("handbook", "handbook-server")
///     .arg("--read-only")
///     .allow(["search", "read_page"])
///     .prefix("handbook_")
///     .connect(&tools)
///     .await?;
/// # drop(handbook);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct McpServer {
    pub(crate) name: String,
    pub(crate) reach: Reach,
    pub(crate) allow: Option<BTreeSet<String>>,
    pub(crate) prefix: String,
    pub(crate) effects: BTreeMap<String, EffectClass>,
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
}

/// The way to it.
#[derive(Clone)]
pub(crate) enum Reach {
    Program(Program),
    Address(Address),
    /// Streams within the process.
    #[cfg(test)]
    Streams(std::sync::Arc<dyn Fn() -> tokio::io::DuplexStream + Send + Sync>),
}

/// A program to start.
#[derive(Clone, Default)]
pub(crate) struct Program {
    pub(crate) command: String,
    pub(crate) args: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
}

/// An address to ask.
#[derive(Clone, Default)]
pub(crate) struct Address {
    pub(crate) url: String,
    pub(crate) headers: BTreeMap<String, String>,
}

impl McpServer {
    /// A server that is started as a process: `program` is looked for in `PATH` and speaks MCP on
    /// its standard input and output.
    ///
    /// It gets `PATH`, `HOME`, the language and the like of our environment and nothing else: what
    /// it needs besides is set with [`env`](Self::env).
    pub fn command(name: impl Into<String>, program: impl Into<String>) -> Self {
        let program = Program { command: program.into(), ..Program::default() };
        Self::new(name.into(), Reach::Program(program))
    }

    /// A running server, by streamable HTTP.
    pub fn url(name: impl Into<String>, url: impl Into<String>) -> Self {
        let address = Address { url: url.into(), ..Address::default() };
        Self::new(name.into(), Reach::Address(address))
    }

    pub(crate) const fn new(name: String, reach: Reach) -> Self {
        Self {
            name,
            reach,
            allow: None,
            prefix: String::new(),
            effects: BTreeMap::new(),
            timeout: DEFAULT_TIMEOUT,
            connect_timeout: CONNECT_TIMEOUT,
        }
    }

    /// Adds an argument of the program.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        if let Reach::Program(program) = &mut self.reach {
            program.args.push(arg.into());
        }
        self
    }

    /// Sets a variable of the program's environment. Its value is never shown.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        if let Reach::Program(program) = &mut self.reach {
            program.env.insert(name.into(), value.into());
        }
        self
    }

    /// Sets a header of every request to the address. Its value is never shown.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        if let Reach::Address(address) = &mut self.reach {
            address.headers.insert(name.into(), value.into());
        }
        self
    }

    /// Lets only these of its tools be called, by the names the server gives them.
    #[must_use]
    pub fn allow<S: Into<String>>(mut self, tools: impl IntoIterator<Item = S>) -> Self {
        self.allow = Some(tools.into_iter().map(Into::into).collect());
        self
    }

    /// Puts `prefix` before the names of its tools: two servers may then have tools of one name.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Says what a tool changes, whatever the server says of it. What it says are hints only:
    /// read-only is taken as `read`, destructive as `irreversible`, anything else as `write`.
    #[must_use]
    pub fn effect(mut self, tool: impl Into<String>, effect: EffectClass) -> Self {
        self.effects.insert(tool.into(), effect);
        self
    }

    /// Sets how long a call may take; [`DEFAULT_TIMEOUT`] without it.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how long the server may take to start and to list its tools; ten seconds without it.
    #[must_use]
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Connects, and puts the server's tools into `set`. They stay there and are kept up to date
    /// for as long as the handle lives. Needs a tokio runtime, which must go on running.
    ///
    /// Dropping the future ends the server.
    ///
    /// # Errors
    /// `unavailable` if the server cannot be started or reached, `timeout` if it takes too long,
    /// `unauthorized` if it wants credentials, `protocol` if it does not speak MCP,
    /// `invalid_input` for headers that cannot be sent.
    pub async fn connect(self, set: &ToolSet) -> Result<McpTools> {
        Box::pin(McpTools::connect(self, set.clone())).await
    }

    /// What it was told in confidence.
    pub(crate) fn secrets(&self) -> Secrets {
        match &self.reach {
            Reach::Program(program) => Secrets::new(program.env.values()),
            Reach::Address(address) => Secrets::new(address.headers.values()),
            #[cfg(test)]
            Reach::Streams(_) => Secrets::default(),
        }
    }
}

impl fmt::Debug for McpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Arguments, variables, headers and addresses may hold secrets.
        f.debug_struct("McpServer").field("name", &self.name).finish_non_exhaustive()
    }
}
