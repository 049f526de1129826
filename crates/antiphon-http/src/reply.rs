//! What a service answered, as text for the model: bounded, the wanted part of it, no secret.

use antiphon_tools::{ToolAnswer, ToolError};
use reqwest::Response;
use serde_json::Value;

use crate::{client::cause, tool::Secrets};

/// Longest answer that is read, in bytes: enough to find a part in; the model gets far less.
const MAX_BYTES: usize = 1024 * 1024;

/// Longest piece of a refusal that is repeated to the model, in bytes.
const MAX_REFUSAL: usize = 512;

/// Reads `response`; `part` is a JSON pointer to what the model is to see.
pub(crate) async fn read(
    mut response: Response,
    part: Option<&str>,
    secrets: &Secrets,
) -> ToolAnswer {
    let status = response.status();
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() <= MAX_BYTES => bytes.extend(chunk),
            // The beginning of an error page says enough.
            Ok(Some(_)) if !status.is_success() => break,
            Ok(Some(_)) => {
                let text = format!("The service answered with more than {MAX_BYTES} bytes.");
                return Err(ToolError::new(text));
            }
            Ok(None) => break,
            Err(e) => {
                let why = secrets.hide(cause(e));
                let text = format!("The service broke off in the middle of its answer: {why}.");
                return Err(ToolError::new(text));
            }
        }
    }
    let Ok(text) = String::from_utf8(bytes) else {
        return Err(ToolError::new("The service answered with something that is no text."));
    };
    if status.is_redirection() {
        let text =
            format!("The service answered {status}: it has moved, and that is not followed.");
        return Err(ToolError::new(text));
    }
    if !status.is_success() {
        let mut said = secrets.hide(text.split_whitespace().collect::<Vec<_>>().join(" "));
        said.truncate(said.floor_char_boundary(MAX_REFUSAL));
        let colon = if said.is_empty() { "." } else { ": " };
        return Err(ToolError::new(format!("The service answered {status}{colon}{said}")));
    }
    let text = match part {
        Some(part) => find(&text, part)?,
        None if text.trim().is_empty() => "done".to_owned(),
        None => text,
    };
    Ok(secrets.hide(text))
}

fn find(text: &str, part: &str) -> ToolAnswer {
    let value: Value = serde_json::from_str(text)
        .map_err(|_| ToolError::new("The service answered with something that is no JSON."))?;
    match value.pointer(part) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(found) => Ok(found.to_string()),
        None => Err(ToolError::new(format!("The service's answer has nothing at {part:?}."))),
    }
}
