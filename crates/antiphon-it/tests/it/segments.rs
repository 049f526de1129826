//! The segments of a speech are asked of the voice in their order, however tasks are scheduled: a
//! voice that does one thing at a time would otherwise begin with what is heard last.

use std::sync::{Arc, Mutex};

use antiphon::{
    BoxStream, CallbackAgent, Result,
    tts::{Tts, TtsCapabilities, TtsEvent, TtsRequest},
};
use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};

use crate::tones::{Caller, RATE_HZ, When, parts, start};

/// Notes what it is asked for.
#[derive(Default)]
struct Noting(Mutex<Vec<String>>);

#[async_trait]
impl Tts for Noting {
    fn capabilities(&self) -> TtsCapabilities {
        TtsCapabilities { rate_hz: RATE_HZ, word_timings: false, voices: Vec::new() }
    }

    async fn speak(&self, request: TtsRequest) -> Result<BoxStream<Result<TtsEvent>>> {
        self.0.lock().unwrap().push(request.text);
        let sound = TtsEvent::Audio(vec![100; RATE_HZ as usize / 10]);
        Ok(stream::iter([Ok(sound)]).boxed())
    }
}

#[test]
fn segments_are_asked_for_in_their_order() {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).enable_all().build().unwrap();
    let _entered = runtime.enter();
    let voice = Arc::new(Noting::default());
    let agent = Arc::new(CallbackAgent::new(|_| async { Ok(String::new()) }));
    let mut parts = parts(agent, &Caller::default().says(When::Quiet(600_000), "hello"));
    parts.engines.tts = voice.clone();
    let (session, _events) = start(parts);
    let sentences = ["This comes first.", "Then there is this.", "And this is the last one."];
    for _ in 0..10 {
        let mut speech = runtime.block_on(session.say(sentences.join(" "))).unwrap();
        runtime.block_on(speech.wait_for_playout());
        let asked = std::mem::take(&mut *voice.0.lock().unwrap());
        assert_eq!(asked.iter().map(|text| text.trim()).collect::<Vec<_>>(), sentences);
    }
}
