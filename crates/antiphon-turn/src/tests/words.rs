//! Tests of counting words and knowing phrases.

use proptest::prelude::*;

use crate::{InterruptionConfig, Overlap, Why, languages, words};

fn count(transcript: &str, language: &str) -> usize {
    InterruptionConfig::default().words(transcript, Some(language))
}

fn why(transcript: &str, language: Option<&str>) -> Why {
    let facts = Overlap {
        silence: Some(super::ms(100)),
        transcript,
        is_final: true,
        language,
        ..Overlap::default()
    };
    InterruptionConfig::default().judge_why(facts).1
}

#[test]
fn listeners_are_understood_in_their_language() {
    let table = [
        ("en", "Mm-hmm. Right, right. I see!"),
        ("en-GB", "Yeaaah, of course, go on."),
        ("en", "Uh-huh, that’s right"),
        ("de", "Ja, genau. Ach so, ich weiß."),
        ("de-AT", "Mhm, alles klar"),
        ("fr", "Oui, d’accord, c'est ça. Tout à fait"),
        ("es", "Sí, claro que sí. Por supuesto."),
        ("it", "Certo, d'accordo, ho capito"),
        ("pt_BR", "Uhum, pois é, com certeza"),
        ("nl", "Ja ja, dat klopt. Ik snap het."),
        ("pl", "No tak, rozumiem, oczywiście"),
        ("sv", "Just det, jag förstår"),
        ("tr", "Evet, tabii ki, anladım"),
        ("ru", "Угу, да-да, понятно. Хмм."),
        ("ar", "نعم، تمام، بالضبط"),
        ("hi", "हाँ जी, अच्छा। ठीक है"),
        ("ko", "네, 맞아요. 그렇군요"),
        ("ja", "はい、そうですね。なるほど！うーん"),
        ("zh-Hant", "對，沒錯"),
        ("zh", "嗯嗯，好的，不错"),
    ];
    for (language, transcript) in table {
        assert_eq!(why(transcript, Some(language)), Why::Backchannel, "{language}: {transcript}");
        assert_eq!(why(transcript, None), Why::Backchannel, "unknown language: {transcript}");
    }
}

#[test]
fn stop_phrases_interrupt_in_every_language() {
    let table = [
        ("en", "okay, hold on"),
        ("de", "Moment mal bitte"),
        ("fr", "Attendez !"),
        ("es", "no no"),
        ("it", "aspetta un attimo"),
        ("pt", "Peraí"),
        ("nl", "wacht even"),
        ("pl", "przestań"),
        ("sv", "vänta lite"),
        ("tr", "Bir dakika"),
        ("ru", "Подождите"),
        ("ar", "لحظة"),
        ("hi", "रुकिए"),
        ("ko", "잠깐만요"),
        ("ja", "ちょっと待ってください"),
        ("zh", "等一下"),
        ("xx", "stop"),
    ];
    for (language, transcript) in table {
        assert_eq!(why(transcript, Some(language)), Why::StopPhrase, "{language}: {transcript}");
        assert_eq!(why(transcript, None), Why::StopPhrase, "unknown language: {transcript}");
    }
}

#[test]
fn the_longest_phrase_decides() {
    assert_eq!(why("no problem", Some("en")), Why::Backchannel);
    assert_eq!(why("no", Some("en")), Why::StopPhrase);
    assert_eq!(why("no", Some("pl")), Why::Backchannel);
    assert_eq!(why("不错", Some("zh")), Why::Backchannel);
    assert_eq!(why("不", Some("zh")), Why::StopPhrase);
}

#[test]
fn words_are_counted_as_people_count_them() {
    let table = [
        ("", "en", 0),
        ("...", "en", 0),
        ("Can't we?", "en", 2),
        ("twenty-one", "en", 2),
        ("room 1000", "en", 2),
        ("well, yeah", "en", 1),
        ("cafe\u{301}", "fr", 1),
        ("मुझे बिल्ली चाहिए", "hi", 3),
        ("예약을 바꾸고 싶어요", "ko", 3),
        ("東京駅", "ja", 2),
        ("はい、東京です", "ja", 2),
        ("我想改时间", "zh", 3),
        ("iPhone を 買う", "ja", 3),
    ];
    for (transcript, language, expected) in table {
        assert_eq!(count(transcript, language), expected, "{transcript}");
    }
}

#[test]
fn what_is_written_for_sounds_without_words_is_no_word() {
    for artefact in ["You", "Thank you for watching.", "But uh", "The", "you. You."] {
        assert_eq!(count(artefact, "en"), 0, "{artefact}");
    }
    for (meant, words) in [("Thank you for waiting", 4), ("the weekend", 2), ("But I", 0)] {
        assert_eq!(count(meant, "en"), words, "{meant}");
    }
    assert_eq!(count("the", "de"), 1);
    assert_eq!(why("but stop", Some("en")), Why::StopPhrase);
}

#[test]
fn a_word_that_leaves_the_sentence_open_is_no_end() {
    let open = ["I would like to.", "My number is, um", "a table for the", "Ich möchte einen"];
    assert!(open.iter().all(|text| words::trails_off(text, None)), "in all languages");
    assert!(words::trails_off("Ich möchte einen", Some("de-AT")));
    assert!(!words::trails_off("Ich möchte einen", Some("en")));
    for dictated in ["It is four, seven", "4 7 1", "My name is Walker. W, A.", "oh two", "two zwei"]
    {
        assert!(words::trails_off(dictated, None), "{dictated}");
    }
    assert!(words::trails_off("Two apples,", Some("en")) && words::trails_off("还有三个，", None));
    for whole in ["Four.", "A table for four.", "I have two.", "At 7 p.m.", "On May 4.", "三 四"]
    {
        assert!(!words::trails_off(whole, Some("en")), "{whole}");
    }
    for whole in ["", "And?", "The.", "Come with me.", "It is for you", "what time is it"] {
        assert!(!words::trails_off(whole, Some("en")), "{whole}");
    }
}

#[test]
fn a_language_without_a_list_understands_what_all_do() {
    assert_eq!(why("okay, mm-hmm", Some("fi")), Why::Backchannel);
    assert_eq!(why("genau", Some("fi")), Why::Words);
}

#[test]
fn further_backchannels_are_phrases_too() {
    let extra = vec!["Copy that".to_owned(), "はいはい".to_owned()];
    let policy = InterruptionConfig { backchannels: extra, ..InterruptionConfig::default() };
    assert_eq!(policy.words("copy that.", Some("en")), 0);
    assert_eq!(policy.words("copy this", Some("en")), 2);
}

#[test]
fn no_list_holds_an_empty_phrase_or_one_twice() {
    for phrases in languages::of(None) {
        let all = phrases.backchannels.iter().chain(phrases.stops.iter());
        let mut all: Vec<_> = all.cloned().collect();
        assert!(all.iter().all(|phrase| !phrase.is_empty()));
        let texts = |p: &Vec<words::Word>| p.iter().map(|w| w.text.clone()).collect::<Vec<_>>();
        all.sort_by_key(texts);
        let twice = all.windows(2).find(|pair| pair[0] == pair[1]);
        assert_eq!(twice, None);
    }
}

proptest! {
    #[test]
    fn any_text_can_be_counted(text in "\\PC{0,60}", language in "\\PC{0,8}") {
        let most = text.chars().flat_map(char::to_lowercase).count();
        prop_assert!(count(&text, &language) <= most);
    }

    #[test]
    fn a_word_more_is_never_fewer(text in "[a-z 東京を]{0,40}", word in "[a-z]{3,8}") {
        // Not with lists: "no" and "problem" are one backchannel together.
        let halves = |text: &str| words::split(text).iter().map(words::Word::halves).sum::<usize>();
        prop_assert_eq!(halves(&format!("{text} {word}")), halves(&text) + 2);
    }
}
