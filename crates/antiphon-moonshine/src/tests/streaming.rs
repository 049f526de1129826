//! When a segment is decoded, what of it is shown, where it is cut.

use crate::{
    sound::Sound,
    streaming::{MoonshineConfig, Part, Segment},
};

const SECOND: usize = 16_000;

fn tone(len: usize) -> Vec<i16> {
    (0..len).map(|n| if n % 40 < 20 { 3_000 } else { -3_000 }).collect()
}

fn segment() -> Segment {
    Segment::new(MoonshineConfig::default())
}

/// A segment that has heard a tone of so many samples.
fn hearing(len: usize) -> Segment {
    let mut s = segment();
    assert!(s.push(&tone(len)).is_none());
    s
}

/// Hears half a second more and decodes it to `text`; what is shown then.
fn decode(s: &mut Segment, text: &str) -> Option<String> {
    s.push(&tone(SECOND / 2));
    let part = s.interim_due().expect("half a second of new sound is decoded");
    s.interim(&part, text.to_owned())
}

#[test]
fn sound_is_found_with_its_margins() {
    let pcm = [vec![0; SECOND], tone(SECOND), vec![0; SECOND]].concat();
    let mut sound = Sound::default();
    assert_eq!(sound.range(0), 0..0);
    for len in (0..pcm.len()).step_by(777) {
        sound.scan(&pcm[..len]);
    }
    sound.scan(&pcm);
    assert_eq!(sound.range(pcm.len()), SECOND - 2_400..2 * SECOND + 2_400);
    assert!(sound.is_over(pcm.len()) && !sound.is_over(2 * SECOND + 2_399));
    let range = sound.range(pcm.len());
    let mut again = Sound::default();
    again.scan(&pcm[range.clone()]);
    assert_eq!(again.range(range.len()), 0..range.len(), "what was cut out stays as it is");
}

#[test]
fn a_click_and_faint_noise_are_no_sound() {
    let faint: Vec<i16> = (0..SECOND).map(|n| if n % 2 == 0 { 40 } else { -40 }).collect();
    for quiet in [faint, [vec![0; 1_600], tone(1_440), vec![0; SECOND]].concat()] {
        let mut s = segment();
        s.push(&quiet);
        assert!(s.interim_due().is_none() && s.is_settled());
        assert_eq!(s.whole().text.as_deref(), Some(""), "known without a decode");
    }
}

#[test]
fn quiet_before_the_first_sound_is_forgotten() {
    let mut s = segment();
    for _ in 0..3_000 {
        assert!(s.push(&[0; 320]).is_none(), "a minute of quiet is never cut");
    }
    s.push(&tone(SECOND));
    assert_eq!(s.whole().audio.len(), SECOND + 2_400);
}

#[test]
fn interims_come_with_new_sound_only() {
    let mut s = hearing(SECOND * 3 / 10);
    assert!(s.interim_due().is_none(), "300 ms are too little");
    s.push(&tone(SECOND / 10));
    let part = s.interim_due().unwrap();
    assert_eq!(part.end, SECOND * 4 / 10);
    s.interim(&part, "one".into());
    assert!(s.interim_due().is_none(), "nothing is new");
    s.push(&tone(SECOND / 10));
    assert!(s.interim_due().is_none(), "100 ms are too little");
    s.push(&[0; 2_400]);
    let pause = s.interim_due().expect("a pause is decoded before it is asked for");
    s.interim(&pause, "one two".into());
    s.push(&[0; SECOND]);
    assert!(s.interim_due().is_none(), "silence is not new sound");
    assert_eq!(s.whole().text.as_deref(), Some("one two"), "the final text is known by now");
}

#[test]
fn interims_show_what_two_decodes_agree_on_and_never_shrink() {
    let mut s = segment();
    assert_eq!(decode(&mut s, "I would"), None);
    assert_eq!(decode(&mut s, "I would, like tea").as_deref(), Some("I would,"));
    assert_eq!(decode(&mut s, "I wood"), None);
    assert_eq!(decode(&mut s, "I would like to"), None);
    assert_eq!(decode(&mut s, "i would like to go").as_deref(), Some("i would like to"));
}

#[test]
fn a_late_decode_changes_nothing() {
    let mut s = hearing(SECOND);
    let old = s.whole();
    s.push(&tone(SECOND));
    let new = s.whole();
    s.settle(&new, "one two three four");
    assert_eq!(s.interim(&old, "one two five six seven".into()), None);
    assert_eq!(s.text_of(&new), Some("one two three four"));
    assert_eq!(s.text_of(&old), None);
    let other = Part { segment: 7, ..new };
    s.settle(&other, "of another segment");
    assert!(s.text_of(&other).is_none() && s.is_settled());
}

#[test]
fn after_a_final_only_more_words_are_shown() {
    let mut s = hearing(SECOND);
    assert!(!s.is_settled());
    let part = s.whole();
    s.settle(&part, "I want.");
    assert!(s.is_settled());
    assert_eq!(decode(&mut s, "I want to"), None);
    assert!(!s.is_settled(), "an interim text is not final");
    assert_eq!(decode(&mut s, "I want to go").as_deref(), Some("I want to"));
}

#[test]
fn a_long_segment_is_cut_where_it_is_quiet() {
    let mut audio = tone(16 * SECOND);
    audio[14 * SECOND..14 * SECOND + 4_000].fill(0);
    let mut s = segment();
    let head = s.push(&audio).unwrap();
    assert!(head.text.is_none() && head.segment == 0);
    // The cut is within the pause; what is kept of the pause ends with the margin.
    assert!(
        (14 * SECOND..=14 * SECOND + 2_400).contains(&head.audio.len()),
        "{}",
        head.audio.len()
    );
    assert!(s.push(&[]).is_none());
    let rest = s.whole();
    let tail = 16 * SECOND - (14 * SECOND + 4_000);
    assert_eq!(rest.segment, 1);
    assert!((tail..=tail + 2_400).contains(&rest.audio.len()), "{}", rest.audio.len());
}

#[test]
fn however_audio_comes_no_part_is_too_long_and_none_is_lost() {
    for len in [100, 4_321, 70 * SECOND] {
        let mut s = segment();
        let mut parts = vec![];
        for chunk in tone(70 * SECOND).chunks(len) {
            let mut part = s.push(chunk);
            while let Some(head) = part {
                parts.push(head);
                part = s.push(&[]);
            }
        }
        parts.push(s.whole());
        assert!(parts.iter().all(|p| p.audio.len() <= 15 * SECOND), "frames of {len}");
        assert_eq!(parts.iter().map(|p| p.audio.len()).sum::<usize>(), 70 * SECOND);
        assert!(parts.iter().zip(0..).all(|(p, n)| p.segment == n));
    }
}

#[test]
fn settings_are_kept_to() {
    let config = MoonshineConfig { interim_every_ms: 1_000, max_segment_ms: 5_000 };
    let mut s = Segment::new(config);
    s.push(&tone(SECOND - 160));
    assert!(s.interim_due().is_none());
    s.push(&tone(160));
    assert!(s.interim_due().is_some());
    assert!(s.push(&tone(5 * SECOND)).is_some_and(|head| head.audio.len() <= 5 * SECOND));
}
