//! Tests of conversations in text: with an agent that follows a script, on a clock that tokio
//! moves on.

mod chats;
mod messages;
mod support;
mod turns;
