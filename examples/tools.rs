//! A tool in ten lines, and the contained run of its calls.
//!
//! `cargo run --release -p antiphon-examples --bin tools`
#![expect(clippy::print_stdout, reason = "an example shows what happens")]
#![expect(clippy::unused_async, reason = "a real tool would ask a service")]

use std::sync::Arc;

use antiphon::{
    TurnId,
    prelude::*,
    tools::{Request, Runner, ToolCall, ToolError, ToolSet, tool},
};
use futures_util::StreamExt as _;

/// Says when the practice is open.
#[tool(effect = "read", timeout = "2s")]
async fn opening_hours(
    /// Day of the week, such as "Monday".
    day: String,
) -> Result<String, ToolError> {
    match day.as_str() {
        "Saturday" | "Sunday" => Err(ToolError::new("Closed at the weekend.")),
        _ => Ok("Nine to five.".to_owned()),
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    // The type beside the function is the tool. What the model is told is written by the compiler
    // from the signature and its comments.
    let tools = ToolSet::new().with(OpeningHoursTool)?.freeze();
    for tool in tools.specs() {
        println!("{}: {}\n{}\n", tool.name, tool.description, tool.parameters);
    }

    // A model's calls are text from outside: unknown names, wrong arguments, hanging and panicking
    // tools each have one outcome, in words that the model can work with.
    let runner = Runner::new("example", Arc::new(SessionClock::new(Pace::RealTime)));
    let calls = [
        ("opening_hours", r#"{"day": "Monday"}"#),
        ("opening_hours", r#"{"day": "Sunday"}"#),
        ("opening_hours", r#"{"dya": "Monday"}"#),
        ("openning_hours", r#"{"day": "Monday"}"#),
    ];
    for (n, (name, arguments)) in (1..).zip(calls) {
        let call = ToolCall {
            id: format!("call-{n}"),
            name: name.to_owned(),
            arguments: arguments.to_owned(),
        };
        println!("{name}({arguments})");
        let mut events = runner.run(&tools, &Request::new(call, TurnId(n)));
        while let Some(event) = events.next().await {
            if let Some(result) = event.outcome() {
                println!("  {}{}", if result.is_error { "error: " } else { "" }, result.text);
            }
        }
    }
    Ok(())
}
