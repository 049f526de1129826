//! Options that are not there, or of impossible values.
use antiphon_tools::tool;

/// Says hi.
#[tool(timout = "5s")]
async fn hi() {}

/// Says ho.
#[tool(effect = "writes")]
async fn ho() {}

/// Says ha.
#[tool(timeout = "5")]
async fn ha() {}

/// Says hu.
#[tool(rate_limit = "often")]
async fn hu() {}

fn main() {}
