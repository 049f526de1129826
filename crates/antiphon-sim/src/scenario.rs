//! Tests of an agent as stories: what the caller does, what the agent would answer, and what must
//! come of it, in virtual time.
//!
//! ```
//! use antiphon_sim::Scenario;
//!
//! Scenario::new("a caller changes their mind")
//!     .greeting("Hello, this is the front desk.")
//!     .replies(["We have a table at seven, by the window.", "Tomorrow at eight, then."])
//!     .user("book a table please")
//!     .after_agent(0.5)
//!     .user("no wait, I meant tomorrow")
//!     .interrupts_after(0.8)
//!     .expect_said("I meant tomorrow")
//!     .expect_heard("Tomorrow at eight, then.")
//!     .expect_not_heard("by the window")
//!     .expect_response_within(1.0)
//!     .run()
//!     .unwrap();
//! ```

mod check;
mod expect;
mod judge;
mod transcript;
mod yaml;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use antiphon_conversation::{AgentState, Config};
use antiphon_core::{Timestamp, ToolDefinition, ToolEvent};
use antiphon_llm::LlmRequest;

use self::judge::Judge;
pub use self::{
    check::{Miss, Unmet},
    expect::{Expect, Moment},
    judge::Verdict,
    transcript::{Call, Entry, Transcript},
};
use crate::{Caller, Faults, Line, Providers, Replies, Tools, When, Wish, World};

/// A scenario ends by itself, or after an hour of virtual time.
const HORIZON: Timestamp = Timestamp::from_millis(3_600_000);

/// A line without a time is spoken so long after the agent has finished.
const THINKING: Duration = Duration::from_millis(500);

/// A story and what is expected of it. See the module.
#[derive(Clone, Debug)]
pub struct Scenario {
    name: String,
    config: Config,
    providers: Providers,
    caller: Caller,
    /// The first line has no time of its own.
    opens: bool,
    agent_file: Option<PathBuf>,
    expects: Vec<Expect>,
    judge: Judge,
    seed: u64,
    mistakes: Vec<String>,
}

impl Scenario {
    /// A scenario in which nobody says anything. The name goes to reports.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            config: Config::default(),
            providers: Providers { replies: Replies::Scripted(Vec::new()), ..Providers::default() },
            caller: Caller::default(),
            opens: false,
            agent_file: None,
            expects: Vec::new(),
            judge: Judge::default(),
            seed: 0,
            mistakes: Vec::new(),
        }
    }

    // ---- the agent ----------------------------------------------------------------------

    /// The whole configuration of the conversation; a greeting set before is lost.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self.opening()
    }

    /// What the agent says first.
    #[must_use]
    pub fn greeting(mut self, text: impl Into<String>) -> Self {
        self.config.greeting = text.into();
        self.opening()
    }

    /// A first line without a time of its own waits for the greeting, if there is one.
    fn opening(mut self) -> Self {
        let greets = !self.config.greeting.is_empty();
        if let Some(line) = self.caller.lines.first_mut().filter(|_| self.opens) {
            let start = When::At(Timestamp::ZERO + THINKING);
            line.when = if greets { When::AfterAgent(THINKING) } else { start };
        }
        self
    }

    /// What the agent answers, in turn, and from the beginning again.
    #[must_use]
    pub fn replies<S: Into<String>>(mut self, replies: impl IntoIterator<Item = S>) -> Self {
        self.providers.replies = replies.into_iter().collect();
        self
    }

    /// The agent under test: from what a language model would be asked to what it answers.
    #[must_use]
    pub fn agent(mut self, answer: impl Fn(&LlmRequest) -> String + Send + Sync + 'static) -> Self {
        self.providers.replies = Replies::Computed(Arc::new(answer));
        self
    }

    /// What the agent may call, and what becomes of a call: its last event. Replies may then
    /// hold calls: `<tool_call>{"name": .., "arguments": {..}}</tool_call>`.
    #[must_use]
    pub fn tools(
        mut self,
        definitions: Vec<ToolDefinition>,
        run: impl Fn(Wish<'_>) -> ToolEvent + Send + Sync + 'static,
    ) -> Self {
        self.config.tools = definitions.into();
        self.providers.tools = Tools::new(run);
        self
    }

    /// How fast the providers are; their replies and tools are kept.
    #[must_use]
    pub fn providers(mut self, providers: Providers) -> Self {
        let Providers { replies, tools, .. } = std::mem::replace(&mut self.providers, providers);
        (self.providers.replies, self.providers.tools) = (replies, tools);
        self
    }

    /// What goes wrong, decided by `seed`.
    #[must_use]
    pub fn faults(mut self, faults: Faults, seed: u64) -> Self {
        self.providers.faults = faults;
        self.seed = seed;
        self
    }

    /// The same scenario with other luck; 0 is its own. Without faults luck changes nothing.
    #[must_use]
    pub fn with_luck(&self, n: u64) -> Self {
        Self { seed: self.seed.wrapping_add(n), ..self.clone() }
    }

    // ---- the caller ---------------------------------------------------------------------

    /// The caller's next line. Unless a time follows, it is spoken half a second after the agent
    /// has finished, or after the start if the agent does not greet.
    #[must_use]
    pub fn user(mut self, text: impl Into<String>) -> Self {
        self.opens |= self.caller.lines.is_empty();
        self.caller.lines.push(Line::new(When::AfterAgent(THINKING), text));
        self.opening()
    }

    /// The caller hums over the agent's next speech, so many seconds into it.
    #[must_use]
    pub fn hums(self, seconds: f64) -> Self {
        self.user("mm-hmm").interrupts_after(seconds)
    }

    /// The line is spoken at this time of the session, in seconds.
    #[must_use]
    pub fn at(self, seconds: f64) -> Self {
        self.when("at", seconds, |d| When::At(Timestamp::ZERO + d))
    }

    /// The line is spoken so many seconds after the agent's next speech has ended.
    #[must_use]
    pub fn after_agent(self, seconds: f64) -> Self {
        self.when("after_agent", seconds, When::AfterAgent)
    }

    /// The line is spoken so many seconds after the caller's own line before it: a pause.
    #[must_use]
    pub fn after_self(self, seconds: f64) -> Self {
        self.when("after_self", seconds, When::AfterSelf)
    }

    /// The line is spoken over the agent's next speech, so many seconds into it.
    #[must_use]
    pub fn interrupts_after(self, seconds: f64) -> Self {
        self.when("interrupts_after", seconds, When::IntoSpeech)
    }

    /// The line takes so many seconds, in place of 0.4 for each word.
    #[must_use]
    pub fn takes(self, seconds: f64) -> Self {
        self.line("takes", seconds, |line, d| line.takes = d)
    }

    /// The line trails off: a turn detector expects more.
    #[must_use]
    pub fn unfinished(self) -> Self {
        self.line("unfinished", 0.0, |line, _| line.finished = false)
    }

    /// The caller hangs up so many seconds after the last line.
    #[must_use]
    pub fn leaves_after(mut self, seconds: f64) -> Self {
        self.caller.leaves = duration(seconds);
        let done = self.caller.leaves.is_some();
        self.noting("leaves_after", done)
    }

    fn when(mut self, what: &str, seconds: f64, when: impl FnOnce(Duration) -> When) -> Self {
        self.opens &= self.caller.lines.len() > 1;
        self.line(what, seconds, |line, d| line.when = when(d))
    }

    /// Changes the last line, or notes a mistake.
    fn line(mut self, what: &str, seconds: f64, change: impl FnOnce(&mut Line, Duration)) -> Self {
        let done = match (self.caller.lines.last_mut(), duration(seconds)) {
            (Some(line), Some(d)) => {
                change(line, d);
                true
            }
            _ => false,
        };
        self.noting(what, done)
    }

    fn noting(mut self, what: &str, done: bool) -> Self {
        if !done {
            self.mistakes.push(format!(
                "{what}: it needs a line of the caller before it, and a time of 0 seconds or more"
            ));
        }
        self
    }

    // ---- expectations -------------------------------------------------------------------

    /// Anything that can be expected.
    #[must_use]
    pub fn expect(mut self, expect: Expect) -> Self {
        self.expects.push(expect);
        self
    }

    /// The user was understood to say this, as part of a turn.
    #[must_use]
    pub fn expect_said(self, text: impl Into<String>) -> Self {
        self.expect(Expect::Said(text.into()))
    }

    /// The user heard the agent say this, as part of one speech.
    #[must_use]
    pub fn expect_heard(self, text: impl Into<String>) -> Self {
        self.expect(Expect::Heard(text.into()))
    }

    /// The user never heard this.
    #[must_use]
    pub fn expect_not_heard(self, text: impl Into<String>) -> Self {
        self.expect(Expect::NotHeard(text.into()))
    }

    /// The agent's state at a time, in seconds.
    #[must_use]
    pub fn expect_state(self, at: f64, agent: AgentState) -> Self {
        self.expect(Expect::State { at, agent })
    }

    /// These moments happen in this order; others may lie between.
    #[must_use]
    pub fn expect_order(self, moments: impl IntoIterator<Item = Moment>) -> Self {
        self.expect(Expect::Order(moments.into_iter().collect()))
    }

    /// This never happens.
    #[must_use]
    pub fn expect_never(self, moment: Moment) -> Self {
        self.expect(Expect::Never(moment))
    }

    /// From the end of each of the user's turns to the first sample of its answer, in seconds.
    #[must_use]
    pub fn expect_response_within(self, seconds: f64) -> Self {
        self.expect(Expect::ResponseWithin(seconds))
    }

    /// The whole history, one line per item: `user: ..`, `agent: ..`, and a `|` after what was
    /// interrupted.
    #[must_use]
    pub fn expect_history<S: Into<String>>(self, lines: impl IntoIterator<Item = S>) -> Self {
        self.expect(Expect::History(lines.into_iter().map(Into::into).collect()))
    }

    /// Who decides whether a rubric is met: from the rubric and the conversation, one line per
    /// item of history, to a verdict.
    #[must_use]
    pub fn judge(
        mut self,
        judge: impl Fn(&str, &[String]) -> Verdict + Send + Sync + 'static,
    ) -> Self {
        self.judge = Judge::new(judge);
        self
    }

    // ---- for other worlds ---------------------------------------------------------------

    /// The scenario's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file of the agent under test, as the scenario's file names it.
    #[must_use]
    pub fn agent_file(&self) -> Option<&Path> {
        self.agent_file.as_deref()
    }

    /// How the conversation is conducted.
    #[must_use]
    pub const fn conversation(&self) -> &Config {
        &self.config
    }

    /// The scripted answers; none if there are none, or if they are computed.
    #[must_use]
    pub fn scripted(&self) -> &[String] {
        match &self.providers.replies {
            Replies::Scripted(replies) => replies,
            Replies::Computed(_) => &[],
        }
    }

    /// What the caller does.
    #[must_use]
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Whether something has to be judged.
    #[must_use]
    pub fn has_rubrics(&self) -> bool {
        self.expects.iter().any(|e| matches!(e, Expect::Judge { .. }))
    }

    /// Compares what has happened, here or elsewhere, with what is expected.
    ///
    /// # Errors
    /// Every expectation that was not met, with the transcript around it.
    pub fn check(&self, transcript: Transcript) -> Result<Transcript, Box<Unmet>> {
        let misses = self.expects.iter().filter_map(|e| e.miss(&transcript, &self.judge));
        let misses: Vec<Miss> = misses.collect();
        if misses.is_empty() {
            return Ok(transcript);
        }
        Err(Box::new(Unmet { name: self.name.clone(), misses, transcript }))
    }

    /// Runs the story in virtual time and compares it with what is expected. The rules that hold
    /// in every conversation are checked too.
    ///
    /// # Errors
    /// Every expectation that was not met, with the transcript around it.
    pub fn run(&self) -> Result<Transcript, Box<Unmet>> {
        let unplayed = |what: String| Box::new(Unmet::unplayed(&self.name, what));
        if let Some(mistake) = self.mistakes.first() {
            return Err(unplayed(mistake.clone()));
        }
        let (config, providers) = (self.config.clone(), self.providers.clone());
        let world = World::new(config, providers, self.caller.clone(), self.seed);
        let world = world.map_err(|e| unplayed(e.detail().to_owned()))?;
        let played = crate::story::catch(|| {
            world.run(HORIZON).map_err(|broken| {
                let transcript = Transcript::new(&broken.steps);
                format!("{broken}\n{}", transcript.around(broken.at))
            })
        });
        let report = played.map_err(unplayed)?;
        self.check(Transcript::new(&report.steps).ended(report.machine.history()))
    }
}

/// Seconds as written by a person.
fn duration(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}
