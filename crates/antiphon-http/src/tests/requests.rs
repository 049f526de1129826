//! What is sent: addresses, bodies, headers; and what of the answer the model sees.

use antiphon_core::Code;
use antiphon_tools::EffectClass;
use serde_json::{Value, json};

use super::service::{Service, call, spec, tool};
use crate::{HttpTool, Method};

/// The request line of a call.
async fn line(method: Method, path: &str, arguments: Value) -> String {
    let mut service = Service::new("200 OK", "ok").await;
    let tool = tool(method, &format!("{}{path}", service.origin)).unwrap();
    assert_eq!(call(&tool, arguments).await, "ok");
    service.asked().await.line
}

#[tokio::test]
async fn the_address_is_filled_in() {
    for (path, arguments, expected) in [
        ("", json!({}), "GET /"),
        ("/x/{a}/y", json!({"a": "é /?&#%"}), "GET /x/%C3%A9%20%2F%3F%26%23%25/y"),
        ("/x?d={a}&e={b}", json!({"a": 1, "b": true}), "GET /x?d=1&e=true"),
        ("/x?d={a}&e={b}", json!({"b": ["p", 2]}), "GET /x?e=p%2C2"),
        ("/x?d={a}", json!({"a": null}), "GET /x"),
        ("/x?d=1", json!({"a": "p q", "b": "&"}), "GET /x?d=1&a=p%20q&b=%26"),
        ("/x?from={a}-{b}", json!({"a": 1, "b": 2}), "GET /x?from=1-2"),
        ("/x?d={a}", json!({"a": "{b}", "b": "no"}), "GET /x?d=%7Bb%7D&b=no"),
    ] {
        assert_eq!(
            line(Method::GET, path, arguments.clone()).await,
            expected,
            "{path} {arguments}"
        );
    }
    assert_eq!(line(Method::DELETE, "/x/{a}", json!({"a": 7})).await, "DELETE /x/7");
}

#[tokio::test]
async fn an_argument_cannot_leave_its_place() {
    let service = Service::new("200 OK", "ok").await;
    let tool = tool(Method::GET, &format!("{}/x/{{a}}/y", service.origin)).unwrap();
    for dots in [".", ".."] {
        let refused = call(&tool, json!({"a": dots})).await;
        assert!(refused.contains("must not be"), "{refused}");
    }
    assert!(call(&tool, json!({})).await.contains("\"a\" is needed"));
    assert!(call(&tool, json!({"a": {"b": 1}})).await.contains("must be text or a number"));
}

#[tokio::test]
async fn what_the_address_does_not_use_is_the_body() {
    let mut service = Service::new("200 OK", "ok").await;
    let tool = tool(Method::POST, &format!("{}/x/{{a}}", service.origin)).unwrap();
    assert_eq!(call(&tool, json!({"a": 1, "b": [2], "c": "three"})).await, "ok");
    let asked = service.asked().await;
    assert_eq!(asked.line, "POST /x/1");
    assert_eq!(asked.header("content-type"), Some("application/json"));
    assert_eq!(asked.body, r#"{"b":[2],"c":"three"}"#);
}

#[tokio::test]
async fn a_body_can_be_mapped() {
    let mut service = Service::new("200 OK", "ok").await;
    let mapping = json!({
        "fixed": {"n": 1, "text": "{not a parameter}"},
        "as_it_is": "{a}",
        "in_text": "from {b} on",
        "missing": "{c}",
        "list": ["{a}", "{c}", "x"],
    });
    let tool = tool(Method::PUT, &service.origin).unwrap().with_body(&mapping);
    assert_eq!(call(&tool, json!({"a": {"deep": [1]}, "b": 5})).await, "ok");
    let sent: Value = serde_json::from_str(&service.asked().await.body).unwrap();
    let expected = json!({
        "fixed": {"n": 1, "text": "{not a parameter}"},
        "as_it_is": {"deep": [1]},
        "in_text": "from 5 on",
        "list": [{"deep": [1]}, "x"],
    });
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn only_calls_with_effects_carry_a_key() {
    for (effect, own, expected) in [
        (EffectClass::Read, None, None),
        (EffectClass::Write, None, Some("test/turn0/call")),
        (EffectClass::Irreversible, None, Some("test/turn0/call")),
        (EffectClass::Write, Some(("Idempotency-Key", "own")), Some("own")),
    ] {
        let mut service = Service::new("200 OK", "ok").await;
        let tool = HttpTool::new(spec(effect), Method::POST, &service.origin, own).unwrap();
        assert_eq!(call(&tool, json!({})).await, "ok");
        assert_eq!(service.asked().await.header("idempotency-key"), expected);
    }
}

#[tokio::test]
async fn the_model_sees_the_part_it_is_to_see() {
    let answer = r#"{"tables": [{"name": "window", "seats": 4}], "page": 1}"#;
    for (part, expected) in [
        ("/tables/0/name", "window"),
        ("/tables/0", r#"{"name":"window","seats":4}"#),
        ("/page", "1"),
        ("/chairs", "error: The service's answer has nothing at \"/chairs\"."),
    ] {
        let service = Service::new("200 OK", answer).await;
        let tool = tool(Method::GET, &service.origin).unwrap().with_part(part);
        assert_eq!(call(&tool, json!({})).await, expected);
    }
    let service = Service::new("204 No Content", "").await;
    assert_eq!(call(&tool(Method::GET, &service.origin).unwrap(), json!({})).await, "done");
}

#[test]
fn what_cannot_be_asked_is_refused() {
    for (url, why) in [
        ("reservations", "is no address of the web"),
        ("https:/host", "is no address of the web"),
        ("file:///etc/passwd", "is no address of the web"),
        ("https://", "is no address"),
        ("https://{a}.example/", "lets the model choose the host"),
        ("https://user:secret@host/", "holds a password"),
        ("https://host/{day}", "`{day}`, which is not one of the parameters"),
    ] {
        let error = tool(Method::GET, url).unwrap_err();
        assert_eq!(error.code(), Code::InvalidInput);
        assert!(error.detail().contains(why), "{url}: {error}");
        assert!(!error.detail().contains("secret"), "{error}");
    }
    for (name, value) in [("X Key", "secret-value"), ("X-Key", "secret\nvalue")] {
        let read = spec(EffectClass::Read);
        let error = HttpTool::new(read, Method::GET, "https://host/", [(name, value)]).unwrap_err();
        assert!(error.detail().contains(name) && !error.detail().contains("secret"), "{error}");
    }
}
