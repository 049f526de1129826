//! Caches of earlier generations, so that the next turn of a conversation reads only what is new.

use std::collections::VecDeque;

use crate::cache::Cache;

/// Conversations remembered. One takes about 45 kB a token with SmolLM2.
const KEPT: usize = 4;

/// The most recently used caches, newest last.
#[derive(Debug, Default)]
pub(crate) struct Prefixes {
    caches: VecDeque<Cache>,
}

impl Prefixes {
    /// A copy of the longest remembered beginning of `tokens`. The last token is never part of
    /// it: the model has to run at least once.
    pub(crate) fn take(&self, tokens: &[u32], empty: impl FnOnce() -> Cache) -> Cache {
        let wanted = tokens.split_last().map_or(tokens, |(_, head)| head);
        let best = self.caches.iter().max_by_key(|c| c.shared(wanted));
        match best.map(|c| (c, c.shared(wanted))) {
            Some((cache, n)) if n > 0 => cache.prefix(n),
            _ => empty(),
        }
    }

    /// Remembers a cache, in place of those it continues.
    pub(crate) fn keep(&mut self, cache: Cache) {
        self.caches.retain(|c| c.shared(&cache.tokens) < c.len());
        if self.caches.len() == KEPT {
            self.caches.pop_front();
        }
        self.caches.push_back(cache);
    }
}
