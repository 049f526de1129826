//! The built-in tools.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::json;

use super::{time_of_day, weather};

#[test]
fn the_clock_knows_leap_days_and_the_turn_of_the_year() {
    let at = |seconds| time_of_day(UNIX_EPOCH + Duration::from_secs(seconds));
    assert_eq!(at(0), "00:00 UTC, 1970-01-01");
    assert_eq!(at(951_782_399), "23:59 UTC, 2000-02-28");
    assert_eq!(at(951_782_400), "00:00 UTC, 2000-02-29");
    assert_eq!(at(1_735_689_599), "23:59 UTC, 2024-12-31");
    assert_eq!(at(1_735_689_600), "00:00 UTC, 2025-01-01");
}

#[test]
fn the_weather_is_that_of_the_table_or_none() {
    let told = weather(&json!({"location": "paris, France"})).unwrap();
    assert!(told.starts_with("Paris: "), "{told}");
    let refused = weather(&json!({"location": "Atlantis"})).unwrap_err();
    assert!(refused.message().contains("Atlantis"));
}
