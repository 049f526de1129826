//! Tests of knowing the agent's own words again.

use proptest::prelude::*;

use crate::EchoGuard;

fn share(agent: &str, transcript: &str) -> f32 {
    EchoGuard::default().share(agent, transcript)
}

#[test]
fn words_that_come_back_are_known_again() {
    let agent = "The train to Amsterdam leaves at eleven from platform four";
    let table = [
        ("train to Amsterdam leaves", 1.0),
        ("leaves at 11 from platform for", 5.0 / 6.0),
        ("trains to Amstredam leave", 1.0),
        ("leaves at eleven what about later", 0.5),
        ("eleven", 0.0),
        ("from the to at", 0.0),
        ("what is the weather like in Rome", 0.0),
        ("platform then what time does it eleven", 0.0),
        ("eleven leaves", 0.0),
        ("", 0.0),
    ];
    for (transcript, expected) in table {
        let found = share(agent, transcript);
        assert!((found - expected).abs() < 0.01, "{transcript}: {found}, not {expected}");
    }
    assert_eq!(share("", "train to Amsterdam"), 0.0);
}

#[test]
fn scripts_without_spaces_are_compared_by_character() {
    assert_eq!(share("ご予約は火曜日の朝です", "火曜日の朝"), 1.0);
    assert_eq!(share("您的预约是星期二上午", "星期五可以吗"), 0.0);
    assert_eq!(share("예약은 화요일 오전입니다", "화요일 오전입니다"), 1.0);
}

#[test]
fn one_word_is_enough_where_it_is_set_so() {
    let guard = EchoGuard { min_words: 1, ..EchoGuard::default() };
    assert_eq!(guard.share("it leaves at eleven", "eleven"), 1.0);
    assert_eq!(guard.share("it leaves at eleven", "at"), 0.0);
}

fn sentence(words: std::ops::Range<usize>) -> impl Strategy<Value = Vec<String>> {
    // No letter thrice in a row: such words are shortened.
    proptest::collection::vec("[a-e][f-j][k-o][p-t][u-z]", words)
}

proptest! {
    #[test]
    fn an_exact_echo_is_found_wherever_it_begins(agent in sentence(4..40), from in 0usize..30) {
        let from = from.min(agent.len() - 2);
        prop_assert_eq!(share(&agent.join(" "), &agent[from..].join(" ")), 1.0);
    }

    #[test]
    fn a_misheard_letter_does_not_hide_it(agent in sentence(4..20), which in 0usize..5) {
        let said: Vec<_> = agent
            .iter()
            .map(|word| {
                let mut letters: Vec<_> = word.chars().collect();
                letters[which] = 'x';
                letters.into_iter().collect::<String>()
            })
            .collect();
        prop_assert_eq!(share(&agent.join(" "), &said.join(" ")), 1.0);
    }

    #[test]
    fn other_words_are_the_users(agent in sentence(0..40), said in "[0-9 ]{0,60}") {
        prop_assert_eq!(share(&agent.join(" "), &said), 0.0);
    }

    #[test]
    fn any_two_texts_can_be_compared(agent in "\\PC{0,400}", said in "\\PC{0,400}") {
        prop_assert!((0.0..=1.0).contains(&share(&agent, &said)));
    }
}
