//! The attributes that make a tool of an async function: `#[tool]` and `#[tools]`.
//!
//! It deliberately decides nothing at run time: what it writes is what a person would write with
//! `antiphon_tools::FunctionTool`. Its errors say what is wrong, where, and how to mend it.

mod arguments;
mod expand;
mod options;

use proc_macro::TokenStream;
use quote::quote;

#[cfg(test)]
mod tests;

/// Makes a tool of an async function.
///
/// The function stays as it is and can be called as before. Beside it stands a type named after
/// it, `WeatherTool` for `weather`, which implements `Tool`.
///
/// The doc comment is what the model is told. So are those of the parameters, written as `///`
/// or as `#[arg("..")]`; `#[serde(..)]` and `#[schemars(..)]` on a parameter apply to it as to a
/// field. A parameter of type `Option` may be left out. One of type `RunContext` (or a reference
/// to it) is the call's context and not told to the model.
///
/// | option | meaning | else |
/// |---|---|---|
/// | `name = ".."` | the tool's name | that of the function |
/// | `effect = "read"`, `"write"`, `"irreversible"` | what a call changes | `"write"` |
/// | `timeout = "5s"` | how long a call may take (`ms`, `s`, `min`) | 10 s |
/// | `rate_limit = "10/min"` | how often it may be called (`/s`, `/min`, `/h`) | as often as you like |
/// | `confirm` | the user confirms each call | only if irreversible |
/// | `blocking` | the function is not async, and runs on a thread of its own | |
#[proc_macro_attribute]
pub fn tool(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::function(quote!(::antiphon_tools), options.into(), item.into()).into()
}

/// Makes tools of the methods marked with `#[tool]`, which take `&self`.
///
/// The type then implements `Tools`: hand a value of it to `ToolSet::with`.
#[proc_macro_attribute]
pub fn tools(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::methods(quote!(::antiphon_tools), options.into(), item.into()).into()
}

/// `tool` for users of the facade, which re-exports it under that name.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn facade_tool(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::function(quote!(::antiphon::tools), options.into(), item.into()).into()
}

/// `tools` for users of the facade, which re-exports it under that name.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn facade_tools(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::methods(quote!(::antiphon::tools), options.into(), item.into()).into()
}
