//! Prints what a prediction costs in CPU time:
//! `cargo run --release -p antiphon-smart-turn --example predict -- MODEL.onnx`.

use std::{error::Error, fs};

use antiphon_smart_turn::SmartTurn;
use antiphon_turn::{TurnContext, TurnDetector};

const PREDICTIONS: usize = 30;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("pass the path of the model")?;
    let detector = SmartTurn::load(path)?;
    for seconds in [2, 8] {
        let audio: Vec<i16> =
            (0..seconds * 16_000).map(|n| (n * 7919 % 20_000 - 10_000) as i16).collect();
        let context = TurnContext { audio, ..TurnContext::default() };
        let mut sum = detector.predict(context.clone()).await?;
        let before = cpu_seconds()?;
        for _ in 0..PREDICTIONS {
            sum += detector.predict(context.clone()).await?;
        }
        let millis = (cpu_seconds()? - before) * 1e3 / PREDICTIONS as f64;
        #[expect(clippy::print_stdout, reason = "printing is what this program is for")]
        {
            println!("{seconds} s of audio: {millis:.1} ms CPU per prediction (sum {sum:.3})");
        }
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
