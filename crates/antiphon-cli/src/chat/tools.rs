//! The tools an agent file names: those that are built in (the time, a table of weather, and the
//! end of the chat), requests to web services, and those of MCP servers.

use std::time::{SystemTime, UNIX_EPOCH};

use antiphon::{
    Error, Result,
    config::{Effective, Tool},
    mcp::{McpServer, McpTools},
    remote_tools,
    tools::{EffectClass, FunctionTool, RunContext, ToolError, ToolSet, ToolSpec},
};
use serde_json::{Value, json};

use super::{agent::HungUp, show::Show};
use crate::bookings;

/// The tools of an agent: those that are ready, and servers that have some.
pub(super) struct Named {
    pub(super) tools: ToolSet,
    pub(super) servers: Vec<McpServer>,
}

/// The tools that the agent file names. Nothing is started or asked yet.
pub(super) fn named(effective: &Effective, hung_up: &HungUp) -> Result<Named> {
    let tools = ToolSet::new();
    let mut servers = Vec::new();
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
                tools.register(tool)?;
            }
            Tool::Http(http) => {
                let tool = remote_tools::http_tool(http);
                let tool = tool.map_err(|e| refuse("http", e.detail(), &[]))?;
                tools.register(tool).map_err(|e| refuse("http", e.detail(), &[]))?;
            }
            Tool::Mcp(mcp) => servers.push(remote_tools::mcp_server(mcp)),
        }
    }
    Ok(Named { tools, servers })
}

/// The tools that the agent file names, where none can come from a server: in a call, whose tools
/// are told to the model before it begins, and in a test, whose time is virtual.
pub(crate) fn tool_set(effective: &Effective, hung_up: &HungUp) -> Result<ToolSet> {
    let Named { tools, servers } = named(effective, hung_up)?;
    if servers.is_empty() {
        return Ok(tools);
    }
    let mut named = effective.agent().tools.iter().enumerate();
    let server = named.find(|(_, tool)| matches!(tool, Tool::Mcp(_)));
    let (at, name) = server.map_or((0, ""), |(i, tool)| (i, tool.name()));
    let what = "MCP servers can be used by `antiphon chat` only";
    Err(effective.refuse(&format!("tools.{at}.mcp"), what, name, &[]).into())
}

/// Connects the servers, all at once. One that cannot be used costs its tools and a warning.
pub(super) async fn connect(
    servers: Vec<McpServer>,
    tools: &ToolSet,
    show: &Show,
) -> Vec<McpTools> {
    let connecting: Vec<_> = servers
        .into_iter()
        .map(|server| {
            let tools = tools.clone();
            tokio::spawn(async move { server.connect(&tools).await })
        })
        .collect();
    let mut connected = Vec::new();
    for server in connecting {
        match server.await {
            Ok(Ok(server)) => {
                for skipped in server.skipped() {
                    show.warning(&format!("the tool {skipped} (MCP server {})", server.name()));
                }
                connected.push(server);
            }
            Ok(Err(e)) => {
                let help = e.help().map(|help| format!(" ({help})")).unwrap_or_default();
                show.warning(&format!("{}{help}: the agent is without its tools", e.detail()));
            }
            Err(e) => show.warning(&format!("an MCP server could not be connected: {e}")),
        }
    }
    connected
}

/// The names of those that are built in.
const BUILTIN: [&str; 4] = [bookings::TOOL, "clock", "end_call", "weather"];

/// Made-up weather: place, degrees Celsius, sky.
const WEATHER: &str = include_str!("weather.tsv");

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
