//! Converts and transcribes: `transcribe MODEL_DIR FILE.wav...` (16 kHz, 16 bit, one channel).
//! Prints each text with its processor-bound time, then the real-time factor.
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::{path::Path, time::Instant};

use antiphon_core::{Code, Error, Result};
use antiphon_moonshine::{Moonshine, convert};

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [dir, files @ ..] = args.as_slice() else {
        println!("transcribe MODEL_DIR FILE.wav...");
        return Ok(());
    };
    let out = std::env::temp_dir().join(format!("moonshine-{}.bin", std::process::id()));
    let start = Instant::now();
    convert(Path::new(dir), &out)?;
    let converted = start.elapsed();
    let model = Moonshine::load(&out)?;
    let loaded = start.elapsed() - converted;
    println!("converted in {converted:.2?}, loaded in {loaded:.2?}");
    let _ = std::fs::remove_file(&out);
    let (mut audio, mut work) = (0.0, 0.0);
    for file in files {
        let bytes = std::fs::read(file)
            .map_err(|e| Error::new("example", Code::Storage, format!("{file}: {e}")))?;
        let pcm: Vec<i16> = bytes
            .get(44..)
            .unwrap_or_default()
            .chunks_exact(2)
            .filter_map(|c| c.try_into().ok().map(i16::from_le_bytes))
            .collect();
        for part in pcm.chunks(16_000 * 9) {
            let start = Instant::now();
            let text = model.transcribe(part, &|| false)?;
            let (took, seconds) = (start.elapsed().as_secs_f64(), part.len() as f64 / 16_000.0);
            println!("{seconds:5.2} s in {:4.0} ms: {text}", took * 1e3);
            audio += seconds;
            work += took;
        }
    }
    println!("RTF {:.4}", work / audio);
    Ok(())
}
