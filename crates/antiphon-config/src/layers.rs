//! The layers over the file: `.env`, environment, command line. Knows no fields.

use std::path::Path;

use crate::{
    error::{ConfigError, Problem},
    node::Node,
    origin::{KeyPath, Origin},
    yaml::{self, MAX_BYTES, MAX_DEPTH},
};

/// Variables that set something begin so: `ANTIPHON__MODELS__LLM__MODEL` is `models.llm.model`.
pub const PREFIX: &str = "ANTIPHON__";

/// Between the keys in the name of a variable.
const BETWEEN: &str = "__";

/// What is laid over the file. Nothing in it can be formatted: it holds secrets.
#[derive(Clone, Default)]
pub struct Sources {
    dotenv: Vec<(String, String)>,
    env: Vec<(String, String)>,
    set: Vec<String>,
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources").field("set", &self.set.len()).finish_non_exhaustive()
    }
}

impl Sources {
    /// Nothing over the file.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The environment of this process, the file `dotenv` if it is there, and what `--set` says.
    ///
    /// # Errors
    /// The `.env` file cannot be read, or has a line that sets nothing.
    pub fn of_process(dotenv: &Path, set: Vec<String>) -> Result<Self, ConfigError> {
        let text = |s: std::ffi::OsString| s.into_string().ok();
        let vars =
            std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?)));
        let sources = Self::none().with_env(vars).with_set(set);
        let file = dotenv.display().to_string();
        match std::fs::metadata(dotenv) {
            Err(_) => return Ok(sources),
            Ok(meta) if meta.len() > MAX_BYTES as u64 => {
                let what = format!("is longer than {MAX_BYTES} bytes");
                return Err(ConfigError::one(Problem::general(&file, what)));
            }
            Ok(_) => {}
        }
        match std::fs::read_to_string(dotenv) {
            Ok(text) => sources.with_dotenv(&file, &text),
            Err(error) => {
                Err(ConfigError::one(Problem::general(&file, format!("cannot be read: {error}"))))
            }
        }
    }

    /// With these variables as the environment.
    #[must_use]
    pub fn with_env<N: Into<String>, V: Into<String>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.env = variables.into_iter().map(|(n, v)| (n.into(), v.into())).collect();
        self.env.sort();
        self
    }

    /// With the text of a `.env` file: `NAME=value`, `export NAME=value`, `#` comments, values in
    /// single quotes as they stand, in double quotes with `\n`, `\"` and `\\`.
    ///
    /// # Errors
    /// Every line that sets nothing.
    pub fn with_dotenv(mut self, file: &str, text: &str) -> Result<Self, ConfigError> {
        let mut problems = Vec::new();
        for (i, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            match assignment(line) {
                Ok(Some(variable)) => self.dotenv.push(variable),
                Ok(None) => {}
                Err(what) => {
                    let what = format!("line {}: {what}", i + 1);
                    problems.push(Problem::general(file, what).with_help("write NAME=value"));
                }
            }
        }
        if problems.is_empty() { Ok(self) } else { Err(ConfigError::new(problems)) }
    }

    /// With `PATH=VALUE` settings, in the order given.
    #[must_use]
    pub fn with_set(mut self, set: Vec<String>) -> Self {
        self.set = set;
        self
    }

    /// The value of a variable: environment before `.env`.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        let of = |layer: &[(String, String)]| {
            layer.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.clone())
        };
        of(&self.env).or_else(|| of(&self.dotenv))
    }

    /// Lays the layers over `tree`, lowest first.
    pub(crate) fn lay_over(&self, tree: &mut Node) -> Vec<Problem> {
        let dotenv = self.dotenv.iter().map(|(n, v)| (n, v, Origin::DotEnv(n.clone())));
        let env = self.env.iter().map(|(n, v)| (n, v, Origin::Env(n.clone())));
        let variables = dotenv.chain(env).filter_map(|(name, value, origin)| {
            let path = name.strip_prefix(PREFIX)?.to_lowercase().replace(BETWEEN, ".");
            Some((path, value.as_str(), origin))
        });
        let set = self.set.iter().filter_map(|set| {
            let (path, value) = set.split_once('=')?;
            Some((path.trim().to_owned(), value, Origin::CommandLine))
        });
        let mut problems: Vec<Problem> =
            variables.chain(set).filter_map(|(p, v, o)| lay(tree, &p, v, o)).collect();
        let incomplete = self.set.iter().filter(|set| !set.contains('='));
        problems.extend(incomplete.map(|_| {
            Problem::general("", "--set: there is no `=`")
                .with_help("write --set models.llm.model=qwen")
        }));
        problems
    }
}

/// Sets one value; what is wrong with it otherwise.
fn lay(tree: &mut Node, path: &str, value: &str, origin: Origin) -> Option<Problem> {
    let keys = KeyPath::parse(path);
    let what = match node(value) {
        _ if keys.0.is_empty() || keys.0.len() > MAX_DEPTH => "this names no setting",
        None => "the value is not YAML",
        Some(mut node) => {
            node.stamp(&origin);
            if tree.set(&keys.0, node) {
                return None;
            }
            "the list is not that long"
        }
    };
    Some(Problem { origin: Some(origin), path: path.to_owned(), ..Problem::general("", what) })
}

/// A value outside a file: a list or mapping in braces is YAML, everything else is meant as it
/// stands, so that `ANTIPHON__GREETING=Hello: how are you?` needs no quotes.
fn node(value: &str) -> Option<Node> {
    match value {
        "" => Some(Node::quoted("", Origin::Default)),
        _ if value.len() > MAX_BYTES => None,
        _ if value.starts_with(['[', '{']) => yaml::parse("", value.as_bytes()).ok(),
        _ => Some(Node::plain(value, Origin::Default)),
    }
}

fn assignment(line: &str) -> Result<Option<(String, String)>, &'static str> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=').ok_or("there is no `=`")?;
    let name = name.trim();
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(fits) {
        return Err("a name has letters, digits and _ only");
    }
    Ok(Some((name.to_owned(), unquoted(value.trim())?)))
}

fn unquoted(value: &str) -> Result<String, &'static str> {
    const OPEN: &str = "the quotes are not closed";
    if let Some(rest) = value.strip_prefix('\'') {
        return rest.split_once('\'').map(|(inside, _)| inside.to_owned()).ok_or(OPEN);
    }
    let Some(rest) = value.strip_prefix('"') else {
        let end = value.find(" #").unwrap_or(value.len());
        return Ok(value.get(..end).unwrap_or_default().trim_end().to_owned());
    };
    let mut text = String::new();
    let mut chars = rest.chars();
    loop {
        match chars.next().ok_or(OPEN)? {
            '"' => return Ok(text),
            '\\' => match chars.next().ok_or(OPEN)? {
                'n' => text.push('\n'),
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
}
