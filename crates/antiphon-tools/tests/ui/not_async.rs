//! A function that is not async.
use antiphon_tools::tool;

/// Says hi.
#[tool]
fn hi() -> String {
    "hi".to_owned()
}

fn main() {}
