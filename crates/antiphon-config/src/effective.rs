//! Loading: the layers put together, read, checked, and kept with the origin of every value.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use crate::{
    agent::{AgentFile, Instructions, InstructionsFile},
    check,
    decode::decode,
    error::{ConfigError, Fault, Problem},
    layers::Sources,
    node::{Node, Value},
    origin::{KeyPath, Origin},
    suggest::suggest,
    yaml::{self, MAX_BYTES},
};

/// A complete agent with the origin of every value.
#[derive(Clone)]
pub struct Effective {
    agent: AgentFile,
    pub(crate) tree: Node,
    pub(crate) secrets: Vec<KeyPath>,
    path: PathBuf,
    text: String,
}

impl std::fmt::Debug for Effective {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Effective").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Loads the agent file at `path` with `sources` over it.
///
/// # Errors
/// Everything that is wrong, with its place. A [`ConfigError`] becomes the workspace's error with
/// the code `agent_invalid`.
pub fn load(path: &Path, sources: &Sources) -> Result<Effective, ConfigError> {
    let bytes = read(path).map_err(|what| {
        let problem = Problem::general(&path.display().to_string(), what);
        ConfigError::one(problem)
    })?;
    parse(path, &bytes, sources)
}

/// As [`load`], from bytes; `path` is their name in messages and where files named in them are
/// looked for.
///
/// # Errors
/// As [`load`].
pub fn parse(path: &Path, bytes: &[u8], sources: &Sources) -> Result<Effective, ConfigError> {
    let file = path.display().to_string();
    let upper = yaml::parse(&file, bytes).map_err(ConfigError::new)?;
    let text = String::from_utf8_lossy(bytes).trim_start_matches('\u{feff}').to_owned();
    let reading = Reading { file: &file, text: &text };
    if !upper.is_mapping() {
        let fault = Fault::new(Vec::new(), "an agent is a mapping").with_help("begin with `name:`");
        return Err(ConfigError::one(reading.problem(&upper, fault)));
    }
    let mut tree = defaults();
    tree.overlay(upper);
    let mut problems = sources.lay_over(&mut tree);
    let mut rest = tree.clone();
    let agent = decode::<AgentFile>(&mut rest, |tree, fault| {
        problems.push(reading.problem(tree, fault));
    });
    let Some(mut agent) = agent.filter(|_| problems.is_empty()) else {
        return Err(ConfigError::new(problems));
    };
    let mut faults = check::bounds(&tree);
    if faults.is_empty() {
        faults = check::rules(&agent, &tree);
    }
    faults.extend(read_instructions(&mut agent, path).err());
    let secrets = resolve(&mut agent, sources, &mut faults);
    if faults.is_empty() {
        return Ok(Effective { agent, tree, secrets, path: path.to_owned(), text });
    }
    let problems = faults.into_iter().map(|fault| reading.problem(&tree, fault)).collect();
    Err(ConfigError::new(problems))
}

impl Effective {
    /// The agent.
    #[must_use]
    pub const fn agent(&self) -> &AgentFile {
        &self.agent
    }

    /// The agent file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The files it was made of: the agent file, and the one with the instructions if there is one.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = vec![self.path.clone()];
        if let Instructions::File(InstructionsFile { file, .. }) = &self.agent.instructions {
            files.push(beside(&self.path, file));
        }
        files
    }

    /// Where the value at `path` (`models.llm.model`, `tools.0.http.url`) comes from.
    #[must_use]
    pub fn origin(&self, path: &str) -> Option<&Origin> {
        self.tree.get(&KeyPath::parse(path).0).map(|node| &node.origin)
    }

    /// An error about the value at `path`, for those who know more than this crate: which
    /// providers there are, which tools are built in. With `known` names it suggests one for
    /// `found`.
    #[must_use]
    pub fn refuse(&self, path: &str, message: &str, found: &str, known: &[&str]) -> ConfigError {
        let file = self.path.display().to_string();
        let reading = Reading { file: &file, text: &self.text };
        let fault =
            Fault { help: suggest(found, known), ..Fault::new(KeyPath::parse(path).0, message) };
        ConfigError::one(reading.problem(&self.tree, fault))
    }
}

/// The lowest layer. JSON is YAML, and its text keeps the order in which fields are declared.
fn defaults() -> Node {
    static DEFAULTS: OnceLock<Node> = OnceLock::new();
    let read = || {
        let json = serde_json::to_vec(&AgentFile::default()).unwrap_or_default();
        let empty = |_| Node::new(Value::Map(Vec::new()), Origin::Default);
        let mut tree = yaml::parse("", &json).unwrap_or_else(empty);
        tree.stamp(&Origin::Default);
        tree
    };
    DEFAULTS.get_or_init(read).clone()
}

/// The file that problems are shown in.
struct Reading<'a> {
    file: &'a str,
    text: &'a str,
}

impl Reading<'_> {
    fn problem(&self, tree: &Node, fault: Fault) -> Problem {
        let key = tree.key_at(&fault.path).filter(|_| fault.on_key);
        let (origin, width) = key.unwrap_or_else(|| {
            let nearest = (0..=fault.path.len()).rev();
            let mut nodes = nearest.filter_map(|n| tree.get(fault.path.get(..n)?));
            nodes.next().map_or((&tree.origin, 1), |node| (&node.origin, node.width))
        });
        Problem::at(self.file, self.text, origin, width, fault)
    }
}

/// Reads at most [`MAX_BYTES`] and one more, which is then refused.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error| format!("cannot be read: {error}");
    let file = fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > MAX_BYTES {
        return Err(format!("is longer than {MAX_BYTES} bytes"));
    }
    Ok(bytes)
}

fn beside(agent_file: &Path, file: &Path) -> PathBuf {
    agent_file.parent().unwrap_or(Path::new("")).join(file)
}

fn read_instructions(agent: &mut AgentFile, path: &Path) -> Result<(), Fault> {
    let Instructions::File(instructions) = &mut agent.instructions else { return Ok(()) };
    let file = beside(path, &instructions.file);
    let fault = |what: String| {
        let at = ["instructions", "file"].map(str::to_owned).to_vec();
        let help = "the path is relative to the agent file";
        Fault::new(at, format!("{}: {what}", file.display())).with_help(help)
    };
    let bytes = read(&file).map_err(fault)?;
    instructions.text = String::from_utf8(bytes).map_err(|_| fault("is not UTF-8".to_owned()))?;
    Ok(())
}

/// Fills in the secrets and tells where they are.
fn resolve(agent: &mut AgentFile, sources: &Sources, faults: &mut Vec<Fault>) -> Vec<KeyPath> {
    let mut paths = Vec::new();
    agent.secrets_mut(&mut |path, secret| {
        if let Err(name) = secret.resolve(|name| sources.variable(name)) {
            let help = format!("set it in the environment, or write {name}=... into the .env file");
            let what = format!("the environment variable {name} is not set");
            faults.push(Fault::new(path.clone(), what).with_help(help));
        }
        paths.push(KeyPath(path));
    });
    paths
}
