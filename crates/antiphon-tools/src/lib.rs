//! Tools: functions that the model may call while it talks.
//!
//! It deliberately knows no provider, no conversation and no runtime. It holds the [`Tool`] port,
//! the specification a model is told ([`ToolSpec`]), the set of what it may call ([`ToolSet`]),
//! the check of its arguments ([`Validator`]), and the contained run of a call ([`Runner`]). For
//! small models it reads calls out of text ([`CallReader`]) and refuses what they made up
//! ([`Heard`]).
//!
//! A tool in ten lines:
//!
//! ```
//! use antiphon_tools::{ToolError, ToolSet, tool};
//!
//! /// Says when the practice is open.
//! #[tool(effect = "read", timeout = "2s")]
//! async fn opening_hours(
//!     /// Day of the week, such as "Monday".
//!     day: String,
//! ) -> Result<String, ToolError> {
//!     match day.as_str() {
//!         "Saturday" | "Sunday" => Err(ToolError::new("Closed at the weekend.")),
//!         _ => Ok("Nine to five.".to_owned()),
//!     }
//! }
//!
//! # fn main() -> antiphon_core::Result<()> {
//! let tools = ToolSet::new().with(OpeningHoursTool)?;
//! # assert_eq!(tools.freeze().names().collect::<Vec<_>>(), ["opening_hours"]);
//! # Ok(())
//! # }
//! ```

mod coerce;
mod context;
mod function;
mod grounding;
mod guard;
mod port;
mod reader;
mod runner;
mod set;
mod spec;
mod validate;

pub use antiphon_core::{
    EffectClass, ToolCall, ToolDefinition, ToolDefinitions, ToolEvent, ToolFailure as Failure,
    ToolResult,
};
pub use antiphon_macros::{tool, tools};
pub use context::RunContext;
pub use function::{FunctionTool, read};
pub use grounding::{Heard, INFERRED, Unsaid, is_small_talk, unsaid};
pub use port::{IntoAnswer, Json, Tool, ToolAnswer, ToolError};
pub use reader::{CallReader, Piece};
pub use runner::{Executor, Limits, Request, Runner, ToolExecutionStream};
pub use set::{FrozenTools, ToolSet, Tools};
pub use spec::{DEFAULT_TIMEOUT, RateLimit, ToolSpec, schema_of};
pub use validate::Validator;

/// What code written by the attributes needs. No part of the API.
#[doc(hidden)]
pub mod __private {
    pub use antiphon_core::BoxFuture;
    pub use antiphon_macros::{facade_tool, facade_tools};
    pub use serde_json::Value;
    pub use {schemars, serde};

    /// Compiles if a tool may answer with `T`.
    pub const fn answers<T: crate::IntoAnswer>() {}
}

#[cfg(test)]
mod tests;
