//! Language models: the [`Llm`] port.
//!
//! It deliberately knows no provider, no history policy and no speech.

mod port;

pub use port::{FinishReason, Llm, LlmCapabilities, LlmEvent, LlmRequest, Message, Role, Usage};
