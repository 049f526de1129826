//! How samples are stored in a file. It knows no header.

use crate::G711;

/// The coding of one sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    U8,
    I16,
    I24,
    I32,
    F32,
    F64,
    Telephone(G711),
}

impl Coding {
    /// Length of a sample.
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::Telephone(_) => 1,
            Self::I16 => 2,
            Self::I24 => 3,
            Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// Resolution of a sample in bits; of G.711, that of its finest steps (ITU-T G.711).
    pub(super) const fn bits(self) -> usize {
        match self {
            Self::Telephone(G711::MuLaw) => 14,
            Self::Telephone(G711::ALaw) => 13,
            Self::U8 | Self::I16 | Self::I24 | Self::I32 | Self::F32 | Self::F64 => {
                8 * self.bytes()
            }
        }
    }

    /// Whether these bytes are a float that is not a number.
    pub(super) fn is_nan(self, b: &[u8]) -> bool {
        match self {
            Self::F32 => b.try_into().is_ok_and(|b| f32::from_le_bytes(b).is_nan()),
            Self::F64 => b.try_into().is_ok_and(|b| f64::from_le_bytes(b).is_nan()),
            Self::U8 | Self::I16 | Self::I24 | Self::I32 | Self::Telephone(_) => false,
        }
    }

    /// One sample. What is not a number is silence; what is beyond full scale is full scale.
    pub(super) fn sample(self, b: &[u8]) -> i16 {
        let float = |v: f64| (v.clamp(-1.0, 1.0) * 32_767.0).round() as i16;
        match (self, b) {
            (Self::U8, [a]) => (i16::from(*a) - 128) << 8,
            (Self::Telephone(law), [a]) => law.decode(*a),
            (Self::I16, [a, b]) => i16::from_le_bytes([*a, *b]),
            (Self::I24, [_, b, c]) | (Self::I32, [_, _, b, c]) => i16::from_le_bytes([*b, *c]),
            (Self::F32, b) => {
                let v = b.try_into().map_or(0.0, f32::from_le_bytes);
                float(if v.is_nan() { 0.0 } else { f64::from(v) })
            }
            (Self::F64, b) => {
                let v = b.try_into().map_or(0.0, f64::from_le_bytes);
                float(if v.is_nan() { 0.0 } else { v })
            }
            _ => 0,
        }
    }
}
