//! The network of Silero VAD 6 at 16 kHz, as its ONNX graph states it: a short-time Fourier
//! transform, four convolutions, one LSTM cell, one output.
//!
//! It deliberately knows nothing of errors at run time: every length is fixed.
#![expect(clippy::indexing_slicing, reason = "a numeric kernel over lengths fixed by the network")]

use crate::{
    dense::{Dense, LANES},
    weights::Weights,
};

/// Samples per frame.
pub(crate) const FRAME_LEN: usize = 512;

/// Samples of the previous frame that the network sees in front of a frame.
const CONTEXT: usize = 64;

/// Samples by which the end of the frame is continued as its own mirror image.
const MIRROR: usize = 64;

/// The transform: window length, hop, hops per frame, and bins from 0 to half the rate.
const WINDOW: usize = 256;
const HOP: usize = 128;
const HOPS: usize = (CONTEXT + FRAME_LEN + MIRROR - WINDOW) / HOP + 1;
const BINS: usize = WINDOW / 2 + 1;

/// Real and imaginary parts of all bins, rounded up to whole blocks of the kernel.
const SPECTRUM: usize = (2 * BINS).next_multiple_of(LANES);

/// Taps of every convolution, each padded by one row of zeros at either end.
const TAPS: usize = 3;

/// Channels after the first, second, third and fourth convolution. The middle two halve the
/// number of rows: 4, 2, 1, 1.
const CHANNELS: [usize; 4] = [128, 64, 64, 128];

/// Width of the recurrent layer.
const HIDDEN: usize = 128;

pub(crate) struct Network {
    transform: Dense,
    convolutions: [Dense; 4],
    /// From the encoded frame and the last hidden vector to the four gates.
    recurrent: Dense,
    output: Vec<f32>,
    output_bias: f32,
}

/// What a stream carries from frame to frame, and room for the values in between.
///
/// Buffers that a convolution reads keep their first and last row zero.
#[derive(Clone)]
pub(crate) struct State {
    context: [f32; CONTEXT],
    cell: [f32; HIDDEN],
    /// The encoded frame, then the hidden vector.
    recurrent_input: [f32; CHANNELS[3] + HIDDEN],
    samples: [f32; CONTEXT + FRAME_LEN + MIRROR],
    spectrum: [f32; HOPS * SPECTRUM],
    magnitudes: [f32; (HOPS + 2) * BINS],
    rows1: [f32; (HOPS + 2) * CHANNELS[0]],
    rows2: [f32; (HOPS / 2 + 2) * CHANNELS[1]],
    rows3: [f32; (HOPS / 4 + 2) * CHANNELS[2]],
    gates: [f32; 4 * HIDDEN],
}

impl Default for State {
    fn default() -> Self {
        Self {
            context: [0.0; _],
            cell: [0.0; _],
            recurrent_input: [0.0; _],
            samples: [0.0; _],
            spectrum: [0.0; _],
            magnitudes: [0.0; _],
            rows1: [0.0; _],
            rows2: [0.0; _],
            rows3: [0.0; _],
            gates: [0.0; _],
        }
    }
}

impl Network {
    /// Takes the weights out of an ONNX file.
    ///
    /// # Errors
    /// What is missing or misshapen.
    pub(crate) fn from_onnx(onnx: &[u8]) -> Result<Self, String> {
        let weights = Weights::parse(onnx)?;
        let basis =
            weights.tensor("model.stft.forward_basis_buffer", &[2 * BINS as i64, 1, 256])?;
        let [c1, c2, c3, c4] = CHANNELS;
        Ok(Self {
            transform: Dense::new(
                [SPECTRUM, WINDOW],
                |o, i| basis.get(o * WINDOW + i).copied().unwrap_or(0.0),
                |_| 0.0,
            ),
            convolutions: [
                convolution(&weights, 0, [c1, BINS])?,
                convolution(&weights, 1, [c2, c1])?,
                convolution(&weights, 2, [c3, c2])?,
                convolution(&weights, 3, [c4, c3])?,
            ],
            recurrent: recurrent(&weights)?,
            output: weights.tensor("model.decoder.decoder.2.weight", &[1, HIDDEN as i64, 1])?,
            output_bias: weights.tensor("model.decoder.decoder.2.bias", &[1])?[0],
        })
    }

    /// Probability of speech in `frame`, given the frames before it.
    pub(crate) fn probability(&self, frame: &[i16; FRAME_LEN], s: &mut State) -> f32 {
        s.take_in(frame);
        self.transform.apply::<HOPS>(&s.samples, HOP, &mut s.spectrum);
        for (row, spectrum) in s.spectrum.chunks_exact(SPECTRUM).enumerate() {
            let magnitudes = &mut s.magnitudes[(row + 1) * BINS..][..BINS];
            for (bin, magnitude) in magnitudes.iter_mut().enumerate() {
                let (re, im) = (spectrum[bin], spectrum[BINS + bin]);
                *magnitude = (re * re + im * im).sqrt();
            }
        }
        let [conv1, conv2, conv3, conv4] = &self.convolutions;
        let [c1, c2, c3, c4] = CHANNELS;
        relu_rows::<HOPS>(conv1, &s.magnitudes, BINS, &mut s.rows1[c1..][..HOPS * c1]);
        relu_rows::<{ HOPS / 2 }>(conv2, &s.rows1, 2 * c1, &mut s.rows2[c2..][..HOPS / 2 * c2]);
        relu_rows::<{ HOPS / 4 }>(conv3, &s.rows2, 2 * c2, &mut s.rows3[c3..][..HOPS / 4 * c3]);
        relu_rows::<1>(conv4, &s.rows3, c3, &mut s.recurrent_input[..c4]);
        self.recurrent.apply::<1>(&s.recurrent_input, 0, &mut s.gates);
        s.remember();
        let hidden = &s.recurrent_input[c4..];
        let sum: f32 = hidden.iter().zip(&self.output).map(|(h, w)| h.max(0.0) * w).sum();
        sigmoid(sum + self.output_bias)
    }
}

impl State {
    /// Lays out the context, the frame and its mirrored end.
    fn take_in(&mut self, frame: &[i16; FRAME_LEN]) {
        let (context, rest) = self.samples.split_at_mut(CONTEXT);
        let (samples, mirror) = rest.split_at_mut(FRAME_LEN);
        context.copy_from_slice(&self.context);
        for (x, &sample) in samples.iter_mut().zip(frame) {
            *x = f32::from(sample) / 32_768.0;
        }
        // A mirror image does not repeat the sample it stands on.
        for (x, &sample) in mirror.iter_mut().zip(samples.iter().rev().skip(1)) {
            *x = sample;
        }
        self.context.copy_from_slice(&samples[FRAME_LEN - CONTEXT..]);
    }

    /// Moves the LSTM cell on by one step. Gates lie in PyTorch's order: input, forget, cell,
    /// output.
    fn remember(&mut self) {
        let hidden = &mut self.recurrent_input[CHANNELS[3]..];
        for (n, (cell, hidden)) in self.cell.iter_mut().zip(hidden).enumerate() {
            let [input, forget, update, output] =
                std::array::from_fn(|g| self.gates[g * HIDDEN + n]);
            *cell = sigmoid(forget) * *cell + sigmoid(input) * update.tanh();
            *hidden = sigmoid(output) * cell.tanh();
        }
    }
}

fn relu_rows<const T: usize>(layer: &Dense, x: &[f32], stride: usize, y: &mut [f32]) {
    layer.apply::<T>(x, stride, y);
    for y in y {
        *y = y.max(0.0);
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// The file stores a convolution as output x input x tap; a window has its rows one after the
/// other, so an input index here is tap, then channel.
fn convolution(
    weights: &Weights,
    n: usize,
    [outputs, inputs]: [usize; 2],
) -> Result<Dense, String> {
    let name = format!("model.encoder.{n}.reparam_conv");
    let shape = [outputs as i64, inputs as i64, TAPS as i64];
    let weight = weights.tensor(&format!("{name}.weight"), &shape)?;
    let bias = weights.tensor(&format!("{name}.bias"), &[outputs as i64])?;
    let at = |o: usize, i: usize| weight[(o * inputs + i % inputs) * TAPS + i / inputs];
    Ok(Dense::new([outputs, TAPS * inputs], at, |o| bias[o]))
}

/// The two matrices of the cell side by side: their products are only ever added.
fn recurrent(weights: &Weights) -> Result<Dense, String> {
    let part =
        |name: &str, shape: &[i64]| weights.tensor(&format!("model.decoder.rnn.{name}"), shape);
    let (gates, hidden) = (4 * HIDDEN, HIDDEN as i64);
    let from_input = part("weight_ih", &[gates as i64, hidden])?;
    let from_hidden = part("weight_hh", &[gates as i64, hidden])?;
    let input_bias = part("bias_ih", &[gates as i64])?;
    let hidden_bias = part("bias_hh", &[gates as i64])?;
    let at = |o: usize, i: usize| {
        if i < HIDDEN { from_input[o * HIDDEN + i] } else { from_hidden[o * HIDDEN + i - HIDDEN] }
    };
    Ok(Dense::new([gates, 2 * HIDDEN], at, |o| input_bias[o] + hidden_bias[o]))
}
