//! What the fake providers answer, and how long they take.

use std::{fmt, sync::Arc, time::Duration};

use antiphon_llm::LlmRequest;

use crate::Faults;

/// How the fake providers behave.
#[derive(Clone, Debug)]
pub struct Providers {
    /// Voice activity: how long silence must last; speech is noticed in a third of that.
    pub vad: Duration,
    /// From a flush to the final transcript.
    pub stt: Duration,
    /// From a word to an interim transcript that holds it; `None` if the engine sends none.
    pub interim: Option<Duration>,
    /// The turn detector's answer.
    pub turn: Duration,
    /// The language model's first token.
    pub ttft: Duration,
    /// Each further token.
    pub token: Duration,
    /// The voice's first audio.
    pub ttfb: Duration,
    /// Synthesis is so many times faster than real time.
    pub speed: u32,
    /// What the agent answers.
    pub replies: Replies,
    /// What goes wrong.
    pub faults: Faults,
}

/// Where the agent's answers come from.
#[derive(Clone)]
pub enum Replies {
    /// These, in order, and from the beginning again.
    Scripted(Vec<String>),
    /// A function of what the language model would be asked.
    Computed(Arc<dyn Fn(&LlmRequest) -> String + Send + Sync>),
}

impl Replies {
    /// The answer to the `n`th request, counted from 0.
    pub(crate) fn answer(&self, n: usize, request: &LlmRequest) -> String {
        match self {
            Self::Scripted(replies) => {
                replies.get(n % replies.len().max(1)).cloned().unwrap_or_default()
            }
            Self::Computed(answer) => answer(request),
        }
    }
}

impl fmt::Debug for Replies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scripted(replies) => f.debug_tuple("Scripted").field(replies).finish(),
            Self::Computed(_) => f.write_str("Computed(..)"),
        }
    }
}

impl<S: Into<String>> FromIterator<S> for Replies {
    fn from_iter<I: IntoIterator<Item = S>>(replies: I) -> Self {
        Self::Scripted(replies.into_iter().map(Into::into).collect())
    }
}

impl Default for Providers {
    fn default() -> Self {
        let ms = Duration::from_millis;
        Self {
            vad: ms(200),
            stt: ms(50),
            interim: Some(ms(150)),
            turn: ms(90),
            ttft: ms(130),
            token: ms(30),
            ttfb: ms(100),
            speed: 6,
            replies: Replies::from_iter([
                "Certainly, I can do that. Shall we say seven o'clock?",
                "We open at nine in the morning, and we close at six. On Sundays we rest.",
                "Of course.",
            ]),
            faults: Faults::NONE,
        }
    }
}
