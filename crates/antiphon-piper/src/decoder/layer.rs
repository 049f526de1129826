//! The layers of the decoder, each over as many columns as its inputs allow.
//!
//! A layer reads signals made before its own. It deliberately knows no graph: which signals these
//! are was decided when the layers were planned.

use super::{conv::Conv, signal::Signal, tile::Rows};

/// One step of the network. The `n`th layer makes signal `n + 1`; signal 0 is the latent.
pub(super) struct Layer {
    /// The signal it reads, and the operation on it.
    pub(super) from: usize,
    pub(super) op: Op,
    /// Signals added to the result of a convolution, column by column.
    pub(super) plus: Vec<usize>,
}

pub(super) enum Op {
    /// A convolution of the signal padded with zeros `before` and `after`.
    Conv {
        conv: Conv,
        before: usize,
        after: usize,
    },
    /// Puts every `stride` channels between each other as one, and cuts off at both ends.
    Interleave {
        stride: usize,
        before: usize,
        after: usize,
    },
    /// Multiplies positive and negative values with a factor each.
    Slopes {
        positive: f32,
        negative: f32,
    },
    Tanh,
}

impl Layer {
    /// Computes as many further columns of `out` as can be. With `last`, the input is complete.
    pub(super) fn run(&self, made: &[Signal], out: &mut Signal, last: bool) {
        let Some(x) = made.get(self.from) else { return };
        let (start, end) = (out.end(), self.end(made, last));
        if end <= start {
            return;
        }
        out.extend(end);
        match &self.op {
            Op::Conv { conv, .. } => {
                let plus = self.plus.iter().filter_map(|signal| made.get(*signal));
                let plus: Vec<Rows<'_>> = plus.map(|signal| signal.rows(start)).collect();
                let columns = usize::try_from(end - start).unwrap_or(0);
                conv.write(out.rows_mut(start), x.rows(self.reads(start)), &plus, columns);
            }
            Op::Interleave { stride, before, .. } => {
                interleave(*stride, *before, x, out, start);
            }
            Op::Slopes { positive, negative } => {
                let slope = |x: f32| x * if x > 0.0 { *positive } else { *negative };
                map(x, out, start, slope);
            }
            Op::Tanh => map(x, out, start, f32::tanh),
        }
    }

    /// First column of its input that column `next` of its output reads.
    pub(super) fn reads(&self, next: isize) -> isize {
        match &self.op {
            Op::Conv { before, .. } => next - before.cast_signed(),
            Op::Interleave { stride, before, .. } => {
                (next + before.cast_signed()).div_euclid(stride.cast_signed())
            }
            Op::Slopes { .. } | Op::Tanh => next,
        }
    }

    /// Column up to which the layer can compute. With `last`, the input is complete.
    fn end(&self, made: &[Signal], last: bool) -> isize {
        let end = |signal: usize| made.get(signal).map_or(0, Signal::end);
        let after = |columns: usize| if last { columns.cast_signed() } else { 0 };
        let from = end(self.from);
        let own = match &self.op {
            Op::Conv { conv, before, after: padding } => {
                from + before.cast_signed() + after(*padding) - conv.reach().cast_signed()
            }
            Op::Interleave { stride, before, after: cut } => {
                from * stride.cast_signed() - before.cast_signed() - after(*cut)
            }
            Op::Slopes { .. } | Op::Tanh => from,
        };
        self.plus.iter().map(|signal| end(*signal)).fold(own, isize::min)
    }
}

fn map(x: &Signal, out: &mut Signal, start: isize, f: impl Fn(f32) -> f32) {
    let columns = start..out.end();
    for channel in 0..out.channels() {
        let from = x.row(channel, columns.clone());
        for (y, x) in out.row_mut(channel, columns.clone()).iter_mut().zip(from) {
            *y = f(*x);
        }
    }
}

fn interleave(stride: usize, before: usize, x: &Signal, out: &mut Signal, start: isize) {
    let step = stride.cast_signed();
    let columns = start..out.end();
    for channel in 0..out.channels() {
        let row = out.row_mut(channel, columns.clone());
        // A column and the phase it is of; the phases of the next ones follow each other.
        for skipped in 0..stride.min(row.len()) {
            let at = start + before.cast_signed() + skipped.cast_signed();
            let phase = usize::try_from(at.rem_euclid(step)).unwrap_or(0);
            let from = x.row(channel * stride + phase, at.div_euclid(step)..x.end());
            for (y, x) in row.iter_mut().skip(skipped).step_by(stride).zip(from) {
                *y = *x;
            }
        }
    }
}
