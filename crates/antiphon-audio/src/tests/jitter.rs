//! Tests of the jitter buffer: its promises one by one, and any stream over any network.

use antiphon_core::{AudioFormat, Code};
use proptest::{collection::vec, prelude::*};

use crate::{Arrival, JitterBuffer, JitterConfig, JitterStats, Pulled};

/// Frames of 20 ms: 5 are held back, 7 at most.
fn buffer() -> JitterBuffer {
    JitterBuffer::new(JitterConfig::new(AudioFormat::mono(8_000), 20)).unwrap()
}

fn push(buffer: &mut JitterBuffer, sequence: u16) -> Arrival {
    buffer.push(sequence, &vec![sequence as i16; buffer.frame_len()])
}

/// What was pulled: a number, a number that was lost, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Got {
    Frame(u16),
    Lost(u16),
    Empty,
}

use Got::{Empty, Frame, Lost};

fn pull(buffer: &mut JitterBuffer) -> Got {
    let len = buffer.frame_len();
    match buffer.pull() {
        Pulled::Frame { sequence, samples } => {
            assert_eq!(samples, vec![sequence as i16; len]);
            Frame(sequence)
        }
        Pulled::Lost { sequence, run } => {
            assert!(run > 0);
            Lost(sequence)
        }
        Pulled::Empty => Empty,
    }
}

/// Frames arrive as told, one slot of the list per frame time; then so many more are pulled.
fn play(buffer: &mut JitterBuffer, arrivals: &[&[u16]], more: usize) -> Vec<Got> {
    let mut got = Vec::new();
    for frames in arrivals.iter().copied().chain(std::iter::repeat_n(&[][..], more)) {
        for n in frames {
            push(buffer, *n);
        }
        got.push(pull(buffer));
    }
    got
}

#[test]
fn the_first_frame_is_held_back_100_ms_and_the_rest_follow() {
    for frame_ms in [10, 20] {
        let config = JitterConfig::new(AudioFormat { rate_hz: 48_000, channels: 2 }, frame_ms);
        let mut buffer = JitterBuffer::new(config).unwrap();
        assert_eq!(buffer.frame_len(), 96 * frame_ms as usize);
        let delay = 100 / frame_ms as u16;
        for n in 0..100 {
            assert_eq!(push(&mut buffer, n), Arrival::Held);
            let expected = n.checked_sub(delay).map_or(Empty, Frame);
            assert_eq!(pull(&mut buffer), expected);
        }
    }
}

#[test]
fn order_is_restored_and_repetitions_are_left_out() {
    let mut b = buffer();
    let got = play(&mut b, &[&[65_535], &[], &[1, 1], &[0, 65_535], &[], &[4], &[3, 2]], 4);
    assert_eq!(got[..5], [Empty; 5]);
    assert_eq!(got[5..], [65_535, 0, 1, 2, 3, 4].map(Frame));
    assert_eq!(b.stats(), JitterStats { played: 6, duplicates: 2, ..Default::default() });
}

#[test]
fn a_gap_is_told_frame_by_frame_and_what_comes_then_is_late() {
    let mut b = buffer();
    play(&mut b, &[&[0], &[1], &[], &[], &[4], &[5]], 1);
    assert_eq!(b.pull(), Pulled::Lost { sequence: 2, run: 1 });
    assert_eq!(b.pull(), Pulled::Lost { sequence: 3, run: 2 });
    assert_eq!(push(&mut b, 3), Arrival::Late);
    assert_eq!(pull(&mut b), Frame(4));
    assert_eq!((b.stats().lost, b.stats().late), (2, 1));
}

#[test]
fn a_frame_from_before_the_first_is_played_if_it_is_in_time() {
    let mut b = buffer();
    let got = play(&mut b, &[&[10], &[9], &[8]], 6);
    assert_eq!(got, [Empty, Empty, Empty, Frame(8), Frame(9), Frame(10), Empty, Empty, Empty]);
    assert_eq!(push(&mut b, 7), Arrival::Late);
}

#[test]
fn a_stall_takes_no_frame_and_is_followed_by_the_delay_again() {
    let mut b = buffer();
    let got = play(&mut b, &[&[0]], 9);
    assert_eq!(got.iter().filter(|g| **g != Empty).count(), 1);
    let got = play(&mut b, &[&[1], &[2], &[3]], 5);
    assert_eq!(got[..5], [Empty; 5]);
    assert_eq!(got[5..], [1, 2, 3].map(Frame));
    assert_eq!(b.stats(), JitterStats { played: 4, stalls: 1, ..Default::default() });
}

#[test]
fn after_a_stall_a_burst_is_played_at_once_and_its_oldest_frames_go() {
    let mut b = buffer();
    play(&mut b, &[&[0]], 20);
    let burst: Vec<u16> = (1..=20).collect();
    let got = play(&mut b, &[&burst], 6);
    assert_eq!(got, [14, 15, 16, 17, 18, 19, 20].map(Frame));
    assert_eq!(b.stats().dropped, 13);
}

#[test]
fn a_sender_that_begins_anew_is_followed_from_its_second_frame_on() {
    for anew in [5_000, 40_000] {
        let mut b = buffer();
        play(&mut b, &[&[20_000], &[20_001]], 0);
        assert_eq!(push(&mut b, anew), Arrival::Stray);
        assert_eq!(push(&mut b, 20_002), Arrival::Held, "a single one changes nothing");
        assert_eq!(push(&mut b, anew), Arrival::Stray);
        assert_eq!(push(&mut b, anew + 1), Arrival::Held);
        let got = play(&mut b, &[&[], &[anew + 2]], 5);
        assert_eq!(got[5..], [Frame(anew + 1), Frame(anew + 2)]);
        assert_eq!(b.stats().refused, 2);
    }
}

#[test]
fn a_sender_slightly_too_fast_costs_a_frame_now_and_then() {
    let mut b = buffer();
    let mut sequence = 0;
    for tick in 0..1000 {
        for _ in 0..=u32::from(tick % 100 == 99) {
            push(&mut b, sequence);
            sequence += 1;
        }
        pull(&mut b);
    }
    let JitterStats { played, dropped, lost, .. } = b.stats();
    assert_eq!((played, dropped, lost), (995, 9, 0));
}

#[test]
fn a_frame_of_another_length_is_refused() {
    let mut b = buffer();
    assert_eq!(b.push(0, &[0; 80]), Arrival::WrongLength);
    assert_eq!(b.pull(), Pulled::Empty);
    assert_eq!(b.stats().refused, 1);
}

#[test]
fn lengths_that_do_not_fit_are_refused() {
    let good = JitterConfig::new(AudioFormat::mono(8_000), 20);
    for bad in [
        JitterConfig { frame_ms: 0, ..good },
        JitterConfig { format: AudioFormat::mono(0), ..good },
        JitterConfig { max_delay_ms: 119, ..good },
        JitterConfig { max_delay_ms: u32::MAX, ..good },
    ] {
        let e = JitterBuffer::new(bad).unwrap_err();
        assert!(e.code() == Code::InvalidInput && e.help().is_some(), "{bad:?}");
    }
    JitterBuffer::new(JitterConfig { delay_ms: 0, max_delay_ms: 20, ..good }).unwrap();
}

/// Frames on their way: when each arrives if at all, and when it arrives a second time.
fn network() -> impl Strategy<Value = Vec<(u16, usize)>> {
    let trip = prop_oneof![8 => 0usize..4, 2 => 0usize..40];
    let fate =
        prop_oneof![8 => Just((true, false)), 1 => Just((false, false)), 1 => Just((true, true))];
    (any::<u16>(), vec((trip.clone(), trip, fate), 1..120)).prop_map(|(first, trips)| {
        let mut arrivals = Vec::new();
        for (n, (once, again, (is_sent, is_doubled))) in trips.into_iter().enumerate() {
            let sequence = first.wrapping_add(n as u16);
            arrivals.extend(is_sent.then_some((sequence, n + once)));
            arrivals.extend(is_doubled.then_some((sequence, n + again)));
        }
        arrivals.sort_by_key(|(_, at)| *at);
        arrivals
    })
}

proptest! {
    #[test]
    fn over_any_network_frames_come_once_in_order_and_in_time(arrivals in network()) {
        let mut b = buffer();
        let (mut held, mut last) = (Vec::<(u16, usize)>::new(), None);
        let (mut frames, mut accounted) = (0u64, 0);
        for tick in 0..200 {
            for (sequence, _) in arrivals.iter().filter(|(_, at)| *at == tick) {
                let arrival = push(&mut b, *sequence);
                prop_assert!(!matches!(arrival, Arrival::Stray | Arrival::WrongLength));
                if arrival == Arrival::Held {
                    held.push((*sequence, tick));
                }
            }
            let got = pull(&mut b);
            if let Frame(n) | Lost(n) = got {
                let ahead = last.map_or(1, |last| n.wrapping_sub(last) as i16);
                prop_assert!(ahead > 0, "{n} after {last:?}");
                last = Some(n);
            }
            if let Frame(n) = got {
                frames += 1;
                let at = held.iter().position(|(sequence, _)| *sequence == n);
                prop_assert!(at.is_some(), "{n} was never held, or was pulled before");
                let (_, came) = held.remove(at.unwrap());
                prop_assert!(tick - came < 7, "{n} was held for {} frames", tick - came);
            }
            let JitterStats { played, late, duplicates, dropped, .. } = b.stats();
            accounted = played + late + duplicates + dropped;
        }
        prop_assert_eq!(accounted, arrivals.len() as u64, "every frame is counted once");
        prop_assert_eq!(b.stats().played, frames);
        prop_assert_eq!(held.len() as u64, b.stats().dropped);
    }

    /// Without loss, and with trips that differ by no more than the delay, nothing is missing;
    /// unless the bound is too low to make up for a first frame that was the slowest.
    #[test]
    fn jitter_within_the_delay_loses_nothing(first: u16, trips in vec(0usize..=5, 1..200)) {
        let config = JitterConfig::new(AudioFormat::mono(8_000), 20);
        let mut b = JitterBuffer::new(JitterConfig { max_delay_ms: 220, ..config }).unwrap();
        let mut got = Vec::new();
        for tick in 0..trips.len() + 20 {
            for (n, trip) in trips.iter().enumerate() {
                if n + trip == tick {
                    push(&mut b, first.wrapping_add(n as u16));
                }
            }
            got.extend(Some(pull(&mut b)).filter(|g| *g != Empty));
        }
        let expected = (0..trips.len()).map(|n| Frame(first.wrapping_add(n as u16)));
        prop_assert_eq!(got, expected.collect::<Vec<_>>());
    }

    #[test]
    fn any_numbers_at_all_are_survived(calls in vec((any::<u16>(), 0usize..3), 0..300)) {
        let mut b = buffer();
        for (sequence, pulls) in calls {
            push(&mut b, sequence);
            for _ in 0..pulls {
                pull(&mut b);
            }
        }
    }
}
