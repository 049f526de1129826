//! The server of the Python SDK, installed by pip from pinned versions with their sums.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::OnceLock,
};

use antiphon_mcp::McpServer;
use antiphon_tools::EffectClass;
use futures_util::StreamExt as _;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::support::{World, soon};

const LOCK: &str = include_str!("../python/requirements.lock");

/// The file that says what a folder was made from. It is written last.
const MARKER: &str = "installed.lock";

/// The folder with the SDK; installed at the first use, beside the models in the user's cache.
fn packages() -> String {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(install).to_str().unwrap().to_owned()
}

fn install() -> PathBuf {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(env::home_dir()?.join(".cache"))).unwrap();
    let folder = cache.join("antiphon/tests/python-mcp");
    // Some of the packages are built for one version of Python.
    let made_from = run(Command::new("python3").arg("--version")) + LOCK;
    let is_made =
        |folder: &Path| fs::read_to_string(folder.join(MARKER)).is_ok_and(|m| m == made_from);
    if is_made(&folder) {
        return folder;
    }
    // Made apart and moved: another test that makes it at the same time meets all or nothing.
    fs::create_dir_all(folder.parent().unwrap()).unwrap();
    let new = folder.with_extension(std::process::id().to_string());
    let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/requirements.lock");
    run(Command::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"])
        .args(["--require-hashes", "--only-binary", ":all:", "-r", lock, "--target"])
        .arg(&new)
        .env("PIP_REQUIRE_VIRTUALENV", "0"));
    fs::write(new.join(MARKER), &made_from).unwrap();
    let _ = fs::remove_dir_all(&folder);
    if fs::rename(&new, &folder).is_err() {
        let _ = fs::remove_dir_all(&new);
    }
    assert!(is_made(&folder), "{} was not made", folder.display());
    folder
}

/// What `command` prints. It must succeed.
fn run(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(status.success(), "{command:?}: {}{}", text(&stdout), text(&stderr));
    text(&stdout)
}

const SERVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/server.py");

/// What both ways to the server must give.
async fn is_used(server: McpServer) {
    let world = World::new();
    let server = server.connect_timeout(crate::support::PATIENCE);
    let tools = soon(server.connect(&world.set)).await.unwrap();
    assert_eq!(tools.tools(), ["fail", "hang", "weather"]);
    let frozen = world.set.freeze();
    let weather = frozen.spec("weather").unwrap();
    assert_eq!(weather.description, "Tells the weather of a place.");
    assert_eq!(weather.effect, EffectClass::Read);
    let text = soon(world.call("weather", r#"{"place": "Oslo", "days": 2}"#)).await;
    let said: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(said, serde_json::json!({"place": "Oslo", "degrees": 22}));
    let failed = soon(world.call("weather", "{}")).await;
    assert!(failed.contains("/place: is required"), "{failed}");
    let failed = soon(world.call("fail", "{}")).await;
    assert!(failed.starts_with("error: ") && failed.contains("no table is free"), "{failed}");
    let mut hanging = world.run("hang", "{}");
    soon(hanging.next()).await.unwrap();
    drop(hanging);
    let text = soon(world.call("weather", r#"{"place": "Rome"}"#)).await;
    assert!(text.contains("Rome"), "{text}");
    soon(tools.close()).await;
}

#[tokio::test]
async fn it_is_used_as_a_process() {
    let server = McpServer::command("python", "python3").arg(SERVER);
    is_used(server.env("PYTHONPATH", packages())).await;
}

#[tokio::test]
async fn it_is_used_by_http() {
    let mut command = tokio::process::Command::new("python3");
    command.env("PYTHONPATH", packages());
    // With port 0 the system chooses one, and the server says which.
    command.args([SERVER, "0"]).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut server = command.spawn().unwrap();
    let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
    let origin = loop {
        let line = soon(lines.next_line()).await.unwrap().expect("it ended");
        if let Some((_, behind)) = line.split_once("running on ") {
            break behind.split_whitespace().next().unwrap().to_owned();
        }
    };
    is_used(McpServer::url("python", format!("{origin}/mcp"))).await;
}
