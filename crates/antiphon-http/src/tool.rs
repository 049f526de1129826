//! A tool that is a request, declared as data.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, OnceLock},
};

use antiphon_core::{BoxFuture, Code, Error, Result};
use antiphon_tools::{EffectClass, RunContext, Tool, ToolAnswer, ToolError, ToolSpec};
use reqwest::{
    Client, Method, RequestBuilder,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde_json::{Map, Value};

use crate::{
    body::{Body, Node},
    client::{cause, client},
    reply,
    template::Address,
};

/// By this header a service tells a repeated request from a new one.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Shorter values of headers hide nothing and would blot out words of the answer.
const MIN_SECRET: usize = 6;

/// A request to a web service as a tool.
///
/// `{name}` in the path and the query of the address stands for a parameter; a pair of the query
/// whose argument is missing is left out. Parameters the address does not use are sent as a JSON
/// object, or in the query by methods without a body (GET, HEAD, DELETE).
///
/// Calls of effect class `write` and `irreversible` carry their idempotency key as the header
/// `Idempotency-Key`, unless a header of that name is set.
#[derive(Clone)]
pub struct HttpTool {
    spec: ToolSpec,
    request: Arc<Request>,
    /// Built at the first call, on the runtime that polls it.
    client: Arc<OnceLock<Client>>,
}

#[derive(Clone)]
struct Request {
    method: Method,
    address: Address,
    headers: HeaderMap,
    secrets: Secrets,
    body: Body,
    part: Option<String>,
    keyed: bool,
}

/// Values that must not appear in what others read.
#[derive(Clone, Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// Those among `values` that are long enough to be secrets, and what follows the scheme in
    /// values like `Bearer ..`.
    pub fn new<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> Self {
        let mut secrets = BTreeSet::new();
        for value in values {
            let value = value.as_ref().trim();
            let bare = value.split_once(' ').map_or(value, |(_, bare)| bare.trim());
            secrets.extend([value, bare].map(str::to_owned));
        }
        let mut secrets: Vec<_> = secrets.into_iter().filter(|s| s.len() >= MIN_SECRET).collect();
        // The longest first, or a part of it would be left.
        secrets.sort_by_key(|s| std::cmp::Reverse(s.len()));
        Self(secrets)
    }

    /// `text` without them.
    #[must_use]
    pub fn hide(&self, mut text: String) -> String {
        for secret in &self.0 {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), "<hidden>");
            }
        }
        text
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

impl HttpTool {
    /// A tool that asks `url` by `method`. `headers` may hold secrets: they are sent, and hidden
    /// everywhere else, in the answer too.
    ///
    /// # Errors
    /// `invalid_input` if the address or a header cannot be used. No value of a header is shown.
    pub fn new<K: AsRef<str>, V: AsRef<str>>(
        spec: ToolSpec,
        method: Method,
        url: &str,
        headers: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self> {
        let known = parameters(&spec);
        let address = Address::parse(url, &known)
            .map_err(|why| refuse(format!("the address of the tool {:?} {why}", spec.name)))?;
        let headers: BTreeMap<String, String> = headers
            .into_iter()
            .map(|(key, value)| (key.as_ref().to_owned(), value.as_ref().to_owned()))
            .collect();
        let bodiless = [Method::GET, Method::HEAD, Method::DELETE].contains(&method);
        let body = if bodiless { Body::None } else { Body::Rest };
        let request = Request {
            headers: header_map(&spec.name, &headers)?,
            secrets: Secrets::new(
                headers.iter().filter(|(name, _)| !is_public(name)).map(|(_, value)| value),
            ),
            keyed: spec.effect != EffectClass::Read,
            part: None,
            method,
            address,
            body,
        };
        Ok(Self { request: Arc::new(request), client: Arc::default(), spec })
    }

    /// Sends this as the body: JSON in which a text `"{name}"` stands for a parameter as it is,
    /// and `{name}` within a text for the parameter as text. A key whose parameter is missing is
    /// left out.
    #[must_use]
    pub fn with_body(mut self, mapping: &Value) -> Self {
        let node = Node::read(mapping, &parameters(&self.spec));
        Arc::make_mut(&mut self.request).body = Body::Mapped(node);
        self
    }

    /// Shows the model only the part of the answer at this JSON pointer (`/items/0/name`). The
    /// answer must then be JSON.
    #[must_use]
    pub fn with_part(mut self, pointer: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.request).part = Some(pointer.into());
        self
    }
}

impl fmt::Debug for HttpTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut s = f.debug_struct("HttpTool");
        s.field("spec", &self.spec).field("origin", &self.request.address.origin());
        s.finish_non_exhaustive()
    }
}

impl Tool for HttpTool {
    fn spec(&self) -> ToolSpec {
        self.spec.clone()
    }

    fn call(&self, context: RunContext, arguments: Value) -> BoxFuture<'static, ToolAnswer> {
        let (request, client) = (Arc::clone(&self.request), Arc::clone(&self.client));
        Box::pin(async move { request.send(&client, &context, &arguments).await })
    }
}

impl Request {
    async fn send(
        &self,
        slot: &OnceLock<Client>,
        context: &RunContext,
        arguments: &Value,
    ) -> ToolAnswer {
        let built = match slot.get() {
            Some(client) => client.clone(),
            None => {
                let built = client()?;
                slot.get_or_init(|| built).clone()
            }
        };
        let empty = Map::new();
        let arguments = arguments.as_object().unwrap_or(&empty);
        let request = self.build(&built, arguments).map_err(ToolError::new)?;
        let request = if self.keyed && !self.headers.contains_key(IDEMPOTENCY_KEY) {
            request.header(IDEMPOTENCY_KEY, context.idempotency_key())
        } else {
            request
        };
        let response = request.send().await.map_err(|e| {
            let (origin, why) = (self.address.origin(), self.secrets.hide(cause(e)));
            ToolError::new(format!("The service at {origin} cannot be reached: {why}."))
        })?;
        reply::read(response, self.part.as_deref(), &self.secrets).await
    }

    fn build(
        &self,
        client: &Client,
        arguments: &Map<String, Value>,
    ) -> std::result::Result<RequestBuilder, String> {
        let used: BTreeSet<&str> = self.address.names().collect();
        let rest = || arguments.iter().filter(|(name, _)| !used.contains(name.as_str()));
        let (query, body) = match &self.body {
            Body::None => (rest().map(|(name, value)| (name.as_str(), value)).collect(), None),
            Body::Rest => {
                let rest: Map<_, _> = rest().map(|(n, v)| (n.clone(), v.clone())).collect();
                (vec![], Some(rest.into()))
            }
            Body::Mapped(node) => (vec![], Some(node.fill(arguments)?.unwrap_or_default())),
        };
        let url = self.address.fill(arguments, &query)?;
        let request = client.request(self.method.clone(), url).headers(self.headers.clone());
        Ok(match body {
            Some(body) => {
                let request = if self.headers.contains_key("content-type") {
                    request
                } else {
                    request.header("content-type", "application/json")
                };
                request.body(body.to_string())
            }
            None => request,
        })
    }
}

/// Whether a header is known to hold no secret: its value may well be part of an answer.
fn is_public(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("accept") || matches!(name.as_str(), "content-type" | "user-agent")
}

fn parameters(spec: &ToolSpec) -> BTreeSet<&str> {
    let properties = spec.parameters.get("properties").and_then(Value::as_object);
    properties.into_iter().flat_map(Map::keys).map(String::as_str).collect()
}

fn header_map(tool: &str, headers: &BTreeMap<String, String>) -> Result<HeaderMap> {
    let mut map = HeaderMap::new();
    for (key, value) in headers {
        let name = HeaderName::from_bytes(key.as_bytes())
            .map_err(|_| refuse(format!("the tool {tool:?}: {key:?} is no name of a header")))?;
        let mut value = HeaderValue::from_str(value).map_err(|_| {
            refuse(format!("the tool {tool:?}: the header {key} holds what no header can"))
        })?;
        value.set_sensitive(true);
        map.insert(name, value);
    }
    Ok(map)
}

fn refuse(what: String) -> Error {
    Error::new("http.tool", Code::InvalidInput, what)
}
