//! Who reads a conversation and says whether a rubric is met. Knows no model.

use std::{fmt, sync::Arc};

/// What a judge says of a rubric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the rubric is met.
    pub met: bool,
    /// The judge's words, for a person.
    pub answer: String,
}

type Judging = dyn Fn(&str, &[String]) -> Verdict + Send + Sync;

/// A judge, if there is one.
#[derive(Clone, Default)]
pub(super) struct Judge(Option<Arc<Judging>>);

impl Judge {
    pub(super) fn new(judge: impl Fn(&str, &[String]) -> Verdict + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(judge)))
    }

    /// Without a judge nothing is met: a rubric that nobody looked at is no success.
    pub(super) fn verdict(&self, rubric: &str, history: &[String]) -> Verdict {
        let none = || Verdict { met: false, answer: "there is no judge".to_owned() };
        self.0.as_ref().map_or_else(none, |judge| judge(rubric, history))
    }
}

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Judge").field(&self.0.is_some()).finish()
    }
}
