//! The MCP servers of an agent file, for as long as somebody talks to the agent: started together,
//! shared by all conversations of a run, tried again where they are not there, ended together.
//!
//! Knows no session. What connected servers do by themselves (start again for a call, tell of other
//! tools) is the matter of `antiphon::mcp`.

use std::time::{Duration, Instant};

use antiphon::{
    Code, Error, Result,
    config::{Effective, McpTools as Described, Tool},
    mcp::McpTools,
    remote_tools,
    tools::ToolSet,
};
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use super::News;

/// The pause after the first try that came to nothing; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// As long as it takes: how long a server may, its description says.
pub(super) const PATIENT: Duration = Duration::MAX;

/// What to do about a server that cannot be used, if nobody says better.
const HELP: &str = "start the server by hand to see what it says, or take it out of the file";

/// The servers of an agent.
#[derive(Default)]
pub(crate) struct Servers {
    /// What they have.
    tools: ToolSet,
    places: Vec<Place>,
    /// The tools are others than at the last look.
    changed: bool,
}

/// A server that should be there.
struct Place {
    described: Described,
    /// Its place in the list of tools of the agent file.
    at: usize,
    /// Tries that came to nothing, one after the other.
    failures: u32,
    state: State,
}

enum State {
    There(There),
    Trying(Trying),
    Absent { again: Instant },
}

/// A server that was reached.
struct There {
    tools: McpTools,
    changes: watch::Receiver<u64>,
    connected: bool,
}

/// A try that is under way; dropping it gives it up.
struct Trying(JoinHandle<Result<McpTools>>);

impl Drop for Trying {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Servers {
    /// Starts the servers that the agent file names, all at once, and waits for them. If one
    /// cannot be used, the others are ended.
    ///
    /// # Errors
    /// `unavailable` with the place in the file.
    pub(crate) async fn start(effective: &Effective) -> Result<Self> {
        let mut servers = Self::open(effective);
        let mut failed = None;
        for place in &mut servers.places {
            if let Some(Err(e)) = place.tried(Instant::now(), PATIENT).await {
                failed.get_or_insert_with(|| unusable(effective, place.at, &e));
            }
        }
        match failed {
            None => Ok(servers),
            Some(e) => {
                servers.close().await;
                Err(e)
            }
        }
    }

    /// Begins to start the servers that the agent file names. [`look`](Self::look) tells what
    /// has become of them.
    pub(crate) fn open(effective: &Effective) -> Self {
        let mut servers = Self::default();
        servers.places = described(effective).map(|(at, d)| servers.place(at, d)).collect();
        servers
    }

    /// Tools of theirs that cannot be called, with the reason.
    pub(crate) fn left_out(&self) -> Vec<String> {
        self.places.iter().flat_map(Place::left_out).collect()
    }

    /// What the servers have that are there. Follows them.
    pub(crate) const fn tools(&self) -> &ToolSet {
        &self.tools
    }

    /// Whether the tools are others than when this was last asked.
    pub(crate) fn changed(&mut self) -> bool {
        let mut changed = std::mem::take(&mut self.changed);
        for place in &mut self.places {
            if let State::There(there) = &mut place.state {
                changed |= there.changes.has_changed().unwrap_or(false);
                there.changes.mark_unchanged();
            }
        }
        changed
    }

    /// Tries servers whose pause is over, waits so long at most for each that is being tried, and
    /// tells which have come and gone.
    pub(crate) async fn look(&mut self, now: Instant, patience: Duration) -> Vec<News> {
        let mut news = Vec::new();
        for n in 0..self.places.len() {
            let tools = &self.tools;
            let Some(place) = self.places.get_mut(n) else { continue };
            if matches!(place.state, State::Absent { again } if again <= now) {
                place.state = State::Trying(begin(&place.described, tools));
            }
        }
        for place in &mut self.places {
            let late = place.failures > 0;
            match place.tried(now, patience).await {
                Some(Ok(())) => {
                    self.changed = true;
                    news.extend(place.left_out().into_iter().map(News::Warning));
                    let name = &place.described.name;
                    news.extend(
                        late.then(|| News::Hint(format!("the MCP server {name:?} is there"))),
                    );
                }
                Some(Err(e)) if !late => {
                    let help = e.help().map(|help| format!(" ({help})")).unwrap_or_default();
                    news.push(News::Warning(format!(
                        "{}{help}: the agent is without its tools; it is tried again between turns",
                        e.detail()
                    )));
                }
                Some(Err(_)) => {}
                None => news.extend(place.comes_or_goes()),
            }
        }
        news
    }

    /// The agent file was edited: servers it no longer names are ended, new ones are begun to be
    /// started, and the others stay.
    pub(crate) async fn follow(&mut self, effective: &Effective) {
        let mut before = std::mem::take(&mut self.places);
        let mut wanted = Vec::new();
        for (at, described) in described(effective) {
            let there = before.iter().position(|place| place.described == *described);
            wanted.push((at, described, there.map(|n| before.swap_remove(n))));
        }
        // First of all: what comes in place of a server may have tools of the same names.
        end(before).await;
        for (at, described, there) in wanted {
            let place = there.map(|place| Place { at, ..place });
            let place = place.unwrap_or_else(|| self.place(at, described));
            self.places.push(place);
        }
        self.changed = true;
    }

    /// Ends the servers and waits for them.
    pub(crate) async fn close(self) {
        end(self.places).await;
    }

    fn place(&self, at: usize, described: &Described) -> Place {
        let state = State::Trying(begin(described, &self.tools));
        Place { described: described.clone(), at, failures: 0, state }
    }
}

impl Place {
    /// What the try that is under way has come to, within this time.
    async fn tried(&mut self, now: Instant, patience: Duration) -> Option<Result<()>> {
        let State::Trying(trying) = &mut self.state else { return None };
        let tried = timeout(patience, &mut trying.0).await.ok()?;
        let tried = tried.unwrap_or_else(|e| {
            let what = format!("the MCP server {:?} cannot be started", self.described.name);
            Err(Error::new("tools.servers", Code::Internal, what).with_source(e))
        });
        let (state, outcome) = match tried {
            Ok(tools) => {
                self.failures = 0;
                let changes = tools.changes();
                // One that has ended since is told of by the next look.
                let connected = true;
                (State::There(There { tools, changes, connected }), Ok(()))
            }
            Err(e) => {
                let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(16)).min(MAX_PAUSE);
                self.failures = self.failures.saturating_add(1);
                (State::Absent { again: now + pause }, Err(e))
            }
        };
        self.state = state;
        Some(outcome)
    }

    /// Whether a server that was reached has ended since the last look, or is there again.
    fn comes_or_goes(&mut self) -> Option<News> {
        let State::There(there) = &mut self.state else { return None };
        let connected = there.tools.is_connected();
        if std::mem::replace(&mut there.connected, connected) == connected {
            return None;
        }
        let name = &self.described.name;
        Some(if connected {
            News::Hint(format!("the MCP server {name:?} is there again"))
        } else {
            News::Warning(format!(
                "the MCP server {name:?} has ended; the next call of its tools starts it again"
            ))
        })
    }

    fn left_out(&self) -> Vec<String> {
        let State::There(There { tools, .. }) = &self.state else { return Vec::new() };
        let told = |skipped| format!("the tool {skipped} (MCP server {})", tools.name());
        tools.skipped().into_iter().map(told).collect()
    }
}

/// The servers that an agent file names, with their places in its list of tools.
fn described(effective: &Effective) -> impl Iterator<Item = (usize, &Described)> {
    effective.agent().tools.iter().enumerate().filter_map(|(at, tool)| match tool {
        Tool::Mcp(described) => Some((at, described)),
        Tool::Builtin(_) | Tool::Http(_) => None,
    })
}

fn begin(described: &Described, tools: &ToolSet) -> Trying {
    let (server, tools) = (remote_tools::mcp_server(described), tools.clone());
    Trying(tokio::spawn(async move { server.connect(&tools).await }))
}

/// Ends these servers, and waits for each.
async fn end(places: Vec<Place>) {
    for place in places {
        if let State::There(there) = place.state {
            there.tools.close().await;
        }
    }
}

fn unusable(effective: &Effective, at: usize, e: &Error) -> Error {
    let placed = effective.refuse(&format!("tools.{at}.mcp"), e.detail(), "", &[]);
    Error::new("tools.servers", Code::Unavailable, placed.to_string())
        .with_help(e.help().unwrap_or(HELP).to_owned())
}

#[cfg(test)]
mod tests;
