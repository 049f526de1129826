//! How fast and how right: `rtf MODEL FILE.wav...`
//!
//! MODEL is a converted file, or a folder with the published ones. Files have 16 bits, one
//! channel, 16 kHz. `FILE.txt` beside a file is what is said in it; then word errors are counted.
//! Times are those of the processor, not of the clock, where Linux tells them.
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use antiphon_core::{Code, Error, Result, SPEECH_RATE_HZ};
use antiphon_moonshine::{Moonshine, convert};
use antiphon_stt::wer::Wer;

/// Lengths whose latency is measured, in milliseconds.
const LENGTHS: [usize; 6] = [500, 1_000, 2_000, 3_000, 5_000, 8_000];

fn main() -> Result<()> {
    let args: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [model, files @ ..] = args.as_slice() else {
        println!("rtf MODEL FILE.wav...");
        return Ok(());
    };
    let model = load(model)?;
    let (mut audio, mut work, mut errors) = (0.0, 0.0, Wer::default());
    let mut longest = Vec::new();
    for file in files {
        let pcm = read(file)?;
        let (text, took) = transcribe(&model, &pcm)?;
        let seconds = pcm.len() as f64 / f64::from(SPEECH_RATE_HZ);
        println!("{seconds:6.2} s  {:4.0} ms  {}: {text}", took * 1e3, file.display());
        if let Ok(said) = std::fs::read_to_string(file.with_extension("txt")) {
            errors += Wer::of(&said, &text);
        }
        audio += seconds;
        work += took;
        if pcm.len() > longest.len() {
            longest = pcm;
        }
    }
    println!("real-time factor {:.4} over {audio:.1} s", work / audio);
    println!("word errors {} of {}: {:.1} %", errors.errors, errors.words, 100.0 * errors.rate());
    for ms in LENGTHS {
        let Some(head) = longest.get(..ms * SPEECH_RATE_HZ as usize / 1000) else { break };
        let mut times = (0..5).map(|_| transcribe(&model, head).map(|(_, took)| took));
        let best = times.try_fold(f64::MAX, |best, took| took.map(|t| best.min(t)))?;
        println!("{ms:5} ms of audio in {:4.0} ms", best * 1e3);
    }
    Ok(())
}

fn load(path: &Path) -> Result<Moonshine> {
    let start = Instant::now();
    if !path.is_dir() {
        let model = Moonshine::load(path)?;
        println!("loaded in {:.0?}", start.elapsed());
        return Ok(model);
    }
    let file = std::env::temp_dir().join(format!("moonshine-{}.bin", std::process::id()));
    convert(path, &file)?;
    println!("converted in {:.0?}", start.elapsed());
    let model = load(&file);
    let _ = std::fs::remove_file(&file);
    model
}

fn transcribe(model: &Moonshine, pcm: &[i16]) -> Result<(String, f64)> {
    let (start, clock) = (processor_seconds(), Instant::now());
    let text = model.transcribe(pcm, &|| false)?;
    let took = match (start, processor_seconds()) {
        (Some(start), Some(end)) => end - start,
        _ => clock.elapsed().as_secs_f64(),
    };
    Ok((text, took))
}

/// Time the main thread has spent on a processor.
fn processor_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    let nanoseconds: f64 = stat.split_whitespace().next()?.parse().ok()?;
    Some(nanoseconds * 1e-9)
}

fn read(file: &Path) -> Result<Vec<i16>> {
    let fault =
        |what: String| Error::new("rtf", Code::InvalidInput, format!("{}: {what}", file.display()));
    let mut reader = hound::WavReader::open(file).map_err(|e| fault(e.to_string()))?;
    let spec = reader.spec();
    if (spec.channels, spec.sample_rate) != (1, SPEECH_RATE_HZ) {
        return Err(fault(format!("not one channel at 16 kHz but {spec:?}")));
    }
    reader.samples().collect::<Result<_, _>>().map_err(|e| fault(e.to_string()))
}
