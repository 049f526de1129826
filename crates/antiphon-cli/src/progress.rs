//! Progress of fetches, on standard error: a bar on a terminal, lines elsewhere.

use std::io::{IsTerminal as _, Write as _, stderr};

use antiphon::models::{Progress, ProgressEvent};
use indicatif::{ProgressBar, ProgressStyle};

/// What the user sees while models are fetched and loaded.
#[derive(Debug, Default)]
pub(crate) struct Bar(Option<ProgressBar>);

impl Bar {
    fn start(&mut self, model: &str, source: &str, bytes: u64) {
        // An earlier source has failed.
        if let Some(bar) = self.0.take() {
            bar.finish_and_clear();
        }
        if !stderr().is_terminal() {
            say(&format!("fetching {model} ({:.1} MB) from {source}", bytes as f64 / 1e6));
            return;
        }
        let style = "  {msg:28} [{bar:30}] {bytes}/{total_bytes}";
        let style = ProgressStyle::with_template(style);
        let bar = ProgressBar::new(bytes).with_message(model.to_owned());
        self.0 = Some(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())));
    }
}

impl Progress for Bar {
    fn on(&mut self, event: ProgressEvent<'_>) {
        match (event, &self.0) {
            (ProgressEvent::Start { model, source, bytes }, _) => self.start(model, source, bytes),
            (ProgressEvent::Bytes { done }, Some(bar)) => {
                bar.set_position(done.min(bar.length().unwrap_or(done)));
            }
            (ProgressEvent::Step(step), Some(bar)) => bar.suspend(|| say(step)),
            (ProgressEvent::Step(step), None) => say(step),
            (ProgressEvent::Done, Some(bar)) => {
                bar.finish();
                self.0 = None;
            }
            (ProgressEvent::Bytes { .. } | ProgressEvent::Done, None) => {}
        }
    }
}

fn say(what: &str) {
    // Progress that nobody can read is no failure.
    let _ = writeln!(stderr(), "  {what}");
}
