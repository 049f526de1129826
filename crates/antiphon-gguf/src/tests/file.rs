//! Files that cannot be run are refused with a reason, whatever is in them.

use std::fs;

use antiphon_core::{Code, Error};
use candle_core::quantized::{GgmlDType, gguf_file::Value};

use super::tiny::{Tiny, VOCABULARY, WIDTH, matrix};
use crate::{Gguf, GgufOptions, SamplingOptions};

fn refused(model: &Tiny) -> Error {
    let (_folder, path) = model.write();
    Gguf::load(path, GgufOptions::default()).unwrap_err()
}

fn load_bytes(bytes: &[u8]) -> Result<Gguf, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    fs::write(&path, bytes).unwrap();
    Gguf::load(path, GgufOptions::default())
}

#[test]
fn a_missing_file_is_storage_and_another_format_corrupt() {
    let error = Gguf::load("/nowhere/model.gguf", GgufOptions::default()).unwrap_err();
    assert_eq!(error.code(), Code::Storage);
    assert!(error.detail().contains("/nowhere/model.gguf") && error.help().is_some());
    for bytes in [&b""[..], b"GG", b"PK\x03\x04 something else", &[0; 4096]] {
        assert_eq!(load_bytes(bytes).unwrap_err().code(), Code::Corrupt);
    }
}

#[test]
fn a_truncated_file_is_corrupt_wherever_it_ends() {
    let (_folder, path) = Tiny::new("llama").write();
    let bytes = fs::read(path).unwrap();
    let ends =
        (0..40).chain((40..bytes.len()).step_by(bytes.len() / 150)).chain([bytes.len() - 64]);
    for end in ends {
        let error = load_bytes(&bytes[..end]).unwrap_err();
        assert_eq!(error.code(), Code::Corrupt, "{end} of {}: {error}", bytes.len());
    }
    assert!(load_bytes(&bytes).is_ok());
}

#[test]
fn damaged_metadata_never_panics_or_takes_memory_it_cannot_fill() {
    let (_folder, path) = Tiny::new("llama").write();
    let bytes = fs::read(path).unwrap();
    let header = 12_000.min(bytes.len());
    for at in (4..header).step_by(61) {
        let mut damaged = bytes.clone();
        damaged[at..(at + 8).min(header)].fill(0xff);
        // Some damage does not matter, such as in the name of a token.
        let _ = load_bytes(&damaged);
    }
}

#[test]
fn what_cannot_be_run_is_named() {
    let text = |s: &str| Value::String(s.to_owned());
    let tiny = || Tiny::new("llama");
    let cases = [
        (tiny().set("general.architecture", text("mamba")), "mamba"),
        (tiny().set("tokenizer.ggml.pre", text("tekken")), "tekken"),
        (tiny().set("tokenizer.ggml.model", text("llama")), "tokenizer"),
        (tiny().set("tokenizer.chat_template", text("[INST]")), "ChatML"),
        (tiny().set("llama.rope.scaling.type", text("yarn")), "yarn"),
        (tiny().set("llama.rope.dimension_count", Value::U32(32)), "32 of 64"),
        (tiny().set("llama.attention.head_count_kv", Value::U32(3)), "on 3"),
        (tiny().set("llama.block_count", Value::U32(1_000_000)), "block_count is 1000000"),
        (tiny().set("llama.attention.layer_norm_rms_epsilon", Value::F32(f32::NAN)), "epsilon NaN"),
    ];
    for (model, reason) in cases {
        let error = refused(&model);
        assert_eq!(error.code(), Code::InvalidInput, "{error}");
        assert!(error.detail().contains(reason), "no {reason:?} in: {error}");
        assert!(error.help().is_some());
    }
}

#[test]
fn a_file_that_contradicts_itself_is_corrupt() {
    let other = matrix("blk.1.ffn_up.weight", [WIDTH, WIDTH], GgmlDType::Q8_0, 1.0);
    let error = refused(&Tiny::new("llama").replace(other));
    assert_eq!(error.code(), Code::Corrupt);
    assert!(error.detail().contains("blk.1.ffn_up.weight is [256, 256] instead of [512, 256]"));
    let mut model = Tiny::new("llama");
    model.tensors.retain(|(name, _)| name != "output_norm.weight");
    assert!(refused(&model).detail().contains("no tensor output_norm.weight"));
    let mut model = Tiny::new("llama");
    model.metadata.retain(|(key, _)| key != "llama.block_count");
    assert!(refused(&model).detail().contains("no llama.block_count"));
}

#[test]
fn an_unknown_quantisation_is_named_as_such() {
    let (_folder, path) = Tiny::new("llama").write();
    let mut bytes = fs::read(path).unwrap();
    // The entry of a tensor: name, number of dimensions, dimensions, type.
    let name = b"token_embd.weight";
    let at = bytes.windows(name.len()).position(|w| w == name).unwrap() + name.len() + 4;
    let dimensions = [WIDTH as u64, VOCABULARY as u64].map(u64::to_le_bytes).concat();
    assert_eq!(bytes[at..at + 16], dimensions);
    // IQ2_XXS, which nothing here reads.
    bytes[at + 16] = 16;
    let error = load_bytes(&bytes).unwrap_err();
    assert_eq!(error.code(), Code::InvalidInput, "{error}");
    assert!(error.detail().contains("16"), "{error}");
}

#[test]
fn options_outside_their_ranges_are_refused() {
    let (_folder, path) = Tiny::new("llama").write();
    let sampling = SamplingOptions::default;
    let with = |sampling| GgufOptions { sampling, ..Default::default() };
    let wrong = [
        GgufOptions { context_tokens: 63, ..Default::default() },
        GgufOptions { max_tokens: 0, ..Default::default() },
        GgufOptions { active: 0, ..Default::default() },
        GgufOptions { waiting: 0, ..Default::default() },
        with(SamplingOptions { temperature: f32::NAN, ..sampling() }),
        with(SamplingOptions { temperature: 2.1, ..sampling() }),
        with(SamplingOptions { top_k: 0, ..sampling() }),
        with(SamplingOptions { top_p: 0.0, ..sampling() }),
        with(SamplingOptions { repetition_penalty: 0.9, ..sampling() }),
    ];
    for options in wrong {
        let error = Gguf::load(&path, options.clone()).unwrap_err();
        assert_eq!(error.code(), Code::InvalidInput, "{options:?}");
    }
}
