//! Silero voice-activity detection on rten.
