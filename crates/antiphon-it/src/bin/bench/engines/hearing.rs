//! Voice activity, speech to text and the end of a turn, on recordings of people reading.

use antiphon::{
    Result, SPEECH_RATE_HZ,
    moonshine::Moonshine,
    silero::Silero,
    smart_turn::SmartTurn,
    stt::wer::Wer,
    turn::{TurnContext, TurnDetector as _},
    vad::{Blocks, GateConfig, GateEdge, SpeechGate, Vad as _},
};

use super::Bench;
use crate::{
    figures::{Figure, median},
    machine::{Watch, thread_seconds},
    report::Report,
};

/// What is read in `beckett.wav`.
const BECKETT: &str = "Ever tried, ever failed, no matter, try again, fail again, fail better.";

/// What is read in `two_cities.wav`.
const TWO_CITIES: &str = "It was the best of times, it was the worst of times, it was the age of \
    wisdom, it was the age of foolishness, it was the epoch of belief, it was the epoch of \
    incredulity, it was the season of light, it was the season of darkness, it was the spring of \
    hope, it was the winter of despair. We had everything before us, we had nothing before us, we \
    were all going direct to heaven, we were all going direct the other way. In short, the period \
    was so far like the present period that some of its noisiest authorities insisted on its \
    being received, for good or for evil, in the superlative degree of comparison only.";

/// No utterance handed to the model is longer, in samples: ten seconds.
const LONGEST: usize = 10 * SPEECH_RATE_HZ as usize;

/// Kept on both sides of speech, in samples: 200 ms.
const MARGIN: usize = SPEECH_RATE_HZ as usize / 5;

/// A model and what it is held to.
struct Goals {
    name: &'static str,
    real_time_factor: f64,
    errors_percent: f64,
}

const MODELS: [Goals; 2] = [
    Goals { name: "moonshine-tiny", real_time_factor: 0.031, errors_percent: 5.0 },
    Goals { name: "moonshine-base", real_time_factor: 0.063, errors_percent: 2.5 },
];

pub(super) fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let (beckett, cities) = (bench.recording("beckett.wav")?, bench.recording("two_cities.wav")?);
    let file = bench.model("silero")?.file("silero_vad_op18_ifless.onnx")?;
    let silero = Silero::load(file)?;
    voice_activity(&silero, &beckett, report)?;
    let mut readings = vec![(BECKETT, utterances(&silero, &beckett)?)];
    if !report.is_short() {
        readings.push((TWO_CITIES, utterances(&silero, &cities)?));
    }
    for goals in &MODELS {
        speech_to_text(bench, goals, &readings, report)?;
    }
    end_of_turn(bench, &cities, report)
}

fn voice_activity(silero: &Silero, speech: &[i16], report: &mut Report) -> Result<()> {
    let rounds = report.rounds(9, 2);
    let mut vad = silero.session();
    let frames = speech.chunks_exact(vad.frame_len());
    let n = frames.len();
    let mut costs = Vec::new();
    for round in 0..=rounds {
        let start = thread_seconds();
        for frame in frames.clone() {
            vad.push(frame)?;
        }
        if round > 0 {
            costs.push((thread_seconds() - start) * 1e3 / n as f64);
        }
    }
    let how = format!("median of {rounds} rounds of {n} frames of speech, processor time");
    let figure = Figure::timed("Silero, 32 ms of audio", median(&costs), "ms");
    report.add(figure.at_most(0.16).how(how));
    Ok(())
}

/// A recording cut at its pauses into utterances of at most ten seconds, where there are pauses.
fn utterances(silero: &Silero, speech: &[i16]) -> Result<Vec<Vec<i16>>> {
    let mut vad = silero.session();
    let mut gate = SpeechGate::new(GateConfig::default(), SPEECH_RATE_HZ)?;
    let mut blocks = Blocks::new(vad.frame_len());
    let (mut spans, mut onset) = (Vec::new(), None);
    let mut rest = speech;
    while let Some(frame) = blocks.next_frame(&mut rest) {
        match gate.push(vad.push(frame)?, frame.len()) {
            Some(GateEdge::Started { onset: at }) => onset = Some(at as usize),
            Some(GateEdge::Stopped { end }) => {
                spans.extend(onset.take().map(|onset| (onset, end as usize)));
            }
            None => {}
        }
    }
    spans.extend(onset.map(|onset| (onset, speech.len())));
    let mut joined: Vec<(usize, usize)> = Vec::new();
    for (onset, end) in spans {
        match joined.last_mut().filter(|(begin, _)| end - *begin <= LONGEST) {
            Some((_, last)) => *last = end,
            None => joined.push((onset, end)),
        }
    }
    let cut = |(onset, end): (usize, usize)| {
        let span = onset.saturating_sub(MARGIN)..(end + MARGIN).min(speech.len());
        speech.get(span).unwrap_or_default().to_vec()
    };
    Ok(joined.into_iter().map(cut).collect())
}

fn speech_to_text(
    bench: &Bench,
    goals: &Goals,
    readings: &[(&str, Vec<Vec<i16>>)],
    report: &mut Report,
) -> Result<()> {
    let model = Moonshine::load(&bench.model(goals.name)?.file("moonshine.bin")?)?;
    let rounds = report.rounds(3, 1);
    let spoken: usize = readings.iter().flat_map(|(_, all)| all).map(Vec::len).sum();
    let seconds = spoken as f64 / f64::from(SPEECH_RATE_HZ);
    let (mut factors, mut errors) = (Vec::new(), Wer::default());
    for round in 0..rounds {
        let start = thread_seconds();
        for (said, utterances) in readings {
            let texts: Result<Vec<_>> =
                utterances.iter().map(|pcm| model.transcribe(pcm, &|| false)).collect();
            if round == 0 {
                errors += Wer::of(said, &texts?.join(" "));
            }
        }
        factors.push((thread_seconds() - start) / seconds);
    }
    let utterances: usize = readings.iter().map(|(_, all)| all.len()).sum();
    let how = format!(
        "processor time per second of speech; {seconds:.0} s in {utterances} utterances, median of \
         {rounds} rounds"
    );
    let name = format!("{}, real-time factor", goals.name);
    let factor = Figure::timed(&name, median(&factors), "");
    report.add(factor.at_most(goals.real_time_factor).how(how));
    let name = format!("{}, word errors", goals.name);
    let how = format!("{} of {} words, Beckett and Dickens", errors.errors, errors.words);
    let rate = Figure::counted(&name, errors.rate() * 100.0, "%");
    report.add(rate.at_most(goals.errors_percent).how(how));
    Ok(())
}

fn end_of_turn(bench: &Bench, speech: &[i16], report: &mut Report) -> Result<()> {
    let file = bench.model("smart-turn")?.file("smart-turn-v3.2-cpu.onnx")?;
    let detector = SmartTurn::load(file)?;
    let rounds = report.rounds(15, 2);
    let audio = speech.get(..8 * SPEECH_RATE_HZ as usize).unwrap_or(speech).to_vec();
    let context = TurnContext { audio, ..TurnContext::default() };
    let (mut waits, mut work) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let watch = Watch::start();
        bench.runtime.block_on(detector.predict(context.clone()))?;
        let took = watch.took();
        if round > 0 {
            waits.push(took.wall * 1e3);
            work.push(took.cpu * 1e3);
        }
    }
    let how = format!("until the answer on 8 s of audio, by the wall; median of {rounds}");
    report.add(Figure::timed("smart-turn", median(&waits), "ms").at_most(100.0).how(how));
    let figure = Figure::timed("smart-turn, processor time", median(&work), "ms");
    report.add(figure.at_most(100.0).how("the same predictions"));
    Ok(())
}
