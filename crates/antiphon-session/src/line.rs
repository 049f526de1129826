//! Things that wait in line for one task: they keep session time from being skipped while the line
//! moves, but not while who serves it waits for time to pass.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{SessionClock, Working};

/// A line and who serves it. Clones are the same line.
#[derive(Clone, Debug)]
pub(crate) struct Line(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    clock: SessionClock,
    waiting: usize,
    moves: bool,
    /// Held while something waits in a line that moves.
    working: Option<Working>,
}

impl Line {
    /// A line that does not move yet.
    pub(crate) fn new(clock: SessionClock) -> Self {
        Self(Arc::new(Mutex::new(State { clock, waiting: 0, moves: false, working: None })))
    }

    /// Joins the line, until the place is dropped.
    pub(crate) fn join(&self) -> Place {
        self.change(|state| state.waiting += 1);
        Place(self.clone())
    }

    /// Whether somebody serves the line now.
    pub(crate) fn set_moving(&self, moves: bool) {
        self.change(|state| state.moves = moves);
    }

    /// Who serves the line has something to notice that waits in no line: the end of the line.
    pub(crate) fn rouse(&self) {
        self.change(|state| state.waiting += 1);
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        let busy = state.moves && state.waiting > 0;
        if !busy {
            state.working = None;
        } else if state.working.is_none() {
            state.working = Some(state.clock.working());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in a line. Dropping it leaves.
#[derive(Debug)]
pub(crate) struct Place(Line);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.change(|state| state.waiting -= 1);
    }
}
