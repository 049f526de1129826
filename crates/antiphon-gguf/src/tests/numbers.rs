//! Kernels, formats and arithmetic, against plain ways to compute the same.

use std::array::from_fn;

use candle_core::{
    Device,
    quantized::{GgmlDType, QTensor},
};

use super::{noise, tiny::matrix};
use crate::{
    blocks::{Format, rounded},
    cache::{Cache, Part},
    kernels::{Isa, Kernel},
    math,
    matrix::{Activations, Bits, Matrix},
    options::SamplingOptions,
    prefixes::Prefixes,
    sample::Sampler,
    tile::{BLOCK, Block, Bytes, LANES, Packed, Run},
};

/// Runs of eight rows with values from `low` to `high`, extremes among them.
fn runs(blocks: usize, low: i32, high: i32) -> Vec<[Run; LANES]> {
    let numbers = noise(blocks * LANES * (BLOCK + 2), 3);
    let mut numbers = numbers.iter();
    let mut next = || *numbers.next().unwrap();
    let mut run = |extreme: bool| {
        let (scale, min) = (next(), if low < 0 { 0.0 } else { next() });
        let value = |n: f32| low + ((n + 1.0) / 2.0 * (high - low) as f32).round() as i32;
        let values = from_fn(|_| value(next()) as i8);
        let values = if extreme { [high as i8; BLOCK] } else { values };
        let half = |x: f32| half::f16::from_f32(x).to_f32();
        Run { scale: half(scale), min: half(min), values }
    };
    (0..blocks).map(|b| from_fn(|lane| run(b == 0 && lane == 0))).collect()
}

fn blocks(count: usize, seed: u32) -> Vec<Block> {
    let mut values = noise(count * BLOCK, seed);
    values[..BLOCK].fill(-1.0);
    values.as_chunks().0.iter().map(Block::quantise).collect()
}

fn kernel_agrees<T: Kernel>(low: i32, high: i32) {
    let runs = runs(5, low, high);
    let tiles: Vec<T> = runs.iter().map(T::pack).collect();
    for (tile, runs) in tiles.iter().zip(&runs) {
        assert_eq!(from_fn(|lane| tile.unpack(lane)), *runs, "packed and unpacked");
    }
    let columns: [Vec<Block>; 4] = from_fn(|c| blocks(5, 50 + c as u32));
    let columns: [&[Block]; 4] = from_fn(|c| columns[c].as_slice());
    let portable = T::product(Isa::PORTABLE, &tiles, columns);
    let fast = T::product(Isa::detect(), &tiles, columns);
    assert_eq!(portable.map(|c| c.map(f32::to_bits)), fast.map(|c| c.map(f32::to_bits)));
    let [alone] = T::product(Isa::detect(), &tiles, [columns[2]]);
    assert_eq!(alone, fast[2], "one position alone, and among others");
    for (lane, sum) in fast[0].iter().enumerate() {
        let weights = runs.iter().flat_map(|runs| runs[lane].weights());
        let values = columns[0].iter().flat_map(|b| b.quads.map(|q| (q.to_le_bytes(), b.scale)));
        let values = values.flat_map(|(q, scale)| q.map(|v| f32::from(v as i8) * scale));
        let exact: f64 = weights.zip(values).map(|(w, v)| f64::from(w) * f64::from(v)).sum();
        assert!((f64::from(*sum) - exact).abs() < 1e-3 * exact.abs().max(10.0), "{sum} {exact}");
    }
}

#[test]
fn kernels_agree_to_the_bit_with_portable_code_and_with_exact_sums() {
    kernel_agrees::<Packed<0>>(0, 15);
    kernel_agrees::<Packed<1>>(0, 31);
    kernel_agrees::<Bytes>(-127, 127);
}

#[test]
fn a_product_has_a_row_for_each_position_also_when_rows_do_not_fill_a_tile() {
    for (rows, positions) in [(1, 1), (8, 4), (11, 6), (21, 3)] {
        let (weights, x) = (noise(rows * 64, 1), noise(positions * 64, 2));
        let matrix = rounded(&weights, [rows, 64]).unwrap();
        let mut activations = Activations::default();
        activations.fill(&x, 64, Isa::detect());
        let mut out = vec![7.0];
        matrix.product(&activations, &mut out, Isa::detect());
        assert_eq!(out.len(), positions * rows);
        for (n, got) in out.iter().enumerate() {
            let (row, x) = (&weights[n % rows * 64..][..64], &x[n / rows * 64..][..64]);
            let exact: f32 = row.iter().zip(x).map(|(a, b)| a * b).sum();
            assert!((got - exact).abs() < 0.1, "{rows} x {positions}: {got} {exact}");
        }
        assert_eq!(matrix.row(rows), Vec::<f32>::new(), "a row that is not there");
    }
}

fn dequantised(tensor: &QTensor) -> Vec<f32> {
    let tensor = tensor.dequantize(&Device::Cpu).unwrap();
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn weights_mean_what_the_file_says() {
    let kept = [
        (GgmlDType::Q4_0, Bits::Four),
        (GgmlDType::Q4_1, Bits::Four),
        (GgmlDType::Q5_0, Bits::Five),
        (GgmlDType::Q5_1, Bits::Five),
        (GgmlDType::Q8_0, Bits::Eight),
        (GgmlDType::Q4K, Bits::Four),
        (GgmlDType::Q5K, Bits::Five),
    ];
    for (dtype, bits) in kept {
        let (_, tensor) = matrix("weights", [9, 512], dtype, 1.0);
        let format = Format::of(dtype).unwrap();
        assert_eq!(format.bits, bits);
        let packed = format.matrix(&tensor.data().unwrap(), [9, 512]).unwrap();
        // K formats multiply two scales, whose product is rounded to a half-precision number.
        close(&packed, &dequantised(&tensor), if dtype == GgmlDType::Q4_1 { 1e-6 } else { 2e-3 });
        assert!(format.matrix(&tensor.data().unwrap(), [9, 256]).is_none(), "another shape");
        assert!(format.matrix(&[], [9, 512]).is_none(), "no data");
    }
    for dtype in [GgmlDType::F32, GgmlDType::F16, GgmlDType::Q6K, GgmlDType::Q3K] {
        assert!(Format::of(dtype).is_none());
        let weights = dequantised(&matrix("weights", [9, 512], dtype, 1.0).1);
        close(&rounded(&weights, [9, 512]).unwrap(), &weights, 0.5 / 127.0 + 1e-3);
    }
    assert!(rounded(&[0.0; 40], [1, 40]).is_none(), "rows of no whole number of blocks");
}

fn close(matrix: &Matrix, weights: &[f32], tolerance: f32) {
    for (n, expected) in weights.chunks(512).enumerate() {
        for (got, expected) in matrix.row(n).iter().zip(expected) {
            assert!((got - expected).abs() <= tolerance, "row {n}: {got} instead of {expected}");
        }
        assert_eq!(matrix.row(n).len(), 512);
    }
}

#[test]
fn the_exponential_is_exact_to_a_few_units() {
    for n in -8700..8700 {
        let x = n as f32 / 100.0;
        let exact = f64::from(x).exp();
        let error = (f64::from(math::exp(x)) / exact - 1.0).abs();
        assert!(error < 1e-6, "exp({x}) is off by {error}");
    }
    assert!(math::exp(f32::MAX).is_finite() && math::exp(f32::MIN) >= 0.0);
}

#[test]
fn greedy_takes_the_best_and_the_penalty_makes_it_change() {
    let options = |repetition_penalty| SamplingOptions { repetition_penalty, ..Default::default() };
    let choose = |penalty, said: &[u32]| {
        Sampler::new(options(penalty)).choose(&mut [-3.0, 5.0, 4.9, -0.1], said)
    };
    assert_eq!(choose(1.1, &[]), 1);
    assert_eq!(choose(1.1, &[1]), 2);
    assert_eq!(choose(1.0, &[1]), 1);
    assert_eq!(choose(100.0, &[1, 2]), 1, "both alike");
    let forgotten: Vec<u32> = [1].into_iter().chain([0; 64]).collect();
    assert_eq!(choose(1.1, &forgotten), 1, "64 tokens later");
}

#[test]
fn draws_follow_the_probabilities_and_the_seed() {
    let base = SamplingOptions { temperature: 1.0, top_p: 1.0, ..Default::default() };
    let draw = |options: &SamplingOptions| -> Vec<u32> {
        let mut sampler = Sampler::new(options.clone());
        // Probabilities of 0.6, 0.3 and 0.1.
        let mut next = || sampler.choose(&mut [0.6_f32.ln(), 0.3_f32.ln(), 0.1_f32.ln()], &[]);
        (0..3000).map(|_| next()).collect()
    };
    let share = |options: &SamplingOptions, token| {
        draw(options).iter().filter(|t| **t == token).count() as f32 / 3000.0
    };
    for (token, probability) in [(0, 0.6), (1, 0.3), (2, 0.1)] {
        assert!((share(&base, token) - probability).abs() < 0.03, "token {token}");
    }
    assert_eq!(draw(&base), draw(&base));
    assert_ne!(draw(&base), draw(&SamplingOptions { seed: 1, ..base.clone() }));
    assert_eq!(share(&SamplingOptions { top_k: 2, ..base.clone() }, 2), 0.0);
    assert_eq!(share(&SamplingOptions { top_p: 0.8, ..base.clone() }, 2), 0.0);
    assert_eq!(share(&SamplingOptions { top_p: 0.5, ..base.clone() }, 0), 1.0);
    assert!(share(&SamplingOptions { temperature: 0.5, ..base }, 0) > 0.7);
}

#[test]
fn the_longest_known_beginning_is_taken_and_the_oldest_forgotten() {
    let (_, empty) = super::tiny::Tiny::new("llama").decoder();
    let cache = |tokens: &[u32]| {
        let mut cache: Cache = empty.clone();
        cache.reserve(tokens.len());
        cache.write(0, 0, Part::Keys, &[1.0; 128]);
        cache.extend(tokens);
        cache
    };
    let mut known = Prefixes::new(2);
    assert!(known.longest(&[1, 2]).is_none());
    known.keep(cache(&[1, 2, 3, 4]));
    known.keep(cache(&[1, 2, 9]));
    let longest = |known: &mut Prefixes, tokens: &[u32]| {
        known.longest(tokens).map(|c| c.tokens().to_vec()).unwrap_or_default()
    };
    assert_eq!(longest(&mut known, &[1, 2, 3, 7, 8]), [1, 2, 3]);
    assert_eq!(longest(&mut known, &[1, 2, 3, 4]), [1, 2, 3], "the last token must be run");
    assert_eq!(longest(&mut known, &[2, 2]), [0_u32; 0]);
    known.keep(cache(&[1, 2, 9, 9]));
    known.keep(cache(&[1, 2]));
    assert_eq!(longest(&mut known, &[1, 2, 3, 4, 5]), [1, 2, 3, 4], "only continued ones go");
    known.keep(cache(&[7, 7, 7]));
    assert_eq!(longest(&mut known, &[1, 2, 9, 9, 9]), [1, 2], "the least recently used went");
}
