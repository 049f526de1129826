//! misaki's phoneme symbols spelled as espeak spells them.
//!
//! The grapheme-to-phoneme library writes misaki; Piper voices were trained on espeak's IPA for
//! American English. It deliberately knows no voice: whether a symbol has an id is not its
//! business.

/// misaki symbols and their espeak spelling. The first match counts, so longer ones come first.
pub(crate) const BRIDGE: [(&str, &str); 20] = [
    ("ɜɹ", "ɜː"),
    ("əɹ", "ɚ"),
    ("ɔɹ", "oːɹ"),
    ("ɔɪ", "ɔɪ"),
    ("ɔ", "ɔː"),
    ("A", "eɪ"),
    ("I", "aɪ"),
    ("W", "aʊ"),
    ("Y", "ɔɪ"),
    ("O", "oʊ"),
    ("Q", "əʊ"),
    ("ʤ", "dʒ"),
    ("ʧ", "tʃ"),
    ("ᵊ", "ə"),
    ("T", "ɾ"),
    ("ɑ", "ɑː"),
    ("u", "uː"),
    ("g", "ɡ"),
    ("…", "."),
    ("—", ","),
];

/// Spells the misaki symbols of one token as espeak does.
pub(crate) fn espeak(misaki: &str) -> String {
    let mut out = String::new();
    let mut rest = misaki;
    while let Some(symbol) = rest.chars().next() {
        let known = BRIDGE.iter().find_map(|(from, to)| Some((rest.strip_prefix(from)?, *to)));
        let (tail, spelling) = known.unwrap_or_else(|| {
            let (this, tail) = rest.split_at(symbol.len_utf8());
            (tail, if symbol == 'i' { close_front(misaki, &out) } else { this })
        });
        out.push_str(spelling);
        rest = tail;
    }
    out
}

/// The vowel of "see" is long, the last one of "happy" is not. misaki writes both `i`.
fn close_front(word: &str, before: &str) -> &'static str {
    let stressed = before.ends_with(['ˈ', 'ˌ']);
    let polysyllabic = word.contains(['ˈ', 'ˌ']);
    if stressed || !polysyllabic { "iː" } else { "i" }
}
