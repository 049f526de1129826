//! Choosing the next token by its logits.
//!
//! It deliberately draws no randomness of its own: the same seed chooses the same tokens.

use crate::SamplingOptions;

/// The choices of one generation.
#[derive(Clone, Debug)]
pub(crate) struct Sampler {
    options: SamplingOptions,
    /// State of SplitMix64 (Steele et al. 2014).
    state: u64,
}

impl Sampler {
    /// A sampler at the start of a generation.
    pub(crate) const fn new(options: SamplingOptions) -> Self {
        Self { state: options.seed, options }
    }

    /// The next token; `said` are the tokens of the reply so far. Changes `logits`.
    pub(crate) fn choose(&mut self, logits: &mut [f32], said: &[u32]) -> u32 {
        self.penalise(logits, said);
        if self.options.temperature <= 0.0 {
            return best(logits);
        }
        let candidates = self.candidates(logits);
        let total: f32 = candidates.iter().map(|(_, weight)| weight).sum();
        let mut left = self.draw() * total;
        let chosen = candidates.iter().find(|(_, weight)| {
            left -= weight;
            left < 0.0
        });
        chosen.or(candidates.first()).map_or(0, |(token, _)| *token)
    }

    /// Makes tokens of the recent reply less likely (Keskar et al. 2019), each once.
    fn penalise(&self, logits: &mut [f32], said: &[u32]) {
        let from = said.len().saturating_sub(self.options.repetition_window);
        let mut recent = said.get(from..).unwrap_or_default().to_vec();
        recent.sort_unstable();
        recent.dedup();
        for token in recent {
            if let Some(logit) = logits.get_mut(token as usize) {
                let penalty = self.options.repetition_penalty;
                *logit = if *logit > 0.0 { *logit / penalty } else { *logit * penalty };
            }
        }
    }

    /// The likeliest tokens and their relative probabilities, best first: at most `top_k`, and no
    /// more than make up `top_p` of the probability (Holtzman et al. 2020).
    fn candidates(&self, logits: &[f32]) -> Vec<(u32, f32)> {
        let mut order: Vec<(u32, f32)> = (0..).zip(logits.iter().copied()).collect();
        let descending = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        let k = self.options.top_k.clamp(1, order.len().max(1));
        if k < order.len() {
            order.select_nth_unstable_by(k - 1, descending);
            order.truncate(k);
        }
        order.sort_unstable_by(descending);
        let max = order.first().map_or(0.0, |(_, logit)| *logit);
        for (_, logit) in &mut order {
            *logit = ((*logit - max) / self.options.temperature).exp();
        }
        let total: f32 = order.iter().map(|(_, weight)| weight).sum();
        let mut kept = 0.0;
        order.retain(|(_, weight)| {
            let enough = kept >= self.options.top_p * total;
            kept += weight;
            !enough
        });
        order
    }

    /// A number from 0.0 up to, but not including, 1.0.
    const fn draw(&mut self) -> f32 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = self.state;
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1_u64 << 24) as f32
    }
}

/// The token with the highest logit, the first of equals.
fn best(logits: &[f32]) -> u32 {
    let better = |best: (u32, f32), next: (u32, f32)| if next.1 > best.1 { next } else { best };
    (0..).zip(logits.iter().copied()).fold((0, f32::NEG_INFINITY), better).0
}
