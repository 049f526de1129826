//! The smallest real model, from its real source.

use antiphon_models::{Quiet, State, Store};

#[test]
fn silero_comes_and_is_what_was_pinned() {
    let store = Store::open_default().unwrap();
    let model = store.ensure("silero", &mut Quiet).unwrap();
    assert_eq!(store.verify("silero").unwrap(), State::Present);
    let path = model.file("silero_vad_op18_ifless.onnx").unwrap();
    assert_eq!(std::fs::metadata(path).unwrap().len(), model.spec().size());
}
