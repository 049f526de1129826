//! The client: one TLS stack, no redirects, errors without addresses.
//!
//! It deliberately keeps no connection for others: a pool belongs to the runtime that polls it.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use antiphon_core::{Code, Error, Result};
use reqwest::redirect;
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt as _;

/// How long a connection may take to come about. Whoever waits for it is in a conversation.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A client with the workspace's TLS (rustls on ring, certificates as the system trusts them).
///
/// It follows no redirect: one to another host would take the secrets of the headers there.
///
/// # Errors
/// `unavailable` if the system's certificates cannot be read.
pub fn client() -> Result<reqwest::Client> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls()?)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(redirect::Policy::none())
        .referer(false)
        .user_agent(concat!("antiphon/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|e| unavailable(cause(e)))
}

/// What is behind a failed request, without its address, which may hold arguments.
#[must_use]
pub fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut deepest: &dyn std::error::Error = &error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    if error.is_timeout() { "it took too long".to_owned() } else { deepest.to_string() }
}

/// Reading the system's certificates takes long enough to do it once.
fn tls() -> Result<ClientConfig> {
    static TLS: OnceLock<std::result::Result<ClientConfig, rustls::Error>> = OnceLock::new();
    let build = || {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = ClientConfig::builder_with_provider(provider);
        let verified = versions.with_safe_default_protocol_versions()?.with_platform_verifier()?;
        Ok(verified.with_no_client_auth())
    };
    TLS.get_or_init(build).clone().map_err(|e| unavailable(e.to_string()))
}

fn unavailable(why: String) -> Error {
    Error::new("http.client", Code::Unavailable, format!("there is no HTTP client: {why}"))
        .with_help(
            "install the system's certificates (Debian, Ubuntu: apt install ca-certificates)",
        )
}
