//! A running digest: of what a machine decided, to compare two runs, and of a journal's lines, to
//! find changed bytes.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// FNV-1a, 64 bits (Fowler, Noll, Vo): tells two runs apart, protects against nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    /// Digits of the text form.
    pub const HEX_LEN: usize = 16;

    /// Adds bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.0 = (self.0 ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// A new digest that begins with this one.
    #[must_use]
    pub fn chained(self) -> Self {
        let mut next = Self::default();
        next.add(&self.0.to_le_bytes());
        next
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Digest {
    type Err = &'static str;

    /// Takes what `Display` gives, and nothing else: two texts never mean the same digest.
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        if s.len() != Self::HEX_LEN || !s.bytes().all(hex) {
            return Err("a digest has 16 lower-case hexadecimal digits");
        }
        u64::from_str_radix(s, 16).map(Self).map_err(|_| "not a hexadecimal number")
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

impl std::io::Write for Digest {
    fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
        self.add(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
