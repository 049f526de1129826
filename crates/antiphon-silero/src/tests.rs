//! Tests that need no model.

use antiphon_core::Code;

use crate::Silero;

#[test]
fn a_missing_file_is_a_storage_error() {
    let error = Silero::load("no/such/file.onnx").unwrap_err();
    assert_eq!(error.code(), Code::Storage);
    assert!(error.detail().contains("no/such/file.onnx") && error.help().is_some(), "{error:?}");
}

#[test]
fn a_file_that_is_not_the_network_is_corrupt() {
    let dir = tempfile::tempdir().unwrap();
    // Nothing at all, text, and a protobuf message with an empty graph.
    for content in [&b""[..], b"not a model", &[0x3a, 0x00]] {
        let path = dir.path().join("model.onnx");
        std::fs::write(&path, content).unwrap();
        let error = Silero::load(&path).unwrap_err();
        assert_eq!(error.code(), Code::Corrupt, "{content:?}: {error}");
    }
}
