//! A tool for trying out agents that change something: it books the tables of a restaurant.
//!
//! Bookings are kept as long as the process runs: a table that is taken is taken, and a booking
//! has to be confirmed by the user. Days are names: it deliberately knows no calendar.

use std::{
    ops::RangeInclusive,
    sync::{Arc, Mutex, PoisonError},
};

use antiphon::tools::{EffectClass, FunctionTool, ToolAnswer, ToolError, ToolSpec};
use serde_json::{Value, json};

/// The name of the tool.
pub(crate) const TOOL: &str = "book_table";

/// Tables, by the guests that they seat.
const TABLES: [u64; 6] = [2, 2, 4, 4, 6, 8];

/// Hours of the evening at which a table can be had.
const HOURS: RangeInclusive<u64> = 5..=10;

/// Bookings kept at most: more than any conversation makes.
const MAX_BOOKINGS: usize = 256;

/// The book of a restaurant. A booking is kept with the seats of its table.
#[derive(Clone, Debug, Default)]
struct Bookings(Arc<Mutex<Vec<(Wish, u64)>>>);

/// When somebody wants to come, and how many of them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wish {
    day: String,
    hour: u64,
    guests: u64,
}

/// The tool, with a book of its own.
pub(crate) fn tool() -> FunctionTool {
    // Few arguments with one form each: the smallest models get these right, and times of day wrong.
    let parameters = json!({
        "type": "object",
        "properties": {
            "day": {"type": "string", "description": "Day of the week"},
            "hour": {"type": "integer", "minimum": HOURS.start(), "maximum": HOURS.end()},
            "guests": {"type": "integer", "minimum": 1, "maximum": 8},
            "customer": {"type": "string", "minLength": 1, "description": "Name"},
        },
        "required": ["day", "hour", "guests", "customer"],
        "additionalProperties": false,
    });
    let spec = ToolSpec::new(TOOL, "Books a table of the restaurant.");
    let spec = spec.with_parameters(parameters).with_effect(EffectClass::Irreversible);
    let spec = spec.with_question(
        "Not booked yet. Please confirm: a table for {guests} on {day} at {hour}, in the name of \
         {customer}.",
    );
    let book = Bookings::default();
    FunctionTool::raw(spec, move |_, arguments| {
        let booked = book.book(&arguments);
        async { booked }
    })
}

impl Bookings {
    /// Takes the smallest table that is free and large enough. The schema has checked `arguments`.
    fn book(&self, arguments: &Value) -> ToolAnswer {
        let text = |key| arguments.get(key).and_then(Value::as_str).unwrap_or_default().trim();
        let number = |key| arguments.get(key).and_then(Value::as_u64).unwrap_or_default();
        let (day, customer) = (text("day").trim_start_matches("on "), text("customer"));
        if day.eq_ignore_ascii_case("monday") {
            return Err(ToolError::new("The restaurant is closed on Mondays. Nothing was booked."));
        }
        let wish = Wish { day: day.to_owned(), hour: number("hour"), guests: number("guests") };
        let (hour, guests) = (wish.hour, wish.guests);
        // A panic cannot leave a booking half made: each is one push.
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(seats) = free(&book, &wish) else {
            let other = HOURS.map(|hour| Wish { hour, ..wish.clone() });
            let other = other.filter(|wish| free(&book, wish).is_some());
            let other: Vec<String> = other.map(|wish| wish.hour.to_string()).collect();
            let other = if other.is_empty() { "none".to_owned() } else { other.join(", ") };
            return Err(ToolError::new(format!(
                "No table for {guests} is free on {day} at {hour}. Nothing was booked. Free hours: \
                 {other}."
            )));
        };
        book.push((wish, seats));
        Ok(format!(
            "Booked: a table for {guests} on {day} at {hour}, for {customer}. It is booking number {}.",
            book.len()
        ))
    }
}

/// The seats of the smallest table that is free and large enough.
fn free(book: &[(Wish, u64)], wish: &Wish) -> Option<u64> {
    let there = |seats: u64| TABLES.iter().filter(|table| **table == seats).count();
    let taken = |seats: u64| {
        let same = |(w, s): &&(Wish, u64)| {
            w.day.eq_ignore_ascii_case(&wish.day) && (w.hour, *s) == (wish.hour, seats)
        };
        book.iter().filter(same).count()
    };
    let free = |seats: &u64| *seats >= wish.guests && taken(*seats) < there(*seats);
    TABLES.into_iter().find(|seats| book.len() < MAX_BOOKINGS && free(seats))
}

#[cfg(test)]
mod tests;
