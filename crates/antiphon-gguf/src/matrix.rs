//! A matrix of quantised weights, and its product with quantised activations.
//!
//! It deliberately knows neither the file it came from nor what it is for.

use crate::{
    kernels::{Isa, Kernel},
    tile::{BLOCK, Block, Bytes, LANES, Packed, Run, Tile},
};

/// Positions that share each load of weights.
const COLUMNS: usize = 4;

/// How many bits the weights of a matrix take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bits {
    Four,
    Five,
    Eight,
}

/// `rows` x `columns` weights.
#[derive(Debug)]
pub(crate) struct Matrix {
    rows: usize,
    columns: usize,
    tiles: Tiles,
}

#[derive(Debug)]
enum Tiles {
    Four(Vec<Packed<0>>),
    Five(Vec<Packed<1>>),
    Eight(Vec<Bytes>),
}

/// Activations of several positions.
#[derive(Debug, Default)]
pub(crate) struct Activations {
    blocks: Vec<Block>,
    per_position: usize,
}

impl Activations {
    /// Takes in `values`: positions of `columns` values each.
    pub(crate) fn fill(&mut self, values: &[f32], columns: usize, isa: Isa) {
        self.per_position = columns / BLOCK;
        self.blocks.clear();
        isa.run(
            #[inline(always)]
            || self.blocks.extend(values.as_chunks().0.iter().map(Block::quantise)),
        );
    }

    fn positions(&self) -> std::slice::ChunksExact<'_, Block> {
        self.blocks.chunks_exact(self.per_position.max(1))
    }
}

impl Matrix {
    /// Packs `rows` rows of `columns` weights, a multiple of 32; `runs` gives those of one row.
    pub(crate) fn pack(
        bits: Bits,
        [rows, columns]: [usize; 2],
        runs: impl Fn(usize) -> Vec<Run>,
    ) -> Self {
        let tiles = match bits {
            Bits::Four => Tiles::Four(pack([rows, columns / BLOCK], runs)),
            Bits::Five => Tiles::Five(pack([rows, columns / BLOCK], runs)),
            Bits::Eight => Tiles::Eight(pack([rows, columns / BLOCK], runs)),
        };
        Self { rows, columns, tiles }
    }

    /// Length of a row.
    pub(crate) const fn columns(&self) -> usize {
        self.columns
    }

    /// One row as numbers; nothing if there is no such row.
    pub(crate) fn row(&self, row: usize) -> Vec<f32> {
        if row >= self.rows {
            return Vec::new();
        }
        match &self.tiles {
            Tiles::Four(tiles) => self.unpack(tiles, row),
            Tiles::Five(tiles) => self.unpack(tiles, row),
            Tiles::Eight(tiles) => self.unpack(tiles, row),
        }
    }

    fn unpack(&self, tiles: &[impl Tile], row: usize) -> Vec<f32> {
        let tiles = tiles.chunks_exact((self.columns / BLOCK).max(1)).nth(row / LANES);
        let tiles = tiles.unwrap_or_default();
        tiles.iter().flat_map(|tile| tile.unpack(row % LANES).weights()).collect()
    }

    /// For each position the dot product of its activations with each row: `out` becomes
    /// positions x `rows`. The result of a position does not depend on the others.
    pub(crate) fn product(&self, x: &Activations, out: &mut Vec<f32>, isa: Isa) {
        out.clear();
        out.resize(x.positions().len() * self.rows, 0.0);
        match &self.tiles {
            Tiles::Four(tiles) => self.multiply(tiles, x, out, isa),
            Tiles::Five(tiles) => self.multiply(tiles, x, out, isa),
            Tiles::Eight(tiles) => self.multiply(tiles, x, out, isa),
        }
    }

    fn multiply(&self, tiles: &[impl Kernel], x: &Activations, out: &mut [f32], isa: Isa) {
        let positions: Vec<&[Block]> = x.positions().collect();
        let (fours, rest) = positions.as_chunks::<COLUMNS>();
        let rest_from = positions.len() - rest.len();
        for (n, tiles) in tiles.chunks_exact((self.columns / BLOCK).max(1)).enumerate() {
            let mut put = |position: usize, sums: [f32; LANES]| {
                let lanes = out.iter_mut().skip(position * self.rows).take(self.rows);
                lanes.skip(n * LANES).zip(sums).for_each(|(lane, sum)| *lane = sum);
            };
            for (f, four) in fours.iter().enumerate() {
                let sums = Kernel::product(isa, tiles, *four);
                (f * COLUMNS..).zip(sums).for_each(|(position, sums)| put(position, sums));
            }
            for (position, one) in (rest_from..).zip(rest) {
                let [sums] = Kernel::product(isa, tiles, [*one]);
                put(position, sums);
            }
        }
    }
}

/// Eight rows at a time; rows of zeros fill up the last eight.
fn pack<T: Tile>([rows, per_row]: [usize; 2], runs: impl Fn(usize) -> Vec<Run>) -> Vec<T> {
    let mut tiles = Vec::with_capacity(rows.div_ceil(LANES) * per_row);
    for first in (0..rows).step_by(LANES) {
        let group: Vec<Vec<Run>> = (first..rows).take(LANES).map(&runs).collect();
        tiles.extend((0..per_row).map(|n| {
            let run =
                |lane: usize| group.get(lane).and_then(|runs| runs.get(n)).unwrap_or(&Run::ZERO);
            T::pack(&std::array::from_fn(|lane| *run(lane)))
        }));
    }
    tiles
}
