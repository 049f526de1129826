//! A server behind an address: rmcp's streamable HTTP on the workspace's client.

use std::{collections::HashMap, io, sync::Arc};

use antiphon_core::{Code, Error, Result};
use antiphon_http::{cause, client};
use reqwest::{
    Client,
    header::{HeaderName, HeaderValue},
};
use rmcp::{
    RoleClient,
    service::{RxJsonRpcMessage, TxJsonRpcMessage},
    transport::{
        StreamableHttpClientTransport, Transport,
        common::client_side_sse::ExponentialBackoff,
        streamable_http_client::{StreamableHttpClientTransportConfig, StreamableHttpError},
    },
};

use crate::{lines::MAX_MESSAGE, server::Address};

/// How often a broken stream of notifications is opened again, after 1, 2, 4 and 8 seconds. The
/// next call needs none.
const REOPENED: usize = 4;

/// What a refusal for want of credentials is recognised by, as an error's kind.
pub(crate) const UNAUTHORIZED: io::ErrorKind = io::ErrorKind::PermissionDenied;

/// The connection as a transport of rmcp, with errors that show neither address nor secret.
pub(crate) struct Web(StreamableHttpClientTransport<Client>);

impl Web {
    /// Makes the connection; nothing is sent yet.
    ///
    /// # Errors
    /// `invalid_input` if a header cannot be one, `unavailable` without a client.
    pub(crate) fn new(address: &Address) -> Result<Self> {
        let mut headers = HashMap::new();
        for (key, value) in &address.headers {
            let refuse = |what: &str| {
                let what = format!("the header {key:?} {what}");
                Error::new("mcp.connect", Code::InvalidInput, what)
            };
            let name = HeaderName::from_bytes(key.as_bytes())
                .map_err(|_| refuse("is no name of a header"))?;
            let mut value =
                HeaderValue::from_str(value).map_err(|_| refuse("holds what no header can"))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let mut config = StreamableHttpClientTransportConfig::with_uri(address.url.as_str())
            .custom_headers(headers)
            .max_sse_event_size(MAX_MESSAGE);
        let mut backoff = ExponentialBackoff::default();
        backoff.max_times = Some(REOPENED);
        config.retry_config = Arc::new(backoff);
        Ok(Self(StreamableHttpClientTransport::with_client(client()?, config)))
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the enum is open, and long")]
fn shown(error: StreamableHttpError<reqwest::Error>) -> io::Error {
    match error {
        StreamableHttpError::Client(e) => {
            let why = match e.status() {
                Some(status) => format!("it answered {status}"),
                None => cause(e),
            };
            io::Error::other(why)
        }
        StreamableHttpError::AuthRequired(_) | StreamableHttpError::InsufficientScope(_) => {
            io::Error::new(UNAUTHORIZED, "it asks for credentials")
        }
        // Without a challenge it is a response like any other to rmcp.
        StreamableHttpError::UnexpectedServerResponse(told)
            if told.starts_with("HTTP 401") || told.starts_with("HTTP 403") =>
        {
            io::Error::new(UNAUTHORIZED, format!("it refuses the credentials: {told}"))
        }
        other => io::Error::other(other.to_string()),
    }
}

impl Transport<RoleClient> for Web {
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let sent = self.0.send(message);
        async move { sent.await.map_err(shown) }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        self.0.receive().await
    }

    async fn close(&mut self) -> io::Result<()> {
        self.0.close().await.map_err(shown)
    }
}
