//! The benches run, and what must hold on every machine holds.

use std::process::Command;

/// The figures of a short run, by name; the bench itself judges them.
fn short_run(what: &str) -> Vec<(String, f64)> {
    let dir = tempfile::tempdir().unwrap();
    let json = dir.path().join("figures.json");
    let bench = env!("CARGO_BIN_EXE_bench");
    let done = Command::new(bench).args([what, "--short", "--json"]).arg(&json).output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    assert_eq!((&report["bench"], &report["short"]), (&what.into(), &true.into()));
    let figures = report["figures"].as_array().unwrap().iter();
    figures
        .map(|f| (f["name"].as_str().unwrap().to_owned(), f["value"].as_f64().unwrap()))
        .collect()
}

fn value(figures: &[(String, f64)], name: &str) -> f64 {
    figures.iter().find(|(n, _)| n == name).map(|(_, v)| *v).unwrap()
}

#[test]
fn nothing_is_heard_after_an_interruption_and_every_turn_is_answered() {
    let figures = short_run("overhead");
    assert_eq!(value(&figures, "samples after a flush or hold").to_bits(), 0);
    // NaN if a turn brought no audio.
    assert!(value(&figures, "end of speech to first audio queued, p99").is_finite());
    let handed_out = value(&figures, "end of speech to first frame handed out, p50");
    assert!(handed_out >= value(&figures, "end of speech to first audio queued, p50"));
}

#[test]
fn the_gate_adds_no_call() {
    let figures = short_run("tools");
    for name in ["recall", "over-triggering", "guessing"] {
        let with = value(&figures, &format!("SmolLM2 with the gate, {name}"));
        let without = value(&figures, &format!("SmolLM2 without the gate, {name}"));
        assert!((0.0..=100.0).contains(&with) && with <= without, "{name}: {with} of {without}");
    }
}

#[test]
fn the_engines_understand_and_keep_up_with_speech() {
    let figures = short_run("engines");
    for factor in ["moonshine-tiny", "moonshine-base", "Piper"] {
        let factor = value(&figures, &format!("{factor}, real-time factor"));
        assert!(factor > 0.0 && factor < 1.0, "{factor}");
    }
    assert_eq!(value(&figures, "SmolLM2, turns read from the beginning").to_bits(), 0);
}
