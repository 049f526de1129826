//! The virtual world: caller, providers, playout and clock for the conversation machine.
