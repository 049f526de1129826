//! One layer of the encoder: self-attention and a feed-forward network, each on normalised input
//! and added to what came in.
#![expect(clippy::indexing_slicing, reason = "a numeric kernel over lengths fixed by the model")]

use crate::{
    integer::{Left, Panels, Quant, Scaling, Table, multiply},
    network::{
        ROWS, WIDTH,
        linear::{Linear, Stored, by_input},
        norm::{Norm, gelu, sum},
        weights::{Mismatch, Weights},
    },
};

const HEADS: usize = 6;
const HEAD: usize = WIDTH / HEADS;

/// Width of the feed-forward network.
const HIDDEN: usize = 4 * WIDTH;

/// Queries and keys are both scaled by the fourth root of the head's width, 64.
const ATTENTION_SCALE: f32 = 0.353_553_38;

pub(crate) struct Layer {
    attention_norm: (Norm, Quant),
    query: Linear,
    query_bias: Vec<f32>,
    query_scaled: Quant,
    key: Linear,
    /// From products to scaled keys.
    key_scaled: Table<i16>,
    value: Linear,
    value_bias: Vec<f32>,
    value_biased: Quant,
    /// From products of scaled queries and keys.
    scores: Scaling,
    /// From the distance to the largest score of a row, in steps.
    score_exp: [f32; 256],
    probabilities: Quant,
    /// The attended values are quantised twice.
    attended: (Scaling, Quant),
    output: Linear,
    output_bias: Vec<f32>,
    hidden_norm: (Norm, Quant),
    expand: Linear,
    /// Per hidden unit, from products to activations: bias and GELU.
    activate: Vec<Table<i16>>,
    contract: Linear,
    contract_bias: Vec<f32>,
}

/// Room for the values within a layer, all in steps.
pub(crate) struct Scratch {
    normal: Vec<i16>,
    queries: Vec<i16>,
    keys: Vec<i16>,
    values: Vec<i16>,
    /// Scores, then probabilities of one head.
    scores: Vec<i16>,
    attended: Vec<i16>,
    hidden: Vec<i16>,
    panels: Panels,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let rows = || vec![0; ROWS * WIDTH];
        Self {
            normal: rows(),
            queries: rows(),
            keys: rows(),
            values: rows(),
            scores: vec![0; ROWS * ROWS],
            attended: rows(),
            hidden: vec![0; ROWS * HIDDEN],
            panels: Panels::default(),
        }
    }
}

/// Numbers of the values that the file's exporter left without a name, in each layer: weights for
/// query, key and value; scaled query and key; scores; weights for output and the feed-forward
/// network. A product has the number after its weight, and probabilities the one after scores.
const NUMBERS: [[u32; 9]; 4] = [
    [17, 25, 32, 64, 67, 68, 75, 79, 88],
    [92, 100, 107, 137, 140, 141, 148, 152, 161],
    [165, 173, 180, 210, 213, 214, 221, 225, 234],
    [238, 246, 253, 283, 286, 287, 294, 298, 307],
];

impl Layer {
    /// Takes layer `n` out of the file.
    pub(crate) fn load(weights: &Weights, n: usize) -> Result<Self, Mismatch> {
        let [wq, wk, wv, query, key, scores, wo, w1, w2] = NUMBERS[n];
        let quant = |name: String| weights.quant(&name);
        let val = |number: u32| format!("val_{number}");
        let bias =
            |name: &str, len| weights.floats(&format!("inner.encoder.layers.{n}.{name}.bias"), len);
        let norm =
            |name: &str| Norm::load(weights, &format!("inner.encoder.layers.{n}.{name}"), WIDTH);
        let linear = |weight: u32, product: String, [inputs, outputs]: [usize; 2], from| {
            let (weight, product) = (&*val(weight), &*product);
            let index = by_input;
            Linear::load(
                weights,
                &Stored { weight, inputs, outputs, index, bias: None, product },
                from,
            )
        };
        let attention_quant = quant(numbered("layer_norm", 2 * n))?;
        let hidden_quant = quant(numbered("layer_norm", 2 * n + 1))?;
        let square = [WIDTH, WIDTH];
        let key_linear = linear(wk, numbered("linear", 6 * n + 1), square, attention_quant)?;
        let key_quant = quant(val(key))?;
        let score_quant = quant(val(scores))?;
        let query_scaled = quant(val(query))?;
        let unit = query_scaled.scale * key_quant.scale;
        let (probabilities, value_biased) =
            (quant(val(scores + 1))?, quant(numbered("transpose", 4 * n + 2))?);
        let worth = probabilities.scale * value_biased.scale;
        let attended = quant(numbered("scaled_dot_product_attention", n))?;
        let reshaped = quant(numbered("_unsafe_view", n))?;
        let expand = linear(w1, val(w1 + 1), [WIDTH, HIDDEN], hidden_quant)?;
        let activated = quant(numbered("gelu", n + 2))?;
        let activate =
            |bias| Table::new(expand.product(), move |x| activated.steps(gelu(x + bias)));
        Ok(Self {
            attention_norm: (norm("self_attn_layer_norm")?, attention_quant),
            query: linear(wq, val(wq + 1), square, attention_quant)?,
            query_bias: bias("self_attn.q_proj", WIDTH)?,
            query_scaled,
            key_scaled: Table::new(key_linear.product(), |x| key_quant.steps(x * ATTENTION_SCALE)),
            key: key_linear,
            value: linear(wv, val(wv + 1), square, attention_quant)?,
            value_bias: bias("self_attn.v_proj", WIDTH)?,
            value_biased,
            scores: Scaling::even(ROWS, unit, score_quant),
            score_exp: std::array::from_fn(|d| (-(d as f32) * score_quant.scale).exp()),
            probabilities,
            attended: (Scaling::even(HEAD, worth, attended), reshaped),
            output: linear(wo, val(wo + 1), square, reshaped)?,
            output_bias: bias("self_attn.out_proj", WIDTH)?,
            hidden_norm: (norm("final_layer_norm")?, hidden_quant),
            activate: bias("fc1", HIDDEN)?.into_iter().map(activate).collect(),
            expand,
            contract: linear(w2, val(w2 + 1), [HIDDEN, WIDTH], activated)?,
            contract_bias: bias("fc2", WIDTH)?,
        })
    }

    /// Moves the [`ROWS`] rows of `x` through the layer.
    pub(crate) fn apply(&self, x: &mut [f32], s: &mut Scratch) {
        normalise(&self.attention_norm, x, &mut s.normal);
        self.project(s);
        for head in 0..HEADS {
            self.attend(head * HEAD, s);
        }
        add_product(&self.output, &self.output_bias, rows_of(&s.attended, WIDTH), x);
        normalise(&self.hidden_norm, x, &mut s.normal);
        self.expand.apply(rows_of(&s.normal, WIDTH), |row, first, steps| {
            let hidden = &mut s.hidden[row * HIDDEN + first..];
            for ((y, &steps), table) in hidden.iter_mut().zip(steps).zip(&self.activate[first..]) {
                *y = table.at(steps);
            }
        });
        add_product(&self.contract, &self.contract_bias, rows_of(&s.hidden, HIDDEN), x);
    }

    /// Computes queries, keys and values of all heads.
    fn project(&self, s: &mut Scratch) {
        let normal = rows_of(&s.normal, WIDTH);
        let scale = self.query.product().scale;
        self.query.apply(normal, |row, first, steps| {
            let queries = &mut s.queries[row * WIDTH + first..];
            for ((y, steps), bias) in queries.iter_mut().zip(steps).zip(&self.query_bias[first..]) {
                *y = self.query_scaled.steps((f32::from(*steps) * scale + bias) * ATTENTION_SCALE);
            }
        });
        self.key.apply(normal, |row, first, steps| {
            for (y, &steps) in s.keys[row * WIDTH + first..].iter_mut().zip(steps) {
                *y = self.key_scaled.at(steps);
            }
        });
        let scale = self.value.product().scale;
        self.value.apply(normal, |row, first, steps| {
            let values = &mut s.values[row * WIDTH + first..];
            for ((y, steps), bias) in values.iter_mut().zip(steps).zip(&self.value_bias[first..]) {
                *y = self.value_biased.steps(f32::from(*steps) * scale + bias);
            }
        });
    }

    /// One head's attention; its columns begin at `start`.
    fn attend(&self, start: usize, s: &mut Scratch) {
        let queries = Left { values: &s.queries[start..], rows: ROWS, stride: WIDTH };
        let keys = &s.keys[start..];
        s.panels.fill(HEAD, ROWS, |i, row| keys[row * WIDTH + i]);
        multiply(queries, &s.panels, &self.scores, |row, first, steps| {
            for (y, steps) in s.scores[row * ROWS + first..].iter_mut().zip(steps) {
                *y = *steps;
            }
        });
        for row in s.scores.chunks_exact_mut(ROWS) {
            self.weigh(row);
        }
        let values = &s.values[start..];
        s.panels.fill(ROWS, HEAD, |row, i| values[row * WIDTH + i]);
        let (scaling, again) = &self.attended;
        let scale = scaling.to().scale;
        multiply(rows_of(&s.scores, ROWS), &s.panels, scaling, |row, first, steps| {
            let attended = &mut s.attended[row * WIDTH + start + first..];
            for (y, &steps) in attended.iter_mut().zip(steps) {
                *y = again.steps(f32::from(steps) * scale);
            }
        });
    }

    /// Turns a row of scores into probabilities.
    fn weigh(&self, row: &mut [i16]) {
        let largest = row.iter().copied().max().unwrap_or_default();
        let mut exps = [0.0; ROWS];
        for (exp, &score) in exps.iter_mut().zip(&*row) {
            *exp = self.score_exp[usize::from((largest - score) as u8)];
        }
        let share = sum(&exps, |exp| exp).recip();
        for (probability, exp) in row.iter_mut().zip(exps) {
            *probability = self.probabilities.steps(exp * share);
        }
    }
}

fn rows_of(values: &[i16], width: usize) -> Left<'_> {
    Left { values, rows: ROWS, stride: width }
}

pub(crate) fn normalise((norm, quant): &(Norm, Quant), x: &[f32], y: &mut [i16]) {
    for (x, y) in x.chunks_exact(WIDTH).zip(y.chunks_exact_mut(WIDTH)) {
        for (y, x) in y.iter_mut().zip(norm.apply(x)) {
            *y = quant.steps(x);
        }
    }
}

fn add_product(linear: &Linear, bias: &[f32], rows: Left<'_>, x: &mut [f32]) {
    let scale = linear.product().scale;
    linear.apply(rows, |row, first, steps| {
        let x = &mut x[row * WIDTH + first..];
        for ((x, steps), bias) in x.iter_mut().zip(steps).zip(&bias[first..]) {
            *x += f32::from(*steps) * scale + bias;
        }
    });
}

/// The exporter numbers repeated names from the second on.
fn numbered(name: &str, n: usize) -> String {
    if n == 0 { name.to_owned() } else { format!("{name}_{n}") }
}
