//! Keys and values of the tokens a conversation has seen, kept outside the model.
//!
//! They live in pages that caches share until one of them writes: taking the beginning of another
//! cache, to continue it differently, copies no numbers. It deliberately knows neither how keys and
//! values are computed nor which caches are worth keeping.

use std::sync::Arc;

use crate::config::Config;

/// Positions of a page.
const PAGE: usize = 32;

/// Sizes that every page of a model has in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    layers: usize,
    kv_heads: usize,
    head_dim: usize,
}

/// The keys and values of a sequence of tokens.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    layout: Layout,
    tokens: Vec<u32>,
    /// Each page: layers x (keys, values) x heads x positions x values of a head.
    pages: Vec<Arc<Vec<f32>>>,
}

/// What a stretch of a page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Keys,
    Values,
}

impl Cache {
    /// A cache of no tokens.
    pub(crate) const fn new(config: &Config) -> Self {
        let Config { layers, kv_heads, head_dim, .. } = *config;
        let layout = Layout { layers, kv_heads, head_dim };
        Self { layout, tokens: Vec::new(), pages: Vec::new() }
    }

    /// The tokens it holds, oldest first.
    pub(crate) fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// Number of tokens.
    pub(crate) const fn len(&self) -> usize {
        self.tokens.len()
    }

    /// A snapshot of the first `len` tokens, sharing their pages.
    pub(crate) fn prefix(&self, len: usize) -> Self {
        let pages = self.pages.iter().take(len.div_ceil(PAGE)).cloned().collect();
        let tokens = self.tokens.iter().take(len).copied().collect();
        Self { layout: self.layout, tokens, pages }
    }

    /// Makes room for `count` more tokens, whose keys and values may then be written.
    pub(crate) fn reserve(&mut self, count: usize) {
        let Layout { layers, kv_heads, head_dim } = self.layout;
        let pages = (self.len() + count).div_ceil(PAGE);
        let empty = || Arc::new(vec![0.0; layers * 2 * kv_heads * PAGE * head_dim]);
        self.pages.resize_with(pages.max(self.pages.len()), empty);
    }

    /// Writes what `layer` computed for `position`: heads x values of a head.
    pub(crate) fn write(&mut self, layer: usize, position: usize, part: Part, heads: &[f32]) {
        let layout = self.layout;
        let Some(page) = self.pages.get_mut(position / PAGE) else { return };
        let page = Arc::make_mut(page);
        for (head, values) in heads.chunks_exact(layout.head_dim).enumerate() {
            let mut stretches = page.chunks_exact_mut(PAGE * layout.head_dim);
            let stretch = stretches.nth(layout.stretch(layer, part, head));
            let slot =
                stretch.and_then(|s| s.chunks_exact_mut(layout.head_dim).nth(position % PAGE));
            slot.unwrap_or_default().copy_from_slice(values);
        }
    }

    /// Adds the tokens whose keys and values have been written in every layer.
    pub(crate) fn extend(&mut self, tokens: &[u32]) {
        self.tokens.extend_from_slice(tokens);
    }

    /// The keys or values of one head over the first `len` positions, page by page: positions x
    /// values of a head.
    pub(crate) fn read(
        &self,
        layer: usize,
        part: Part,
        head: usize,
        len: usize,
    ) -> impl Iterator<Item = &[f32]> {
        let head_dim = self.layout.head_dim;
        let stretch = self.layout.stretch(layer, part, head);
        self.pages.iter().enumerate().map_while(move |(n, page)| {
            let positions = len.saturating_sub(n * PAGE).min(PAGE);
            let from = stretch * PAGE * head_dim;
            page.get(from..from + positions * head_dim).filter(|s| !s.is_empty())
        })
    }
}

impl Layout {
    /// Which stretch of a page belongs to this head.
    const fn stretch(self, layer: usize, part: Part, head: usize) -> usize {
        let part = match part {
            Part::Keys => 0,
            Part::Values => 1,
        };
        (layer * 2 + part) * self.kv_heads + head
    }
}
