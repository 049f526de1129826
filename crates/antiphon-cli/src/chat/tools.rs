//! The tools that are built in: the time, a table of weather, and the end of the chat.

use std::time::{SystemTime, UNIX_EPOCH};

use antiphon::tools::{EffectClass, FunctionTool, RunContext, ToolError, ToolSpec};
use serde_json::{Value, json};

use super::agent::HungUp;

/// Their names.
pub(super) const BUILTIN: [&str; 3] = ["clock", "end_call", "weather"];

/// Made-up weather: place, degrees Celsius, sky.
const WEATHER: &str = include_str!("weather.tsv");

/// Seconds of a day.
const DAY: u64 = 86_400;

pub(super) fn builtin(name: &str, hung_up: &HungUp) -> Option<FunctionTool> {
    let spec = |about: &str| ToolSpec::new(name, about).with_effect(EffectClass::Read);
    match name {
        "clock" => {
            let spec = spec("Tells the time of day and the date, in UTC.");
            Some(FunctionTool::raw(spec, |_, _| async { Ok(time_of_day(SystemTime::now())) }))
        }
        "weather" => {
            let parameters = json!({
                "type": "object",
                "properties": {"location": {"type": "string", "description": "City"}},
                "required": ["location"],
                "additionalProperties": false,
            });
            let spec = spec("Tells the present weather of a city.").with_parameters(parameters);
            Some(FunctionTool::raw(
                spec,
                |_: RunContext, arguments| async move { weather(&arguments) },
            ))
        }
        "end_call" => {
            let spec = ToolSpec::new(
                name,
                "Ends the conversation after this answer. Call it once the user has said goodbye.",
            );
            let hung_up = hung_up.clone();
            Some(FunctionTool::raw(spec, move |_, _| {
                hung_up.set();
                async { Ok("The conversation ends after your answer.".to_owned()) }
            }))
        }
        _ => None,
    }
}

fn weather(arguments: &Value) -> Result<String, ToolError> {
    let place = arguments.get("location").and_then(Value::as_str).unwrap_or_default();
    // "Paris, France" is Paris.
    let city = place.split(',').next().unwrap_or_default().trim();
    let rows = WEATHER.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    for row in rows {
        if let [name, degrees, sky] = row.as_slice()
            && name.eq_ignore_ascii_case(city)
        {
            return Ok(format!("{name}: {degrees} degrees Celsius, {sky}."));
        }
    }
    Err(ToolError::new(format!("There is no weather for {place:?} in the table of this demo.")))
}

fn time_of_day(now: SystemTime) -> String {
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (year, month, day) = date(seconds / DAY);
    let minutes = seconds % DAY / 60;
    format!("{:02}:{:02} UTC, {year}-{month:02}-{day:02}", minutes / 60, minutes % 60)
}

/// Year, month and day of the Gregorian calendar, `days` after 1 January 1970.
///
/// Years are counted from 1 March, so that the leap day is the last of its year.
const fn date(days: u64) -> (u64, u64, u64) {
    // Days from 1 March of the year 0 to 1 January 1970.
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let january = month >= 10;
    let month = if january { month - 9 } else { month + 3 };
    (era * 400 + year + january as u64, month, day)
}

#[cfg(test)]
mod tests;
