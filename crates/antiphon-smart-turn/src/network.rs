//! The network, as its ONNX graph states it: two convolutions, four transformer layers, a pooling
//! that weighs frames by attention, and a classifier. The encoder is that of Whisper tiny
//! (Radford et al. 2022).
//!
//! It is written out here because the inference engine at hand computes the quantised model in
//! floating point, at three times the cost.
#![expect(clippy::indexing_slicing, reason = "a numeric kernel over lengths fixed by the model")]

mod layer;
mod linear;
mod norm;
mod weights;

use crate::{
    integer::{Left, Quant, Table},
    mel::{BANDS, FRAMES},
};
use layer::{Layer, normalise};
use linear::{Linear, Stored, by_input, by_output, by_tap};
use norm::{Norm, gelu, softmax};
use weights::{Mismatch, Weights};

/// Rows within the encoder: the second convolution keeps every other frame.
const ROWS: usize = FRAMES / 2;

/// Channels within the encoder.
const WIDTH: usize = 384;

/// Hidden units of the pooling, and of the classifier.
const POOLING: usize = 256;
const CLASSIFIER: [usize; 2] = [256, 64];

const TAPS: usize = 3;

pub(crate) struct Network {
    features: Quant,
    convolutions: [Linear; 2],
    /// From the products of each convolution to activations.
    activate_first: Table<i16>,
    activate_second: Table<f32>,
    positions: Vec<f32>,
    layers: Vec<Layer>,
    norm: (Norm, Quant),
    pooling: Pooling,
    classifier: Classifier,
}

struct Pooling {
    hidden: Linear,
    /// Per hidden unit, from products to activations: bias and tanh.
    activate: Vec<Table<i16>>,
    score: Linear,
    score_bias: f32,
}

struct Classifier {
    input: Quant,
    first: Linear,
    norm: Norm,
    first_activated: Quant,
    second: Linear,
    activate_second: Table<i16>,
    third: Linear,
}

/// Room for the values within the network.
pub(crate) struct Scratch {
    /// Features, and the first activations, with a row of zeros at either end.
    features: Vec<i16>,
    first: Vec<i16>,
    x: Vec<f32>,
    normal: Vec<i16>,
    layer: layer::Scratch,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        Self {
            features: vec![0; (FRAMES + 2) * BANDS],
            first: vec![0; (FRAMES + 2) * WIDTH],
            x: vec![0.0; ROWS * WIDTH],
            normal: vec![0; ROWS * WIDTH],
            layer: layer::Scratch::new(),
        }
    }
}

impl Network {
    /// Takes the weights out of an ONNX file.
    pub(crate) fn from_onnx(onnx: &[u8]) -> Result<Self, Mismatch> {
        let weights = &Weights::parse(onnx)?;
        let features = weights.quant("input_features")?;
        let first_activated = weights.quant("gelu")?;
        let normal = weights.quant("layer_norm_8")?;
        let first = convolution(weights, 1, BANDS, "conv1d", features)?;
        let second = convolution(weights, 2, WIDTH, "conv1d_1", first_activated)?;
        Ok(Self {
            features,
            activate_first: Table::new(first.product(), |x| first_activated.steps(gelu(x))),
            activate_second: Table::new(second.product(), gelu),
            convolutions: [first, second],
            positions: weights.floats("inner.encoder.embed_positions.weight", ROWS * WIDTH)?,
            layers: (0..4).map(|n| Layer::load(weights, n)).collect::<Result<_, _>>()?,
            norm: (Norm::load(weights, "inner.encoder.layer_norm", WIDTH)?, normal),
            pooling: Pooling::load(weights, normal)?,
            classifier: Classifier::load(weights)?,
        })
    }

    /// Probability that the turn is finished, from [`FRAMES`] rows of [`BANDS`] features. `None`
    /// if it is no longer `wanted`, which is asked between layers.
    pub(crate) fn probability(
        &self,
        features: &[f32],
        s: &mut Scratch,
        wanted: impl Fn() -> bool,
    ) -> Option<f32> {
        self.convolve(features, s);
        for layer in &self.layers {
            if !wanted() {
                return None;
            }
            layer.apply(&mut s.x, &mut s.layer);
        }
        normalise(&self.norm, &s.x, &mut s.normal);
        let pooled = self.pooling.pool(&s.normal, self.norm.1.scale);
        Some(self.classifier.probability(&pooled))
    }

    fn convolve(&self, features: &[f32], s: &mut Scratch) {
        for (y, &x) in s.features[BANDS..].iter_mut().zip(features) {
            *y = self.features.steps(x);
        }
        let [first, second] = &self.convolutions;
        let windows = Left { values: &s.features, rows: FRAMES, stride: BANDS };
        first.apply(windows, |row, channel, steps| {
            for (y, &steps) in s.first[(row + 1) * WIDTH + channel..].iter_mut().zip(steps) {
                *y = self.activate_first.at(steps);
            }
        });
        let windows = Left { values: &s.first, rows: ROWS, stride: 2 * WIDTH };
        second.apply(windows, |row, channel, steps| {
            let start = row * WIDTH + channel;
            let x = s.x[start..].iter_mut().zip(&self.positions[start..]);
            for ((x, position), &steps) in x.zip(steps) {
                *x = self.activate_second.at(steps) + position;
            }
        });
    }
}

impl Pooling {
    fn load(weights: &Weights, from: Quant) -> Result<Self, Mismatch> {
        let activated = weights.quant("tanh")?;
        let linear = |weight, [inputs, outputs]: [usize; 2], product, from| {
            let index = by_input;
            Linear::load(
                weights,
                &Stored { weight, inputs, outputs, index, bias: None, product },
                from,
            )
        };
        let hidden = linear("val_311", [WIDTH, POOLING], "val_312", from)?;
        let bias = weights.floats("inner.pool_attention.0.bias", POOLING)?;
        let activate =
            |bias: f32| Table::new(hidden.product(), move |x| activated.steps((x + bias).tanh()));
        Ok(Self {
            activate: bias.into_iter().map(activate).collect(),
            hidden,
            score: linear("val_313", [POOLING, 1], "val_314", activated)?,
            score_bias: weights.floats("inner.pool_attention.2.bias", 1)?[0],
        })
    }

    /// The mean of all rows, weighted by how much each matters. Rows come in steps of `scale`.
    fn pool(&self, rows: &[i16], scale: f32) -> [f32; WIDTH] {
        let mut hidden = vec![0; ROWS * POOLING];
        let left = Left { values: rows, rows: ROWS, stride: WIDTH };
        self.hidden.apply(left, |row, first, steps| {
            let hidden = &mut hidden[row * POOLING + first..];
            for ((y, &steps), table) in hidden.iter_mut().zip(steps).zip(&self.activate[first..]) {
                *y = table.at(steps);
            }
        });
        let mut weights = [0.0; ROWS];
        let left = Left { values: &hidden, rows: ROWS, stride: POOLING };
        let product = self.score.product().scale;
        self.score.apply(left, |row, _, steps| {
            weights[row] = f32::from(steps[0]) * product + self.score_bias;
        });
        softmax(&mut weights);
        let mut pooled = [0.0; WIDTH];
        for (row, weight) in rows.chunks_exact(WIDTH).zip(weights) {
            for (sum, &x) in pooled.iter_mut().zip(row) {
                *sum += f32::from(x) * (scale * weight);
            }
        }
        pooled
    }
}

impl Classifier {
    fn load(weights: &Weights) -> Result<Self, Mismatch> {
        let [wide, narrow] = CLASSIFIER;
        let linear = |n: u32, [inputs, outputs]: [usize; 2], product, from| {
            let weight = &*format!("inner.classifier.{n}.weight");
            let bias = Some(&*format!("inner.classifier.{n}.bias"));
            let index = by_output;
            Linear::load(weights, &Stored { weight, inputs, outputs, index, bias, product }, from)
        };
        let input = weights.quant("sum_1")?;
        let first_activated = weights.quant("gelu_6")?;
        let second = linear(4, [wide, narrow], "linear_27", first_activated)?;
        let second_activated = weights.quant("gelu_7")?;
        Ok(Self {
            input,
            first: linear(0, [WIDTH, wide], "linear_26", input)?,
            norm: Norm::load(weights, "inner.classifier.1", wide)?,
            first_activated,
            activate_second: Table::new(second.product(), |x| second_activated.steps(gelu(x))),
            second,
            third: linear(6, [narrow, 1], "linear_28", second_activated)?,
        })
    }

    fn probability(&self, pooled: &[f32; WIDTH]) -> f32 {
        let input = pooled.map(|x| self.input.steps(x));
        let mut wide = [0.0; CLASSIFIER[0]];
        self.first.apply(one_row(&input), |_, first, steps| {
            for (y, steps) in wide[first..].iter_mut().zip(steps) {
                *y = f32::from(*steps) * self.first.product().scale;
            }
        });
        let mut activated = [0; CLASSIFIER[0]];
        for (y, x) in activated.iter_mut().zip(self.norm.apply(&wide)) {
            *y = self.first_activated.steps(gelu(x));
        }
        let mut narrow = [0; CLASSIFIER[1]];
        self.second.apply(one_row(&activated), |_, first, steps| {
            for (y, &steps) in narrow[first..].iter_mut().zip(steps) {
                *y = self.activate_second.at(steps);
            }
        });
        let mut logit = 0.0;
        self.third.apply(one_row(&narrow), |_, _, steps| {
            logit = f32::from(steps[0]) * self.third.product().scale;
        });
        1.0 / (1.0 + (-logit).exp())
    }
}

fn one_row(values: &[i16]) -> Left<'_> {
    Left { values, rows: 1, stride: values.len() }
}

fn convolution(
    weights: &Weights,
    n: u32,
    channels: usize,
    product: &str,
    from: Quant,
) -> Result<Linear, Mismatch> {
    let weight = &*format!("inner.encoder.conv{n}.weight");
    let bias = Some(&*format!("inner.encoder.conv{n}.bias"));
    let inputs = TAPS * channels;
    let stored = Stored { weight, inputs, outputs: WIDTH, index: by_tap, bias, product };
    Linear::load(weights, &stored, from)
}

#[cfg(test)]
mod tests;
