//! Tests of the conformance kit: an engine made of rules passes it, and each broken rule is found.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
};

use antiphon_core::{BoxStream, Code, Error, Result};
use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};

use crate::{Tts, TtsCapabilities, TtsEvent, TtsRequest, WordTiming, conformance};

/// A rule that [`Rules`] breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    Nothing,
    RateHz,
    Names,
    Mute,
    Rushed,
    Silent,
    WordMissing,
    WordsAfterAudio,
    WordsDescend,
    WordsOverlap,
    WordsBeyondTheEnd,
    WordsOutsideTheText,
    WordsUnannounced,
    EmptyPiece,
    LongPiece,
    Fails,
    GoesOnAfterTheEnd,
    SpeaksEmoji,
    RefusesScripts,
    CutsLongTexts,
    IgnoresRate,
    TakesAnyRate,
    RefusesItsVoice,
    TakesAnyVoice,
    NamesNoVoice,
    SuggestsNothing,
    StopsWithTheOther,
    Mixes,
    WorksOn,
}

/// An engine whose words are tones of a quarter of a second.
struct Rules {
    broken: Broken,
    /// Speeches in progress, speeches dropped, and pieces begun.
    live: Arc<AtomicU64>,
    dropped: Arc<AtomicU64>,
    steps: Arc<AtomicU64>,
}

const RATE_HZ: u32 = 16_000;
const WORD: u64 = 4000;
const PIECE: usize = 3200;

/// Lives as long as a speech and knows how many of its pieces are left.
struct Live {
    live: Arc<AtomicU64>,
    dropped: Arc<AtomicU64>,
    steps: Arc<AtomicU64>,
    left: u64,
    works_on: bool,
}

impl Drop for Live {
    fn drop(&mut self) {
        self.live.fetch_sub(1, Relaxed);
        self.dropped.fetch_add(self.left.min(1), Relaxed);
        self.steps.fetch_add(if self.works_on { self.left } else { 0 }, Relaxed);
    }
}

impl Rules {
    fn new(broken: Broken) -> Self {
        let [live, dropped, steps] = std::array::from_fn(|_| Arc::default());
        Self { broken, live, dropped, steps }
    }

    fn is(&self, broken: Broken) -> bool {
        self.broken == broken
    }

    fn validate(&self, request: &TtsRequest) -> Result<()> {
        let refuse = |what: String| Err(Error::new("rules", Code::InvalidInput, what));
        if !(0.5..=2.0).contains(&request.rate) && !self.is(Broken::TakesAnyRate) {
            return refuse("an impossible rate".to_owned());
        }
        if self.is(Broken::RefusesScripts) && request.text.contains('日') {
            return refuse("which script is this?".to_owned());
        }
        let Some(voice) = &request.voice else { return Ok(()) };
        if voice == "joe" && self.is(Broken::RefusesItsVoice) {
            return refuse("no".to_owned());
        }
        if voice == "joe" || self.is(Broken::TakesAnyVoice) {
            return Ok(());
        }
        let voice = if self.is(Broken::NamesNoVoice) { "" } else { voice };
        let help = if self.is(Broken::SuggestsNothing) { "look it up" } else { "try joe" };
        refuse(format!("no voice {voice}")).map_err(|e: Error| e.with_help(help))
    }

    fn events(&self, request: &TtsRequest) -> Vec<Result<TtsEvent>> {
        let length = if self.is(Broken::IgnoresRate) { 1.0 } else { 1.0 / f64::from(request.rate) };
        let length = if self.is(Broken::Rushed) { length / 10.0 } else { length };
        let word = (WORD as f64 * length) as u64;
        let words = self.words(&request.text, word);
        let mut count = words.len() as u64;
        if self.is(Broken::SpeaksEmoji) && request.text.contains('🎉') || self.mixes() {
            count += 9;
        }
        if self.is(Broken::Mute) || self.is(Broken::StopsWithTheOther) && self.was_dropped() {
            count = 0;
        }
        let size = if self.is(Broken::LongPiece) { 2 * PIECE } else { PIECE };
        let level = if self.is(Broken::Silent) { 10 } else { 9000 };
        let samples = vec![level; (count * word) as usize];
        let pieces = samples.chunks(size).map(|c| Ok(TtsEvent::Audio(c.to_vec())));
        let mut events: Vec<_> = pieces.collect();
        let at = if self.is(Broken::WordsAfterAudio) { events.len().min(2) } else { 0 };
        if !words.is_empty() && count > 0 {
            events.insert(at, Ok(TtsEvent::Words(words)));
            if self.is(Broken::EmptyPiece) {
                events.push(Ok(TtsEvent::Audio(vec![])));
            }
            if self.is(Broken::Fails) {
                events.push(Err(Error::new("rules", Code::Internal, "broken")));
            }
        }
        events
    }

    fn words(&self, text: &str, word: u64) -> Vec<WordTiming> {
        let mut words = Vec::new();
        let letters = |w: &&str| w.contains(char::is_alphabetic);
        for (n, piece) in text.split(|c: char| !c.is_alphabetic()).filter(letters).enumerate() {
            let start = piece.as_ptr() as usize - text.as_ptr() as usize;
            let n = n as u64;
            let samples = n * word..(n + 1) * word;
            words.push(WordTiming { text: start..start + piece.len(), samples });
        }
        if self.is(Broken::CutsLongTexts) {
            words.truncate(20);
        }
        if let Some(last) = words.last_mut() {
            last.text.end += usize::from(self.is(Broken::WordsOutsideTheText)) * (text.len() + 1);
            last.samples.end += u64::from(self.is(Broken::WordsBeyondTheEnd));
            last.samples.start -= u64::from(self.is(Broken::WordsOverlap)).min(last.samples.start);
        }
        if self.is(Broken::WordsDescend) {
            words.reverse();
        }
        if self.is(Broken::WordMissing) {
            words.pop();
        }
        words
    }

    fn was_dropped(&self) -> bool {
        self.dropped.load(Relaxed) > 0
    }

    fn mixes(&self) -> bool {
        self.is(Broken::Mixes) && self.live.load(Relaxed) > 1
    }
}

#[async_trait]
impl Tts for Rules {
    fn capabilities(&self) -> TtsCapabilities {
        let voices = if self.is(Broken::Names) { 2 } else { 1 };
        TtsCapabilities {
            rate_hz: if self.is(Broken::RateHz) { 0 } else { RATE_HZ },
            word_timings: !self.is(Broken::WordsUnannounced),
            voices: vec!["joe".to_owned(); voices],
        }
    }

    async fn speak(&self, request: TtsRequest) -> Result<BoxStream<Result<TtsEvent>>> {
        self.validate(&request)?;
        self.live.fetch_add(1, Relaxed);
        let events = self.events(&request);
        let (steps, left) = (self.steps.clone(), events.len() as u64);
        let works_on = self.is(Broken::WorksOn);
        let (live, dropped) = (self.live.clone(), self.dropped.clone());
        let mut live = Live { live, dropped, steps, left, works_on };
        let counted = stream::iter(events).map(move |event| {
            live.left -= 1;
            live.steps.fetch_add(1, Relaxed);
            event
        });
        let mut ended = !self.is(Broken::GoesOnAfterTheEnd);
        let encore = stream::poll_fn(move |_| {
            let more = std::mem::replace(&mut ended, true);
            Poll::Ready((!more).then(|| Ok(TtsEvent::Audio(vec![1]))))
        });
        let mut parts = (counted.fuse(), encore.fuse(), false);
        Ok(Box::pin(stream::poll_fn(move |cx| match parts.2 {
            true => parts.1.poll_next_unpin(cx),
            false => {
                let event = parts.0.poll_next_unpin(cx);
                parts.2 = matches!(event, Poll::Ready(None));
                event
            }
        })))
    }
}

fn passes(broken: Broken) -> bool {
    let tts = Rules::new(broken);
    let steps = tts.steps.clone();
    let checks = || {
        let mut check = pin!(async {
            conformance::check(&tts).await;
            conformance::a_dropped_speech_stops(&tts, &|| steps.load(Relaxed)).await;
        });
        while check.as_mut().poll(&mut Context::from_waker(Waker::noop())) != Poll::Ready(()) {}
    };
    catch_unwind(AssertUnwindSafe(checks)).is_ok()
}

#[test]
fn an_engine_that_keeps_the_rules_conforms() {
    assert!(passes(Broken::Nothing));
}

#[test]
fn each_broken_rule_is_found() {
    let rules = [
        Broken::RateHz,
        Broken::Names,
        Broken::Mute,
        Broken::Rushed,
        Broken::Silent,
        Broken::WordMissing,
        Broken::WordsAfterAudio,
        Broken::WordsDescend,
        Broken::WordsOverlap,
        Broken::WordsBeyondTheEnd,
        Broken::WordsOutsideTheText,
        Broken::WordsUnannounced,
        Broken::EmptyPiece,
        Broken::LongPiece,
        Broken::Fails,
        Broken::GoesOnAfterTheEnd,
        Broken::SpeaksEmoji,
        Broken::RefusesScripts,
        Broken::CutsLongTexts,
        Broken::IgnoresRate,
        Broken::TakesAnyRate,
        Broken::RefusesItsVoice,
        Broken::TakesAnyVoice,
        Broken::NamesNoVoice,
        Broken::SuggestsNothing,
        Broken::StopsWithTheOther,
        Broken::Mixes,
        Broken::WorksOn,
    ];
    for broken in rules {
        assert!(!passes(broken), "{broken:?} went unnoticed");
    }
}
