//! The port: what a tool is, what it is given, and what it may answer.

use std::{fmt, sync::Arc};

use antiphon_core::BoxFuture;
use serde::Serialize;
use serde_json::Value;

use crate::{RunContext, ToolSpec};

/// Something a model may call.
///
/// Dropping the future cancels the call at its next await; what must not be torn belongs into
/// a task of its own. A tool that blocks the thread belongs into [`FunctionTool::blocking`].
///
/// [`FunctionTool::blocking`]: crate::FunctionTool::blocking
pub trait Tool: Send + Sync + 'static {
    /// What the model and the runtime are told about it. Read once, at registration.
    fn spec(&self) -> ToolSpec;

    /// Runs it. `arguments` is an object that fits [`ToolSpec::parameters`].
    fn call(&self, context: RunContext, arguments: Value) -> BoxFuture<'static, ToolAnswer>;
}

impl<T: Tool + ?Sized> Tool for Arc<T> {
    fn spec(&self) -> ToolSpec {
        (**self).spec()
    }

    fn call(&self, context: RunContext, arguments: Value) -> BoxFuture<'static, ToolAnswer> {
        (**self).call(context, arguments)
    }
}

/// What a call comes to: text for the model, or a failure in words for the model.
pub type ToolAnswer = Result<String, ToolError>;

/// A tool's failure, in words that the model reads and may repeat to the user.
///
/// Any error converts into it with its message, so `?` works on everything. What the user must
/// not hear has to be rephrased with [`ToolError::new`].
pub struct ToolError {
    message: String,
}

impl ToolError {
    /// A failure in words for the model: what is wrong and what to do instead.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }

    /// The words.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn into_message(self) -> String {
        self.message
    }
}

impl fmt::Debug for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ToolError({:?})", self.message)
    }
}

// `ToolError` is deliberately no `std::error::Error`: only so can every error convert into it.
impl<E: std::error::Error> From<E> for ToolError {
    fn from(error: E) -> Self {
        Self::new(error.to_string())
    }
}

/// What the body of a tool may return.
#[diagnostic::on_unimplemented(
    message = "a tool cannot answer with `{Self}`",
    note = "return text, a number, `()`, `serde_json::Value`, `Json(..)` of anything serialisable, \
            or `Result<.., ToolError>` of these"
)]
pub trait IntoAnswer {
    /// The text for the model, or the failure.
    ///
    /// # Errors
    /// The tool's own failure.
    fn into_answer(self) -> ToolAnswer;
}

/// Anything serialisable, as an answer in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoAnswer for Json<T> {
    fn into_answer(self) -> ToolAnswer {
        Ok(serde_json::to_string(&self.0)?)
    }
}

impl<T: IntoAnswer, E: Into<ToolError>> IntoAnswer for Result<T, E> {
    fn into_answer(self) -> ToolAnswer {
        self.map_err(Into::into)?.into_answer()
    }
}

impl IntoAnswer for () {
    fn into_answer(self) -> ToolAnswer {
        Ok("done".to_owned())
    }
}

macro_rules! as_text {
    ($($t:ty)*) => {$(
        impl IntoAnswer for $t {
            fn into_answer(self) -> ToolAnswer {
                Ok(self.to_string())
            }
        }
    )*};
}

as_text!(&str String bool char i8 i16 i32 i64 isize u8 u16 u32 u64 usize f32 f64 Value);
