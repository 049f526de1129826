//! What the simulated caller says in the demo, and when.

use std::time::Duration;

/// When a line is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cue {
    /// So long after the agent has come to the end of a speech.
    AfterAgent(Duration),
    /// So long after the agent's speech has become audible: over it.
    OverAgent(Duration),
}

/// One line of the script.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) cue: Cue,
    /// What is synthesised; parts are separated by pauses.
    pub(crate) parts: &'static [&'static str],
    /// The pause between parts.
    pub(crate) pause: Duration,
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

const fn line(cue: Cue, parts: &'static [&'static str]) -> Line {
    Line { cue, parts, pause: ms(350) }
}

/// The agent's first words.
pub(crate) const GREETING: &str = "Hello, this is Robin. It is nice to hear from you. How are you?";

/// The agent's instructions: written so that a very small model holds a pleasant short talk.
pub(crate) const INSTRUCTIONS: &str = "You are Robin, a warm and cheerful companion on the telephone. You chat about everyday life. \
     Answer in one or two short, friendly sentences in plain words. Never use lists.";

/// Seven turns: small talk, a pause in mid-sentence, a story, a barge-in, a backchannel, a goodbye.
pub(crate) fn lines() -> Vec<Line> {
    vec![
        line(Cue::AfterAgent(ms(600)), &["Hi Robin. I am very well, thank you."]),
        line(
            Cue::AfterAgent(ms(700)),
            &["I was thinking about going for a walk.", "What do you think?"],
        ),
        line(Cue::AfterAgent(ms(700)), &["Can you tell me a little story about a cat?"]),
        line(Cue::OverAgent(ms(2600)), &["Wait, please stop. Tell me about the sea instead."]),
        line(Cue::OverAgent(ms(1800)), &["Okay."]),
        line(Cue::AfterAgent(ms(800)), &["That sounds lovely.", "Do you like music?"]),
        line(Cue::AfterAgent(ms(700)), &["Thank you for the talk. Goodbye!"]),
    ]
}
