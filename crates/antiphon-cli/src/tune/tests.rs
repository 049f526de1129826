//! What a corpus may look like, and what is said of one that does not.

use antiphon::{AudioFormat, Code, Timestamp, audio::WavWriter};

use super::*;

fn wav(path: &Path, channels: u16) {
    let mut wav = WavWriter::create(path, AudioFormat { rate_hz: 8000, channels }).unwrap();
    wav.write(&[9; 800]).unwrap();
    wav.finish().unwrap();
}

#[test]
fn recordings_come_in_order_with_their_labels() {
    let dir = tempfile::tempdir().unwrap();
    wav(&dir.path().join("b.wav"), 1);
    wav(&dir.path().join("a.WAV"), 1);
    fs::write(dir.path().join("b.json"), r#"{"turn_ends": [0.05, 1.5]}"#).unwrap();
    let recordings = load(dir.path()).unwrap();
    let names: Vec<_> = recordings.iter().map(|r| r.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert!(recordings[0].turn_ends.is_empty());
    assert_eq!(recordings[1].turn_ends, [50, 1500].map(Timestamp::from_millis));
    assert_eq!(recordings[0].samples.len(), 1600);
}

#[test]
fn what_is_no_corpus_is_refused_with_a_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let refused = || {
        let e = load(dir.path()).unwrap_err();
        assert_eq!(e.code(), Code::InvalidInput);
        e.help().unwrap().to_owned()
    };
    assert!(refused().contains("record one caller"));
    wav(&dir.path().join("a.wav"), 2);
    assert!(refused().contains("caller's channel"));
    wav(&dir.path().join("a.wav"), 1);
    for bad in [r#"{"turn_ends": [2.0, 1.0]}"#, r#"{"turn_ends": [-1.0]}"#, "{}", "3.2"] {
        fs::write(dir.path().join("a.json"), bad).unwrap();
        assert!(refused().contains("turn_ends"), "{bad}");
    }
}
