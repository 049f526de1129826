//! Channels over time that arrive piece by piece: of the past, only what is still read is kept.
//!
//! It deliberately knows no layers. Memory is taken once and used again for what follows.

use std::ops::Range;

use super::tile::{COLUMNS, Rows, RowsMut};

/// Floats of a cache line. Rows an odd number of lines apart do not compete for the same places
/// in the cache.
const LINE: usize = 16;

/// What flows from one layer to others. Columns are counted from the beginning of the signal,
/// where column 0 is; before that, and after its end, it is zero.
pub(super) struct Signal {
    data: Vec<f32>,
    channels: usize,
    stride: usize,
    /// Columns that lie in `data`.
    start: isize,
    end: isize,
    /// Columns before the beginning and after the end that are read.
    padding: [usize; 2],
}

/// The columns of a signal that are still read.
pub(super) struct Past {
    columns: Range<isize>,
    /// By channel.
    values: Vec<f32>,
}

impl Signal {
    /// A signal of no columns that is read up to `padding` columns before its beginning and after
    /// its end.
    pub(super) fn new(channels: usize, padding: [usize; 2]) -> Self {
        let mut signal = Self { data: Vec::new(), channels, stride: 0, start: 0, end: 0, padding };
        signal.restart();
        signal
    }

    /// Begins anew, without columns.
    pub(super) fn restart(&mut self) {
        self.start = -self.padding[0].cast_signed();
        self.end = 0;
        self.extend(0);
        self.clear(self.start..0);
    }

    /// What is needed to [`resume`](Self::resume) later.
    pub(super) fn past(&self) -> Past {
        let columns = self.columns();
        let rows = (0..self.channels).flat_map(|channel| self.row(channel, columns.clone()));
        Past { values: rows.copied().collect(), columns }
    }

    /// Goes on after what was there once.
    pub(super) fn resume(&mut self, past: &Past) {
        (self.start, self.end) = (past.columns.start, past.columns.end);
        self.extend(self.end);
        let len = self.place(self.end);
        for (channel, row) in past.values.chunks_exact(len.max(1)).enumerate() {
            copy(row, self.row_mut(channel, past.columns.clone()));
        }
    }

    /// Adds columns, given by channel.
    pub(super) fn append<'a>(&mut self, rows: impl Iterator<Item = &'a [f32]>, columns: usize) {
        let columns = self.end..self.end + columns.cast_signed();
        self.extend(columns.end);
        for (channel, row) in rows.enumerate().take(self.channels) {
            copy(row, self.row_mut(channel, columns.clone()));
        }
    }

    /// The columns there are.
    pub(super) const fn columns(&self) -> Range<isize> {
        self.start..self.end
    }

    /// Column after the last.
    pub(super) const fn end(&self) -> isize {
        self.end
    }

    /// Some columns of one channel.
    pub(super) fn row(&self, channel: usize, columns: Range<isize>) -> &[f32] {
        let at = channel * self.stride;
        let columns = at + self.place(columns.start)..at + self.place(columns.end);
        self.data.get(columns).unwrap_or_default()
    }

    /// As [`row`](Self::row), to be written.
    pub(super) fn row_mut(&mut self, channel: usize, columns: Range<isize>) -> &mut [f32] {
        let at = channel * self.stride;
        let columns = at + self.place(columns.start)..at + self.place(columns.end);
        self.data.get_mut(columns).unwrap_or_default()
    }

    pub(super) const fn channels(&self) -> usize {
        self.channels
    }

    /// All channels from a column on.
    pub(super) fn rows(&self, from: isize) -> Rows<'_> {
        let data = self.data.get(self.place(from)..).unwrap_or_default();
        Rows { data, stride: self.stride }
    }

    /// As [`rows`](Self::rows), to be written.
    pub(super) fn rows_mut(&mut self, from: isize) -> RowsMut<'_> {
        let at = self.place(from);
        let data = self.data.get_mut(at..).unwrap_or_default();
        RowsMut { data, stride: self.stride }
    }

    /// Makes room up to column `end`. What lies in new columns is not defined.
    pub(super) fn extend(&mut self, end: isize) {
        self.end = self.end.max(end);
        // Beyond the last column there is room for what is read after the end, and for a tile.
        let columns = self.place(self.end) + self.padding[1] + COLUMNS;
        if columns > self.stride {
            self.widen((columns.div_ceil(LINE) | 1) * LINE);
        }
    }

    /// Zeros after the last column, for what is read after the end.
    pub(super) fn finish(&mut self) {
        self.clear(self.end..self.end + self.padding[1].cast_signed());
    }

    /// Forgets the columns before `start`.
    pub(super) fn forget(&mut self, start: isize) {
        if start == self.start {
            return;
        }
        let kept = self.place(start)..self.place(self.end);
        for row in self.data.chunks_exact_mut(self.stride.max(1)) {
            row.copy_within(kept.clone(), 0);
        }
        self.start = start;
    }

    fn clear(&mut self, columns: Range<isize>) {
        for channel in 0..self.channels {
            self.row_mut(channel, columns.clone()).fill(0.0);
        }
    }

    fn widen(&mut self, stride: usize) {
        let mut data = vec![0.0; self.channels * stride];
        let old = self.data.chunks_exact(self.stride.max(1));
        for (row, old) in data.chunks_exact_mut(stride).zip(old) {
            copy(old, row);
        }
        (self.data, self.stride) = (data, stride);
    }

    /// Where a column lies in its row. Those before the first lie there, too.
    fn place(&self, column: isize) -> usize {
        usize::try_from(column - self.start).unwrap_or(0)
    }
}

fn copy(from: &[f32], to: &mut [f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}
