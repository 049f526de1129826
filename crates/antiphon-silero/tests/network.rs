//! The network on real recordings: the port's rules, agreement with an inference engine, and how
//! well it tells speech from noise.
#![expect(clippy::unwrap_used, clippy::panic, reason = "this is a test")]

mod common;

use antiphon_vad::{Blocks, GateConfig, GateEdge, SpeechGate, Vad, conformance};
use rten_tensor::{NdTensor, NdTensorView, prelude::*};

use common::{recording, silero};

const RATE: usize = 16_000;

/// What the readers' rooms stay below, and their words do not: about -34 dB of full scale.
const LOUD: u16 = 650;

fn probabilities(vad: &mut impl Vad, samples: &[i16]) -> Vec<f32> {
    samples.chunks_exact(vad.frame_len()).map(|frame| vad.push(frame).unwrap()).collect()
}

fn speech_share(samples: &[i16]) -> f64 {
    let probs = probabilities(&mut silero().session(), samples);
    probs.iter().filter(|&&p| p >= 0.5).count() as f64 / probs.len() as f64
}

#[test]
fn a_session_conforms() {
    let silero = silero();
    conformance::check(|| silero.session());
}

#[test]
fn probabilities_equal_those_of_an_inference_engine() {
    let model = rten::Model::load_file(common::model_path()).unwrap();
    let id = |name| model.node_id(name).unwrap();
    let mut state = NdTensor::<f32, 3>::zeros([2, 1, 128]);
    let mut context = vec![0.0; 64];
    let mut vad = silero().session();
    for (n, frame) in recording("two_cities.wav")[..10 * RATE].chunks_exact(512).enumerate() {
        let mut window = context.clone();
        window.extend(frame.iter().map(|&s| f32::from(s) / 32_768.0));
        context.copy_from_slice(&window[512..]);
        let inputs = vec![
            (id("input"), NdTensorView::from_data([1, 576], window.as_slice()).into()),
            (id("state"), state.view().into()),
            (id("sr"), rten::Value::from(16_000).into()),
        ];
        let [output, next] = model.run_n(inputs, [id("output"), id("stateN")], None).unwrap();
        state = next.try_into().unwrap();
        let output: NdTensor<f32, 2> = output.try_into().unwrap();
        let (ours, theirs) = (vad.push(frame).unwrap(), output[[0, 0]]);
        assert!((ours - theirs).abs() < 1e-4, "frame {n}: {ours} instead of {theirs}");
    }
}

#[test]
fn words_are_speech_and_the_pauses_between_them_are_not() {
    let reading = recording("two_cities.wav");
    let probs = probabilities(&mut silero().session(), &reading);
    let peaks: Vec<u16> = reading
        .chunks_exact(512)
        .map(|frame| frame.iter().map(|s| s.unsigned_abs()).max().unwrap())
        .collect();
    let speech_share = |is_meant: &dyn Fn(&[u16]) -> bool| {
        // A frame among its neighbours: a plosive has silence of its own.
        let (meant, speech) = peaks.windows(9).zip(&probs[4..]).fold((0, 0), |(n, k), (w, &p)| {
            if is_meant(w) { (n + 1, k + u32::from(p >= 0.5)) } else { (n, k) }
        });
        assert!(meant > 50, "only {meant} frames to judge by");
        f64::from(speech) / f64::from(meant)
    };
    let words = speech_share(&|peaks| peaks[3..6].iter().all(|&p| p > 1000));
    let pauses = speech_share(&|peaks| peaks.iter().all(|&p| p < 300));
    assert!(words > 0.95, "{words:.2} of the loud frames are speech");
    assert!(pauses < 0.05, "{pauses:.2} of the pauses are speech");
}

#[test]
fn noise_is_not_speech() {
    for (name, sound) in noises() {
        let share = speech_share(&sound);
        assert!(share < 0.05, "{share:.2} of {name} is speech");
    }
}

/// Five seconds each of what fools detectors that look at energy.
fn noises() -> [(&'static str, Vec<i16>); 5] {
    let mut seed = 1_u32;
    let mut white = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    let fill = |mut sample: Box<dyn FnMut(f32) -> f32 + '_>| -> Vec<i16> {
        (0..5 * RATE).map(|n| (sample(n as f32 / RATE as f32) * 32_767.0) as i16).collect()
    };
    let sine = |t: f32, hz: f32| (t * hz * std::f32::consts::TAU).sin();
    let loud = fill(Box::new(|_| 0.3 * white()));
    let soft = fill(Box::new(|_| 0.01 * white()));
    let mut walk = 0.0;
    let brown = fill(Box::new(|_| {
        walk = 0.99 * walk + 0.05 * white();
        walk
    }));
    let tone = fill(Box::new(|t| 0.3 * sine(t, 440.0)));
    let chord = fill(Box::new(|t| 0.1 * (sine(t, 220.0) + sine(t, 277.2) + sine(t, 329.6))));
    [
        ("loud white noise", loud),
        ("soft white noise", soft),
        ("brown noise", brown),
        ("a tone", tone),
        ("a chord", chord),
    ]
}

#[test]
fn an_onset_is_reported_in_time() {
    // The speaker's first word begins hard, so that its true onset is where silence ends.
    let speech = recording("beckett.wav");
    let first = speech.iter().position(|s| s.unsigned_abs() > 1000).unwrap();
    // Every position of the onset within a frame.
    for silence in (16_000..16_512).step_by(64) {
        let stream = [vec![0; silence], speech[first..first + RATE].to_vec()].concat();
        let (edge, onset) = first_onset(&stream);
        let late_ms = (edge as f64 - silence as f64) / 16.0;
        let off_ms = (onset as f64 - silence as f64) / 16.0;
        assert!((32.0..=96.0).contains(&late_ms), "edge {late_ms} ms after the onset");
        assert!((-32.0..=64.0).contains(&off_ms), "onset dated {off_ms} ms late");
    }
}

#[test]
fn an_end_is_dated_where_the_last_word_ends() {
    for name in ["beckett.wav", "two_cities.wav"] {
        let speech = recording(name);
        let last = |end: u64| {
            let around = end as usize + RATE / 4;
            let loud = |i: &usize| speech[*i].unsigned_abs() > LOUD;
            (0..around.min(speech.len())).rev().find(loud).unwrap()
        };
        let mut late_ms: Vec<f64> =
            ends(&speech).into_iter().map(|end| (end as f64 - last(end) as f64) / 16.0).collect();
        late_ms.sort_by(f64::total_cmp);
        let median = late_ms[late_ms.len() / 2];
        // Words of people fade into their room: later is no error, earlier would be.
        assert!((0.0..=128.0).contains(&median), "{name}: {late_ms:?}");
    }
}

/// Where the gate behind the detector says that speech ended.
fn ends(speech: &[i16]) -> Vec<u64> {
    let mut vad = silero().session();
    let mut gate = SpeechGate::new(GateConfig::default(), vad.rate_hz()).unwrap().behind(&vad);
    let frames = speech.chunks_exact(vad.frame_len());
    let edges: Vec<_> =
        frames.filter_map(|frame| gate.push(vad.push(frame).unwrap(), frame.len())).collect();
    let end =
        |edge: &GateEdge| if let GateEdge::Stopped { end } = edge { Some(*end) } else { None };
    edges.iter().filter_map(end).collect()
}

/// Where the first edge came, and where it says speech began.
fn first_onset(stream: &[i16]) -> (u64, u64) {
    let mut vad = silero().session();
    let mut gate = SpeechGate::new(GateConfig::default(), vad.rate_hz()).unwrap();
    let mut blocks = Blocks::new(vad.frame_len());
    for piece in stream.chunks(320) {
        let mut rest = piece;
        while let Some(frame) = blocks.next_frame(&mut rest) {
            if let Some(GateEdge::Started { onset }) =
                gate.push(vad.push(frame).unwrap(), frame.len())
            {
                return (gate.position(), onset);
            }
        }
    }
    panic!("no onset in {} samples", stream.len());
}

#[test]
fn sessions_do_not_hear_each_other() {
    let silero = silero();
    let (mut a, mut b, mut alone) = (silero.session(), silero.session(), silero.session());
    let speech = recording("beckett.wav");
    for frame in speech.chunks_exact(512).take(100) {
        let expected = alone.push(frame).unwrap();
        b.push(&[0; 512]).unwrap();
        assert_eq!(a.push(frame).unwrap(), expected);
    }
}
