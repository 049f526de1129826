//! How often what goes wrong: the weather of a virtual world.

use std::{fmt, str::FromStr, time::Duration};

use serde::Deserialize;

use crate::Rng;

/// Chances of each fault in a thousand, drawn where the fault could happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    /// An operation fails at once.
    pub fails: u32,
    /// An operation fails in the middle.
    pub breaks_off: u32,
    /// An operation falls silent and never ends.
    pub hangs: u32,
    /// An operation ends without a result.
    pub empty: u32,
    /// An operation reports what only another kind can.
    pub garbage: u32,
    /// An operation reports after its end.
    pub after_end: u32,
    /// A report comes twice.
    pub doubled: u32,
    /// A report, and all after it, comes up to three seconds late.
    pub late: u32,
    /// A voice gives no word timings.
    pub untimed: u32,
    /// A backchannel detector takes one for the other, or answers no probability.
    pub misjudged: u32,
    /// A transcription comes in pieces, each with a segment number of its own.
    pub split: u32,
    /// A word of the user is lost on the way.
    pub lost_words: u32,
    /// A report of playout is lost.
    pub lost_reports: u32,
    /// The clock jumps ahead by up to five seconds, as on a machine that stood still.
    pub jumps: u32,
    /// An event is handled with a time before the last one.
    pub backwards: u32,
    /// Every delay varies by up to this much.
    pub jitter: Duration,
}

/// A named set of faults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Nothing goes wrong.
    #[default]
    None,
    /// What a good network does on a bad day.
    Mild,
    /// Everything, often.
    Harsh,
}

impl Faults {
    /// A world in which nothing goes wrong.
    pub const NONE: Self = Self {
        fails: 0,
        breaks_off: 0,
        hangs: 0,
        empty: 0,
        garbage: 0,
        after_end: 0,
        doubled: 0,
        late: 0,
        untimed: 0,
        misjudged: 0,
        split: 0,
        lost_words: 0,
        lost_reports: 0,
        jumps: 0,
        backwards: 0,
        jitter: Duration::ZERO,
    };

    /// The faults of a profile.
    #[must_use]
    pub const fn of(profile: Profile) -> Self {
        match profile {
            Profile::None => Self::NONE,
            Profile::Mild => Self {
                fails: 5,
                breaks_off: 5,
                hangs: 2,
                empty: 2,
                garbage: 0,
                after_end: 0,
                doubled: 2,
                late: 5,
                untimed: 100,
                misjudged: 50,
                split: 300,
                lost_words: 2,
                lost_reports: 0,
                jumps: 1,
                backwards: 1,
                jitter: Duration::from_millis(60),
            },
            Profile::Harsh => Self {
                fails: 40,
                breaks_off: 40,
                hangs: 30,
                empty: 30,
                garbage: 50,
                after_end: 100,
                doubled: 50,
                late: 20,
                untimed: 300,
                misjudged: 200,
                split: 500,
                lost_words: 20,
                lost_reports: 20,
                jumps: 3,
                backwards: 50,
                jitter: Duration::from_millis(120),
            },
        }
    }

    /// Whether a fault with this chance in a thousand happens now.
    pub(crate) fn strikes(rng: &mut Rng, chance: u32) -> bool {
        chance > 0 && rng.below(1000) < u64::from(chance)
    }

    /// Each fault alone taken away, for finding those that matter.
    pub(crate) fn without_one(&self) -> Vec<Self> {
        let clear: [fn(&mut Self); 16] = [
            |f| f.fails = 0,
            |f| f.breaks_off = 0,
            |f| f.hangs = 0,
            |f| f.empty = 0,
            |f| f.garbage = 0,
            |f| f.after_end = 0,
            |f| f.doubled = 0,
            |f| f.late = 0,
            |f| f.untimed = 0,
            |f| f.misjudged = 0,
            |f| f.split = 0,
            |f| f.lost_words = 0,
            |f| f.lost_reports = 0,
            |f| f.jumps = 0,
            |f| f.backwards = 0,
            |f| f.jitter = Duration::ZERO,
        ];
        let less = clear.iter().map(|clear| {
            let mut faults = self.clone();
            clear(&mut faults);
            faults
        });
        less.filter(|f| f != self).collect()
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "none" => Ok(Self::None),
            "mild" => Ok(Self::Mild),
            "harsh" => Ok(Self::Harsh),
            _ => Err(format!("{s:?} is no fault profile; there are none, mild and harsh")),
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Mild => "mild",
            Self::Harsh => "harsh",
        })
    }
}
