//! Requests to web services: the one HTTP client of the workspace, and tools that are declared as
//! data ([`HttpTool`]).
//!
//! It deliberately knows no service and no agent file. Secrets come in as values of headers and
//! go out nowhere else: not into errors, not into results, not into `Debug`.

mod body;
mod client;
mod reply;
mod template;
mod tool;

pub use client::{cause, client};
pub use reqwest::{Client, Method};
pub use tool::{HttpTool, Secrets};

#[cfg(test)]
mod tests;
