//! Random changes of byte strings, the same for the same seed.

use std::env;

/// Executions, unless `ANTIPHON_FUZZ_EXECUTIONS` says otherwise.
const EXECUTIONS: u64 = 100_000;

/// A reproducible stream of numbers (xorshift64*, Vigna 2016).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Below `n`; 0 if that is 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// The seeds of a run. 0 would only ever give 0.
pub(crate) fn seeds() -> std::ops::RangeInclusive<u64> {
    let executions = env::var("ANTIPHON_FUZZ_EXECUTIONS").ok();
    1..=executions.map_or(EXECUTIONS, |n| n.parse().unwrap())
}

/// One of `seeds`, changed in up to six places with pieces of `tokens` and of other seeds.
pub(crate) fn mutant(seeds: &[&str], tokens: &[&str], random: &mut Random) -> Vec<u8> {
    let mut bytes = random.pick(seeds).as_bytes().to_vec();
    for _ in 0..random.below(7) {
        mutate(&mut bytes, seeds, tokens, random);
    }
    bytes
}

fn mutate(bytes: &mut Vec<u8>, seeds: &[&str], tokens: &[&str], random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    let end = (at + random.below(40)).min(bytes.len());
    match random.below(8) {
        0 => bytes.insert(at, random.next() as u8),
        1 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
        2 => drop(bytes.drain(at..end)),
        3 | 4 => drop(bytes.splice(at..at, random.pick(tokens).bytes())),
        5 => drop(bytes.splice(at..end, random.pick(tokens).bytes())),
        6 => {
            let piece = bytes[at..end].repeat(1 + random.below(4));
            let to = random.below(bytes.len() + 1);
            bytes.splice(to..to, piece);
        }
        _ => {
            let other = random.pick(seeds).as_bytes();
            let from = random.below(other.len());
            let piece = &other[from..(from + random.below(80)).min(other.len())];
            bytes.splice(at..at, piece.iter().copied());
        }
    }
}
