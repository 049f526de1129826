//! The decoder as a network of our own: frames of the latent to samples.
//!
//! It is HiFi-GAN (J. Kong et al., "HiFi-GAN: Generative Adversarial Networks for Efficient and
//! High Fidelity Speech Synthesis", 2020): transposed convolutions that raise the rate, and after
//! each a few stacks of dilated convolutions. Of what flows between the layers a phrase keeps what
//! will still be read, so that nothing is computed twice, and its pieces join to exactly what the
//! whole would be.
//!
//! The layers are read from the voice's graph. A graph whose decoder has others in it is refused
//! here, and its decoder runs on rten, as everything before the decoder does in any case. It
//! deliberately knows no words and no windows.

mod conv;
mod layer;
mod plan;
mod signal;
mod tile;

use std::sync::{Mutex, PoisonError};

use layer::{Layer, Op};
use signal::{Past, Signal};
use tile::CHANNELS;

use crate::frames::Frames;

/// Most frames that pass through all layers together. With fewer, weights are read too often and
/// tiles stay empty; more do not fit the caches.
const PIECE: usize = 32;

/// The layers in the order in which they run, with their weights.
pub(crate) struct Decoder {
    layers: Vec<Layer>,
    /// The latent and what each layer makes of it, while frames pass through. Phrases share this
    /// memory, which is large.
    signals: Mutex<Vec<Signal>>,
}

/// Where a phrase is on its way through the decoder.
#[derive(Default)]
pub(crate) struct Stream {
    /// One for each signal; empty before the first frames.
    past: Vec<Past>,
}

impl Decoder {
    /// `channels` are those of the latent and of what each layer makes.
    fn new(layers: Vec<Layer>, channels: &[usize]) -> Self {
        // Convolutions write, and add, whole tiles of channels.
        let signal = |(n, channels): (usize, &usize)| {
            Signal::new(channels.next_multiple_of(CHANNELS), padding(&layers, n))
        };
        let signals = channels.iter().enumerate().map(signal).collect();
        Self { signals: Mutex::new(signals), layers }
    }

    /// Samples per frame.
    pub(crate) fn hop(&self) -> usize {
        let stride = |layer: &Layer| match layer.op {
            Op::Interleave { stride, .. } => stride,
            Op::Conv { .. } | Op::Slopes { .. } | Op::Tanh => 1,
        };
        self.layers.iter().map(stride).product()
    }

    /// The samples that are certain with the next frames of a phrase. With `last` there will be no
    /// more frames, and the samples are all that remain.
    pub(crate) fn push(&self, stream: &mut Stream, latent: &Frames, last: bool) -> Vec<f32> {
        let mut signals = self.signals.lock().unwrap_or_else(PoisonError::into_inner);
        if stream.past.is_empty() {
            signals.iter_mut().for_each(Signal::restart);
        }
        for (signal, past) in signals.iter_mut().zip(&stream.past) {
            signal.resume(past);
        }
        let mut samples = Vec::with_capacity(latent.len() * self.hop());
        let pieces = latent.len().div_ceil(PIECE);
        let piece = latent.len().div_ceil(pieces.max(1));
        for n in 0..pieces {
            let frames = latent.slice(n * piece..(n + 1) * piece);
            self.step(&mut signals, &frames, last && n + 1 == pieces, &mut samples);
        }
        stream.past.clear();
        if !last {
            stream.past.extend(signals.iter().map(Signal::past));
        }
        samples
    }

    /// Takes some frames through all layers.
    fn step(&self, signals: &mut [Signal], latent: &Frames, last: bool, samples: &mut Vec<f32>) {
        if let Some(first) = signals.first_mut() {
            first.append(latent.rows(), latent.len());
        }
        for (n, layer) in self.layers.iter().enumerate() {
            let (made, rest) = signals.split_at_mut(n + 1);
            if let Some(from) = made.get_mut(layer.from).filter(|_| last) {
                from.finish();
            }
            if let Some(out) = rest.first_mut() {
                layer.run(made, out, last);
            }
        }
        if let Some(made) = signals.last() {
            samples.extend_from_slice(made.row(0, made.columns()));
        }
        self.forget(signals);
    }

    /// Drops what no layer will read again.
    fn forget(&self, signals: &mut [Signal]) {
        let ends: Vec<isize> = signals.iter().map(Signal::end).collect();
        let mut starts = ends.clone();
        for (layer, next) in self.layers.iter().zip(ends.into_iter().skip(1)) {
            let plus = layer.plus.iter().map(|signal| (*signal, next));
            for (signal, column) in plus.chain([(layer.from, layer.reads(next))]) {
                if let Some(start) = starts.get_mut(signal) {
                    *start = column.min(*start);
                }
            }
        }
        for (signal, start) in signals.iter_mut().zip(starts) {
            signal.forget(start);
        }
    }
}

/// Columns that are read before the beginning and after the end of a signal.
fn padding(layers: &[Layer], signal: usize) -> [usize; 2] {
    let reading = layers.iter().filter(|layer| layer.from == signal);
    reading.fold([0, 0], |[most_before, most_after], layer| match &layer.op {
        Op::Conv { before, after, .. } => [most_before.max(*before), most_after.max(*after)],
        Op::Interleave { .. } | Op::Slopes { .. } | Op::Tanh => [most_before, most_after],
    })
}

#[cfg(test)]
mod tests;
