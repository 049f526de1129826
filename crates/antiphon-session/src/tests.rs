//! Tests of the runtime. Those of whole sessions stand in `antiphon-it`.

mod clock;
mod journal;
mod user_audio;
