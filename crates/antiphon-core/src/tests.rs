//! Tests of the vocabulary.

use std::time::Duration;

use crate::{AudioFormat, Code, Error, Pii, Timestamp};

#[test]
fn an_error_is_one_word_wide() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}

#[test]
fn every_code_serialises_as_its_label() {
    for code in [Code::AgentNotSet, Code::StreamError, Code::InterruptionError, Code::Corrupt] {
        let json = serde_json::to_string(&code).unwrap();
        assert_eq!(json, format!("\"{code}\""));
    }
}

#[test]
fn time_never_runs_negative() {
    let (a, b) = (Timestamp::from_millis(5), Timestamp::from_millis(9));
    assert_eq!(b.since(a), Duration::from_millis(4));
    assert_eq!(a.since(b), Duration::ZERO);
    assert_eq!(
        Timestamp::from_micros(u64::MAX) + Duration::from_secs(1),
        Timestamp::from_micros(u64::MAX)
    );
}

#[test]
fn personal_data_cannot_be_formatted() {
    let secret = Pii::new("4111 1111 1111 1111");
    assert_eq!(format!("{secret:?}"), "<redacted>");
    assert_eq!(*secret.expose(), "4111 1111 1111 1111");
}

#[test]
fn format_converts_samples_and_time() {
    let f = AudioFormat::mono(22_050);
    assert_eq!(f.samples_in_ms(20), 441);
    assert_eq!(f.micros(22_050), 1_000_000);
}
