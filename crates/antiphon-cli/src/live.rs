//! An agent that is talked to, and what may change about it between turns: the servers of its
//! tools come and go, and its file is edited.
//!
//! Knows neither input nor screen, and not whether the conversation is held in text or by voice.

mod dev;
mod servers;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use antiphon::{
    Error, LlmAgent, Result, SessionHandle, TextTools,
    config::{Change, Effective},
    llm::Llm,
    tools::ToolSet,
};
use serde_json::{Value, json};

pub(crate) use self::{dev::Dev, servers::Servers};
use crate::{chat::agent::HungUp, screen::visible, tools};

/// Characters of a changed value that are shown.
const MAX_VALUE: usize = 60;

/// What has happened between turns, for the user.
#[derive(Debug)]
pub(crate) enum News {
    /// The agent file was edited: these values are different. Whether each holds from now on, or
    /// from the next conversation on.
    Edited(Vec<(Change, bool)>),
    /// The edit is broken, and the old agent stays.
    Kept(Error),
    /// The agent lacks something it should have.
    Warning(String),
    /// All is well again.
    Hint(String),
}

/// The agent of a running conversation.
pub(crate) struct Live {
    /// The tools of the file that no server has.
    own: ToolSet,
    servers: Servers,
    llm: Arc<dyn Llm>,
    hung_up: HungUp,
    dev: Option<Dev>,
}

impl Live {
    pub(crate) const fn new(
        own: ToolSet,
        servers: Servers,
        llm: Arc<dyn Llm>,
        hung_up: HungUp,
        dev: Option<Dev>,
    ) -> Self {
        Self { own, servers, llm, hung_up, dev }
    }

    /// All tools there are now, and the names of those that are left out.
    pub(crate) fn tools(&self) -> (ToolSet, Vec<String>) {
        let tools = ToolSet::new();
        tools.adopt(&self.own);
        let left_out = tools.include(self.servers.tools());
        (tools, left_out)
    }

    /// Applies what has changed since the last time to the conversation behind `session`. Waits
    /// so long at most for servers that are being tried.
    ///
    /// # Errors
    /// `cancelled` if the conversation is over.
    pub(crate) async fn look(
        &mut self,
        session: &SessionHandle,
        patience: Duration,
    ) -> Result<Vec<News>> {
        let mut news = Vec::new();
        let edited = self.edited(session, &mut news).await?;
        news.extend(self.servers.look(Instant::now(), patience).await);
        if self.servers.changed() || edited {
            let (tools, left_out) = self.tools();
            session.tools().adopt(&tools);
            session.refresh_tools().await?;
            news.extend(News::taken(&left_out));
        }
        Ok(news)
    }

    /// Applies an edit of the agent file. Whether its tools are others.
    async fn edited(&mut self, session: &SessionHandle, news: &mut Vec<News>) -> Result<bool> {
        let Some(read) = self.dev.as_mut().and_then(Dev::read) else { return Ok(false) };
        let (effective, changes) = match read {
            Ok(read) => read,
            Err(e) => {
                news.push(News::Kept(e));
                return Ok(false);
            }
        };
        let touches = |part: &str| changes.iter().any(|change| is_in(change, part));
        // Also a tool that there is not is a broken edit.
        let own = touches("tools").then(|| tools::own(&effective, &self.hung_up)).transpose();
        let own = match own {
            Ok(own) => own,
            Err(e) => {
                news.push(News::Kept(e));
                return Ok(false);
            }
        };
        if touches("instructions") {
            self.instruct(&effective, session).await?;
        }
        let others = own.is_some();
        if let Some(own) = own {
            self.own = own;
            self.servers.follow(&effective).await;
        }
        if let Some(dev) = &mut self.dev {
            dev.take_over(*effective);
        }
        let now = |change: &Change| is_in(change, "instructions") || is_in(change, "tools");
        news.push(News::Edited(changes.into_iter().map(|c| (c.clone(), now(&c))).collect()));
        Ok(others)
    }

    async fn instruct(&self, effective: &Effective, session: &SessionHandle) -> Result<()> {
        let agent = LlmAgent::new(Arc::new(TextTools::new(self.llm.clone())));
        let instructions = effective.agent().instructions.text();
        session.update_agent(Arc::new(agent.with_instructions(instructions))).await
    }

    /// Ends the servers and waits for them.
    pub(crate) async fn close(self) {
        self.servers.close().await;
    }
}

/// Whether a change lies in this part of the file.
fn is_in(change: &Change, part: &str) -> bool {
    change.path.split('.').next() == Some(part)
}

impl News {
    /// A server has tools of these names, and so has somebody else.
    pub(crate) fn taken(names: &[String]) -> Option<Self> {
        let help = tools::PREFIX;
        let what = || format!("taken names, left out: {}; {help}", names.join(", "));
        (!names.is_empty()).then(|| Self::Warning(what()))
    }

    /// As JSON.
    pub(crate) fn json(&self) -> Value {
        match self {
            Self::Edited(changes) => {
                let change = |(c, now): &(Change, bool)| json!({"path": c.path, "before": c.before, "after": c.after, "now": now});
                let changes: Vec<_> = changes.iter().map(change).collect();
                json!({"edit": {"changes": changes}})
            }
            Self::Kept(why) => json!({"edit": {"kept": why.detail()}}),
            Self::Warning(text) => json!({ "warning": text }),
            Self::Hint(text) => json!({ "hint": text }),
        }
    }

    /// As lines of the screen. `conversation` is what it is held in: "chat".
    pub(crate) fn lines(&self, conversation: &str) -> Vec<String> {
        let shown = |value: &Option<String>| value.as_deref().map_or("nothing".into(), shortened);
        match self {
            Self::Edited(changes) => {
                let line = |(Change { path, before, after, .. }, now): &(Change, bool)| {
                    let later = format!(", from the next {conversation} on");
                    let when = if *now { "" } else { &later };
                    let (before, after) = (shown(before), shown(after));
                    visible(&format!("  (edited: {path} is {after}, was {before}{when})"))
                };
                changes.iter().map(line).collect()
            }
            Self::Kept(why) => {
                let why = visible(why.detail());
                vec![format!("the edit is broken, the agent stays as it was: {why}")]
            }
            Self::Warning(text) => vec![format!("warning: {}", visible(text))],
            Self::Hint(text) => vec![format!("  ({})", visible(text))],
        }
    }
}

/// A value on one line of the screen.
fn shortened(value: &str) -> String {
    let line = value.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_VALUE) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}
