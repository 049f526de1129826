//! Graphs with everything a decoder may have, in odd sizes, against the definition.

use std::cell::RefCell;

use rten_onnx::onnx::{AttributeProto, DataType, GraphProto, NodeProto, TensorProto};

use super::{conv::number, decode};
use crate::{decoder::Decoder, frames::Frames};

fn tensor(name: &str, dims: &[usize]) -> TensorProto {
    let values = (0..dims.iter().product()).map(|n| number(n + 99 * name.len()));
    TensorProto {
        name: Some(name.to_owned()),
        dims: dims.iter().map(|d| *d as i64).collect(),
        data_type: Some(DataType::FLOAT),
        raw_data: Some(RefCell::new(values.flat_map(f32::to_le_bytes).collect())),
        ..TensorProto::default()
    }
}

fn values(tensor: &TensorProto) -> Vec<f32> {
    let bytes = tensor.raw_data.as_ref().unwrap().borrow();
    bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

fn node(op: &str, inputs: &[&str], output: &str, attributes: &[(&str, &[i64])]) -> NodeProto {
    let attribute = |(name, ints): &(&str, &[i64])| AttributeProto {
        name: Some((*name).to_owned()),
        ints: ints.to_vec(),
        ..AttributeProto::default()
    };
    NodeProto {
        op_type: Some(op.to_owned()),
        input: inputs.iter().map(|s| (*s).to_owned()).collect(),
        output: vec![output.to_owned()],
        attribute: attributes.iter().map(attribute).collect(),
        ..NodeProto::default()
    }
}

/// Five channels, raised threefold, a residual block, a scaled sum, one channel.
fn graph() -> GraphProto {
    let mut three = tensor("three", &[]);
    three.raw_data = Some(RefCell::new(3f32.to_le_bytes().to_vec()));
    let same: [(&str, &[i64]); 2] = [("pads", &[4, 4]), ("dilations", &[4])];
    GraphProto {
        node: vec![
            node("Cast", &["something"], "else", &[]),
            node("Conv", &["latent", "pre", "bias"], "a", &[("pads", &[2, 0])]),
            node("ConvTranspose", &["a", "up"], "b", &[("strides", &[3]), ("pads", &[1, 2])]),
            node("LeakyRelu", &["b"], "c", &[]),
            node("Conv", &["c", "w1", "bias"], "d", &same),
            node("Add", &["d", "b"], "e", &[]),
            node("Conv", &["c", "w2"], "f", &same),
            node("Add", &["f", "b"], "g", &[]),
            node("Add", &["e", "g"], "h", &[]),
            node("Div", &["h", "three"], "i", &[]),
            node("LeakyRelu", &["i"], "j", &[]),
            node("Conv", &["j", "post"], "k", &[("pads", &[0, 1])]),
            node("Tanh", &["k"], "l", &[]),
            node("Unsqueeze", &["l", "axes"], "output", &[]),
        ],
        initializer: vec![
            tensor("pre", &[7, 5, 3]),
            tensor("bias", &[7]),
            tensor("up", &[7, 7, 5]),
            tensor("w1", &[7, 7, 3]),
            tensor("w2", &[7, 7, 3]),
            tensor("post", &[1, 7, 2]),
            three,
        ],
        ..GraphProto::default()
    }
}

type Channels = Vec<Vec<f32>>;

/// The convolution of padded channels, by its definition.
fn conv(
    x: &Channels,
    w: &TensorProto,
    bias: &[f32],
    [before, after]: [usize; 2],
    dilation: usize,
) -> Channels {
    let [outputs, inputs, taps] = [0, 1, 2].map(|n| w.dims[n] as usize);
    let w = values(w);
    let len = x[0].len() + before + after - (taps - 1) * dilation;
    let at = |i: usize, padded: usize| {
        padded.checked_sub(before).and_then(|t| x[i].get(t)).copied().unwrap_or_default()
    };
    let sum = |o: usize, t: usize| -> f32 {
        let pairs = (0..inputs).flat_map(|i| (0..taps).map(move |tap| (i, tap)));
        pairs.map(|(i, tap)| w[(o * inputs + i) * taps + tap] * at(i, t + tap * dilation)).sum()
    };
    let bias = |o: usize| bias.get(o).copied().unwrap_or_default();
    (0..outputs).map(|o| (0..len).map(|t| sum(o, t) + bias(o)).collect()).collect()
}

/// Every input adds the kernel, scaled, to the output; the ends are cut off.
fn transposed(x: &Channels, w: &TensorProto, stride: usize, cut: [usize; 2]) -> Channels {
    let [inputs, outputs, taps] = [0, 1, 2].map(|n| w.dims[n] as usize);
    let w = values(w);
    let mut y = vec![vec![0.0; (x[0].len() - 1) * stride + taps]; outputs];
    for (i, x) in x.iter().enumerate().take(inputs) {
        for (t, x) in x.iter().enumerate() {
            for (o, y) in y.iter_mut().enumerate() {
                for tap in 0..taps {
                    y[t * stride + tap] += x * w[(i * outputs + o) * taps + tap];
                }
            }
        }
    }
    y.into_iter().map(|y| y[cut[0]..y.len() - cut[1]].to_vec()).collect()
}

fn map(x: &Channels, f: impl Fn(f32) -> f32) -> Channels {
    x.iter().map(|x| x.iter().map(|x| f(*x)).collect()).collect()
}

fn sum(a: &Channels, b: &Channels) -> Channels {
    a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a + b).collect()).collect()
}

/// What [`graph`] makes of a latent, node by node.
fn reference(latent: &Channels) -> Vec<f32> {
    let GraphProto { initializer, .. } = graph();
    let [pre, bias, up, w1, w2, post, _] = initializer.as_slice() else { panic!("other tensors") };
    let bias = values(bias);
    let leaky = |x: f32| if x > 0.0 { x } else { 0.01 * x };
    let b = transposed(&conv(latent, pre, &bias, [2, 0], 1), up, 3, [1, 2]);
    let c = map(&b, leaky);
    let e = sum(&conv(&c, w1, &bias, [4, 4], 4), &b);
    let h = sum(&e, &sum(&conv(&c, w2, &[], [4, 4], 4), &b));
    let j = map(&h, |x| leaky(x / 3.0));
    map(&conv(&j, post, &[], [0, 1], 1), f32::tanh).concat()
}

#[test]
fn every_layer_is_as_defined_in_pieces_of_any_size() {
    let decoder = Decoder::plan(&graph(), "latent", "output").unwrap();
    assert_eq!(decoder.hop(), 3);
    for len in [1, 2, 11, 100] {
        let latent: Channels =
            (0..5).map(|c| (0..len).map(|t| number(c * 1000 + t)).collect()).collect();
        let wanted = reference(&latent);
        let frames = Frames::new(5, latent.concat());
        for pieces in [&[len][..], &[1], &[3, 1, 8]] {
            let samples = decode(&decoder, &frames, pieces);
            assert_eq!(samples.len(), wanted.len(), "{len} in {pieces:?}");
            let errors = samples.iter().zip(&wanted).map(|(a, b)| (a - b).abs());
            let worst = errors.fold(0.0, f32::max);
            assert!(worst < 1e-5, "{len} in {pieces:?}: {worst}");
        }
    }
}

/// Why a graph with a node changed is refused.
fn refusal(change: impl Fn(&mut GraphProto)) -> String {
    let mut graph = graph();
    change(&mut graph);
    Decoder::plan(&graph, "latent", "output").err().unwrap().0
}

#[test]
fn what_is_not_known_is_refused_and_left_to_rten() {
    let op = refusal(|g| g.node[12].op_type = Some("Sin".to_owned()));
    assert!(op.contains("Sin"), "{op}");
    let group = ("group", &[7i64][..]);
    let grouped = refusal(|g| g.node[4] = node("Conv", &["c", "w1"], "d", &[group]));
    assert!(grouped.contains("groups"), "{grouped}");
    let weights = refusal(|g| drop(g.initializer.remove(3)));
    assert!(weights.contains("weights"), "{weights}");
    let speaker = refusal(|g| g.node[5] = node("Add", &["d", "speaker"], "e", &[]));
    assert!(speaker.contains("constant"), "{speaker}");
    let unfinished = refusal(|g| drop(g.node.pop()));
    assert!(unfinished.contains("output"), "{unfinished}");
}
