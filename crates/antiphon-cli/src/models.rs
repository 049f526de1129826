//! `antiphon models`: what there is, where it comes from, whether it is here.

use antiphon::{
    Code, Error, Result, local,
    models::{ModelSpec, State, Store},
};

use crate::{progress::Bar, screen::say};

/// What to do with models.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List every model with its source, licence, size and state.
    ///
    /// The state is "here", "-" for a model that was not fetched, or what is damaged.
    List,
    /// Fetch models that are not here; mend damaged ones.
    ///
    /// Every file is checked against the sum that this release pins, also of models that are
    /// here already. Several processes may fetch at once: one does, the others wait.
    #[command(after_help = FETCH_EXAMPLES)]
    Fetch {
        /// Names, as "antiphon models list" shows them [default: all that a first demo needs].
        names: Vec<String>,
    },
    /// Check the sums of models that are here; fetch and change nothing.
    ///
    /// Exits with 3 if one is damaged.
    Verify {
        /// Names, as "antiphon models list" shows them [default: all].
        names: Vec<String>,
    },
    /// Print the folder of the models, or of one of them.
    Path {
        /// A model's name.
        name: Option<String>,
    },
}

const FETCH_EXAMPLES: &str = "\
Examples:
  antiphon models fetch                 what the demo needs, about 230 MB
  antiphon models fetch qwen            the larger language model, 490 MB
  ANTIPHON_MODELS=/srv/models antiphon models fetch";

/// What a first demo needs.
const DEMO: [&str; 5] = ["silero", "smart-turn", "moonshine-tiny", "piper-joe", "smollm2"];

pub(crate) fn main(command: &Command) -> Result<()> {
    let store = local::store()?;
    match command {
        Command::List => list(&store),
        Command::Fetch { names } => fetch(&store, names),
        Command::Verify { names } => verify(&store, names),
        Command::Path { name: None } => {
            say!("{}", store.dir().display());
            Ok(())
        }
        Command::Path { name: Some(name) } => {
            say!("{}", store.path(name)?.display());
            Ok(())
        }
    }
}

fn source(spec: &ModelSpec) -> String {
    let package = spec.packages.first();
    let package = package.map(|p| format!("{} {}", p.name, p.version)).unwrap_or_default();
    match spec.packages.len() {
        1 => package,
        n => format!("{package} (+{})", n.saturating_sub(1)),
    }
}

fn list(store: &Store) -> Result<()> {
    say!("{:15} {:31} {:>8}  {:13} {:30} state", "name", "model", "size", "licence", "package");
    for spec in store.manifest().models() {
        let state = match store.state(&spec.name)? {
            State::Absent => "-".to_owned(),
            State::Present => "here".to_owned(),
            State::Damaged(why) => format!("damaged: {why}"),
        };
        let size = format!("{:.1} MB", spec.size() as f64 / 1e6);
        let source = source(spec);
        say!(
            "{:15} {:31} {size:>8}  {:13} {source:30} {state}",
            spec.name,
            spec.title,
            spec.licence
        );
        if !spec.note.is_empty() {
            say!("{:15} {}", "", spec.note);
        }
    }
    Ok(())
}

fn fetch(store: &Store, names: &[String]) -> Result<()> {
    let demo: Vec<String> = DEMO.iter().map(|n| (*n).to_owned()).collect();
    let names = if names.is_empty() { &demo } else { names };
    // A slip of the pen in the last name should not show after minutes of fetching the first.
    names.iter().try_for_each(|n| store.path(n).map(drop))?;
    for name in names {
        let model = store.repair(name, &mut Bar::default())?;
        say!("{name}: {}", model.dir().display());
    }
    Ok(())
}

fn verify(store: &Store, names: &[String]) -> Result<()> {
    let all = store.manifest().models().iter().map(|m| m.name.clone());
    let names: Vec<String> = if names.is_empty() { all.collect() } else { names.to_vec() };
    names.iter().try_for_each(|n| store.path(n).map(drop))?;
    let mut damaged = Vec::new();
    for name in names {
        match store.verify(&name)? {
            State::Absent => say!("{name}: not here"),
            State::Present => say!("{name}: good"),
            State::Damaged(why) => {
                say!("{name}: damaged ({why})");
                damaged.push(name);
            }
        }
    }
    if damaged.is_empty() {
        return Ok(());
    }
    let what = format!("damaged: {}", damaged.join(", "));
    Err(Error::new("models.verify", Code::Corrupt, what)
        .with_help(format!("fetch again: antiphon models fetch {}", damaged.join(" "))))
}
