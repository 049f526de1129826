//! The runtime of one conversation: driver, media plane, session handle.
