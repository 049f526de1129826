//! Vocabulary shared by every crate of the runtime: ids, time, audio format, errors, privacy.
//!
//! It deliberately knows no runtime, no provider and no I/O: nothing here reads a clock.

mod audio;
mod clock;
mod error;
mod ids;
mod pii;
mod stream;
mod tools;

pub use audio::{AudioFormat, FRAME_MS, SPEECH_RATE_HZ};
pub use clock::{Clock, Timestamp};
pub use error::{Code, Error, Result};
pub use ids::{Generation, OpId, RequestId, SegmentId, SpeechId, TurnId};
pub use pii::Pii;
pub use stream::{BoxFuture, BoxStream};
pub use tools::{
    EffectClass, ToolCall, ToolDefinition, ToolDefinitions, ToolEvent, ToolFailure, ToolResult,
};

#[cfg(test)]
mod tests;
