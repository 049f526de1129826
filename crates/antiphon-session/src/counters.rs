//! What went wrong, counted by operation and code.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use antiphon_core::Code;

/// Different operations that are counted apart; the names are ours, so there are few.
const MAX_LABELS: usize = 256;

/// Errors of one session.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    errors: Mutex<BTreeMap<(String, Code), u64>>,
}

impl Counters {
    pub(crate) fn error(&self, op: &str, code: Code) {
        let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(n) = errors.get_mut(&(op.to_owned(), code)) {
            *n += 1;
        } else if errors.len() < MAX_LABELS {
            errors.insert((op.to_owned(), code), 1);
        }
    }

    pub(crate) fn errors(&self) -> Vec<(String, Code, u64)> {
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        errors.iter().map(|((op, code), n)| (op.clone(), *code, *n)).collect()
    }
}
