//! Checks of settings, with errors that say what is wrong and how to mend it.
//!
//! It deliberately knows no policy: names and bounds come from the caller.

use std::time::Duration;

use antiphon_core::{Code, Error, Result};

pub(crate) fn probability(name: &'static str, value: f32) -> Result<()> {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    bad(format!("{name} is {value}"), "give a probability from 0 to 1")
}

pub(crate) fn ordered(
    (low, low_value): (&'static str, Duration),
    (high, high_value): (&'static str, Duration),
) -> Result<()> {
    if low_value <= high_value {
        return Ok(());
    }
    let detail = format!("{low} ({low_value:?}) exceeds {high} ({high_value:?})");
    bad(detail, "lower the first or raise the second")
}

pub(crate) fn at_most(name: &'static str, value: Duration, most: Duration) -> Result<()> {
    if value <= most {
        return Ok(());
    }
    bad(format!("{name} is {value:?}"), format!("give at most {most:?}"))
}

pub(crate) fn not_zero(name: &'static str, value: Duration) -> Result<()> {
    if value.is_zero() { bad(format!("{name} is 0"), "give at least 1 ms") } else { Ok(()) }
}

pub(crate) fn bad(detail: String, help: impl Into<std::borrow::Cow<'static, str>>) -> Result<()> {
    Err(Error::new("config", Code::InvalidInput, detail).with_help(help))
}
