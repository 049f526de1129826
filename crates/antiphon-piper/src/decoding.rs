//! A phrase after the encoder on its way to samples, a window at a time.
//!
//! It deliberately knows no words: what sounds when is the utterance's business.

use antiphon_core::{Code, Error, Result};

use crate::{
    decoder::Stream,
    frames::Frames,
    vits::{Sound, Vits},
    windows::{Window, Windows},
};

/// Windows of the decoder, in frames of about 12 ms. The first is small for a quick start; a
/// large one costs less per frame. On rten they join below −60 dB with this context. Our own
/// decoder remembers what was before, and of what comes after, the context is how far it goes
/// beyond the window: it then gives the samples that are certain, some fewer than the window has.
const DECODER: Windows = Windows { first: 20, growth: 40, largest: 100, context: 8 };

/// Windows of the flow. The first serves the decoder's first one and its context. The context is
/// exact: 4 couplings of 4 convolutions of width 5 see 32 frames to each side.
const FLOW: Windows = Windows { first: 28, growth: 100, largest: 256, context: 32 };

pub(crate) struct Decoding {
    /// What the flow reads; `None` if the latent is whole.
    prior: Option<Frames>,
    latent: Frames,
    total: usize,
    /// Windows the flow and the decoder have done, and frames decoded.
    flown: usize,
    windows: usize,
    decoded: usize,
    /// What our own decoder knows of the frames before `streamed`.
    stream: Stream,
    streamed: usize,
    /// Samples of a graph that cannot be cut.
    samples: Vec<f32>,
}

impl Decoding {
    pub(crate) fn new(sound: Sound) -> Self {
        let (prior, latent, total, samples) = match sound {
            Sound::Prior(prior) => {
                let total = prior.len();
                (Some(prior), Frames::empty(), total, Vec::new())
            }
            Sound::Latent(latent) => {
                let total = latent.len();
                (None, latent, total, Vec::new())
            }
            Sound::Samples(samples) => (None, Frames::empty(), 0, samples),
        };
        let stream = Stream::default();
        Self {
            prior,
            latent,
            total,
            flown: 0,
            windows: 0,
            decoded: 0,
            stream,
            streamed: 0,
            samples,
        }
    }

    /// Whether all samples were given out.
    pub(crate) const fn is_done(&self) -> bool {
        self.decoded == self.total && self.samples.is_empty()
    }

    /// The samples of the next window.
    ///
    /// # Errors
    /// `internal` if the graph cannot be run.
    pub(crate) fn next(&mut self, vits: &Vits) -> Result<Vec<f32>> {
        if self.decoded == self.total {
            return Ok(std::mem::take(&mut self.samples));
        }
        let window = DECODER.window(self.windows, self.decoded, self.total);
        while self.latent.len() < window.computed.end {
            self.flow(vits)?;
        }
        let samples = self.decode(vits, &window)?;
        self.windows += 1;
        self.decoded = window.frames.end;
        Ok(samples)
    }

    fn decode(&mut self, vits: &Vits, window: &Window) -> Result<Vec<f32>> {
        let next = self.latent.slice(self.streamed..window.computed.end);
        let last = window.frames.end == self.total;
        if let Some(samples) = vits.stream(&mut self.stream, &next, last) {
            self.streamed = window.computed.end;
            return Ok(samples);
        }
        let samples = vits.decode(self.latent.slice(window.computed.clone()))?;
        Ok(samples.get(window.wanted(vits.hop())).map(<[f32]>::to_vec).unwrap_or_default())
    }

    fn flow(&mut self, vits: &Vits) -> Result<()> {
        let Some(prior) = &self.prior else { return Ok(()) };
        let window = FLOW.window(self.flown, self.latent.len(), self.total);
        let flown = vits.flow(prior.slice(window.computed.clone()))?;
        if flown.len() != window.computed.len() {
            let what = format!("the flow made {} of {:?}", flown.len(), window.computed);
            return Err(Error::new("piper.speak", Code::Internal, what));
        }
        self.latent.append(&flown.slice(window.wanted(1)));
        self.flown += 1;
        Ok(())
    }
}
