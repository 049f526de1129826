//! What the simulated caller says in the demo, and when.

use std::time::Duration;

use antiphon::sim::When;

use crate::caller::Line;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn line(when: When, parts: &[&str]) -> Line {
    Line { when, parts: parts.iter().map(ToString::to_string).collect(), pause: ms(350) }
}

/// The agent's first words.
pub(crate) const GREETING: &str = "Hello, this is Robin. It is nice to hear from you. How are you?";

/// The agent's instructions: written so that a very small model holds a pleasant short talk.
pub(crate) const INSTRUCTIONS: &str = "You are Robin, a warm and cheerful companion on the telephone. You chat about everyday life. \
     Answer in one or two short, friendly sentences in plain words. Never use lists.";

/// Seven turns: small talk, a pause in mid-sentence, a story, a barge-in, a backchannel, a goodbye.
pub(crate) fn lines() -> Vec<Line> {
    vec![
        line(When::AfterAgent(ms(600)), &["Hi Robin. I am very well, thank you."]),
        line(
            When::AfterAgent(ms(700)),
            &["I was thinking about going for a walk.", "What do you think?"],
        ),
        line(When::AfterAgent(ms(700)), &["Can you tell me a little story about a cat?"]),
        line(When::IntoSpeech(ms(2600)), &["Wait, please stop. Tell me about the sea instead."]),
        line(When::IntoSpeech(ms(1800)), &["Okay."]),
        line(When::AfterAgent(ms(800)), &["That sounds lovely.", "Do you like music?"]),
        line(When::AfterAgent(ms(700)), &["Thank you for the talk. Goodbye!"]),
    ]
}
