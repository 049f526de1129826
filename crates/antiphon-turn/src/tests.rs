//! Tests of the policies.

mod endpointing;
mod interruption;
mod pauses;

use std::time::Duration;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}
