//! Conversation history and the journal format.
