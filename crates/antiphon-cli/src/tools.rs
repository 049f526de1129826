//! The tools an agent file names: those that are built in (the time, a table of weather, and the
//! end of the chat), requests to web services, and beside them those of servers. Starts no server.

use std::time::{SystemTime, UNIX_EPOCH};

use antiphon::{
    Code, Error, Result,
    config::{Effective, Tool},
    remote_tools,
    tools::{EffectClass, FunctionTool, RunContext, ToolError, ToolSet, ToolSpec},
};
use serde_json::{Value, json};

use crate::{bookings, chat::agent::HungUp};

/// The tools that the agent file names, but for those of servers. Nothing is asked yet.
///
/// # Errors
/// `agent_invalid` with the place in the file of a tool that there is not.
pub(crate) fn own(effective: &Effective, hung_up: &HungUp) -> Result<ToolSet> {
    let tools = ToolSet::new();
    for (i, tool) in effective.agent().tools.iter().enumerate() {
        let name = tool.name();
        let refuse = |tag: &str, what: &str, known: &[&str]| -> Error {
            effective.refuse(&format!("tools.{i}.{tag}"), what, name, known).into()
        };
        match tool {
            Tool::Builtin(_) => {
                let tool = builtin(name, hung_up).ok_or_else(|| {
                    let what = format!("there is no such tool; there are: {}", BUILTIN.join(", "));
                    refuse("builtin", &what, &BUILTIN)
                })?;
                tools.register(tool).map_err(|e| refuse("builtin", e.detail(), &[]))?;
            }
            Tool::Http(http) => {
                let tool = remote_tools::http_tool(http);
                let tool = tool.map_err(|e| refuse("http", e.detail(), &[]))?;
                tools.register(tool).map_err(|e| refuse("http", e.detail(), &[]))?;
            }
            Tool::Mcp(_) => {}
        }
    }
    Ok(tools)
}

/// The tools that the agent file names, those of its servers among them; the former anew, so that
/// one conversation does not find what another has left in them.
///
/// # Errors
/// As [`own`], and `invalid_input` if a server has a tool of a name that is taken.
pub(crate) fn all(effective: &Effective, hung_up: &HungUp, remote: &ToolSet) -> Result<ToolSet> {
    let tools = own(effective, hung_up)?;
    complete(&tools.include(remote))?;
    Ok(tools)
}

/// Whether no tool of a server is left out.
///
/// # Errors
/// `invalid_input` if these are.
pub(crate) fn complete(left_out: &[String]) -> Result<()> {
    if left_out.is_empty() {
        return Ok(());
    }
    let what = format!("MCP servers have tools whose names are taken: {}", left_out.join(", "));
    Err(Error::new("tools", Code::InvalidInput, what).with_help(PREFIX))
}

/// What to do about a name that a server and another tool have.
pub(crate) const PREFIX: &str = "give the server a prefix, or leave the tool out of its `allow`";

/// The names of those that are built in.
const BUILTIN: [&str; 4] = [bookings::TOOL, "clock", "end_call", "weather"];

/// Made-up weather: place, degrees Celsius, sky.
const WEATHER: &str = include_str!("tools/weather.tsv");

/// Seconds of a day.
const DAY: u64 = 86_400;

fn builtin(name: &str, hung_up: &HungUp) -> Option<FunctionTool> {
    let spec = |about: &str| ToolSpec::new(name, about).with_effect(EffectClass::Read);
    match name {
        bookings::TOOL => Some(bookings::tool()),
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
