//! Says a text with the local voice and prints what it costs:
//! `cargo run --release -p antiphon-piper --example speak -- ["TEXT" [OUT.wav]]`.
//!
//! Times are those of the best of ten runs, on the clock and in CPU time, which other programs on
//! the machine do not disturb.
#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

use std::{error::Error, fs, time::Instant};

use antiphon_audio::WavWriter;
use antiphon_core::AudioFormat;
use antiphon_models::{Quiet, Store};
use antiphon_piper::{Piper, PiperOptions};
use antiphon_tts::{Tts as _, TtsEvent, TtsRequest};
use futures_util::StreamExt as _;

const TEXT: &str = "The weather is nice and warm here today.";
const RUNS: usize = 10;

/// What a synthesis took until its first audio and until its end, in seconds.
#[derive(Clone, Copy)]
struct Cost {
    first: f64,
    whole: f64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let text = args.first().map_or(TEXT, String::as_str);
    let model = Store::open_default()?.ensure("piper-joe", &mut Quiet)?;
    let start = Instant::now();
    let onnx = model.file("en_US-joe-medium.onnx")?;
    let config = model.file("en_US-joe-medium.onnx.json")?;
    let piper = Piper::load(&onnx, &config, &PiperOptions::default())?;
    println!("loaded in {:.2} s", start.elapsed().as_secs_f64());
    let rate_hz = piper.capabilities().rate_hz;

    let (mut clock, mut cpu, mut samples) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..RUNS {
        let (start, cpu_start) = (Instant::now(), cpu_seconds()?);
        let now = || -> Result<_, Box<dyn Error>> {
            Ok((start.elapsed().as_secs_f64(), cpu_seconds()? - cpu_start))
        };
        let mut first = None;
        samples.clear();
        let request = TtsRequest { text: text.to_owned(), voice: None, rate: 1.0 };
        let mut speech = piper.speak(request).await?;
        while let Some(event) = speech.next().await {
            match event? {
                TtsEvent::Audio(piece) => {
                    first = Some(first.map_or_else(now, Ok)?);
                    samples.extend(piece);
                }
                TtsEvent::Words(words) if run == 0 => {
                    for word in words {
                        let seconds = word.samples.start as f64 / f64::from(rate_hz);
                        println!("{seconds:6.2} {}", text.get(word.text).unwrap_or_default());
                    }
                }
                TtsEvent::Words(_) => {}
            }
        }
        let (first, whole) = (first.unwrap_or_default(), now()?);
        let audio = samples.len() as f64 / f64::from(rate_hz);
        clock.push(Cost { first: first.0, whole: whole.0 / audio });
        cpu.push(Cost { first: first.1, whole: whole.1 / audio });
    }
    println!("{:.2} s of audio", samples.len() as f64 / f64::from(rate_hz));
    for (name, costs) in [("clock", clock), ("CPU", cpu)] {
        let least = |of: fn(&Cost) -> f64| costs.iter().map(of).fold(f64::INFINITY, f64::min);
        let (first, whole) = (least(|c| c.first), least(|c| c.whole));
        println!("{name:>5}: first audio after {first:.3} s, real-time factor {whole:.3}");
    }
    if let Some(out) = args.get(1) {
        let mut wav = WavWriter::create(out.as_ref(), AudioFormat { rate_hz, channels: 1 })?;
        wav.write(&samples)?;
        wav.finish()?;
    }
    Ok(())
}

/// CPU time of all threads of this process, in seconds.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let mut nanos = 0;
    for task in fs::read_dir("/proc/self/task")? {
        let stat = fs::read_to_string(task?.path().join("schedstat"))?;
        nanos += stat.split(' ').next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(nanos as f64 / 1e9)
}
