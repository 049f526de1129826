//! Tests of the normaliser.

use proptest::prelude::*;

use crate::normalise;

fn check(cases: &[(&str, &str)]) {
    for (written, spoken) in cases {
        assert_eq!(normalise(written).text, *spoken, "{written:?}");
    }
}

#[test]
fn plain_words_pass_and_map_to_themselves() {
    let n = normalise("Hello there, my friend. It's fine!");
    assert_eq!(n.text, "Hello there, my friend. It's fine!");
    for w in &n.words {
        assert_eq!(
            n.text[w.spoken.clone()],
            "Hello there, my friend. It's fine!"[w.source.clone()]
        );
    }
}

#[test]
fn the_hums_of_a_listener_are_one_word() {
    check(&[
        ("Mm-hm.", "Mmhm."),
        ("mm-hmm, go on", "mmhmm, go on"),
        ("Uh-huh!", "Uhhuh!"),
        ("uh-uh", "uh uh"),
        ("half-hearted", "half hearted"),
    ]);
    let n = normalise("Well, uh-huh.");
    assert_eq!(n.words[1].source, 6..12);
}

#[test]
fn dates_and_times() {
    check(&[
        ("on 3/4/2025.", "on March fourth twenty twenty five."),
        ("2025-12-01", "December first twenty twenty five"),
        ("March 4, please", "March fourth, please"),
        ("March 22nd", "March twenty second"),
        ("at 5:30pm.", "at five thirty P M."),
        ("at 17:05", "at seventeen oh five"),
        ("9 a.m. sharp", "nine A M sharp"),
        ("10:00", "ten o'clock"),
        ("in 1999 or 2005", "in nineteen ninety nine or two thousand five"),
    ]);
}

#[test]
fn money_and_numbers() {
    check(&[
        ("$3.50", "three dollars and fifty cents"),
        ("$1,200!", "one thousand two hundred dollars!"),
        ("£5", "five pounds"),
        ("€2.5m", "two point five million euros"),
        ("$3 million", "three million dollars"),
        ("50¢", "fifty cents"),
        ("1,234,567", "one million two hundred thirty four thousand five hundred sixty seven"),
        ("3.14", "three point one four"),
        ("-5 degrees", "minus five degrees"),
        ("1/2 or 3/4", "one half or three quarters"),
        ("10-12 people", "ten to twelve people"),
        ("45%", "forty five percent"),
    ]);
}

#[test]
fn contacts_and_codes() {
    check(&[
        ("tom@example.com", "tom at example dot com"),
        ("https://www.example.com/a-b?x=1", "www dot example dot com slash a dash b"),
        ("+1 (555) 123-4567.", "one five five five one two three four five six seven."),
        ("code A4B-77", "code A four B seven seven"),
    ]);
}

#[test]
fn units_abbreviations_and_symbols() {
    check(&[
        ("5km away", "five kilometers away"),
        ("20 °C", "twenty degrees Celsius"),
        ("60 mph", "sixty miles per hour"),
        ("1 kg", "one kilogram"),
        ("Dr. Smith vs. Mr. Jones", "doctor Smith versus mister Jones"),
        ("St. Mary on Main St.", "saint Mary on Main street."),
        ("salt & pepper", "salt and pepper"),
        ("the FBI and NASA", "the F B I and NASA"),
        ("the U.S. team", "the U S team"),
        ("6'2\"", "six foot two"),
    ]);
}

#[test]
fn markup_and_emoji_are_not_spoken() {
    check(&[
        ("**Bold** and _it_ 🙂!", "Bold and it!"),
        ("# Title\n- one\n- two", "Title one two"),
        ("see [our site](https://x.org/y)", "see our site"),
        ("`code` | cell", "code cell"),
        ("🙂✨", ""),
    ]);
}

proptest! {
    #[test]
    fn any_text_becomes_speakable(text in "\\PC{0,80}") {
        let n = normalise(&text);
        prop_assert!(!n.text.chars().any(|c| c.is_ascii_digit() || "*_`#|[](){}<>\\^~@$%&=+/".contains(c)), "{}", n.text);
        let mut end = 0;
        for w in &n.words {
            prop_assert!(w.spoken.start >= end && !n.text[w.spoken.clone()].contains(' '));
            prop_assert!(text.get(w.source.clone()).is_some());
            end = w.spoken.end;
        }
        let words: usize = n.text.split_whitespace().count();
        prop_assert_eq!(words, n.words.len());
    }

    #[test]
    fn small_numbers_are_counted_right(n in 0u64..1_000_000) {
        // An independent reading: evaluate the words again.
        let (mut total, mut part) = (0u64, 0u64);
        let ones = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"];
        let tens = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
        prop_assume!(!(1900..2100).contains(&n));
        for word in normalise(&n.to_string()).text.split(' ') {
            match word {
                "hundred" => part *= 100,
                "thousand" => { total += part * 1000; part = 0; }
                w => part += ones.iter().position(|o| *o == w).map(|i| i as u64)
                    .or_else(|| tens.iter().position(|t| *t == w).map(|i| 10 * (i as u64 + 2))).unwrap(),
            }
        }
        prop_assert_eq!(total + part, n);
    }
}
