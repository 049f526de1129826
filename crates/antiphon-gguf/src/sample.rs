//! Choosing the next token.

use antiphon_core::{Code, Error, Result};

/// Tokens that count for the repetition penalty.
const WINDOW: usize = 64;

/// Chance is drawn among so many of the best tokens only.
const TOP_K: usize = 40;

/// And among those that make up so much of the probability.
const TOP_P: f32 = 0.9;

/// A sampler of one generation; the same seed draws the same tokens.
#[derive(Clone, Debug)]
pub(crate) struct Sampler {
    temperature: f32,
    penalty: f32,
    state: u64,
}

impl Sampler {
    pub(crate) fn new(temperature: f32, penalty: f32, seed: u64) -> Result<Self> {
        if !(0.0..=2.0).contains(&temperature) {
            let what = format!("the temperature {temperature} is not between 0 and 2");
            return Err(Error::new("llm.generate", Code::InvalidInput, what));
        }
        Ok(Self { temperature, penalty, state: seed })
    }

    /// The next token after those already generated.
    pub(crate) fn choose(&mut self, mut logits: Vec<f32>, generated: &[u32]) -> u32 {
        let mut recent = generated.rchunks(WINDOW).next().unwrap_or_default().to_vec();
        recent.sort_unstable();
        recent.dedup();
        for token in recent {
            if let Some(l) = logits.get_mut(token as usize) {
                *l = if *l > 0.0 { *l / self.penalty } else { *l * self.penalty };
            }
        }
        let index = if self.temperature < 1e-3 { best(&logits) } else { self.draw(&logits) };
        u32::try_from(index).unwrap_or_default()
    }

    fn draw(&mut self, logits: &[f32]) -> usize {
        let mut order: Vec<(usize, f32)> = logits.iter().copied().enumerate().collect();
        let k = TOP_K.min(order.len());
        if k == 0 {
            return 0;
        }
        order.select_nth_unstable_by(k - 1, |a, b| b.1.total_cmp(&a.1));
        order.truncate(k);
        order.sort_by(|a, b| b.1.total_cmp(&a.1));
        let max = order.first().map_or(0.0, |o| o.1);
        let mut weights: Vec<f32> =
            order.iter().map(|(_, l)| ((l - max) / self.temperature).exp()).collect();
        let total: f32 = weights.iter().sum();
        let mut kept = 0.0;
        weights.retain(|w| {
            let keep = kept < TOP_P * total;
            kept += w;
            keep
        });
        let mut left = self.unit() * weights.iter().sum::<f32>();
        let n = weights.iter().position(|w| {
            left -= w;
            left <= 0.0
        });
        order.get(n.unwrap_or(0)).map_or(0, |(i, _)| *i)
    }

    /// SplitMix64, as a number in 0.0..1.0.
    const fn unit(&mut self) -> f32 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 24) as f32
    }
}

fn best(logits: &[f32]) -> usize {
    logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(i, _)| i)
}
