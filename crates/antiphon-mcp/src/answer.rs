//! What a server answered to a call, as text for the model.

use antiphon_tools::{ToolAnswer, ToolError};
use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};

/// The answer, or the failure the tool reports.
pub(crate) fn text(result: CallToolResult) -> ToolAnswer {
    let mut pieces: Vec<String> = result.content.into_iter().map(piece).collect();
    pieces.retain(|piece| !piece.trim().is_empty());
    // Servers repeat structured content as text, for those who read only that.
    if pieces.is_empty()
        && let Some(value) = result.structured_content.filter(|value| !value.is_null())
    {
        pieces.push(value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    let text = pieces.join("\n");
    match (result.is_error == Some(true), text.is_empty()) {
        (true, true) => Err(ToolError::new("The tool failed and does not say why.")),
        (true, false) => Err(ToolError::new(text)),
        (false, true) => Ok("done".to_owned()),
        (false, false) => Ok(text),
    }
}

/// One block as text. What is not text is named: a voice cannot show it.
fn piece(block: ContentBlock) -> String {
    let unseen = |kind: &str, bytes: usize| format!("[{kind}, {bytes} bytes: not shown]");
    match block {
        ContentBlock::Text(text) => text.text,
        ContentBlock::Image(image) => unseen(&image.mime_type, image.data.len()),
        ContentBlock::Audio(audio) => unseen(&audio.mime_type, audio.data.len()),
        ContentBlock::ResourceLink(link) => format!("[{}: {}]", link.name, link.uri),
        ContentBlock::Resource(embedded) => match embedded.resource {
            ResourceContents::TextResourceContents { text, .. } => text,
            ResourceContents::BlobResourceContents { mime_type, blob, .. } => {
                unseen(mime_type.as_deref().unwrap_or("data"), blob.len())
            }
            _ => unseen("resource", 0),
        },
        _ => "[something that is not shown]".to_owned(),
    }
}
