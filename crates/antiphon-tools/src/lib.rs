//! Tools: functions that the model may call while it talks.
//!
//! It deliberately knows no provider, no conversation and no runtime. It holds the [`Tool`] port,
//! the specification a model is told ([`ToolSpec`]), the set of what it may call ([`ToolSet`]),
//! the check of its arguments ([`Validator`]), and the contained run of a call ([`Runner`]).

mod call;
mod coerce;
mod context;
mod function;
mod guard;
mod port;
mod runner;
mod set;
mod spec;
mod validate;

pub use call::{Failure, ToolCall, ToolEvent, ToolResult};
pub use context::RunContext;
pub use function::{FunctionTool, read};
pub use port::{IntoAnswer, Json, Tool, ToolAnswer, ToolError};
pub use runner::{Executor, Limits, Request, Runner};
pub use set::{FrozenTools, ToolSet, Tools};
pub use spec::{DEFAULT_TIMEOUT, EffectClass, RateLimit, ToolSpec, schema_of};
pub use validate::Validator;

#[cfg(test)]
mod tests;
