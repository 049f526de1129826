//! What will happen, in order of time; things of one time in the order they were planned.

use std::{cmp::Ordering, collections::BinaryHeap};

use antiphon_core::Timestamp;

/// A queue over virtual time.
#[derive(Clone, Debug)]
pub(crate) struct Agenda<T> {
    heap: BinaryHeap<Entry<T>>,
    planned: u64,
}

#[derive(Clone, Debug)]
struct Entry<T> {
    at: Timestamp,
    serial: u64,
    what: T,
}

impl<T> Agenda<T> {
    pub(crate) const fn new() -> Self {
        Self { heap: BinaryHeap::new(), planned: 0 }
    }

    pub(crate) fn plan(&mut self, at: Timestamp, what: T) {
        self.heap.push(Entry { at, serial: self.planned, what });
        self.planned += 1;
    }

    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        self.heap.peek().map(|e| e.at)
    }

    pub(crate) fn take(&mut self) -> Option<(Timestamp, T)> {
        self.heap.pop().map(|e| (e.at, e.what))
    }
}

// The earliest is the greatest: the heap gives the greatest first.
impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.serial).cmp(&(self.at, self.serial))
    }
}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Entry<T> {}
