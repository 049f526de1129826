//! A book of tables.

use serde_json::{Value, json};

use super::Bookings;

fn wish(day: &str, hour: u64, guests: u64) -> Value {
    json!({"day": day, "hour": hour, "guests": guests, "customer": "Ada"})
}

#[test]
fn a_table_that_is_taken_is_taken_at_that_time_only() {
    let book = Bookings::default();
    let booked = book.book(&wish("Friday", 7, 8)).unwrap();
    let wanted = "Booked: a table for 8 on Friday at 7, for Ada. It is booking number 1.";
    assert_eq!(booked, wanted);
    let taken = book.book(&wish("on friday", 7, 8)).unwrap_err();
    assert!(
        taken.message().ends_with("Nothing was booked. Free hours: 5, 6, 8, 9, 10."),
        "{taken:?}"
    );
    assert!(book.book(&wish("Friday", 7, 6)).is_ok(), "another table is free");
    assert!(book.book(&wish("Friday", 8, 8)).unwrap().ends_with("number 3."));
}

#[test]
fn small_parties_take_small_tables_first_and_larger_ones_after() {
    let book = Bookings::default();
    let two = wish("Friday", 7, 2);
    for _ in 0..6 {
        book.book(&two).unwrap();
    }
    assert!(book.book(&two).is_err(), "there are six tables");
}

#[test]
fn on_mondays_nothing_is_booked() {
    let refused = Bookings::default().book(&wish("Monday", 7, 2)).unwrap_err();
    assert!(refused.message().contains("Mondays"), "{refused:?}");
}
