//! What a user may type: checked before anybody reads it.

use std::fmt;

use antiphon_core::{Code, Error, Result};

/// Longest message, in characters.
pub const MAX_CHARACTERS: usize = 10_000;

/// Checks messages of users. Knows no conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageValidator {
    /// Longest message in characters.
    pub max_characters: usize,
}

impl Default for MessageValidator {
    /// At most [`MAX_CHARACTERS`].
    fn default() -> Self {
        Self { max_characters: MAX_CHARACTERS }
    }
}

/// Why a message cannot be taken. Positions count characters from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// Nothing but white space.
    Empty,
    /// More characters than allowed.
    TooLong {
        /// Characters of the message.
        characters: usize,
        /// Characters that are allowed.
        most: usize,
    },
    /// A control character other than tab and line breaks.
    Control {
        /// Which.
        character: char,
        /// Where.
        position: usize,
    },
    /// Bytes that are no UTF-8.
    NotUtf8 {
        /// Valid bytes before them.
        offset: usize,
    },
}

impl MessageValidator {
    /// The message as it is, if it can be taken.
    ///
    /// # Errors
    /// The first of: empty, too long, control characters.
    pub fn validate<'a>(&self, message: &'a str) -> Result<&'a str, Invalid> {
        if message.trim().is_empty() {
            return Err(Invalid::Empty);
        }
        let (characters, most) = (message.chars().count(), self.max_characters);
        if characters > most {
            return Err(Invalid::TooLong { characters, most });
        }
        let bad = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        match message.chars().enumerate().find(|(_, c)| bad(*c)) {
            Some((i, character)) => Err(Invalid::Control { character, position: i + 1 }),
            None => Ok(message),
        }
    }

    /// As [`validate`](Self::validate), for bytes of unknown origin.
    ///
    /// # Errors
    /// As [`validate`](Self::validate), and bytes that are no UTF-8.
    pub fn validate_bytes<'a>(&self, message: &'a [u8]) -> Result<&'a str, Invalid> {
        let text = std::str::from_utf8(message);
        let text = text.map_err(|e| Invalid::NotUtf8 { offset: e.valid_up_to() })?;
        self.validate(text)
    }
}

impl Invalid {
    /// What whoever typed it can do.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Empty => "type something",
            Self::TooLong { .. } => "say it shorter, or in several messages",
            Self::Control { .. } => "remove it; line breaks and tabs are allowed",
            Self::NotUtf8 { .. } => "send text in UTF-8",
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the message is empty"),
            Self::TooLong { characters, most } => {
                write!(f, "the message has {characters} characters; at most {most} are allowed")
            }
            Self::Control { character, position } => {
                let code = u32::from(*character);
                write!(f, "the message has the control character U+{code:04X} at {position}")
            }
            Self::NotUtf8 { offset } => {
                write!(f, "the message is not UTF-8 after its first {offset} bytes")
            }
        }
    }
}

impl std::error::Error for Invalid {}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        let (what, help) = (invalid.to_string(), invalid.help());
        Self::new("message.validate", Code::InvalidInput, what).with_help(help).with_source(invalid)
    }
}
