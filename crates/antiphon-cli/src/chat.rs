//! `antiphon chat`: a conversation with an agent in text.

pub(crate) mod agent;
mod input;
mod show;

use std::{
    io::{IsTerminal as _, stdin},
    time::{Duration, Instant},
};

use antiphon::{
    Code, Error, Result,
    chat::{ChatConfig, ChatSessionManager, ExecutorParts, TurnEvent},
};

use self::{
    agent::Ready,
    input::{Input, Line},
    show::Show,
};
use crate::{
    config::Agent,
    live::{Dev, Live, News, Servers},
    runtime,
};

/// So long a message waits for servers that are being tried.
const PATIENCE: Duration = Duration::from_millis(500);

/// Chat with an agent in text.
///
/// The agent file says who answers, with which model and tools. Answers appear as they are made,
/// tools as they run. Reads messages line by line, also from a pipe.
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = AFTER_LONG_HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    agent: Agent,
    /// Also show arguments and results of tools, tokens and time.
    #[arg(long, short)]
    verbose: bool,
    /// Print JSON, one object a line.
    #[arg(long)]
    json: bool,
    /// Most messages, yours and the agent's [default: context.max_messages of the agent].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=100_000))]
    max_messages: Option<u32>,
    /// Look at the agent file before each message, and apply what was changed in it.
    ///
    /// Instructions and tools hold from the next answer on, everything else from the next chat
    /// on. A broken edit changes nothing, and is told.
    #[arg(long)]
    dev: bool,
}

const AFTER_LONG_HELP: &str = "\
While you chat:
  /help      this list
  /history   the conversation so far
  /clear     forget it; the instructions stay
  /tools     what the agent can call
  /usage     messages, tokens and calls so far
  exit       ends the chat; so do quit and Ctrl-D. Ctrl-C stops an answer.

Examples:
  antiphon chat examples/agents/weather.yaml
  antiphon chat agent.yaml --verbose --max-messages 20
  antiphon chat agent.yaml --dev                      edit the file while you chat
  echo \"What time is it?\" | antiphon chat agent.yaml --json

JSON lines (--json), on standard output:
  {\"agent\": {\"name\", \"model\"}}              first: who answers
  {\"greeting\": \"…\"}                         what the agent says first, if anything
  {\"text\": \"…\"}                             a piece of the answer
  {\"tool\": {\"call\": …, \"event\": …}}         something happened to a call
  {\"response\": {…}}                         the answer, its tools, tokens and time
  {\"edit\": {\"changes\": […]}}               with --dev: what was changed in the agent file,
  {\"edit\": {\"kept\": …}}                    or why it stays as it was
  {\"hint\": \"…\"}                             a server of tools is there again, and the like
  {\"warning\": \"…\"} {\"error\": {…}}           the chat goes on";

pub(crate) fn main(args: &Args) -> Result<()> {
    let effective = args.agent.load()?;
    let dev = args.dev.then(|| Dev::new(args.agent.clone(), effective.clone()));
    let ready = Ready::prepare(effective)?;
    let runtime = runtime::start("chat")?;
    let chatted = runtime.block_on(chat(args, ready, dev));
    // A line that is still waited for does not keep the command alive.
    runtime.shutdown_background();
    chatted
}

/// A chat on the terminal, or in a pipe.
struct Chat {
    manager: ChatSessionManager,
    show: Show,
    /// Messages that could not be answered.
    failed: u32,
    warned: bool,
    live: Live,
}

async fn chat(args: &Args, ready: Ready, dev: Option<Dev>) -> Result<()> {
    let Ready { parts, effective, llm, hung_up } = ready;
    let file = effective.agent();
    let (name, context) = (&file.name, &file.context);
    let show = Show::new(args.json, args.verbose);
    show.agent(name, &llm.capabilities().model);
    let own = parts.tools.clone();
    let mut servers = Servers::open(&effective);
    let mut news = servers.look(Instant::now(), Duration::MAX).await;
    let live = Live::new(own, servers, llm, hung_up.clone(), dev);
    let (tools, left_out) = live.tools();
    news.extend(News::taken(&left_out));
    news.iter().for_each(|news| show.news(news));
    let parts = ExecutorParts { tools, ..parts };
    let config = ChatConfig {
        max_messages: args.max_messages.unwrap_or(context.max_messages),
        warn_at_percent: context.warn_at_percent,
        ..ChatConfig::default()
    };
    let mut manager = ChatSessionManager::new(parts, config)?;
    manager.start()?;
    show.greeting(manager.executor()?.get_history());
    let interactive = stdin().is_terminal();
    let mut input = Input::open(interactive)?;
    let mut chat = Chat { manager, show, failed: 0, warned: false, live };
    let ended = loop {
        let line;
        (input, line) = tokio::select! {
            read = input.next() => read?,
            _ = tokio::signal::ctrl_c() => break Err(stopped()),
        };
        match chat.line(line, interactive).await {
            Ok(true) if !hung_up.is_set() => {}
            Ok(_) => break Ok(()),
            Err(e) => break Err(e),
        }
    };
    chat.manager.terminate().await;
    chat.live.close().await;
    ended?;
    if chat.failed > 0 && !interactive {
        let what = format!("{} messages could not be answered", chat.failed);
        return Err(Error::new("chat", Code::Protocol, what));
    }
    Ok(())
}

impl Chat {
    /// Deals with one line. Whether the chat goes on.
    async fn line(&mut self, line: Line, interactive: bool) -> Result<bool> {
        let text = match line {
            Line::Text(text) => text,
            Line::Invalid(why) => {
                self.fail(&why.into());
                return Ok(true);
            }
            Line::Interrupted => {
                self.show.hint("Ctrl-D or exit ends the chat");
                return Ok(true);
            }
            Line::End => return Ok(false),
        };
        self.look().await?;
        match text.trim() {
            "" => {}
            "exit" | "quit" | "/exit" | "/quit" => return Ok(false),
            command if command.starts_with('/') => self.command(command)?,
            _ => return self.message(&text, interactive).await,
        }
        Ok(true)
    }

    /// Applies what has changed about the agent since the last line.
    async fn look(&mut self) -> Result<()> {
        let session = self.manager.executor()?.session_handle();
        for news in self.live.look(&session, PATIENCE).await? {
            self.show.news(&news);
        }
        Ok(())
    }

    fn command(&mut self, command: &str) -> Result<()> {
        match command {
            "/help" => self.show.help(),
            "/history" => self.show.history(self.manager.executor()?.get_history()),
            "/tools" => {
                self.show.tools(&self.manager.executor()?.session_handle().tools().freeze())
            }
            "/usage" => self.show.usage(&self.manager.get_session()?),
            "/clear" => {
                self.manager.clear_history()?;
                self.warned = false;
                self.show.hint("the conversation is forgotten");
            }
            unknown => {
                let what = format!("there is no command {unknown}");
                let help = "/help lists them; a message cannot begin with a slash";
                self.fail(&Error::new("chat", Code::InvalidInput, what).with_help(help));
            }
        }
        Ok(())
    }

    /// Has a message answered. Whether the chat goes on.
    async fn message(&mut self, text: &str, interactive: bool) -> Result<bool> {
        match follow(&mut self.manager, &self.show, text).await {
            Ok(Followed::ToItsEnd) => {}
            Ok(Followed::Stopped) if interactive => {}
            Ok(Followed::Stopped) => return Err(stopped()),
            Err(e) => self.fail(&e),
        }
        if self.manager.should_warn_context_limit() && !self.warned {
            self.warned = true;
            self.show.nearly_full(&self.manager.get_session()?);
        }
        Ok(true)
    }

    fn fail(&mut self, e: &Error) {
        self.failed += 1;
        self.show.error(e);
    }
}

enum Followed {
    ToItsEnd,
    Stopped,
}

/// Shows a turn as it happens, until its end or Ctrl-C.
async fn follow(manager: &mut ChatSessionManager, show: &Show, text: &str) -> Result<Followed> {
    let mut turn = manager.stream_message(text)?;
    loop {
        let event = tokio::select! {
            event = turn.next() => event,
            _ = tokio::signal::ctrl_c() => {
                show.stopped();
                return Ok(Followed::Stopped);
            }
        };
        let Some(event) = event else { return Ok(Followed::ToItsEnd) };
        match event? {
            TurnEvent::Text(text) => show.text(&text),
            TurnEvent::Tool { call, event } => show.tool(&call, &event),
            TurnEvent::Done(response) => show.response(&response),
        }
    }
}

fn stopped() -> Error {
    Error::new("chat", Code::Cancelled, "the chat was stopped")
}
