//! Services that fail, flood, echo secrets, move, or are not there.

use antiphon_tools::EffectClass;
use serde_json::json;
use tokio::net::TcpListener;

use super::service::{Service, call, response, spec, tool};
use crate::{HttpTool, Method, Secrets, client};

#[tokio::test]
async fn a_refusal_is_repeated_to_a_bound() {
    let long = format!("no  table\n{}", "x".repeat(100_000));
    let service = Service::new("409 Conflict", &long).await;
    let failed = call(&tool(Method::GET, &service.origin).unwrap(), json!({})).await;
    assert!(
        failed.starts_with("error: The service answered 409 Conflict: no table xxx"),
        "{failed}"
    );
    assert!(failed.len() < 600, "{}", failed.len());
}

#[tokio::test]
async fn an_answer_has_a_bound() {
    let service = Service::new("200 OK", &"x".repeat(2 * 1024 * 1024)).await;
    let failed = call(&tool(Method::GET, &service.origin).unwrap(), json!({})).await;
    assert_eq!(failed, "error: The service answered with more than 1048576 bytes.");
    // A stream without an end is one, too.
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let endless =
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{}", chunk.repeat(20));
    let service = Service::raw(endless).await;
    let failed = call(&tool(Method::GET, &service.origin).unwrap(), json!({})).await;
    assert_eq!(failed, "error: The service answered with more than 1048576 bytes.");
}

#[tokio::test]
async fn what_is_no_answer_is_said() {
    let image =
        [b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n".as_slice(), &[0xff, 0xd8, 0xff]].concat();
    for (answer, part, expected) in [
        (image, None, "something that is no text"),
        (response("200 OK", "<html>").into_bytes(), Some("/a"), "something that is no JSON"),
        (b"220 mail.example ESMTP\r\n".to_vec(), None, "cannot be reached"),
        (b"".to_vec(), None, "cannot be reached"),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec(),
            None,
            "broke off in the middle",
        ),
        (
            b"HTTP/1.1 302 Found\r\nlocation: https://elsewhere.example/\r\ncontent-length: 0\r\n\r\n"
                .to_vec(),
            None,
            "it has moved, and that is not followed",
        ),
    ] {
        let service = Service::raw(answer).await;
        let mut tool = tool(Method::GET, &service.origin).unwrap();
        if let Some(part) = part {
            tool = tool.with_part(part);
        }
        let failed = call(&tool, json!({})).await;
        assert!(failed.starts_with("error: ") && failed.contains(expected), "{expected}: {failed}");
    }
}

#[tokio::test]
async fn nobody_there_is_said_without_what_was_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let tool = tool(Method::GET, &format!("{origin}/x?who={{a}}")).unwrap();
    let failed = call(&tool, json!({"a": "Ms Miller"})).await;
    assert!(failed.contains(&origin) && failed.contains("refused"), "{failed}");
    assert!(!failed.contains("Miller") && !failed.contains("who"), "{failed}");
}

#[tokio::test]
async fn secrets_are_sent_and_shown_nowhere() {
    let secret = "Bearer token-of-the-restaurant";
    for status in ["200 OK", "403 Forbidden"] {
        let echo = "you sent Bearer token-of-the-restaurant, that is token-of-the-restaurant";
        let mut service = Service::new(status, echo).await;
        let headers = [("Authorization", secret)];
        let spec = spec(EffectClass::Read);
        let tool = HttpTool::new(spec, Method::GET, &service.origin, headers).unwrap();
        let text = call(&tool, json!({})).await;
        assert!(text.contains("you sent <hidden>, that is <hidden>"), "{text}");
        assert_eq!(service.asked().await.header("authorization"), Some(secret));
        assert!(!format!("{tool:?}").contains("token-of"), "{tool:?}");
    }
}

#[test]
fn short_values_blot_out_nothing() {
    let secrets = Secrets::new(["en", "Token en-en-en"]);
    assert_eq!(secrets.hide("ten en-en-en".to_owned()), "ten <hidden>");
    assert_eq!(format!("{secrets:?}"), "Secrets(2)");
}

#[tokio::test]
async fn a_dropped_call_hangs_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let tool = tool(Method::GET, &origin).unwrap();
    let mut running = Box::pin(call(&tool, json!({})));
    let stream = tokio::select! {
        accepted = listener.accept() => accepted.unwrap().0,
        answer = &mut running => panic!("{answer}"),
    };
    drop(running);
    loop {
        stream.readable().await.unwrap();
        match stream.try_read(&mut [0; 4096]) {
            Ok(0) => break,
            Ok(_) => {}
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => break,
        }
    }
}

#[test]
fn the_client_has_its_certificates() {
    client().unwrap();
}
