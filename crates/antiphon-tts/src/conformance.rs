//! What every [`Tts`] must do, as checks that a provider's tests run.
//!
//! It deliberately judges no quality: how a voice sounds is each provider's own test. It needs no
//! async runtime, only an executor that polls.

#![expect(clippy::panic, reason = "the verdict of a check is a panic")]

use antiphon_core::{BoxStream, Code, Error, Result};
use futures_util::{StreamExt as _, future::join};

use crate::{Splitter, SplitterConfig, Tts, TtsCapabilities, TtsEvent, TtsRequest, WordTiming};

/// A plain sentence of eight words.
const SENTENCE: &str = "The weather is nice and warm here today.";

/// Texts without anything to pronounce.
const UNSPEAKABLE: [&str; 7] = ["", "  \n\t ", "🎉👍🏽", "...", "—", "?!", "* _ `"];

/// Runs every check of this module that needs nothing but the engine. About 25 short syntheses
/// and a few of several sentences.
///
/// # Panics
/// At the first broken rule, naming it. Meant for tests.
pub async fn check(tts: &dyn Tts) {
    capabilities_are_usable(tts);
    a_sentence_has_its_words_and_a_natural_length(tts).await;
    nothing_to_pronounce_gives_no_audio(tts).await;
    any_text_is_taken(tts).await;
    long_texts_are_spoken_whole(tts).await;
    segments_are_spoken_as_the_whole_is(tts).await;
    the_rate_changes_the_length(tts).await;
    impossible_rates_are_refused(tts).await;
    every_voice_speaks(tts).await;
    an_unknown_voice_is_refused_with_a_suggestion(tts).await;
    a_dropped_speech_harms_no_other(tts).await;
    two_speeches_at_once_do_not_mix(tts).await;
}

/// There is a rate, and voices have names of their own.
///
/// # Panics
/// If not.
pub fn capabilities_are_usable(tts: &dyn Tts) {
    let capabilities = tts.capabilities();
    assert_ne!(capabilities.rate_hz, 0, "a rate of 0 Hz");
    let mut voices = capabilities.voices;
    assert!(voices.iter().all(|v| !v.trim().is_empty()), "a voice without a name");
    voices.sort_unstable();
    assert!(voices.windows(2).all(|v| v.first() != v.last()), "two voices of one name");
}

/// Eight words take 0.1 to 1 s each, can be heard, and are timed if the engine says it times
/// words.
///
/// # Panics
/// If not.
pub async fn a_sentence_has_its_words_and_a_natural_length(tts: &dyn Tts) {
    let speech = speak(tts, say(SENTENCE)).await;
    let seconds = speech.samples.len() as f64 / f64::from(tts.capabilities().rate_hz);
    assert!((0.8..8.0).contains(&seconds), "eight words took {seconds:.2} s");
    let peak = speech.samples.iter().map(|s| s.unsigned_abs()).max().unwrap_or_default();
    assert!(peak > 1000, "no sample is larger than {peak}");
    if tts.capabilities().word_timings {
        assert_eq!(speech.said(SENTENCE), words_of(SENTENCE), "timed other words than were said");
    }
}

/// Text that is empty, blank, or only emoji and punctuation: the stream ends without an event.
///
/// # Panics
/// If it does not.
pub async fn nothing_to_pronounce_gives_no_audio(tts: &dyn Tts) {
    for text in UNSPEAKABLE {
        let speech = speak(tts, say(text)).await;
        assert!(speech.samples.is_empty(), "{} samples for {text:?}", speech.samples.len());
        assert!(speech.words.is_empty(), "words in {text:?}: {:?}", speech.words);
    }
}

/// Other scripts, control characters, markup and endless words do not make a synthesis fail.
///
/// # Panics
/// If they do.
pub async fn any_text_is_taken(tts: &dyn Tts) {
    let endless = "a".repeat(300);
    let texts =
        ["naïve Ελλάδα 日本語 🎉 ok", "\u{0}\u{1b}[1mHi\u{202e}", "<b>&amp;</b>", &*endless];
    for text in texts {
        speak(tts, say(text)).await;
    }
}

/// Far more than one segment, in sentences or without any punctuation, is spoken to its end.
///
/// # Panics
/// If it lasts less than half of what its words last in a sentence, or a word is not timed.
pub async fn long_texts_are_spoken_whole(tts: &dyn Tts) {
    let sentence = speak(tts, say(SENTENCE)).await.samples.len();
    let repeated = |joint: &str| [SENTENCE.trim_end_matches('.'); 6].join(joint);
    for text in [repeated(". "), repeated(" ")] {
        let speech = speak(tts, say(&text)).await;
        let samples = speech.samples.len();
        assert!(samples > 3 * sentence, "{samples} samples, where one sixth has {sentence}");
        if tts.capabilities().word_timings {
            assert_eq!(speech.said(&text), words_of(&text), "timed other words than were said");
        }
    }
}

/// A text cut by the [`Splitter`] comes to as many words as the whole, and every segment sounds.
///
/// # Panics
/// If not.
pub async fn segments_are_spoken_as_the_whole_is(tts: &dyn Tts) {
    let text = "Well, I would love to, but I cannot. Perhaps we could meet tomorrow, at noon?";
    let mut splitter = Splitter::new(SplitterConfig::default());
    let mut segments = Vec::new();
    splitter.push(text, &mut segments);
    segments.extend(splitter.finish());
    let mut words = Vec::new();
    for segment in &segments {
        let speech = speak(tts, say(segment)).await;
        assert!(!speech.samples.is_empty(), "the segment {segment:?} does not sound");
        words.extend(speech.said(segment).into_iter().map(str::to_owned));
    }
    if tts.capabilities().word_timings {
        assert_eq!(words, words_of(text), "the segments have other words than the text");
    }
}

/// The slowest speech lasts longer than the fastest, by far.
///
/// # Panics
/// If it is not half as long again, where four times would be exact.
pub async fn the_rate_changes_the_length(tts: &dyn Tts) {
    let slow = speak(tts, TtsRequest { rate: 0.5, ..say(SENTENCE) }).await.samples.len();
    let fast = speak(tts, TtsRequest { rate: 2.0, ..say(SENTENCE) }).await.samples.len();
    assert!(2 * slow > 3 * fast, "{slow} samples at rate 0.5, {fast} at 2.0");
}

/// A rate that is NaN or outside 0.5 to 2.0 fails with `invalid_input`.
///
/// # Panics
/// If it does not.
pub async fn impossible_rates_are_refused(tts: &dyn Tts) {
    for rate in [f32::NAN, f32::INFINITY, -1.0, 0.0, 0.49, 2.01] {
        refusal(tts, TtsRequest { rate, ..say(SENTENCE) }).await;
    }
}

/// Every voice that is offered can be asked for; of many, three are tried.
///
/// # Panics
/// If one is silent.
pub async fn every_voice_speaks(tts: &dyn Tts) {
    let voices = tts.capabilities().voices;
    let step = voices.len().div_ceil(3).max(1);
    for voice in voices.into_iter().step_by(step) {
        let request = TtsRequest { voice: Some(voice.clone()), ..say("Hello there.") };
        let speech = speak(tts, request).await;
        assert!(!speech.samples.is_empty(), "the voice {voice:?} says nothing");
    }
}

/// A voice that is not there fails with `invalid_input`; the error names it, and of a slip of the
/// pen it says what was meant.
///
/// # Panics
/// If it does not.
pub async fn an_unknown_voice_is_refused_with_a_suggestion(tts: &dyn Tts) {
    let Some(known) = tts.capabilities().voices.into_iter().next() else { return };
    let slip = format!("{known}x");
    let request = TtsRequest { voice: Some(slip.clone()), ..say(SENTENCE) };
    let error = refusal(tts, request).await;
    assert!(error.detail().contains(&slip), "{slip:?} is not named: {}", error.detail());
    let help = error.help().unwrap_or_default();
    assert!(help.contains(&known), "{known:?} is not suggested for {slip:?}: {help:?}");
}

/// Dropping a stream, before its first item or after it, cancels that speech only.
///
/// # Panics
/// If the next speech is not whole.
pub async fn a_dropped_speech_harms_no_other(tts: &dyn Tts) {
    let long = [SENTENCE; 4].join(" ");
    drop(start(tts, say(&long)).await);
    let mut started = start(tts, say(&long)).await;
    let first = started.next().await;
    assert!(matches!(first, Some(Ok(_))), "a long text began with {first:?}");
    drop(started);
    a_sentence_has_its_words_and_a_natural_length(tts).await;
}

/// Two texts spoken at once are what they are one by one: to the sample, if the engine repeats
/// itself to the sample; else in their words, and roughly in their length.
///
/// # Panics
/// If they are not.
pub async fn two_speeches_at_once_do_not_mix(tts: &dyn Tts) {
    let texts = ["Yes, of course.", SENTENCE];
    let [short, long] = texts.map(|text| speak(tts, say(text)));
    let (short, long) = (short.await, long.await);
    let exact = speak(tts, say(SENTENCE)).await.samples == long.samples;
    let [first, second] = texts.map(|text| start(tts, say(text)));
    let (first, second) = (first.await, second.await);
    let (first, second) = join(read(tts, texts[0], first), read(tts, texts[1], second)).await;
    for (text, alone, together) in [(texts[0], short, first), (texts[1], long, second)] {
        assert_eq!(together.said(text), alone.said(text), "other words beside another speech");
        let (len, expected) = (together.samples.len(), alone.samples.len());
        assert!(2 * len > expected && len < 2 * expected, "{len} samples, {expected} alone");
        assert!(!exact || together.samples == alone.samples, "other sound beside another speech");
    }
}

/// For engines that work on this machine: a dropped speech stops before its work is done.
/// `steps` counts the windows (or whatever the engine cannot leave halfway) it has begun.
///
/// # Panics
/// If more than two steps are begun for a speech after it was dropped.
pub async fn a_dropped_speech_stops(tts: &dyn Tts, steps: &dyn Fn() -> u64) {
    let long = [SENTENCE; 6].join(" ");
    let mut most = 0;
    for _ in 0..3 {
        let start = steps();
        speak(tts, say("Yes.")).await;
        most = most.max(steps() - start);
    }
    let begun = steps();
    let mut dropped = start(tts, say(&long)).await;
    while let Some(Ok(TtsEvent::Words(_))) = dropped.next().await {}
    assert!(steps() > begun, "audio, but no step was counted");
    let at_drop = steps();
    drop(dropped);
    // Done only after whatever the engine still does for the other.
    speak(tts, say("Yes.")).await;
    let after = steps() - at_drop;
    // The short text may take a step more than before, by chance.
    assert!(after <= most + 3, "{after} steps after the drop, {most} of them for another speech");
}

/// What a complete synthesis came to.
#[derive(Default)]
struct Speech {
    samples: Vec<i16>,
    words: Vec<WordTiming>,
}

impl Speech {
    /// The words that were timed.
    fn said<'a>(&self, text: &'a str) -> Vec<&'a str> {
        self.words.iter().filter_map(|w| text.get(w.text.clone())).collect()
    }

    /// Checks what holds for timings as they arrive, before the audio they describe.
    fn add_words(&mut self, text: &str, words: Vec<WordTiming>) {
        assert!(!words.is_empty(), "an empty list of words");
        let sent = self.samples.len() as u64;
        for word in words {
            let WordTiming { text: bytes, samples } = &word;
            let said = text.get(bytes.clone()).unwrap_or_default();
            assert!(!said.is_empty(), "no word of the text lies at {bytes:?}");
            assert!(samples.start >= sent, "{said:?} is timed after its audio was sent");
            assert!(samples.start <= samples.end, "{said:?} ends before it begins");
            if let Some(before) = self.words.last() {
                let ascends = before.text.end <= bytes.start && before.samples.end <= samples.start;
                assert!(ascends, "{said:?} is not after the word before it: {before:?}, {word:?}");
            }
            self.words.push(word);
        }
    }
}

/// The words of a plain text: letters between other characters.
fn words_of(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()).collect()
}

fn say(text: &str) -> TtsRequest {
    TtsRequest { text: text.to_owned(), voice: None, rate: 1.0 }
}

async fn start(tts: &dyn Tts, request: TtsRequest) -> BoxStream<Result<TtsEvent>> {
    match tts.speak(request).await {
        Ok(events) => events,
        Err(error) => panic!("a valid request was refused: {error:?}"),
    }
}

async fn speak(tts: &dyn Tts, request: TtsRequest) -> Speech {
    let text = request.text.clone();
    read(tts, &text, start(tts, request).await).await
}

/// Reads a synthesis to its end, checking what holds for any.
async fn read(tts: &dyn Tts, text: &str, mut events: BoxStream<Result<TtsEvent>>) -> Speech {
    let TtsCapabilities { rate_hz, word_timings, .. } = tts.capabilities();
    let mut speech = Speech::default();
    while let Some(event) = events.next().await {
        match event {
            Ok(TtsEvent::Audio(piece)) => {
                assert!(!piece.is_empty(), "an empty piece of audio in {text:?}");
                let ms = piece.len() as u64 * 1000 / u64::from(rate_hz);
                assert!(ms <= 200, "a piece of {ms} ms in {text:?}");
                speech.samples.extend(piece);
            }
            Ok(TtsEvent::Words(words)) => {
                assert!(word_timings, "words, though there are no word timings");
                speech.add_words(text, words);
            }
            Err(error) => panic!("speaking {text:?} failed: {error:?}"),
        }
    }
    let after = events.next().await;
    assert!(after.is_none(), "something after the end of {text:?}");
    let len = speech.samples.len() as u64;
    let last = speech.words.last().map_or(0, |w| w.samples.end);
    assert!(last <= len, "the last word ends at {last} of {len} samples in {text:?}");
    speech
}

/// The error that `request` fails with: `invalid_input`.
async fn refusal(tts: &dyn Tts, request: TtsRequest) -> Error {
    match tts.speak(request.clone()).await {
        Ok(_) => panic!("an impossible request was accepted: {request:?}"),
        Err(error) => {
            assert_eq!(error.code(), Code::InvalidInput, "refused, but with {error:?}");
            error
        }
    }
}
