//! Arguments that cannot come from JSON.
use antiphon_tools::tool;

/// Greets.
#[tool]
async fn greet(_name: &str, (_, _): (u8, u8), _times: impl Into<u8>) {}

fn main() {}
