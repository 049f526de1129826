//! Prints what a frame costs in CPU time:
//! `cargo run --release -p antiphon-silero --example detect -- MODEL.onnx`.

use std::{error::Error, fs};

use antiphon_silero::Silero;
use antiphon_vad::Vad;

const FRAMES: usize = 5000;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("pass the path of the model")?;
    let mut vad = Silero::load(path)?.session();
    let frame: Vec<i16> = (0..512).map(|n| (n * 7919 % 20_000 - 10_000) as i16).collect();
    let mut sum = 0.0;
    for _ in 0..100 {
        sum += vad.push(&frame)?;
    }
    let before = cpu_seconds()?;
    for _ in 0..FRAMES {
        sum += vad.push(&frame)?;
    }
    let micros = (cpu_seconds()? - before) * 1e6 / FRAMES as f64;
    #[expect(clippy::print_stdout, reason = "printing is what this program is for")]
    {
        println!("{micros:.1} us CPU per frame (sum of probabilities {sum:.3})");
    }
    Ok(())
}

/// CPU time of this process in seconds, user and system, as Linux counts it in 10 ms ticks.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The process name, in brackets, may hold spaces: count fields after it.
    let (_, fields) = stat.rsplit_once(") ").ok_or("no process name in /proc/self/stat")?;
    let mut ticks = fields.split(' ').skip(11).map(str::parse::<f64>);
    let (user, system) = ticks.next().zip(ticks.next()).ok_or("/proc/self/stat is too short")?;
    Ok((user? + system?) / 100.0)
}
