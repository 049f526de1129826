//! The decision plane: a pure state machine for one conversation.
