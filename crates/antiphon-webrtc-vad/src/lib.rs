//! The WebRTC voice-activity detector.
