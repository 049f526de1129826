//! A tool the model is told nothing about.
use antiphon_tools::tool;

#[tool]
async fn hi() -> String {
    "hi".to_owned()
}

fn main() {}
