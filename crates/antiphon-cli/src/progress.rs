//! Progress bars for fetches.

use antiphon::models::{Progress, ProgressEvent};
use indicatif::{ProgressBar, ProgressStyle};

/// A bar on the terminal; nothing where there is none.
#[derive(Debug, Default)]
pub(crate) struct Bar(Option<ProgressBar>);

impl Progress for Bar {
    fn on(&mut self, event: ProgressEvent<'_>) {
        match event {
            ProgressEvent::Start { model, bytes, .. } => {
                let style = "  {msg:28} [{bar:30}] {bytes}/{total_bytes}";
                let bar = ProgressBar::new(bytes).with_message(model.to_owned());
                let style = ProgressStyle::with_template(style);
                self.0 =
                    Some(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())));
            }
            ProgressEvent::Bytes { done } => {
                if let Some(bar) = &self.0 {
                    bar.set_position(done.min(bar.length().unwrap_or(done)));
                }
            }
            ProgressEvent::Step(_) => {}
            ProgressEvent::Done => {
                if let Some(bar) = self.0.take() {
                    bar.set_position(bar.length().unwrap_or_default());
                    bar.finish();
                }
            }
        }
    }
}
