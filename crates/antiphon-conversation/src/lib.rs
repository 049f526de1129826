//! The decision plane: who has the turn, what is being said, when to stop, what history says.
//!
//! [`Conversation`] is a pure state machine. It reads no clock, does no I/O, awaits nothing,
//! draws no randomness and never sees an audio sample: facts come in as [`Event`]s with the
//! time at which they are handled, wishes go out as [`Action`]s. Replaying the events replays
//! the actions, byte for byte.
//!
//! ```
//! use antiphon_conversation::{Action, Command, Config, Conversation, Event};
//! use antiphon_core::Timestamp;
//!
//! let config = Config { greeting: "Hello!".into(), ..Config::default() };
//! let mut conversation = Conversation::new(config).unwrap();
//! let mut actions = Vec::new();
//! conversation.handle(Timestamp::ZERO, Event::App(Command::Start), &mut actions);
//! assert!(actions.iter().any(|a| matches!(a, Action::Start { .. })));
//! ```

mod action;
mod attention;
mod config;
mod conversation;
mod deadline;
mod describe;
mod event;
mod ledger;
mod messages;
mod ops;
mod overlap;
mod plans;
mod playout;
mod redact;
mod replay;
mod speech;
mod tools;
mod turn;
mod waterfall;

pub use action::{
    Action, Actions, AgentState, Discard, Effect, Notice, OpInput, PlayoutCommand, UserState,
    UserWords,
};
pub use config::Config;
pub use conversation::Conversation;
pub use deadline::Deadline;
pub use event::{
    AgentUpdate, Command, Event, OpEvent, PlayoutEvent, Priority, Say, SynthesisEvent, UserEvent,
};
pub use replay::{
    Comparison, Decisions, Difference, Recording, Replay, Until, Verdict, digest_actions,
};
pub use waterfall::Waterfall;

#[cfg(test)]
mod tests;
