//! `antiphon models`: what there is, where it comes from, whether it is here.

use antiphon::{
    Code, Error, Result, local,
    models::{ModelSpec, State, Store},
};

use crate::progress::Bar;

/// What to do with models.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List every model with its source, licence, size and state.
    List,
    /// Fetch models; all that the demo needs if none is named.
    Fetch {
        /// Names, as `models list` shows them.
        names: Vec<String>,
    },
    /// Check the sums of the models that are here.
    Verify {
        /// Names; all that are here if none is given.
        names: Vec<String>,
    },
    /// Print the folder of the store, or of a model.
    Path {
        /// A model's name.
        name: Option<String>,
    },
}

/// What a first demo needs.
const DEMO: [&str; 5] = ["silero", "smart-turn", "moonshine-tiny", "piper-joe", "smollm2"];

pub(crate) fn main(command: &Command) -> Result<()> {
    let store = local::store()?;
    match command {
        Command::List => list(&store),
        Command::Fetch { names } => fetch(&store, names),
        Command::Verify { names } => verify(&store, names),
        Command::Path { name: None } => {
            println!("{}", store.dir().display());
            Ok(())
        }
        Command::Path { name: Some(name) } => {
            println!("{}", store.path(name)?.display());
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
    println!("{:15} {:31} {:>8}  {:13} {:30} state", "name", "model", "size", "licence", "package");
    for spec in store.manifest().models() {
        let state = match store.state(&spec.name)? {
            State::Absent => "-".to_owned(),
            State::Present => "here".to_owned(),
            State::Damaged(why) => format!("damaged: {why}"),
        };
        let size = format!("{:.1} MB", spec.size() as f64 / 1e6);
        let source = source(spec);
        println!(
            "{:15} {:31} {size:>8}  {:13} {source:30} {state}",
            spec.name, spec.title, spec.licence
        );
        if !spec.note.is_empty() {
            println!("{:15} {}", "", spec.note);
        }
    }
    Ok(())
}

fn fetch(store: &Store, names: &[String]) -> Result<()> {
    let demo: Vec<String> = DEMO.iter().map(|n| (*n).to_owned()).collect();
    for name in if names.is_empty() { &demo } else { names } {
        let model = store.ensure(name, &mut Bar::default())?;
        println!("{name}: {}", model.dir().display());
    }
    Ok(())
}

fn verify(store: &Store, names: &[String]) -> Result<()> {
    let all = store.manifest().models().iter().map(|m| m.name.clone());
    let names: Vec<String> = if names.is_empty() { all.collect() } else { names.to_vec() };
    let mut damaged = Vec::new();
    for name in names {
        match store.verify(&name)? {
            State::Absent => println!("{name}: not here"),
            State::Present => println!("{name}: good"),
            State::Damaged(why) => {
                println!("{name}: damaged ({why})");
                damaged.push(name);
            }
        }
    }
    if damaged.is_empty() {
        return Ok(());
    }
    let what = format!("damaged: {}", damaged.join(", "));
    Err(Error::new("models.verify", Code::Corrupt, what).with_help(format!(
        "remove the folders and run: antiphon models fetch {}",
        damaged.join(" ")
    )))
}
