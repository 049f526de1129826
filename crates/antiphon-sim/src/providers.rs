//! What the fake providers answer, and how long they take.

use std::{fmt, sync::Arc, time::Duration};

use antiphon_conversation::UserWords;
use antiphon_core::{Timestamp, ToolCall, ToolEvent, ToolResult, TurnId};
use antiphon_llm::{LlmRequest, Message, Role};

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
    /// In the endpointing mode `provider`: from the end of a line to the engine's end of turn; two
    /// seconds more if the line trails off.
    pub end_of_turn: Duration,
    /// The turn detector's answer.
    pub turn: Duration,
    /// The backchannel detector's answer, which is right unless a fault strikes.
    pub backchannel: Duration,
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
    /// What becomes of its calls.
    pub tools: Tools,
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
    ///
    /// With tools on offer a scripted reply is chosen by its place in the conversation: one that
    /// was begun before its turn and dropped comes again, and with it its call.
    pub(crate) fn answer(&self, n: usize, request: &LlmRequest) -> String {
        match self {
            Self::Scripted(replies) => {
                let n = if request.tools.is_empty() { n } else { place(request) };
                replies.get(n % replies.len().max(1)).cloned().unwrap_or_default()
            }
            Self::Computed(answer) => answer(request),
        }
    }
}

/// How many messages of the user and rounds of calls came before.
fn place(request: &LlmRequest) -> usize {
    let asks = |m: &&Message| m.role == Role::User || !m.tool_calls.is_empty();
    request.messages.iter().filter(asks).count().saturating_sub(1)
}

impl fmt::Debug for Replies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scripted(replies) => f.debug_tuple("Scripted").field(replies).finish(),
            Self::Computed(_) => f.write_str("Computed(..)"),
        }
    }
}

/// A call that is to be run.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// The call.
    pub call: &'a ToolCall,
    /// The turn whose reply makes it.
    pub turn: TurnId,
    /// What was said, if calls are to be checked against it.
    pub said: Option<&'a UserWords>,
}

type Running = dyn Fn(Wish<'_>) -> ToolEvent + Send + Sync;

/// What becomes of a call. By default every tool says "done".
#[derive(Clone, Default)]
pub struct Tools(Option<Arc<Running>>);

impl Tools {
    /// Calls come to what `run` says: their last event.
    pub fn new(run: impl Fn(Wish<'_>) -> ToolEvent + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(run)))
    }

    pub(crate) fn run(&self, at: Timestamp, wish: Wish<'_>) -> ToolEvent {
        let done = || ToolResult { text: "done".to_owned(), is_error: false, truncated: false };
        let run = |run: &Arc<Running>| run(wish);
        self.0.as_ref().map_or_else(|| ToolEvent::Completed { at, result: done() }, run)
    }
}

impl fmt::Debug for Tools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tools").field(&self.0.is_some()).finish()
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
            end_of_turn: ms(400),
            turn: ms(90),
            backchannel: ms(60),
            ttft: ms(130),
            token: ms(30),
            ttfb: ms(100),
            speed: 6,
            replies: Replies::from_iter([
                "Certainly, I can do that. Shall we say seven o'clock?",
                "We open at nine in the morning, and we close at six. On Sundays we rest.",
                "Of course.",
            ]),
            tools: Tools::default(),
            faults: Faults::NONE,
        }
    }
}
