//! Says a text: `say VOICE.onnx "text" [OUT.raw]`. Prints time to first audio and real-time
//! factor; OUT.raw gets 16-bit samples.
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::{path::PathBuf, time::Instant};

use antiphon_core::Result;
use antiphon_piper::{Piper, PiperOptions};
use antiphon_tts::{Tts as _, TtsEvent, TtsRequest};
use futures_util::StreamExt as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [onnx, text, rest @ ..] = args.as_slice() else {
        println!("say VOICE.onnx TEXT [OUT.raw]");
        return Ok(());
    };
    let onnx = PathBuf::from(onnx);
    let config = onnx.with_extension("onnx.json");
    let load = Instant::now();
    let piper = Piper::load(&onnx, &config, &PiperOptions::default())?;
    let rate = f64::from(piper.capabilities().rate_hz);
    println!("loaded in {:.2} s", load.elapsed().as_secs_f64());
    let mut samples = Vec::new();
    for run in 0..3 {
        samples.clear();
        let (start, mut first) = (Instant::now(), None);
        let request = TtsRequest { text: text.clone(), voice: None, rate: 1.0 };
        let mut speech = piper.speak(request).await?;
        while let Some(event) = speech.next().await {
            match event? {
                TtsEvent::Audio(piece) => {
                    first.get_or_insert_with(|| start.elapsed());
                    samples.extend(piece);
                }
                TtsEvent::Words(words) if run == 0 => {
                    for w in words {
                        let word = text.get(w.text.clone()).unwrap_or_default();
                        println!("{:6.2} {word}", w.samples.start as f64 / rate);
                    }
                }
                TtsEvent::Words(_) => {}
            }
        }
        let (took, audio) = (start.elapsed().as_secs_f64(), samples.len() as f64 / rate);
        let first = first.map_or(0.0, |f| f.as_secs_f64());
        println!("first audio {first:.3} s, {audio:.2} s in {took:.3} s, RTF {:.3}", took / audio);
    }
    if let Some(out) = rest.first() {
        let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
        let written = std::fs::write(out, bytes);
        println!("{out}: {written:?}");
    }
    Ok(())
}
