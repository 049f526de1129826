//! Servers that are there, come late, go, and are edited away: scripts of a shell.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use antiphon::config::Effective;
use tempfile::TempDir;

use super::{News, PATIENT, Servers};
use crate::config::Agent;

/// A server that answers as the protocol says, and lives until its input ends.
const SERVER: &str = r#"
read greeting
echo '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}}'
read ready
read list
echo '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"find","description":"Finds.","inputSchema":{"type":"object"}}]}}'
read end
"#;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn script(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Puts a server there.
    fn there(&self, name: &str) {
        fs::write(self.script(name), SERVER).unwrap();
    }

    /// An agent with these servers, each with a prefix.
    fn agent(&self, servers: &[(&str, &str)]) -> Effective {
        let mut text = "tools: [".to_owned();
        for (name, prefix) in servers {
            let script = self.script(name);
            let script = script.display();
            text += &format!(
                "{{mcp: {{name: {name}, command: sh, args: ['{script}'], prefix: {prefix}}}}}, "
            );
        }
        let file = self.0.path().join("agent.yaml");
        fs::write(&file, text + "]").unwrap();
        read(&file)
    }
}

fn read(file: &Path) -> Effective {
    Agent { file: file.to_owned(), set: Vec::new() }.load().unwrap()
}

fn names(servers: &Servers) -> Vec<String> {
    servers.tools().freeze().names().map(str::to_owned).collect()
}

fn told(news: &[News]) -> String {
    news.iter().flat_map(|news| news.lines("chat")).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn servers_are_started_together_or_refused_with_their_place() {
    let folder = Folder::new();
    folder.there("one");
    let servers = Servers::start(&folder.agent(&[("one", "a_")])).await.unwrap();
    assert_eq!(names(&servers), ["a_find"]);
    servers.close().await;
    let refused = Servers::start(&folder.agent(&[("one", "a_"), ("two", "b_")])).await;
    let refused = refused.err().unwrap();
    assert!(refused.detail().contains("agent.yaml:1:"), "{}", refused.detail());
    assert!(refused.detail().contains("\"two\""), "{}", refused.detail());
    assert!(refused.help().is_some_and(|help| help.contains("by hand")));
}

#[tokio::test]
async fn a_server_that_comes_late_is_tried_again_after_its_pause() {
    let folder = Folder::new();
    let mut servers = Servers::open(&folder.agent(&[("late", "a_")]));
    let start = Instant::now();
    let news = servers.look(start, PATIENT).await;
    assert!(told(&news).starts_with("warning: the MCP server \"late\" cannot be used"), "{news:?}");
    let after = |seconds| start + Duration::from_secs(seconds);
    assert!(servers.look(after(1), PATIENT).await.is_empty(), "said once");
    folder.there("late");
    assert!(servers.look(after(2), PATIENT).await.is_empty(), "the second pause is longer");
    assert!(names(&servers).is_empty() && !servers.changed());
    let news = servers.look(after(3), PATIENT).await;
    assert_eq!(told(&news), "  (the MCP server \"late\" is there)");
    assert!(servers.changed() && !servers.changed(), "told once");
    assert_eq!(names(&servers), ["a_find"]);
    servers.close().await;
}

#[tokio::test]
async fn a_server_that_ends_is_told_of_once() {
    let folder = Folder::new();
    folder.there("one");
    let script = fs::read_to_string(folder.script("one")).unwrap();
    fs::write(folder.script("one"), script.replace("read end", "exec <&- >&-")).unwrap();
    let mut servers = Servers::open(&folder.agent(&[("one", "a_")]));
    let mut news = servers.look(Instant::now(), PATIENT).await;
    while news.is_empty() {
        tokio::task::yield_now().await;
        news = servers.look(Instant::now(), PATIENT).await;
    }
    assert!(told(&news).contains("has ended; the next call"), "{news:?}");
    assert!(servers.look(Instant::now(), PATIENT).await.is_empty());
    assert_eq!(names(&servers), ["a_find"], "its tools stay");
    servers.close().await;
}

#[tokio::test]
async fn an_edit_ends_what_it_leaves_out_and_starts_what_is_new() {
    let folder = Folder::new();
    ["one", "two"].into_iter().for_each(|name| folder.there(name));
    let mut servers = Servers::start(&folder.agent(&[("one", "a_"), ("two", "b_")])).await.unwrap();
    servers.follow(&folder.agent(&[("two", "b_"), ("one", "c_")])).await;
    assert_eq!(names(&servers), ["b_find"], "the one that stays");
    assert!(servers.look(Instant::now(), PATIENT).await.is_empty());
    assert_eq!(names(&servers), ["b_find", "c_find"]);
    servers.close().await;
}
