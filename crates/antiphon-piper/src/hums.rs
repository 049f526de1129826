//! How the hums of a listener are pronounced: sounds that no lexicon of words spells well.
//!
//! It deliberately knows no voice and no text but single words, as the normaliser spells them.

/// Hums and their pronunciation in espeak's IPA. Voices have hardly been trained on them: of many
/// spellings these are the ones that Moonshine tiny takes for nothing, "uh" or "yeah" rather than
/// for other words.
const HUMS: [(&str, &str); 10] = [
    ("mm", "m"),
    ("mmm", "m"),
    ("hm", "hm"),
    ("hmm", "hm"),
    ("hmmm", "hm"),
    ("mhm", "mhm"),
    ("mhmm", "mhm"),
    ("mmhm", "mhm"),
    ("mmhmm", "mhm"),
    ("uhhuh", "əhʌ"),
];

/// The pronunciation of `word` if it is a hum.
pub(crate) fn hum(word: &str) -> Option<&'static str> {
    HUMS.iter().find(|(hum, _)| word.eq_ignore_ascii_case(hum)).map(|(_, sounds)| *sounds)
}
