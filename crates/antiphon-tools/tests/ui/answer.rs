//! An answer that is no text.
use antiphon_tools::tool;

struct Weather;

/// Finds the weather.
#[tool]
async fn weather() -> Weather {
    Weather
}

fn main() {}
