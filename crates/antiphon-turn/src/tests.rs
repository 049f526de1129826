//! Tests of the policies.

mod conformance;
mod echo;
mod endpointing;
mod floor;
mod interruption;
mod level;
mod pauses;
mod words;

use std::time::Duration;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}
