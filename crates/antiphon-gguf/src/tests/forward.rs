//! The decoder gives the right numbers, and the same ones however a context is read.

use super::{
    reference,
    tiny::{Tiny, VOCABULARY},
};
use crate::{
    cache::Cache,
    forward::{Decoder, Scratch},
    kernels::Isa,
};

/// 70 tokens: more than two pages of a cache.
fn tokens() -> Vec<u32> {
    (0..70).map(|n| n * 97 % VOCABULARY as u32).collect()
}

/// The logits after reading `tokens` in stretches of `stretch`.
fn read(decoder: &Decoder, cache: &mut Cache, tokens: &[u32], stretch: usize) -> Vec<f32> {
    let mut scratch = Scratch::default();
    for tokens in tokens.chunks(stretch) {
        decoder.forward(tokens, cache, &mut scratch);
    }
    decoder.logits(&mut scratch).to_vec()
}

#[test]
fn logits_are_those_of_the_plain_decoder() {
    for (architecture, halves) in [("llama", false), ("qwen2", true)] {
        let model = Tiny::new(architecture);
        let (decoder, mut cache) = model.decoder();
        let logits = read(&decoder, &mut cache, &tokens(), 70);
        let expected = reference::logits(&model, &tokens(), halves);
        let square = |x: f64| x * x;
        let norm = expected.iter().map(|e| square(*e)).sum::<f64>().sqrt();
        let errors = logits.iter().zip(&expected).map(|(l, e)| square(f64::from(*l) - e));
        let error = errors.sum::<f64>().sqrt() / norm;
        // Activations of eight bits cost about one percent; the wrong rotation costs ten times
        // as much.
        assert!(error < 0.03, "{architecture}: {error}");
        let other = reference::logits(&model, &tokens(), !halves);
        let other = logits.iter().zip(&other).map(|(l, e)| square(f64::from(*l) - e));
        let control = other.sum::<f64>().sqrt() / norm;
        assert!(control > 3.0 * error, "{architecture}: {error} but {control} if rotated wrongly");
    }
}

#[test]
fn a_context_read_at_once_or_token_by_token_is_the_same() {
    let (decoder, empty) = Tiny::new("llama").decoder();
    let at_once = read(&decoder, &mut empty.clone(), &tokens(), 70);
    for stretch in [1, 3, 32, 33] {
        assert_eq!(read(&decoder, &mut empty.clone(), &tokens(), stretch), at_once, "{stretch}");
    }
}

#[test]
fn every_instruction_set_gives_the_same_logits() {
    let (mut decoder, empty) = Tiny::new("qwen2").decoder();
    let fast = read(&decoder, &mut empty.clone(), &tokens(), 70);
    decoder.set_isa(Isa::PORTABLE);
    assert_eq!(read(&decoder, &mut empty.clone(), &tokens(), 70), fast);
}

#[test]
fn a_cache_cut_back_continues_as_if_the_rest_had_never_been() {
    let (decoder, empty) = Tiny::new("llama").decoder();
    let fresh = read(&decoder, &mut empty.clone(), &tokens(), 32);
    for keep in [1, 31, 32, 33, 64, 69] {
        let mut cache = empty.clone();
        read(&decoder, &mut cache, &tokens()[..keep], 32);
        read(&decoder, &mut cache, &[5; 40], 32);
        let mut cache = cache.prefix(keep);
        assert_eq!(cache.tokens(), &tokens()[..keep]);
        assert_eq!(read(&decoder, &mut cache, &tokens()[keep..], 32), fresh, "{keep} kept");
    }
}

#[test]
fn a_prefix_and_what_it_was_taken_from_go_separate_ways() {
    let (decoder, empty) = Tiny::new("llama").decoder();
    let fresh = read(&decoder, &mut empty.clone(), &tokens(), 32);
    let mut original = empty.clone();
    read(&decoder, &mut original, &tokens()[..60], 32);
    for keep in [1, 32, 40, 60] {
        let mut other = original.prefix(keep);
        read(&decoder, &mut other, &[9; 30], 32);
        let mut again = original.prefix(keep);
        assert_eq!(read(&decoder, &mut again, &tokens()[keep..], 32), fresh, "{keep} taken");
    }
    assert_eq!(read(&decoder, &mut original, &tokens()[60..], 32), fresh);
}
