//! The hub, played by a server of the standard library.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
};

use super::*;
use crate::HubSource;

/// Serves one request with `answer` and gives back the path that was asked for.
fn serve(answer: Vec<u8>) -> (HubSource, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    let server = move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        while !lines.next().unwrap().unwrap().is_empty() {}
        stream.write_all(&answer).unwrap();
        first
    };
    let thread = thread::Builder::new().name("hub".into()).spawn(server).unwrap();
    (HubSource { base }, thread)
}

fn answer(status: &str, length: usize, body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// A store that asks the hub first, then a pip with `script`.
fn hub_store(dir: &TempDir, hub: HubSource, script: &str) -> Store {
    let published = json!({"repository": "Owner/toy", "revision": "v1", "folder": "en/low"});
    let manifest = manifest(&wheel(BODY), &published, &Value::Null);
    store(dir, BODY, script).with_manifest(manifest).with_hub(hub)
}

#[test]
fn a_file_comes_from_the_hub() {
    let dir = TempDir::new().unwrap();
    let (hub, asked) = serve(answer("200 OK", BODY.len(), BODY));
    let store = hub_store(&dir, hub, COPY);
    let mut heard = Heard::default();
    let model = store.ensure("toy", &mut heard).unwrap();
    assert_eq!(fs::read(model.file("model.bin").unwrap()).unwrap(), BODY);
    let path = "GET /Owner/toy/resolve/v1/en/low/model.bin HTTP/1.1";
    assert_eq!((fetches(&dir), asked.join().unwrap().as_str()), (0, path));
    assert!(heard.0.contains(&format!("Bytes {{ done: {} }}", BODY.len())), "{:?}", heard.0);
}

#[test]
fn the_package_serves_when_the_hub_does_not() {
    let long = [BODY, b" and more"].concat();
    for bad in [
        answer("404 Not Found", 0, b""),
        answer("503 Service Unavailable", 0, b""),
        answer("200 OK", BODY.len(), b"THE WEIGHTS"),
        answer("200 OK", BODY.len(), b"the"),
        answer("200 OK", 3, b"the"),
        answer("200 OK", long.len(), &long),
        b"nonsense\r\n\r\n".to_vec(),
    ] {
        let dir = TempDir::new().unwrap();
        let (hub, _asked) = serve(bad);
        let store = hub_store(&dir, hub, COPY);
        store.ensure("toy", &mut Quiet).unwrap();
        assert_eq!((fetches(&dir), store.verify("toy").unwrap()), (1, State::Present));
    }
}

#[test]
fn when_all_fail_the_worst_is_told_first_and_the_rest_after() {
    for (bad, code, said) in [
        (answer("404 Not Found", 0, b""), Code::Unavailable, "the hub has no such file"),
        (answer("200 OK", BODY.len(), b"the"), Code::Unavailable, "it broke off"),
        (answer("200 OK", BODY.len(), b"THE WEIGHTS"), Code::Corrupt, "has the sum"),
        (answer("200 OK", 99, &[b'x'; 99]), Code::Corrupt, "has more than 11 bytes"),
    ] {
        let dir = TempDir::new().unwrap();
        let (hub, _asked) = serve(bad);
        let store = hub_store(&dir, hub, "echo 'ERROR: no route' >&2; exit 1");
        let e = store.ensure("toy", &mut Quiet).unwrap_err();
        assert!(e.code() == code && e.help().is_some(), "{e}");
        assert!(e.detail().contains(said) && e.detail().contains("no route"), "{e}");
        assert_eq!((store.state("toy").unwrap(), leftovers(&store)), (State::Absent, vec![]));
    }
}

#[test]
fn a_hub_that_is_not_there_is_named_and_passed_over() {
    let dir = TempDir::new().unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let store = hub_store(&dir, HubSource { base: format!("http://{nobody}") }, COPY);
    let mut heard = Heard::default();
    store.ensure("toy", &mut heard).unwrap();
    assert_eq!(fetches(&dir), 1);
    assert!(heard.0.iter().any(|e| e.contains("could not fetch model.bin of Owner/toy")));
}
