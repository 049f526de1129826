//! The conversation as both sides experienced it: what was said, and of the agent's words only
//! what was heard.

use std::collections::VecDeque;

use antiphon_core::{ToolCall, ToolResult, TurnId};
use serde::{Deserialize, Serialize};

/// One contribution to the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The turn it belongs to.
    pub turn: TurnId,
    /// Who said what.
    pub said: Said,
}

/// What was said, by whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// The user, as transcribed.
    User {
        /// The transcript.
        text: String,
    },
    /// The agent.
    Agent {
        /// What was heard.
        heard: String,
        /// What was composed but never heard, because the user interrupted.
        unheard: String,
        /// Whether the user interrupted.
        interrupted: bool,
        /// Whether the boundary between heard and unheard is an estimate.
        estimated: bool,
    },
    /// A tool the agent called, with its result: one never stands without the other.
    Tool {
        /// The call.
        call: ToolCall,
        /// What the model was told.
        result: ToolResult,
    },
}

/// The items of a conversation in audible order, bounded: the oldest give way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    items: VecDeque<Item>,
    max_items: usize,
    forgotten: u64,
}

impl History {
    /// An empty history that keeps at most `max_items` (at least 2).
    #[must_use]
    pub fn new(max_items: usize) -> Self {
        Self { items: VecDeque::new(), max_items: max_items.max(2), forgotten: 0 }
    }

    /// Adds an item after all of its own and earlier turns: what the agent was saying when the
    /// next turn began comes before that turn, even if it became known later.
    pub fn push(&mut self, item: Item) {
        let at = self.items.iter().rposition(|i| i.turn <= item.turn).map_or(0, |i| i + 1);
        self.items.insert(at, item);
        if self.items.len() > self.max_items {
            self.items.pop_front();
            self.forgotten += 1;
        }
    }

    /// Replaces the user's text of `turn` after a late transcript. Returns whether it was there.
    pub fn amend_user(&mut self, turn: TurnId, new: &str) -> bool {
        for item in self.items.iter_mut().rev().filter(|i| i.turn == turn) {
            if let Said::User { text } = &mut item.said {
                new.clone_into(text);
                return true;
            }
        }
        false
    }

    /// The items, oldest first.
    pub fn items(&self) -> impl DoubleEndedIterator<Item = &Item> + ExactSizeIterator {
        self.items.iter()
    }

    /// Number of items kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many items had to give way.
    #[must_use]
    pub const fn forgotten(&self) -> u64 {
        self.forgotten
    }
}
