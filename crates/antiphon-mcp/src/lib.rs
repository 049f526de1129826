//! Tools of MCP servers (Model Context Protocol): a server that is started as a process and spoken
//! to through its standard streams, or reached by streamable HTTP.
//!
//! It deliberately knows no session, no model and no agent file. [`McpServer`] says how a server is
//! reached and which of its tools may be called; [`McpServer::connect`] puts them into a
//! [`ToolSet`](antiphon_tools::ToolSet), where the handle [`McpTools`] keeps them up to date.
//!
//! A server is a stranger. One that dies, hangs, floods, or speaks something else costs its own
//! tools and nothing more: what it may send and make us keep is bounded, and the process is killed
//! and reaped when the handle is dropped.

mod answer;
mod call;
mod child;
mod fate;
mod gate;
mod lines;
mod link;
mod listing;
mod server;
mod tools;
mod web;

pub use listing::Skipped;
pub use server::McpServer;
pub use tools::McpTools;

#[cfg(test)]
mod tests;
