//! What every [`Stt`] must do, as checks that a provider's tests run.
//!
//! It deliberately judges no quality: how many words are right is each provider's own test. It
//! needs no async runtime, only an executor that polls.

use std::{future::poll_fn, task::Poll};

use antiphon_core::{BoxStream, Code};
use futures_util::{StreamExt as _, future::join, stream};

use crate::{Stt, SttEvent, SttInput, SttRequest, Transcript};

/// Frames in which the checks send audio, a second.
const FRAMES: usize = 50;

/// Runs every check of this module that needs nothing but speech: a sentence of a few seconds,
/// one channel at the engine's rate, with a pause neither before nor after it.
///
/// # Panics
/// At the first broken rule, naming it. Meant for tests.
pub async fn check(stt: &dyn Stt, speech: &[i16]) {
    capabilities_are_usable(stt);
    an_unknown_language_is_refused(stt).await;
    no_audio_gives_no_text(stt).await;
    silence_gives_no_text(stt).await;
    the_end_of_the_input_makes_everything_final(stt, speech).await;
    flushes_are_answered_once_each_in_order(stt, speech).await;
    speech_after_a_flush_adds_to_the_text(stt, speech).await;
    the_size_of_frames_does_not_matter(stt, speech).await;
    two_transcriptions_at_once_both_complete(stt, speech).await;
    turns_end_where_the_engine_says_it_tells(stt, speech).await;
}

/// There is a rate, and languages are not empty strings.
///
/// # Panics
/// If not.
pub fn capabilities_are_usable(stt: &dyn Stt) {
    let capabilities = stt.capabilities();
    assert_ne!(capabilities.rate_hz, 0, "a rate of 0 Hz");
    assert!(capabilities.languages.iter().all(|l| !l.is_empty()), "a language without a name");
}

/// A language that nobody speaks is `invalid_input`; none at all is the engine's choice.
///
/// # Panics
/// If not.
pub async fn an_unknown_language_is_refused(stt: &dyn Stt) {
    let request = SttRequest { language: Some("x-nobody".to_owned()) };
    let refused = stt.transcribe(request, Box::pin(stream::empty())).await;
    assert_eq!(refused.err().map(|e| e.code()), Some(Code::InvalidInput), "for a made-up language");
    for language in stt.capabilities().languages.into_iter().map(Some).chain([None]) {
        let request = SttRequest { language };
        let taken = stt.transcribe(request.clone(), Box::pin(stream::empty())).await;
        assert!(taken.is_ok(), "{request:?} was refused: {:?}", taken.err());
    }
}

/// Without audio flushes are answered, and the output ends with the input.
///
/// # Panics
/// If not.
pub async fn no_audio_gives_no_text(stt: &dyn Stt) {
    assert_eq!(text_of(&run(stt, vec![]).await), "");
    let empty = vec![SttInput::Audio(vec![]), flush(1), flush(2), SttInput::Audio(vec![])];
    assert_eq!(text_of(&run(stt, empty).await), "");
}

/// Two seconds of digital silence have no words.
///
/// # Panics
/// If they do.
pub async fn silence_gives_no_text(stt: &dyn Stt) {
    let silence = vec![0; 2 * stt.capabilities().rate_hz as usize];
    let events = run(stt, [frames(stt, &silence), vec![flush(9)]].concat()).await;
    assert_eq!(text_of(&events), "", "in silence");
}

/// If the input ends without a flush, all that is shown becomes final.
///
/// # Panics
/// If not, or if there is no text in the speech.
pub async fn the_end_of_the_input_makes_everything_final(stt: &dyn Stt, speech: &[i16]) {
    let events = run(stt, frames(stt, speech)).await;
    assert_ne!(text_of(&events), "", "in speech");
}

/// Every flush is answered by its marker, after a final text, whatever the markers are.
///
/// # Panics
/// If not, or if later flushes without new audio change the text.
pub async fn flushes_are_answered_once_each_in_order(stt: &dyn Stt, speech: &[i16]) {
    let (head, tail) = speech.split_at(speech.len() / 2);
    let silence = vec![0; speech.len() / 8];
    let input = [
        vec![flush(3)],
        frames(stt, head),
        vec![flush(7), flush(7)],
        frames(stt, tail),
        vec![flush(u32::MAX), flush(0)],
        frames(stt, &silence),
        vec![flush(5)],
    ];
    let events = run(stt, input.concat()).await;
    let mut transcript = Transcript::default();
    let mut answers = Vec::new();
    for event in &events {
        transcript.apply(event);
        if let SttEvent::Flushed { marker } = event {
            assert_eq!(transcript.text(), transcript.final_text(), "flushed, but not final");
            answers.push((*marker, transcript.text()));
        }
    }
    assert!(matches!(answers.first(), Some((3, text)) if text.is_empty()), "{answers:?}");
    let texts: Vec<&str> = answers.iter().map(|(_, text)| text.as_str()).collect();
    if let [_, half, same, whole, later @ ..] = texts.as_slice() {
        assert_eq!(half, same, "a second flush changed the text");
        assert!(later.iter().all(|text| text == whole), "silence changed the text: {later:?}");
    }
}

/// What is said after a flush is in the transcript as well as what was said before.
///
/// # Panics
/// If the text has not more words than at the flush.
pub async fn speech_after_a_flush_adds_to_the_text(stt: &dyn Stt, speech: &[i16]) {
    let (head, tail) = speech.split_at(speech.len() / 2);
    let events = run(stt, [frames(stt, head), vec![flush(1)], frames(stt, tail)].concat()).await;
    let at_flush = events.iter().take_while(|e| !matches!(e, SttEvent::Flushed { .. }));
    let (before, after) = (text_of(at_flush), text_of(&events));
    let words = |text: &str| text.split_whitespace().count();
    assert!(words(&after) > words(&before), "{before:?} became {after:?}");
}

/// One sample at a time, all at once: the same text in the end.
///
/// # Panics
/// If it is another.
pub async fn the_size_of_frames_does_not_matter(stt: &dyn Stt, speech: &[i16]) {
    let speech = speech.get(..speech.len() / 2).unwrap_or_default();
    let expected = text_of(&run(stt, [frames(stt, speech), vec![flush(1)]].concat()).await);
    for len in [7, speech.len()] {
        let audio = speech.chunks(len.max(1)).map(|c| SttInput::Audio(c.to_vec()));
        let text = text_of(&run(stt, audio.chain([flush(1)]).collect()).await);
        assert_eq!(text, expected, "with frames of {len} samples");
    }
}

/// Transcriptions do not mix.
///
/// # Panics
/// If two at once give other texts than one alone.
pub async fn two_transcriptions_at_once_both_complete(stt: &dyn Stt, speech: &[i16]) {
    let (head, _) = speech.split_at(speech.len() / 2);
    let one = text_of(&run(stt, frames(stt, head)).await);
    let other = text_of(&run(stt, frames(stt, speech)).await);
    let (first, second) = join(run(stt, frames(stt, head)), run(stt, frames(stt, speech))).await;
    assert_eq!((text_of(&first), text_of(&second)), (one, other));
}

/// Speech, then ten seconds of silence, and no flush: an engine with ends of turns sends one, once
/// all is final. Any other never does.
///
/// # Panics
/// If not.
pub async fn turns_end_where_the_engine_says_it_tells(stt: &dyn Stt, speech: &[i16]) {
    let capabilities = stt.capabilities();
    let silence = vec![0; 10 * capabilities.rate_hz as usize];
    let events = run(stt, [frames(stt, speech), frames(stt, &silence)].concat()).await;
    let Some(end) = events.iter().position(|e| *e == SttEvent::EndOfTurn) else {
        return assert!(!capabilities.end_of_turn, "no end of turn in ten seconds of silence");
    };
    let mut transcript = Transcript::default();
    events.iter().take(end).for_each(|e| transcript.apply(e));
    assert_ne!(transcript.text(), "", "a turn ended without a word");
    assert_eq!(transcript.text(), transcript.final_text(), "a turn ended and was not final");
}

/// For engines that work on this machine: a dropped transcription stops before its work is done.
/// `steps` counts how much work the engine has begun.
///
/// The yardstick is the same transcription run to its end, so that the machine's speed does not
/// matter.
///
/// # Panics
/// If the dropped one used up half of its steps or more after it was dropped.
pub async fn a_dropped_transcription_stops(stt: &dyn Stt, speech: &[i16], steps: &dyn Fn() -> u64) {
    let input = [frames(stt, speech), vec![flush(1)]].concat();
    let start = steps();
    run(stt, input.clone()).await;
    let whole = steps() - start;

    let start = steps();
    let mut dropped = open(stt, Box::pin(stream::iter(input.clone()))).await;
    poll_fn(|cx| {
        let _ = dropped.as_mut().poll_next(cx);
        if steps() > start {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
    drop(dropped);
    let start = steps();
    // Done only after whatever the engine still does for the other.
    run(stt, input).await;
    let after = steps() - start;
    assert!(after < whole + whole / 2, "{after} steps, where one transcription takes {whole}");
}

/// The events of a whole transcription, after checking what holds for any.
async fn run(stt: &dyn Stt, input: Vec<SttInput>) -> Vec<SttEvent> {
    let markers: Vec<u32> = input.iter().filter_map(marker_of_input).collect();
    let mut output = open(stt, Box::pin(stream::iter(input))).await;
    let mut events = Vec::new();
    while let Some(event) = output.next().await {
        assert!(event.is_ok(), "the transcription failed: {event:?}");
        events.extend(event);
    }
    let tells = stt.capabilities().end_of_turn;
    assert!(tells || !events.contains(&SttEvent::EndOfTurn), "an end of turn from who tells none");
    let answers: Vec<u32> = events.iter().filter_map(marker_of_event).collect();
    assert_eq!(answers, markers, "flushes are not answered once each in order");
    texts_are_orderly(&events);
    let mut transcript = Transcript::default();
    events.iter().for_each(|e| transcript.apply(e));
    assert_eq!(transcript.text(), transcript.final_text(), "not everything became final");
    events
}

async fn open(
    stt: &dyn Stt,
    input: BoxStream<SttInput>,
) -> BoxStream<antiphon_core::Result<SttEvent>> {
    let output = stt.transcribe(SttRequest::default(), input).await;
    assert!(output.is_ok(), "the transcription was refused: {:?}", output.err());
    output.unwrap_or_else(|_| Box::pin(stream::empty()))
}

/// Texts are trimmed, segments are counted up one by one and not taken up again after the next
/// has begun, and interim texts do not shrink.
fn texts_are_orderly(events: &[SttEvent]) {
    let (mut current, mut shown) = (0, 0);
    for event in events {
        let (segment, text, is_final) = match event {
            SttEvent::Interim { segment, text } => (*segment, text, false),
            SttEvent::Final { segment, text } => (*segment, text, true),
            SttEvent::Flushed { .. } | SttEvent::EndOfTurn => continue,
        };
        assert_eq!(text.trim(), text, "not trimmed");
        assert!(segment == current || segment == current + 1, "{segment} after {current}");
        shown = if segment == current { shown } else { 0 };
        assert!(is_final || !text.is_empty(), "an empty interim text");
        let words = text.split_whitespace().count();
        assert!(is_final || words >= shown, "an interim text shrank to {text:?}");
        (current, shown) = (segment, words);
    }
}

fn text_of<'a>(events: impl IntoIterator<Item = &'a SttEvent>) -> String {
    let mut transcript = Transcript::default();
    events.into_iter().for_each(|e| transcript.apply(e));
    transcript.text()
}

const fn flush(marker: u32) -> SttInput {
    SttInput::Flush { marker }
}

const fn marker_of_input(input: &SttInput) -> Option<u32> {
    match input {
        SttInput::Flush { marker } => Some(*marker),
        SttInput::Audio(_) => None,
    }
}

const fn marker_of_event(event: &SttEvent) -> Option<u32> {
    match event {
        SttEvent::Flushed { marker } => Some(*marker),
        SttEvent::Interim { .. } | SttEvent::Final { .. } | SttEvent::EndOfTurn => None,
    }
}

fn frames(stt: &dyn Stt, audio: &[i16]) -> Vec<SttInput> {
    let len = (stt.capabilities().rate_hz as usize / FRAMES).max(1);
    audio.chunks(len).map(|c| SttInput::Audio(c.to_vec())).collect()
}
