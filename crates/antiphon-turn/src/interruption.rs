//! Interruption: whether speech over the agent is meant to take the turn.
//!
//! Playout is already paused when this is asked. The policy only decides what the pause becomes:
//! an interruption, or a false alarm after which the agent goes on. It deliberately remembers
//! nothing: the same facts get the same verdict.

use std::time::Duration;

use antiphon_core::Result;
use serde::{Deserialize, Serialize};

use crate::{
    EchoGuard, MuteConfig, settings,
    words::{self, Reading, Word},
};

/// When overlapping speech interrupts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InterruptionConfig {
    /// Off: the agent always finishes. Default on.
    pub enabled: bool,
    /// Words, backchannels not counted, that make an interruption. Default 1. Phrases such as
    /// "stop" or "hold on" interrupt alone, whatever is set here.
    pub min_words: usize,
    /// Speech this long interrupts even while no words are known. Default 1.2 s, longer than a
    /// backchannel lasts.
    pub min_speech: Duration,
    /// Speech shorter than this interrupts by stop phrases only. Default 0: a short "Tuesday"
    /// counts. 200 ms and more help on noisy lines, where speech to text invents words.
    pub ignore_shorter: Duration,
    /// After the speech has ended: how long to wait for its transcript. Default 700 ms.
    pub transcript_grace: Duration,
    /// Further words and phrases that signal listening rather than a wish to speak. Those of the
    /// language are known without being listed. Default none.
    pub backchannels: Vec<String>,
    /// From this probability of a detector on, speech is a backchannel whatever its words, stop
    /// phrases apart. Default 0.8.
    pub backchannel_from: f32,
    /// Up to this probability of a detector, speech interrupts before any word is known. Default
    /// 0.1.
    pub interruption_up_to: f32,
    /// From this probability of a detector on, it is not the caller at all: nothing that is said
    /// interrupts, not even a stop phrase, and the agent goes on while it is being said. Default
    /// 0.97.
    pub background_from: f32,
    /// A detector is first asked about speech that has lasted so long, again whenever it has
    /// lasted so much longer, and when it has ended. Default 300 ms: less tells a cough from a word no better than its length does.
    pub detector_after: Duration,
    /// An answer of the detector that takes longer is not waited for: as if there were no
    /// detector. Default 150 ms: after the gate's 200 ms the agent
    /// still goes on some 300 ms after a cough.
    pub detector_timeout: Duration,
    /// When what is transcribed is the agent's own voice.
    pub echo: EchoGuard,
    /// When the user is not heard at all.
    pub mute: MuteConfig,
    /// Playout falls silent and comes back over this time, in place of at once. Default 0: a held
    /// agent must be silent within a frame. 20 to 50 ms take the click away.
    pub fade: Duration,
}

impl Default for InterruptionConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            min_words: 1,
            min_speech: Duration::from_millis(1200),
            ignore_shorter: Duration::ZERO,
            transcript_grace: Duration::from_millis(700),
            backchannels: Vec::new(),
            backchannel_from: 0.8,
            interruption_up_to: 0.1,
            background_from: 0.97,
            detector_after: Duration::from_millis(300),
            detector_timeout: Duration::from_millis(150),
            echo: EchoGuard::default(),
            mute: MuteConfig::default(),
            fade: Duration::ZERO,
        }
    }
}

/// What is known about speech over the agent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Overlap<'a> {
    /// How long the user has been speaking, up to the end of speech if it has ended.
    pub speech: Duration,
    /// How long the user has been silent again; `None` while speaking.
    pub silence: Option<Duration>,
    /// The transcript so far.
    pub transcript: &'a str,
    /// Whether the transcript covers everything said.
    pub is_final: bool,
    /// The user's language, BCP 47; if `None`, phrases of all languages are understood.
    pub language: Option<&'a str>,
    /// A detector's probability that this is a backchannel, if there is one and it has answered.
    pub p_backchannel: Option<f32>,
    /// Whether the detector knew the whole speech: its answer came after the end of it.
    pub heard_out: bool,
    /// What was heard of the agent within [`EchoGuard::window`] before the hold, with the word
    /// that was under way.
    pub agent: &'a str,
}

/// What to do with the paused agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The user takes the turn: flush and cancel.
    Confirm,
    /// A false interruption: resume.
    Refuse,
    /// Not decidable yet; ask again after this time if nothing new is known by then.
    Wait(Duration),
}

/// What a verdict rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// A phrase that always interrupts.
    StopPhrase,
    /// Enough words.
    Words,
    /// Words, but fewer than set.
    FewWords,
    /// Long speech.
    LongSpeech,
    /// Speech too short to count.
    ShortSpeech,
    /// The detector was sure.
    Detector,
    /// The detector was sure that it is not the caller at all.
    Background,
    /// Nothing but backchannels.
    Backchannel,
    /// Nothing but the agent's own words.
    Echo,
    /// Nothing was understood: a cough, a noise.
    NoWords,
    /// The transcript did not come in time.
    NoTranscript,
    /// Interruptions are switched off.
    Off,
    /// More must become known.
    Undecided,
}

impl Why {
    /// The stable string form, for the log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StopPhrase => "stop_phrase",
            Self::Words => "words",
            Self::FewWords => "few_words",
            Self::LongSpeech => "long_speech",
            Self::ShortSpeech => "short_speech",
            Self::Detector => "detector",
            Self::Background => "background",
            Self::Backchannel => "backchannel",
            Self::Echo => "echo",
            Self::NoWords => "no_words",
            Self::NoTranscript => "no_transcript",
            Self::Off => "off",
            Self::Undecided => "undecided",
        }
    }
}

impl InterruptionConfig {
    /// Judges overlapping speech.
    #[must_use]
    pub fn judge(&self, overlap: Overlap<'_>) -> Verdict {
        self.judge_why(overlap).0
    }

    /// Judges overlapping speech, and says what the verdict rests on.
    #[must_use]
    pub fn judge_why(&self, overlap: Overlap<'_>) -> (Verdict, Why) {
        if self.enabled && self.is_background(&overlap) {
            return (Verdict::Refuse, Why::Background);
        }
        let heard = self.hear(&overlap);
        if let Some(why) = self.interrupts(&overlap, heard) {
            return (Verdict::Confirm, why);
        }
        let wait = |time| (Verdict::Wait(time), Why::Undecided);
        match overlap.silence {
            None => wait(self.next_look(&overlap, heard)),
            Some(_) if overlap.is_final => (Verdict::Refuse, self.nothing(&overlap, heard)),
            Some(_) if overlap.heard_out && self.is_backchannel(&overlap) => {
                (Verdict::Refuse, Why::Detector)
            }
            Some(silence) if silence >= self.transcript_grace => {
                let why = self.nothing(&overlap, heard);
                let why = if why == Why::NoWords { Why::NoTranscript } else { why };
                (Verdict::Refuse, why)
            }
            Some(silence) => wait(self.transcript_grace.saturating_sub(silence)),
        }
    }

    /// What makes it an interruption, if anything does.
    fn interrupts(&self, overlap: &Overlap<'_>, heard: Heard) -> Option<Why> {
        if !self.enabled {
            return None;
        }
        if heard.reading.stop {
            return Some(Why::StopPhrase);
        }
        if overlap.speech < self.ignore_shorter {
            return None;
        }
        if overlap.p_backchannel.is_some_and(|p| (0.0..=self.interruption_up_to).contains(&p)) {
            return Some(Why::Detector);
        }
        if heard.reading.words >= self.min_words.max(1) && !self.is_backchannel(overlap) {
            return Some(Why::Words);
        }
        let speaking = overlap.silence.is_none();
        (speaking && overlap.speech >= self.longest(heard)).then_some(Why::LongSpeech)
    }

    /// What it was, if it interrupts nothing.
    fn nothing(&self, overlap: &Overlap<'_>, heard: Heard) -> Why {
        match heard.reading.words {
            _ if !self.enabled => Why::Off,
            0 if heard.echo => Why::Echo,
            0 if heard.any => Why::Backchannel,
            0 => Why::NoWords,
            _ if overlap.speech < self.ignore_shorter => Why::ShortSpeech,
            _ if self.is_backchannel(overlap) => Why::Detector,
            _ => Why::FewWords,
        }
    }

    /// While the user speaks: when the speech will be long enough to be judged by that alone.
    fn next_look(&self, overlap: &Overlap<'_>, heard: Heard) -> Duration {
        let lengths = [self.ignore_shorter, self.longest(heard)];
        let ahead = lengths.into_iter().filter(|&l| l > overlap.speech).min();
        // With all of them behind, only the user's next move can bring a change.
        ahead.map_or(self.transcript_grace, |l| l.saturating_sub(overlap.speech))
    }

    fn longest(&self, heard: Heard) -> Duration {
        if heard.echo { self.min_speech.max(self.echo.longest) } else { self.min_speech }
    }

    fn is_backchannel(&self, overlap: &Overlap<'_>) -> bool {
        overlap.p_backchannel.is_some_and(|p| (self.backchannel_from..=1.0).contains(&p))
    }

    fn is_background(&self, overlap: &Overlap<'_>) -> bool {
        overlap.p_backchannel.is_some_and(|p| (self.background_from..=1.0).contains(&p))
    }

    /// The transcript without the agent's own words, read by the phrase lists.
    fn hear(&self, overlap: &Overlap<'_>) -> Heard {
        let said = words::split(overlap.transcript);
        let echo = self.echo.find(&words::split(overlap.agent), &said);
        let read = |words: &[Word]| words::read(words, overlap.language, &self.backchannels);
        let before = said.get(..echo.start).unwrap_or_default();
        let after = said.get(echo.end..).unwrap_or_default();
        let mut reading = read(&[before, after].concat());
        if !echo.is_empty() && before.len() == 1 && !reading.stop {
            // An echo begins in the middle of a word: what is left of it fits nothing.
            reading = read(after);
        }
        Heard { reading, any: !said.is_empty(), echo: !echo.is_empty() && reading.words == 0 }
    }

    /// Words in `transcript` that are not backchannels; a character of a script without spaces is
    /// half a word.
    #[must_use]
    pub fn words(&self, transcript: &str, language: Option<&str>) -> usize {
        words::read(&words::split(transcript), language, &self.backchannels).words
    }

    /// Checks what the types cannot.
    ///
    /// # Errors
    /// `invalid_input` naming the field, its value and what it may be.
    pub fn validate(&self) -> Result<()> {
        let minute = Duration::from_secs(60);
        settings::at_most("interruption.min_speech", self.min_speech, minute)?;
        settings::at_most("interruption.transcript_grace", self.transcript_grace, minute)?;
        settings::at_most("interruption.echo.window", self.echo.window, minute)?;
        settings::at_most("interruption.echo.longest", self.echo.longest, minute)?;
        self.validate_detector()?;
        settings::at_most("interruption.fade", self.fade, Duration::from_millis(500))?;
        let short = ("interruption.ignore_shorter", self.ignore_shorter);
        settings::ordered(short, ("interruption.min_speech", self.min_speech))
    }

    fn validate_detector(&self) -> Result<()> {
        settings::probability("interruption.backchannel_from", self.backchannel_from)?;
        settings::probability("interruption.interruption_up_to", self.interruption_up_to)?;
        if self.interruption_up_to >= self.backchannel_from {
            let (low, high) = (self.interruption_up_to, self.backchannel_from);
            let detail = format!("interruption.interruption_up_to ({low}) reaches {high}");
            return settings::bad(detail, "keep it below interruption.backchannel_from");
        }
        settings::probability("interruption.background_from", self.background_from)?;
        if self.backchannel_from > self.background_from {
            let (low, high) = (self.backchannel_from, self.background_from);
            let detail = format!("interruption.backchannel_from ({low}) exceeds {high}");
            return settings::bad(detail, "keep it at interruption.background_from or below");
        }
        let (shortest, after) = (Duration::from_millis(20), self.detector_after);
        settings::ordered(("a frame", shortest), ("interruption.detector_after", after))?;
        settings::at_most("interruption.detector_after", after, Duration::from_secs(60))?;
        let timeout = self.detector_timeout;
        settings::not_zero("interruption.detector_timeout", timeout)?;
        settings::at_most("interruption.detector_timeout", timeout, Duration::from_secs(60))
    }
}

/// What the transcript says.
#[derive(Clone, Copy)]
struct Heard {
    reading: Reading,
    /// Anything at all.
    any: bool,
    /// The agent's words, and none of the user's.
    echo: bool,
}
