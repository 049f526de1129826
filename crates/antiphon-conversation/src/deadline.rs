//! The machine's one timer.

use antiphon_core::Timestamp;

/// When the machine wants a [`Tick`](crate::Event::Tick), and what it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    /// When.
    pub at: Timestamp,
    /// What for; goes to the log.
    pub why: &'static str,
}
