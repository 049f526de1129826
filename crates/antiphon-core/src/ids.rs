//! Identifiers. Every id is unique within its session and never reused.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    };
}

id!(
    /// One effect: a transcription, a generation, a synthesis. Dead once ended or cancelled.
    OpId, "op"
);
id!(
    /// One user/agent exchange.
    TurnId, "turn"
);
id!(
    /// One piece of agent output, from its first segment to the end of its playout.
    SpeechId, "speech"
);
id!(
    /// A clause or sentence handed to text to speech.
    SegmentId, "seg"
);
id!(
    /// A speech that the application asked for, whether or not it has begun.
    RequestId, "req"
);
id!(
    /// The playout generation of a speech, whose number it has. Playout drops generations older than
    /// a flush.
    Generation, "gen"
);
