//! Tests of the clock that leaves out waiting.

use std::time::Duration;

use antiphon_core::{Clock as _, Timestamp};
use futures_util::FutureExt as _;

use crate::{Pace, SessionClock, line::Line};

fn at(ms: u64) -> Timestamp {
    Timestamp::ZERO + Duration::from_millis(ms)
}

#[test]
fn time_is_skipped_while_nobody_works() {
    let clock = SessionClock::new(Pace::Virtual);
    let work = clock.working();
    assert!(!clock.skip_to(at(20)));
    assert_eq!(clock.now(), at(0));
    drop(work);
    assert!(clock.skip_to(at(20)));
    assert_eq!(clock.now(), at(20));
}

#[tokio::test]
async fn time_stops_at_an_alarm_until_the_sleeper_is_awake() {
    let clock = SessionClock::new(Pace::Virtual);
    let mut asleep = clock.sleep_until(at(13));
    assert_eq!((&mut asleep).now_or_never(), None);
    for _ in 0..3 {
        assert!(!clock.skip_to(at(20)), "nobody has polled the sleeper since it is due");
        assert_eq!(clock.now(), at(13));
    }
    assert_eq!((&mut asleep).now_or_never(), Some(()));
    assert!(clock.skip_to(at(20)));
}

#[tokio::test]
async fn who_wakes_is_at_work_at_once() {
    let clock = SessionClock::new(Pace::Virtual);
    let mut asleep = Box::pin(clock.wake_at(at(13)));
    assert!((&mut asleep).now_or_never().is_none());
    assert!(!clock.skip_to(at(20)));
    let awake = (&mut asleep).now_or_never().unwrap();
    drop(asleep);
    assert!(!clock.skip_to(at(20)));
    drop(awake);
    assert!(clock.skip_to(at(20)));
}

#[tokio::test]
async fn a_sleep_that_is_dropped_holds_nobody_up() {
    let clock = SessionClock::new(Pace::Virtual);
    let mut asleep = clock.sleep_until(at(13));
    assert_eq!((&mut asleep).now_or_never(), None);
    drop(asleep);
    assert!(clock.skip_to(at(20)));
}

#[test]
fn a_line_holds_time_up_while_it_moves() {
    let clock = SessionClock::new(Pace::Virtual);
    let line = Line::new(clock.clone());
    let place = line.join();
    assert!(clock.skip_to(at(20)), "nobody serves the line");
    line.set_moving(true);
    assert!(!clock.skip_to(at(40)));
    let second = line.join();
    drop(place);
    assert!(!clock.skip_to(at(40)));
    line.set_moving(false);
    assert!(clock.skip_to(at(40)), "who serves it waits for time to pass");
    line.set_moving(true);
    drop(second);
    assert!(clock.skip_to(at(60)), "nobody is in line");
    line.rouse();
    assert!(!clock.skip_to(at(80)));
    line.set_moving(false);
    assert!(clock.skip_to(at(80)));
}

#[tokio::test]
async fn who_wakes_at_a_moment_comes_before_the_tick_of_that_moment() {
    let clock = SessionClock::new(Pace::Virtual);
    let mut asleep = Box::pin(clock.wake_at(at(20)));
    assert!((&mut asleep).now_or_never().is_none());
    assert!(!clock.skip_to(at(20)));
    assert_eq!(clock.now(), at(20));
    let awake = (&mut asleep).now_or_never().unwrap();
    assert!(!clock.skip_to(at(20)));
    drop((awake, asleep));
    assert!(clock.skip_to(at(20)));
}
