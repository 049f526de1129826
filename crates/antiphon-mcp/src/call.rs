//! A tool of a server, as the port has it.

use std::sync::Arc;

use antiphon_core::BoxFuture;
use antiphon_tools::{EffectClass, RunContext, Tool, ToolAnswer, ToolError, ToolSpec};
use rmcp::{
    RoleClient,
    model::{
        CallToolRequest, CallToolRequestParams, CancelledNotification, CancelledNotificationParam,
        ClientRequest, MetaObject, RequestId, RequestMetaObject, ServerResult,
    },
    service::{Peer, PeerRequestOptions, ServiceError},
};
use serde_json::{Map, Value};
use tokio::runtime::Handle;

use crate::{
    answer,
    link::{Line, Link, and, shortened},
};

/// Where the idempotency key of a call with effects stands in its `_meta`.
const IDEMPOTENCY_KEY: &str = "antiphon/idempotencyKey";

/// A tool that a server runs.
pub(crate) struct McpTool {
    pub(crate) spec: ToolSpec,
    /// Its name there.
    pub(crate) listed: String,
    pub(crate) link: Arc<Link>,
}

impl Tool for McpTool {
    fn spec(&self) -> ToolSpec {
        self.spec.clone()
    }

    fn call(&self, context: RunContext, arguments: Value) -> BoxFuture<'static, ToolAnswer> {
        let link = Arc::clone(&self.link);
        let mut call = Call {
            name: self.listed.clone(),
            arguments: Map::new(),
            has_effects: self.spec.effect != EffectClass::Read,
            context,
        };
        if let Value::Object(arguments) = arguments {
            call.arguments = arguments;
        }
        Box::pin(async move {
            let line = link.line().await.map_err(|e| ToolError::new(e.detail()))?;
            let answer = call.make(&line, &link.server.name).await;
            if line_stands(&answer) {
                link.answered().await;
            }
            answer.map_err(|failed| ToolError::new(failed.words))
        })
    }
}

struct Call {
    name: String,
    arguments: Map<String, Value>,
    has_effects: bool,
    context: RunContext,
}

/// A call that came to nothing.
struct Failed {
    words: String,
    /// The server is there, and said so.
    answered: bool,
}

const fn line_stands(answer: &Result<String, Failed>) -> bool {
    matches!(answer, Ok(_) | Err(Failed { answered: true, .. }))
}

impl Call {
    async fn make(self, line: &Line, server: &str) -> Result<String, Failed> {
        let lost = |e: ServiceError| Failed {
            words: lost(server, &e, line, self.has_effects),
            answered: false,
        };
        let params = CallToolRequestParams::new(self.name).with_arguments(self.arguments);
        let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
        let mut options = PeerRequestOptions::no_options();
        if self.has_effects {
            let mut meta = Map::new();
            meta.insert(IDEMPOTENCY_KEY.to_owned(), self.context.idempotency_key().into());
            options = options.with_meta(RequestMetaObject(MetaObject(meta)));
        }
        let sent = line.peer.send_request_with_option(request, options).await.map_err(&lost)?;
        let _watch = line.fate.watch(&sent.progress_token, &self.context);
        let mut cancel = Cancel::new(&line.peer, &sent.id);
        let answered = sent.await_response().await;
        cancel.disarm();
        let said = |words| Failed { words, answered: true };
        match answered {
            Ok(ServerResult::CallToolResult(result)) => {
                answer::text(result).map_err(|e| said(e.message().to_owned()))
            }
            Ok(ServerResult::InputRequiredResult(_) | ServerResult::CreateTaskResult(_)) => {
                Err(said("The tool wants more than this client can do.".to_owned()))
            }
            Ok(_) => Err(said("The server's answer is no result of a tool.".to_owned())),
            Err(ServiceError::McpError(e)) => {
                Err(said(format!("The call was refused: {}", shortened(&e.message))))
            }
            Err(e) => Err(lost(e)),
        }
    }
}

/// What the model is told when the connection has failed under a call.
fn lost(server: &str, error: &ServiceError, line: &Line, has_effects: bool) -> String {
    let mut why = String::new();
    if let ServiceError::TransportSend(e) = error {
        why = and(&e.error.to_string());
    }
    let mut words = format!("The MCP server {server:?} was lost{why}{}.", and(&line.fate.told()));
    if has_effects {
        words.push_str(" The call may have taken effect all the same: do not just repeat it.");
    }
    words
}

/// Tells the server that nobody waits for the answer any more.
struct Cancel {
    /// What to cancel, and where a task for it can run.
    armed: Option<(Peer<RoleClient>, RequestId, Handle)>,
}

impl Cancel {
    fn new(peer: &Peer<RoleClient>, id: &RequestId) -> Self {
        // Sent from here, the call is dropped here: on a runtime.
        let handle = Handle::try_current().ok();
        Self { armed: handle.map(|handle| (peer.clone(), id.clone(), handle)) }
    }

    fn disarm(&mut self) {
        self.armed = None;
    }
}

impl Drop for Cancel {
    fn drop(&mut self) {
        let Some((peer, id, handle)) = self.armed.take() else { return };
        let params = CancelledNotificationParam::new(Some(id), None);
        let notification = CancelledNotification::new(params);
        handle.spawn(async move {
            // It fails if the connection is gone, and the call with it.
            let _ = peer.send_notification(notification.into()).await;
        });
    }
}
