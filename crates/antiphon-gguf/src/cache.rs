//! Keys and values of the tokens a conversation has seen, outside the model.

/// The cache of one token sequence.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cache {
    pub(crate) tokens: Vec<u32>,
    /// For each layer the keys and the values, position after position.
    pub(crate) layers: Vec<(Vec<f32>, Vec<f32>)>,
    width: usize,
}

impl Cache {
    /// An empty cache for `layers` layers of keys with `width` values a position.
    pub(crate) fn new(layers: usize, width: usize) -> Self {
        Self { tokens: Vec::new(), layers: vec![Default::default(); layers], width }
    }

    /// Tokens seen.
    pub(crate) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Forgets all but the first `len` tokens.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.tokens.truncate(len);
        for (k, v) in &mut self.layers {
            k.truncate(len * self.width);
            v.truncate(len * self.width);
        }
    }

    /// How many tokens it has in common with the beginning of `tokens`.
    pub(crate) fn shared(&self, tokens: &[u32]) -> usize {
        self.tokens.iter().zip(tokens).take_while(|(a, b)| a == b).count()
    }

    /// A copy of the first `len` tokens.
    pub(crate) fn prefix(&self, len: usize) -> Self {
        let head = |x: &Vec<f32>| x.get(..len * self.width).unwrap_or(x).to_vec();
        Self {
            tokens: self.tokens.get(..len).unwrap_or(&self.tokens).to_vec(),
            layers: self.layers.iter().map(|(k, v)| (head(k), head(v))).collect(),
            width: self.width,
        }
    }
}
