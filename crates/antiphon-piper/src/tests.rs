//! Tests of the parts that no user sees.

mod trim;
pub(crate) mod vits;
mod windows;

use crate::{bridge::espeak, hums::hum};

#[test]
fn misaki_symbols_become_espeak_ones() {
    let spellings = [
        ("həlˈO", "həlˈoʊ"),
        ("fˈɔɹ", "fˈoːɹ"),
        ("bˈɜɹd", "bˈɜːd"),
        ("bˈYz", "bˈɔɪz"),
        ("ʤˈʌʤ", "dʒˈʌdʒ"),
        ("hˈæpi", "hˈæpi"),
        ("sˈi", "sˈiː"),
        ("wi", "wiː"),
    ];
    for (misaki, ipa) in spellings {
        assert_eq!(espeak(misaki), ipa, "{misaki}");
    }
}

#[test]
fn hums_are_known_however_they_are_written() {
    assert_eq!(hum("Mmhm"), hum("mmhm"));
    assert!(hum("MMHMM").is_some());
    assert_eq!(hum("home"), None);
}
