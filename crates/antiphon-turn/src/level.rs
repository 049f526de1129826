//! A backchannel detector without a model: what is much quieter than the caller is not the caller.
//!
//! A telephone or a headset lies at one distance from one mouth. A television, a radio and people
//! across the room are heard with every word, and far below it.

use antiphon_core::{Result, SPEECH_RATE_HZ};
use async_trait::async_trait;

use crate::{BackchannelDetector, OverlapContext};

/// One channel at [`SPEECH_RATE_HZ`], 20 ms.
const FRAME: usize = SPEECH_RATE_HZ as usize / 50;

/// The quietest tenth of the frames is taken for the room.
const ROOM: usize = 10;

/// Twice the amplitude of the room is a sound.
const ABOVE_ROOM_DB: f32 = 6.0;

/// From here below the caller's usual level it is not the caller. Chosen, not measured on people:
/// somebody two metres from a microphone that hangs 20 cm before a mouth is 20 dB below (the
/// inverse square law), and who lowers the voice for a phrase stays above.
const OTHER_DB: f32 = 8.0;

/// Down to here nobody can tell.
const SAME_DB: f32 = 5.0;

/// Not even a stop phrase outweighs it: a television says "no" all evening.
const SURE: f32 = 0.99;

/// Nothing is known.
const UNKNOWN: f32 = 0.5;

/// Compares the loudness of a sound over the agent with what the caller had so far.
///
/// It tells background from foreground, not "mm-hm" from "Monday": a sound as loud as the caller
/// gets 0.5, which decides nothing, and so does every sound before the caller was heard.
#[derive(Clone, Copy, Debug, Default)]
pub struct LevelDetector;

#[async_trait]
impl BackchannelDetector for LevelDetector {
    /// Takes microseconds, on the task that asks.
    async fn predict(&self, context: OverlapContext) -> Result<f32> {
        let sound = sound_dbfs(&context.audio);
        let below = context.caller_dbfs.zip(sound).map(|(caller, sound)| caller - sound);
        Ok(below.map_or(UNKNOWN, |db| {
            let share = ((db - SAME_DB) / (OTHER_DB - SAME_DB)).clamp(0.0, 1.0);
            UNKNOWN + share * (SURE - UNKNOWN)
        }))
    }
}

/// Root mean square of what stands out of the room, in dB of full scale; `None` if nothing does.
fn sound_dbfs(audio: &[i16]) -> Option<f32> {
    let power = |frame: &[i16]| {
        let squares: f32 = frame.iter().map(|s| (f32::from(*s) / 32_768.0).powi(2)).sum();
        squares / frame.len() as f32
    };
    let powers: Vec<f32> = audio.chunks_exact(FRAME).map(power).collect();
    let mut sorted = powers.clone();
    sorted.sort_by(f32::total_cmp);
    let room = sorted.get(sorted.len() / ROOM)?;
    let floor = room * 10_f32.powf(ABOVE_ROOM_DB / 10.0);
    let (sum, frames) = powers
        .iter()
        .filter(|p| **p > floor)
        .fold((0.0_f32, 0.0_f32), |(sum, frames), p| (sum + p - room, frames + 1.0));
    (frames > 0.0).then(|| 10.0 * (sum / frames).log10())
}
