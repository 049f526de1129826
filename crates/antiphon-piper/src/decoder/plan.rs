//! From the nodes of a graph to layers.
//!
//! The nodes are followed from the latent on, whatever their names. It deliberately knows no
//! kernels and runs nothing.

mod conv_node;
mod tensors;

use std::collections::BTreeMap;

use conv_node::ConvNode;
use rten_onnx::onnx::{GraphProto, NodeProto};
use tensors::{Tensors, attribute, numbers};

use super::{
    Decoder,
    conv::{Conv, Shape},
    layer::{Layer, Op},
};

/// Why a decoder cannot be run here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unsupported(pub(crate) String);

type Result<T> = std::result::Result<T, Unsupported>;

fn unsupported<T>(why: impl Into<String>) -> Result<T> {
    Err(Unsupported(why.into()))
}

impl Decoder {
    /// The layers between two values of a graph, whose nodes come in an order in which they run.
    ///
    /// # Errors
    /// If there is something between them that is not known here.
    pub(crate) fn plan(graph: &GraphProto, latent: &str, output: &str) -> Result<Self> {
        let mut plan = Plan {
            tensors: Tensors::of(graph),
            uses: BTreeMap::new(),
            signals: BTreeMap::from([(latent, 0)]),
            layers: Vec::new(),
            channels: vec![0],
        };
        for value in graph.node.iter().flat_map(|node| &node.input).map(String::as_str) {
            *plan.uses.entry(value).or_default() += 1;
        }
        *plan.uses.entry(output).or_default() += 1;
        for node in &graph.node {
            if node.input.iter().any(|name| plan.signals.contains_key(name.as_str())) {
                let signal = plan.node(node).map_err(|Unsupported(why)| {
                    Unsupported(format!("{}: {why}", node.name.as_deref().unwrap_or_default()))
                })?;
                plan.signals.extend(node.output.first().map(|name| (name.as_str(), signal)));
            }
        }
        match plan.signals.get(output) {
            Some(last) if *last > 0 && *last == plan.layers.len() && plan.channels(*last) == 1 => {
                Ok(Self::new(plan.layers, &plan.channels))
            }
            _ => unsupported(format!("{output:?} is not the last value that is made")),
        }
    }
}

struct Plan<'a> {
    tensors: Tensors<'a>,
    /// How often each value is read. The output is read by whoever asked for it.
    uses: BTreeMap<&'a str, usize>,
    /// Which signal a value is.
    signals: BTreeMap<&'a str, usize>,
    layers: Vec<Layer>,
    /// Channels of each signal; 0 for the latent as long as nothing read it.
    channels: Vec<usize>,
}

impl<'a> Plan<'a> {
    /// Plans a node. Returns the signal it makes.
    fn node(&mut self, node: &'a NodeProto) -> Result<usize> {
        match node.op_type.as_deref().unwrap_or_default() {
            "Conv" => self.conv(node),
            "ConvTranspose" => self.transposed(node),
            "Add" => self.sum(node),
            "Mul" | "Div" => self.scaled(node),
            "LeakyRelu" => {
                let alpha = attribute(node, "alpha").and_then(|a| a.f);
                Ok(self.slopes(node, self.input(node)?, [1.0, alpha.unwrap_or(0.01)]))
            }
            "Tanh" => {
                let from = self.input(node)?;
                Ok(self.push(from, Op::Tanh, self.channels(from)))
            }
            // The values of a single channel are the same in any shape.
            "Unsqueeze" | "Squeeze" | "Identity" => match self.input(node)? {
                from if self.channels(from) == 1 => Ok(from),
                _ => unsupported("it reshapes channels"),
            },
            _ => unsupported(format!("the operator {:?}", node.op_type)),
        }
    }

    fn conv(&mut self, node: &NodeProto) -> Result<usize> {
        let ConvNode { weight, bias, stride, dilation, before, after } =
            ConvNode::of(node, &self.tensors)?;
        let &[outputs, inputs, taps] = weight.dims.as_slice() else {
            return unsupported("its rank");
        };
        let from = self.read(node, inputs)?;
        if stride != 1 {
            return unsupported("a stride");
        }
        let at = |o: usize, i: usize, tap: usize| (o * inputs + i) * taps + tap;
        let weight = |o, i, tap| weight.values.get(at(o, i, tap)).copied().unwrap_or_default();
        let conv = Conv::new(Shape { outputs, inputs, taps }, dilation, weight, |o| bias.at(o));
        Ok(self.push(from, Op::Conv { conv, before, after }, outputs))
    }

    /// A transposed convolution is a convolution for each phase of its stride.
    fn transposed(&mut self, node: &NodeProto) -> Result<usize> {
        let ConvNode { weight, bias, stride, dilation, before, after } =
            ConvNode::of(node, &self.tensors)?;
        let &[inputs, outputs, taps] = weight.dims.as_slice() else {
            return unsupported("its rank");
        };
        let from = self.read(node, inputs)?;
        // So many columns the phases make more than the whole kernel reaches.
        let beyond = taps.next_multiple_of(stride) - taps;
        if dilation != 1 || numbers(node, "output_padding", &[0]) != Some(vec![0]) {
            return unsupported("a dilation or padding of its output");
        }
        let at = |o: usize, i: usize, tap: usize| (i * outputs + o) * taps + tap;
        let weight = |o, i, tap| weight.values.get(at(o, i, tap)).copied().unwrap_or_default();
        let shape = Shape { outputs, inputs, taps };
        let conv = Conv::transposed(shape, stride, weight, |o| bias.at(o));
        let reach = conv.reach();
        let phases =
            self.push(from, Op::Conv { conv, before: reach, after: reach }, outputs * stride);
        Ok(self.push(phases, Op::Interleave { stride, before, after: beyond + after }, outputs))
    }

    /// A sum. One that only adds to a convolution is part of that.
    fn sum(&mut self, node: &'a NodeProto) -> Result<usize> {
        let [a, b] = node.input.as_slice() else { return unsupported("its inputs") };
        let signal = |name: &str| self.signals.get(name).copied();
        let (Some(first), Some(second)) = (signal(a), signal(b)) else {
            return unsupported("it adds a constant, or what the latent does not make");
        };
        if self.channels(first) != self.channels(second) {
            return unsupported("it adds signals of different shapes");
        }
        let (earlier, later) = (first.min(second), first.max(second));
        let read_once = |name: &str| self.uses.get(name) == Some(&1);
        let name = if later == first { a } else { b };
        let made = later.checked_sub(1).and_then(|n| self.layers.get_mut(n));
        match made.filter(|layer| matches!(layer.op, Op::Conv { .. }) && read_once(name)) {
            Some(conv) if earlier < later => {
                conv.plus.push(earlier);
                Ok(later)
            }
            _ => unsupported("it does not add to a convolution"),
        }
    }

    /// A product with, or a quotient by, one constant.
    fn scaled(&mut self, node: &NodeProto) -> Result<usize> {
        let constant = |name: &String| match self.tensors.get(name)?.values.as_slice() {
            [one] => Some(*one),
            _ => None,
        };
        let constants: Vec<Option<f32>> = node.input.iter().map(constant).collect();
        let (n, factor) = match (constants.as_slice(), node.op_type.as_deref()) {
            (&[None, Some(divisor)], Some("Div")) => (0, divisor.recip()),
            (&[None, Some(factor)], Some("Mul")) => (0, factor),
            (&[Some(factor), None], Some("Mul")) => (1, factor),
            _ => return unsupported("its inputs"),
        };
        let from = node.input.get(n).and_then(|name| self.signals.get(name.as_str()).copied());
        match from {
            Some(from) => Ok(self.slopes(node, from, [factor, factor])),
            None => unsupported("its inputs"),
        }
    }

    /// Slopes of a scaled signal that nothing else reads are one layer with the scaling.
    fn slopes(&mut self, node: &NodeProto, from: usize, [up, down]: [f32; 2]) -> usize {
        let read_once = node.input.iter().all(|name| match self.signals.get(name.as_str()) {
            Some(_) => self.uses.get(name.as_str()) == Some(&1),
            None => true,
        });
        let made = from.checked_sub(1).and_then(|n| self.layers.get_mut(n));
        if let Some(Op::Slopes { positive, negative }) = made.map(|layer| &mut layer.op)
            && read_once
            && *positive > 0.0
            && *negative > 0.0
        {
            (*positive, *negative) = (*positive * up, *negative * down);
            return from;
        }
        self.push(from, Op::Slopes { positive: up, negative: down }, self.channels(from))
    }

    fn push(&mut self, from: usize, op: Op, channels: usize) -> usize {
        self.layers.push(Layer { from, op, plus: Vec::new() });
        self.channels.push(channels);
        self.layers.len()
    }

    fn channels(&self, signal: usize) -> usize {
        self.channels.get(signal).copied().unwrap_or_default()
    }

    /// The signal a node reads.
    fn input(&self, node: &NodeProto) -> Result<usize> {
        let first = node.input.first().and_then(|name| self.signals.get(name.as_str()));
        first.copied().ok_or_else(|| Unsupported("it reads something else first".to_owned()))
    }

    /// The signal a convolution reads, which has so many channels.
    fn read(&mut self, node: &NodeProto, channels: usize) -> Result<usize> {
        let from = self.input(node)?;
        match self.channels.get_mut(from) {
            Some(latent @ 0) => *latent = channels,
            Some(known) if *known == channels => {}
            _ => return unsupported("it reads other channels than there are"),
        }
        Ok(from)
    }
}
