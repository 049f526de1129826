//! Language models: the [`Llm`] port, and what every implementation of it must do.
//!
//! It deliberately knows no provider, no history policy and no speech.

pub mod conformance;
mod port;

pub use port::{
    FinishReason, Llm, LlmCapabilities, LlmEvent, LlmRequest, Message, Role, ToolChoice, Usage,
};

#[cfg(test)]
mod tests;
