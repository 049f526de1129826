//! Which calls a reply makes: as it is written, and through the gate.

use antiphon::{
    BoxFuture, Pace, Result, SessionClock, TurnId,
    tools::{
        CallReader, FrozenTools, Heard, Piece, Request, RunContext, Runner, Tool, ToolAnswer,
        ToolCall, ToolEvent, ToolSet, ToolSpec,
    },
};
use futures_util::StreamExt as _;
use serde::Serialize;
use serde_json::Value;

use std::sync::Arc;

use super::labelled::{Case, Labelled};

/// A call that ran, or would have.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Made {
    pub(super) name: String,
    pub(super) arguments: Value,
}

/// The calls in the tags that the model was told to use, in JSON that can be read.
pub(super) fn in_tags(reply: &str) -> Vec<Made> {
    let inside = reply.split("<tool_call>").skip(1);
    let inside = inside.filter_map(|rest| Some(rest.split_once("</tool_call>")?.0));
    let calls = inside.filter_map(|text| serde_json::from_str::<Value>(text).ok());
    let made = calls.filter_map(|call| {
        let name = call.get("name")?.as_str()?.to_owned();
        Some(Made { name, arguments: call.get("arguments")?.clone() })
    });
    made.collect()
}

/// The gate for local models, as a session has it.
pub(super) struct Gate {
    pub(super) tools: FrozenTools,
}

impl Gate {
    pub(super) fn new(set: &Labelled) -> Result<Self> {
        let tools = ToolSet::new();
        for spec in set.specs() {
            tools.register(Echo(spec))?;
        }
        Ok(Self { tools: tools.freeze() })
    }

    /// The calls in any form that is understood, and what could not be read.
    fn read(&self, reply: &str) -> (Vec<ToolCall>, Vec<String>) {
        let mut reader = CallReader::new(self.tools.names());
        let mut pieces = reader.push(reply);
        pieces.extend(reader.finish());
        let (mut calls, mut refused) = (Vec::new(), Vec::new());
        for (n, piece) in pieces.into_iter().enumerate() {
            match piece {
                Piece::Speech(_) => {}
                Piece::Call { name, arguments } => {
                    calls.push(ToolCall { id: n.to_string(), name, arguments });
                }
                Piece::Broken { why, .. } => refused.push(why),
            }
        }
        (calls, refused)
    }

    /// All calls, unchecked.
    pub(super) fn unchecked(&self, reply: &str) -> Vec<Made> {
        let made = self.read(reply).0.into_iter().map(|ToolCall { name, arguments, .. }| {
            let arguments = serde_json::from_str(&arguments).unwrap_or_default();
            Made { name, arguments }
        });
        made.collect()
    }

    /// The calls that run, and why others do not.
    pub(super) async fn admit(&self, reply: &str, case: &Case) -> (Vec<Made>, Vec<String>) {
        let runner = Runner::new("bench", Arc::new(SessionClock::new(Pace::RealTime)));
        let heard = Heard { last: case.user.clone(), conversation: case.said() };
        let (calls, mut refused) = self.read(reply);
        let mut made = Vec::new();
        for call in calls {
            let name = call.name.clone();
            let request = Request { heard: Some(heard.clone()), ..Request::new(call, TurnId(1)) };
            let events: Vec<ToolEvent> = runner.run(&self.tools, &request).collect().await;
            match events.last() {
                Some(ToolEvent::Completed { result, .. }) => {
                    let arguments = serde_json::from_str(&result.text).unwrap_or_default();
                    made.push(Made { name, arguments });
                }
                Some(ToolEvent::Failed { result, .. }) => refused.push(result.text.clone()),
                _ => {}
            }
        }
        (made, refused)
    }
}

/// Answers with its arguments, as they come out of the gate.
struct Echo(ToolSpec);

impl Tool for Echo {
    fn spec(&self) -> ToolSpec {
        self.0.clone()
    }

    fn call(&self, _: RunContext, arguments: Value) -> BoxFuture<'static, ToolAnswer> {
        Box::pin(async move { Ok(arguments.to_string()) })
    }
}
