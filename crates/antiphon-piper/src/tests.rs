//! Tests that need no model.

use crate::phonemes::bridge;

#[test]
fn misaki_symbols_become_espeak_ones() {
    assert_eq!(bridge("həlˈO"), "həlˈoʊ");
    assert_eq!(bridge("fˈɔɹ"), "fˈoːɹ");
    assert_eq!(bridge("bˈɜɹd"), "bˈɜːd");
    assert_eq!(bridge("bˈYz"), "bˈɔɪz");
    assert_eq!(bridge("ʤˈʌʤ"), "dʒˈʌdʒ");
}
