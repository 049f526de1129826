//! The conformance kit passes detectors that keep the rules, and notices those that do not.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::atomic::{AtomicU32, Ordering},
    task::{Context, Poll, Waker},
};

use antiphon_core::{Code, Error, Result};
use async_trait::async_trait;

use crate::{BackchannelDetector, OverlapContext, conformance};

/// Answers by what is asked; none of them ever waits.
enum Fake {
    /// The louder, the less a backchannel.
    ByLevel,
    /// Always this.
    Constant(f32),
    /// Fails if nothing was heard.
    NeedsAudio,
    /// Never the same twice.
    Remembers(AtomicU32),
}

#[async_trait]
impl BackchannelDetector for Fake {
    async fn predict(&self, context: OverlapContext) -> Result<f32> {
        match self {
            Self::ByLevel => {
                let loudest = context.audio.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0);
                Ok(1.0 - f32::from(loudest) / 32_768.0)
            }
            Self::Constant(p) => Ok(*p),
            Self::NeedsAudio if context.audio.is_empty() => {
                Err(Error::new("fake", Code::Internal, "no audio"))
            }
            Self::NeedsAudio => Ok(0.5),
            Self::Remembers(n) => Ok(1.0 / (1 + n.fetch_add(1, Ordering::Relaxed)) as f32),
        }
    }
}

fn block_on(future: impl Future<Output = ()>) {
    let polled = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(polled, Poll::Ready(()));
}

#[test]
fn the_kit_passes_a_sound_backchannel_detector_and_no_other() {
    block_on(conformance::check_backchannels(&Fake::ByLevel));
    let broken = [
        (Fake::Constant(f32::NAN), "probability NaN"),
        (Fake::Constant(7.0), "probability 7"),
        (Fake::NeedsAudio, "a prediction on 0 samples failed"),
        (Fake::Remembers(AtomicU32::new(0)), "depends on the one before it"),
    ];
    for (fake, rule) in broken {
        let check = || block_on(conformance::check_backchannels(&fake));
        let panic = catch_unwind(AssertUnwindSafe(check)).unwrap_err();
        let what = panic.downcast_ref::<String>().unwrap();
        assert!(what.contains(rule), "{what}");
    }
}
