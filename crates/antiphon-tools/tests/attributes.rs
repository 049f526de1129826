//! What `#[tool]` and `#[tools]` write, run.

#![expect(clippy::unused_async, reason = "tools are async, and these wait for nothing")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what fails here fails its test")]

use std::{
    future::ready,
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon_core::{BoxFuture, Clock, Timestamp, TurnId};
use antiphon_tools::{
    EffectClass, Json, Request, RunContext, Runner, Tool as _, ToolCall, ToolError, ToolSet, tool,
    tools,
};
use futures_util::{FutureExt as _, StreamExt as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Finds the weather of a city.
///
/// Call it only for cities that the user named.
#[tool(name = "get_weather", effect = "read", timeout = "1500ms", rate_limit = "10/min", confirm)]
pub async fn weather(
    /// Name of the city, such as "Paris".
    city: String,
    #[arg("Days ahead, 0 is today.")]
    #[schemars(range(max = 7))]
    days: Option<u8>,
    context: &RunContext,
) -> Result<String, ToolError> {
    context.progress("asking the service");
    match days {
        Some(days) => Ok(format!("{city} in {days} days: rain")),
        None => Err(ToolError::new("Ask for a day.")),
    }
}

/// Adds two numbers.
#[tool]
async fn add(mut a: i32, #[serde(default)] r#in: i32) -> i32 {
    a += r#in;
    a
}

/// Does nothing.
#[tool(blocking)]
fn nothing() {}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Size {
    Small,
    Large,
}

#[derive(Clone, Default)]
struct Orders {
    placed: Arc<Mutex<Vec<String>>>,
}

#[tools]
impl Orders {
    /// Orders a drink.
    #[tool(effect = "write")]
    async fn order(&self, size: Size, context: RunContext) -> Json<Value> {
        self.placed.lock().unwrap().push(context.idempotency_key());
        Json(json!({"ordered": size}))
    }

    /// Counts the drinks.
    #[tool(effect = "read", blocking)]
    fn count(&self) -> usize {
        self.placed.lock().unwrap().len()
    }

    fn first(&self) -> Option<String> {
        self.placed.lock().unwrap().first().cloned()
    }
}

/// A type and functions by names that the attributes could have taken for their own.
#[derive(Deserialize, JsonSchema)]
struct Arguments(u8);

/// Gives the value.
#[tool]
async fn arguments(context: Arguments, this: u8) -> u8 {
    context.0 + this
}

/// Does nothing.
#[tool]
async fn tool(_context: RunContext) {}

/// Does nothing.
#[tool]
async fn context(r#type: &RunContext) {
    r#type.progress("nothing");
}

struct Generic<T>(T);

#[tools]
impl<T: Send + Sync + Clone + Into<String> + 'static> Generic<T> {
    /// Gives the value.
    #[antiphon_tools::tool(effect = "read")]
    async fn value(&self) -> String {
        self.0.clone().into()
    }
}

/// A clock that stands still: no test here waits.
#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::ZERO
    }

    fn sleep_until(&self, _at: Timestamp) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
}

/// The answer of a tool that is ready at once.
fn answer(tools: &ToolSet, name: &str, arguments: &str) -> String {
    let call = ToolCall { id: "c1".into(), name: name.into(), arguments: arguments.into() };
    let request = Request { confirmed: true, ..Request::new(call, TurnId(1)) };
    let events = Runner::new("s1", Arc::new(Still)).run(&tools.freeze(), &request);
    let outcomes = events.filter_map(|event| ready(event.outcome().cloned()));
    let results: Vec<_> = outcomes.collect().now_or_never().expect("ready at once");
    results.into_iter().map(|result| result.text).collect()
}

#[test]
fn a_function_says_everything_about_its_tool() {
    let spec = WeatherTool.spec();
    assert_eq!(spec.name, "get_weather");
    let description =
        "Finds the weather of a city.\n\nCall it only for cities that the user named.";
    assert_eq!(spec.description, description);
    assert_eq!((spec.effect, spec.confirm), (EffectClass::Read, true));
    assert_eq!(spec.timeout, Duration::from_millis(1500));
    let limit = spec.rate_limit.expect("a rate limit");
    assert_eq!((limit.calls, limit.per), (10, Duration::from_secs(60)));
    let expected = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "city": {"type": "string", "description": "Name of the city, such as \"Paris\"."},
            "days": {
                "type": ["integer", "null"], "format": "uint8", "minimum": 0, "maximum": 7,
                "description": "Days ahead, 0 is today."
            },
        },
        "required": ["city"],
    });
    assert_eq!(spec.parameters, expected);
}

#[test]
fn what_is_not_said_is_careful() {
    let spec = AddTool.spec();
    assert_eq!((&*spec.name, spec.effect), ("add", EffectClass::Write));
    assert_eq!(spec.timeout, antiphon_tools::DEFAULT_TIMEOUT);
    assert_eq!(spec.parameters["required"], json!(["a"]));
}

#[test]
fn functions_are_called_with_their_arguments() {
    let tools = ToolSet::new().with(WeatherTool).unwrap().with(AddTool).unwrap();
    let text = answer(&tools, "get_weather", r#"{"city": "Rome", "days": "2"}"#);
    assert_eq!(text, "Rome in 2 days: rain");
    assert_eq!(answer(&tools, "get_weather", r#"{"city": "Rome"}"#), "Ask for a day.");
    let text = answer(&tools, "get_weather", r#"{"city": "Rome", "days": 9}"#);
    assert!(text.contains("- /days: 9 is greater than the maximum of 7"), "{text}");
    assert_eq!(answer(&tools, "add", r#"{"a": 1, "in": 2}"#), "3");
    assert_eq!(answer(&tools, "add", r#"{"a": 1}"#), "1");
    let text = answer(&tools, "add", r#"{"a": 1, "b": 2}"#);
    assert!(text.contains("there is no b"), "{text}");
}

#[test]
fn a_function_stays_a_function() {
    let text = weather("Rome".into(), Some(1), &RunContext::detached()).now_or_never();
    assert!(matches!(text, Some(Ok(text)) if text == "Rome in 1 days: rain"));
    assert_eq!(add(1, 1).now_or_never(), Some(2));
    nothing();
    assert_eq!(NothingTool.spec().parameters["properties"], json!({}));
}

#[test]
fn methods_share_their_value() {
    let orders = Orders::default();
    let tools = ToolSet::new().with(orders.clone()).unwrap();
    assert_eq!(tools.freeze().names().collect::<Vec<_>>(), ["count", "order"]);
    assert_eq!(answer(&tools, "order", r#"{"size": "large"}"#), r#"{"ordered":"large"}"#);
    assert_eq!(orders.first().as_deref(), Some("s1/turn1/c1"));
    let text = answer(&tools, "order", r#"{"size": "huge"}"#);
    assert!(text.contains("- /size: \"huge\" is not one of \"small\" or \"large\""), "{text}");
    let effects: Vec<_> = tools.freeze().specs().map(|spec| spec.effect).collect();
    assert_eq!(effects, [EffectClass::Read, EffectClass::Write]);
}

#[test]
fn names_do_not_collide() {
    let tools = ToolSet::new().with(ArgumentsTool).unwrap().with(ToolTool).unwrap();
    let tools = tools.with(ContextTool).unwrap();
    assert_eq!(answer(&tools, "arguments", r#"{"context": 1, "this": 2}"#), "3");
    assert_eq!(answer(&tools, "tool", ""), "done");
    assert_eq!(answer(&tools, "context", ""), "done");
}

#[test]
fn generic_types_may_hold_tools() {
    let tools = ToolSet::new().with(Generic("hello")).unwrap();
    assert_eq!(answer(&tools, "value", ""), "hello");
}
