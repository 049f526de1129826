//! The caches of earlier generations, so that a conversation's next turn reads only what is new.
//!
//! It deliberately knows no conversations: whatever begins with the same tokens shares them, be
//! it the next turn, the same turn with an interrupted reply cut back, or another caller with the
//! same instructions.

use std::collections::VecDeque;

use crate::cache::Cache;

/// Recently used caches, the latest last.
#[derive(Debug)]
pub(crate) struct Prefixes {
    caches: VecDeque<Cache>,
    most: usize,
}

impl Prefixes {
    /// Keeps up to `most` caches.
    pub(crate) const fn new(most: usize) -> Self {
        Self { caches: VecDeque::new(), most }
    }

    /// The longest beginning of `tokens` that is known. The last token is never part of it: its
    /// logits must be computed.
    pub(crate) fn longest(&mut self, tokens: &[u32]) -> Option<Cache> {
        let needed = tokens.split_last().map_or(tokens, |(_, before)| before);
        let lengths = self.caches.iter().map(|c| shared(c.tokens(), needed)).enumerate();
        let (n, len) = lengths.filter(|(_, len)| *len > 0).max_by_key(|(_, len)| *len)?;
        let cache = self.caches.remove(n)?;
        let prefix = cache.prefix(len);
        self.caches.push_back(cache);
        Some(prefix)
    }

    /// Keeps a cache unless another one continues it, in place of those that it continues, and
    /// if there are too many of the one not used for longest.
    pub(crate) fn keep(&mut self, cache: Cache) {
        if self.caches.iter().any(|c| c.tokens().starts_with(cache.tokens())) {
            return;
        }
        self.caches.retain(|c| !cache.tokens().starts_with(c.tokens()));
        self.caches.push_back(cache);
        while self.caches.len() > self.most {
            self.caches.pop_front();
        }
    }
}

fn shared(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
