//! Counts, and the figures they come to.

use super::{
    labelled::{Case, Wanted},
    reading::Made,
};
use crate::figures::Figure;

/// What became of the messages so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Score {
    /// Calls made, whatever was wanted.
    calls: usize,
    /// Messages that want a call.
    wanted: usize,
    /// Of these, those that got it: one each.
    right: usize,
    /// Of these, those with exactly the right arguments.
    exact: usize,
    /// Messages that want words.
    words: usize,
    /// Of these, those that got a call.
    needless: usize,
    /// Messages that want a question.
    questions: usize,
    /// Of these, those that got a call.
    guessed: usize,
}

impl Score {
    pub(super) fn count(&mut self, case: &Case, calls: &[Made]) {
        self.calls += calls.len();
        let called = usize::from(!calls.is_empty());
        match case.wanted {
            Wanted::Call => {
                let right = calls.iter().find(|call| case.wants(call));
                self.wanted += 1;
                self.right += usize::from(right.is_some());
                self.exact += usize::from(right.is_some_and(|call| case.is_exact(call)));
            }
            Wanted::Words => {
                self.words += 1;
                self.needless += called;
            }
            Wanted::Question => {
                self.questions += 1;
                self.guessed += called;
            }
        }
    }

    pub(super) fn recall(self, name: &str) -> Figure {
        let Self { right, wanted, .. } = self;
        share(name, right, wanted, format!("{right} of {wanted} wanted calls were made"))
    }

    pub(super) fn figures(self, model: &str, how: &str) -> Vec<Figure> {
        let Self { calls, right, exact, words, needless, questions, guessed, .. } = self;
        let full = |name: &str| format!("{model} {how}, {name}");
        let figure = |name, part, of, what| share(&full(name), part, of, what);
        vec![
            figure("precision", right, calls, format!("{right} of {calls} calls were wanted")),
            self.recall(&full("recall")),
            figure(
                "exact arguments",
                exact,
                right,
                format!("{exact} of these {right} had every argument right"),
            ),
            figure(
                "over-triggering",
                needless,
                words,
                format!("{needless} of {words} messages that want no call got one"),
            ),
            figure(
                "guessing",
                guessed,
                questions,
                format!(
                    "{guessed} of {questions} messages that leave out what is needed got a call"
                ),
            ),
        ]
    }
}

fn share(name: &str, part: usize, of: usize, how: String) -> Figure {
    // Nothing of nothing is nothing missed.
    let percent = if of == 0 { 0.0 } else { 100.0 * part as f64 / of as f64 };
    Figure::counted(name, percent, "%").how(how)
}
