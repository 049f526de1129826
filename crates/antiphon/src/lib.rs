//! Antiphon: a real-time voice-agent runtime, assembled.
