//! What must not be written: a table of words, where they are banned, and what to write instead.
//!
//! Clippy knows most of these too, by meaning instead of by spelling; here they are caught by a
//! plain `cargo test`.

use crate::{
    finding::Finding,
    rules::layers,
    rust::{Line, Source, mentions},
    tree::Tree,
};

/// Where a word is banned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Code of crates in rows 0 to 2, tests apart.
    Pure,
    /// Code of every crate, tests apart.
    Product,
    /// Code of every crate.
    Code,
    /// Tests, but those that run in virtual or real time on purpose.
    Tests,
    /// The text of Rust files, comments included.
    Text,
}

struct Ban {
    word: &'static str,
    place: Place,
    mend: &'static str,
}

const TIME: &str = "take the time as an argument (Timestamp)";
const ORDER: &str = "its order is random: use a BTreeMap or BTreeSet";
const CHANCE: &str = "take a seed as an argument: replay must give the same actions";
const UNFINISHED: &str = "finish it, or write an issue and leave no mark";

const BANS: &[Ban] = &[
    Ban { word: "Instant::now", place: Place::Pure, mend: TIME },
    Ban { word: "SystemTime", place: Place::Pure, mend: TIME },
    Ban { word: "HashMap", place: Place::Pure, mend: ORDER },
    Ban { word: "HashSet", place: Place::Pure, mend: ORDER },
    Ban { word: "RandomState", place: Place::Pure, mend: CHANCE },
    Ban { word: "rand::", place: Place::Pure, mend: CHANCE },
    Ban { word: "thread_rng", place: Place::Pure, mend: CHANCE },
    Ban { word: "getrandom", place: Place::Pure, mend: CHANCE },
    Ban { word: "thread::spawn", place: Place::Product, mend: "name the thread: thread::Builder" },
    Ban { word: "unbounded_channel", place: Place::Product, mend: "bound it: mpsc::channel" },
    Ban { word: "todo!", place: Place::Code, mend: UNFINISHED },
    Ban { word: "unimplemented!", place: Place::Code, mend: UNFINISHED },
    Ban { word: "[allow(", place: Place::Code, mend: "use `expect` with a reason" },
    Ban {
        word: "sleep(",
        place: Place::Tests,
        mend: "advance a virtual clock, or wait for an event",
    },
    Ban { word: concat!("FIX", "ME"), place: Place::Text, mend: UNFINISHED },
    Ban { word: concat!("XX", "X"), place: Place::Text, mend: UNFINISHED },
    Ban { word: concat!("HA", "CK"), place: Place::Text, mend: UNFINISHED },
];

/// Type and module names must say what a thing is.
const EMPTY_NAMES: &[&str] = &["Manager", "Helper", "Helpers", "Util", "Utils"];

/// Names that a specification gives, whatever they say.
const SPECIFIED_NAMES: &[&str] = &["ChatSessionManager"];

/// Package registries: the project must work with whichever mirror a machine is set up for.
const HOSTS: &[&str] = &[
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("python", "hosted.org"),
    concat!("registry", ".npmjs"),
    concat!("deb", ".debian"),
];

/// No banned word stands in Rust source.
#[must_use]
pub fn check(sources: &[Source]) -> Vec<Finding> {
    let lines = sources.iter().flat_map(|s| s.lines.iter().map(move |line| (s, line)));
    lines.flat_map(|(source, line)| check_line(source, line)).collect()
}

fn check_line(source: &Source, line: &Line) -> Vec<Finding> {
    let found = |what: &str, mend: &str| Finding::at(&source.path, line.number, what, mend);
    let mut findings: Vec<Finding> = BANS
        .iter()
        .filter(|ban| applies(ban.place, source, line))
        .filter(|ban| {
            let text = if ban.place == Place::Text { &line.text } else { &line.code };
            mentions(text, ban.word)
        })
        .map(|ban| found(&format!("`{}` is not for here", ban.word), ban.mend))
        .collect();
    if let Some(name) = defined_name(&line.code)
        && !SPECIFIED_NAMES.contains(&name)
        && EMPTY_NAMES.iter().any(|e| name.ends_with(e) || name == e.to_lowercase())
    {
        let what = format!("the name `{name}` does not say what it is");
        findings.push(found(&what, "name what it holds or does"));
    }
    findings
}

fn applies(place: Place, source: &Source, line: &Line) -> bool {
    match place {
        Place::Pure => !line.test && layers::is_pure(&source.krate),
        Place::Product => !line.test,
        Place::Code | Place::Text => true,
        Place::Tests => line.test && !matches!(&*source.krate, "antiphon-sim" | "antiphon-it"),
    }
}

fn defined_name(code: &str) -> Option<&str> {
    let mut words =
        code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty());
    words.find(|w| matches!(*w, "struct" | "enum" | "trait" | "mod" | "type"))?;
    words.next()
}

/// No file names a package registry; only cargo's own lock file has to.
#[must_use]
pub fn hosts(tree: &Tree) -> Vec<Finding> {
    let files = tree.files.iter().filter(|f| f.path != "Cargo.lock");
    files
        .flat_map(|f| f.lines().map(move |(number, text)| (f, number, text)))
        .filter_map(|(f, number, text)| {
            let host = HOSTS.iter().find(|host| text.contains(**host))?;
            let mend = "say \"the package registry\": a mirror may serve it";
            Some(Finding::at(&f.path, number, format!("names the host {host}"), mend))
        })
        .collect()
}
