//! Scenarios written as YAML, one in a file.

use std::path::PathBuf;

use antiphon_core::{Code, Error, Result, Timestamp};
use serde::Deserialize;

use super::{Expect, Scenario, duration};
use crate::{Faults, Profile, When};

impl Scenario {
    /// Reads a scenario.
    ///
    /// ```
    /// # use antiphon_sim::Scenario;
    /// let scenario = Scenario::from_yaml(
    ///     "name: a question\n\
    ///      agent:\n  replies: [We open at nine.]\n\
    ///      caller:\n  - user: when do you open\n    at: 1.0\n\
    ///      expect:\n  - heard: we open at nine\n",
    /// );
    /// scenario.unwrap().run().unwrap();
    /// ```
    ///
    /// # Errors
    /// `invalid_input` with line and column of what cannot be read, and an excerpt.
    pub fn from_yaml(text: &str) -> Result<Self> {
        let file: File = serde_saphyr::from_str(text).map_err(|e| {
            let text = e.to_string();
            let text = text.strip_prefix("error: ").unwrap_or(&text).to_owned();
            Error::new("scenario", Code::InvalidInput, text)
                .with_help("docs/testing.md lists what a scenario may hold")
        })?;
        Ok(file.scenario())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default)]
    agent: Agent,
    caller: Vec<Spoken>,
    leaves_after: Option<Seconds>,
    #[serde(default)]
    faults: Profile,
    #[serde(default)]
    seed: u64,
    expect: Vec<Expect>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Agent {
    /// The agent file, relative to the scenario.
    file: Option<PathBuf>,
    greeting: String,
    instructions: String,
    replies: Vec<String>,
}

/// A line of the caller.
#[derive(Deserialize)]
#[serde(try_from = "Written")]
struct Spoken {
    user: String,
    when: Option<When>,
    takes: Option<Seconds>,
    unfinished: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    user: String,
    at: Option<Seconds>,
    after_agent: Option<Seconds>,
    after_self: Option<Seconds>,
    interrupts_after: Option<Seconds>,
    takes: Option<Seconds>,
    #[serde(default)]
    unfinished: bool,
}

impl TryFrom<Written> for Spoken {
    type Error = String;

    fn try_from(w: Written) -> Result<Self, String> {
        let times = [
            w.at.map(|s| When::At(Timestamp::ZERO + s.0)),
            w.after_agent.map(|s| When::AfterAgent(s.0)),
            w.after_self.map(|s| When::AfterSelf(s.0)),
            w.interrupts_after.map(|s| When::IntoSpeech(s.0)),
        ];
        let mut times = times.into_iter().flatten();
        let when = times.next();
        if times.next().is_some() {
            let times = "at, after_agent, after_self and interrupts_after";
            return Err(format!("{:?} is spoken once: give one of {times}", w.user));
        }
        Ok(Self { user: w.user, when, takes: w.takes, unfinished: w.unfinished })
    }
}

/// A time that can be waited for.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "f64")]
struct Seconds(std::time::Duration);

impl TryFrom<f64> for Seconds {
    type Error = String;

    fn try_from(seconds: f64) -> Result<Self, String> {
        let wrong = || format!("{seconds} is no time: expected 0 seconds or more");
        duration(seconds).map(Self).ok_or_else(wrong)
    }
}

impl File {
    fn scenario(self) -> Scenario {
        let mut scenario = Scenario::new(self.name).greeting(self.agent.greeting);
        if !self.agent.instructions.is_empty() {
            scenario.config.instructions = self.agent.instructions;
        }
        scenario = scenario.replies(self.agent.replies);
        scenario = scenario.faults(Faults::of(self.faults), self.seed);
        scenario.agent_file = self.agent.file;
        for spoken in self.caller {
            scenario = scenario.user(spoken.user);
            scenario.opens &= spoken.when.is_none() || scenario.caller.lines.len() > 1;
            if let Some(line) = scenario.caller.lines.last_mut() {
                line.when = spoken.when.unwrap_or(line.when);
                line.takes = spoken.takes.map_or(line.takes, |s| s.0);
                line.finished = !spoken.unfinished;
            }
        }
        scenario.caller.leaves = self.leaves_after.map(|s| s.0);
        scenario.expects = self.expect;
        scenario
    }
}
