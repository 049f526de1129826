//! PCM without I/O: resampling, WAV, jitter buffer, playout queue, pre-roll.
