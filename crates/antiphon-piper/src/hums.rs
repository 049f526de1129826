//! How the hums of a listener are pronounced: sounds that no lexicon of words spells well.
//!
//! It deliberately knows no voice and no text but single words, as the normaliser spells them.

/// Hums and their pronunciation in espeak's IPA, by which a listener takes them for hums.
const HUMS: [(&str, &str); 10] = [
    ("mm", "mː"),
    ("mmm", "mːː"),
    ("hm", "hmː"),
    ("hmm", "hmː"),
    ("hmmm", "hmːː"),
    ("mhm", "mhˈm"),
    ("mmhm", "mhˈm"),
    ("mmhmm", "mhˈmː"),
    ("uhhuh", "ʌhˈʌ"),
    ("huh", "hˈʌ"),
];

/// The pronunciation of `word` if it is a hum.
pub(crate) fn hum(word: &str) -> Option<&'static str> {
    HUMS.iter().find(|(hum, _)| word.eq_ignore_ascii_case(hum)).map(|(_, sounds)| *sounds)
}
