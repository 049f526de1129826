//! Piper voices on rten, streamed window by window.
