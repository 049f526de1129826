//! The speech codec of telephone networks: 8 kHz, 8 bits a sample, in two laws (ITU-T G.711).
//!
//! Both laws cut the scale into eight segments a sign, each twice as coarse as the one below it.
//! It deliberately knows no packets: one code is one sample.

/// µ-law as used in North America and Japan, or A-law as used elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum G711 {
    /// Payload type PCMU (RFC 3551 §4.5.14), 14 bits of a sample.
    MuLaw,
    /// Payload type PCMA (RFC 3551 §4.5.14), 13 bits of a sample.
    ALaw,
}

/// What µ-law adds to a magnitude, so that every segment begins at a power of two: 33 of 14 bits.
const BIAS: u16 = 33 << 2;

/// The magnitude, with bias, that the largest µ-law code begins below: 13 bits of 14.
const CLIP: u16 = 0x1fff << 2;

/// A-law sends every second bit inverted, so that silence is not a run of zeros.
const EVEN_BITS: u8 = 0x55;

const MU_LAW: [i16; 256] = table(G711::MuLaw);
const A_LAW: [i16; 256] = table(G711::ALaw);

impl G711 {
    /// Codes per second.
    pub const RATE_HZ: u32 = 8_000;

    /// The code of a sample. What is beyond the largest code is clipped to it.
    #[must_use]
    pub const fn encode(self, sample: i16) -> u8 {
        // Ones' complement, as the standard's reference has it: -1 is as far from zero as 0.
        let magnitude = (if sample < 0 { !sample } else { sample }) as u16;
        let sign = if sample < 0 { 0 } else { 0x80 };
        match self {
            Self::MuLaw => {
                let biased = magnitude + BIAS;
                let biased = if biased > CLIP { CLIP } else { biased };
                // The bias puts the highest bit at 7 or above.
                let segment = 15 - biased.leading_zeros() - 7;
                let step = biased >> (segment + 3) & 0xf;
                !((segment as u8) << 4 | step as u8) & 0x7f | sign
            }
            Self::ALaw => {
                // The two lowest segments have the same step.
                let (segment, step) = match 15 - (magnitude | 1).leading_zeros() {
                    0..8 => (0, magnitude >> 4),
                    high => (high - 7, magnitude >> (high - 4) & 0xf),
                };
                ((segment as u8) << 4 | step as u8 | sign) ^ EVEN_BITS
            }
        }
    }

    /// The sample of a code: the middle of what is encoded as it.
    #[must_use]
    pub fn decode(self, code: u8) -> i16 {
        let table = match self {
            Self::MuLaw => &MU_LAW,
            Self::ALaw => &A_LAW,
        };
        // A table of 256 has every code.
        table.get(usize::from(code)).copied().unwrap_or_default()
    }
}

const fn table(law: G711) -> [i16; 256] {
    let mut table = [0; 256];
    let mut rest: &mut [i16] = &mut table;
    let mut code = 0;
    while let Some((sample, tail)) = rest.split_first_mut() {
        *sample = expand(law, code);
        code = code.wrapping_add(1);
        rest = tail;
    }
    table
}

const fn expand(law: G711, code: u8) -> i16 {
    let plain = match law {
        G711::MuLaw => !code & 0x7f,
        G711::ALaw => (code ^ EVEN_BITS) & 0x7f,
    };
    let (segment, step) = (plain >> 4, (plain & 0xf) as u16);
    // A step's middle; above the lowest segment of A-law, with the highest bit that is not sent.
    let magnitude = match law {
        G711::MuLaw => (((step << 3) + BIAS) << segment) - BIAS,
        G711::ALaw if segment == 0 => (step << 4) + 0x8,
        G711::ALaw => ((step << 4) + 0x108) << (segment - 1),
    };
    if code & 0x80 == 0 { -(magnitude as i16) } else { magnitude as i16 }
}
