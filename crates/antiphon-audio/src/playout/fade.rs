//! The ramp between sound and silence. It does not know why there is one.

/// How loud playout is, as a number of samples from silence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fade {
    len: u32,
    /// 0 is silent, `len` is full.
    at: u32,
}

impl Fade {
    /// Full sound, `len` samples from silence.
    pub(super) const fn new(len: u32) -> Self {
        Self { len, at: len }
    }

    /// Samples until silence.
    pub(super) const fn left(self) -> usize {
        self.at as usize
    }

    /// What begins now begins at full sound.
    pub(super) const fn restart(&mut self) {
        self.at = self.len;
    }

    /// Turns the samples down, one step each.
    pub(super) fn out(&mut self, samples: &mut [i16]) {
        for sample in samples {
            self.at = self.at.saturating_sub(1);
            *sample = self.scaled(*sample);
        }
    }

    /// Turns the samples up again.
    pub(super) fn back(&mut self, samples: &mut [i16]) {
        for sample in samples {
            if self.at == self.len {
                return;
            }
            *sample = self.scaled(*sample);
            self.at += 1;
        }
    }

    fn scaled(self, sample: i16) -> i16 {
        // A share of an i16 is an i16.
        (i64::from(sample) * i64::from(self.at) / i64::from(self.len.max(1))) as i16
    }
}
