//! The smart-turn end-of-turn detector on rten.
