//! `antiphon demo`: a real conversation on real audio, and what it left.

mod caller;
mod figures;
mod files;
mod input;
mod page;
mod run;
mod script;
mod show;
mod summary;

use std::path::PathBuf;

use antiphon::{
    Code, Error, Result,
    gguf::GgufOptions,
    local::{self, LlmModel, Local, LocalOptions, SttModel},
    models::{State, Store},
};
use clap::ValueEnum;

use crate::progress::Bar;

/// Hold a real spoken conversation with a simulated caller, or with a recording.
///
/// A caller speaks, the agent listens, thinks and answers in audio, all on this machine. Models
/// that are not here are fetched first. The screen shows who says what, what the agent does, and
/// where the time of every answer went; the folder gets call.wav (caller left, agent right),
/// call.jsonl (the journal, which replays) and call.html (the call on one page).
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = AFTER_LONG_HELP)]
pub(crate) struct Args {
    /// A recording that is the caller, instead of the script.
    ///
    /// A WAV file of 4 to 192 kHz, 16 to 32 bits, float or G.711, with one or two channels.
    #[arg(long, value_name = "FILE.wav")]
    pub(crate) input: Option<PathBuf>,
    /// Skip the time in which nobody works.
    #[arg(long)]
    pub(crate) fast: bool,
    /// Folder for call.wav, call.jsonl and call.html; made if it is not there.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) out: PathBuf,
    /// Print events and figures as JSON, one object a line.
    #[arg(long)]
    pub(crate) json: bool,
    /// What the agent is told to be [default: a companion for small talk].
    #[arg(long, value_name = "INSTRUCTIONS")]
    pub(crate) agent: Option<String>,
    /// The agent's voice [default: the only one so far, en_US-joe-medium].
    #[arg(long)]
    pub(crate) voice: Option<String>,
    /// The speech-to-text model.
    #[arg(long, value_enum, default_value_t = Stt::Tiny)]
    pub(crate) stt: Stt,
    /// The language model [default: qwen if it was fetched, else smollm2].
    #[arg(long, value_enum)]
    pub(crate) llm: Option<Llm>,
}

const AFTER_LONG_HELP: &str = "\
Examples:
  antiphon demo                                   a conversation, as long as it takes
  antiphon demo --fast --out call                 the same without waiting, files in ./call
  antiphon demo --input question.wav --stt base   a recording asks, the better model listens
  antiphon demo --agent \"You are a rude parrot.\"  another agent

JSON lines (--json), on standard output; everything else goes to standard error:
  {\"models\": {\"llm\", \"character\", \"stt\", \"voice\"}}  first: who speaks, what to expect
  {\"t\": 1250000, \"notice\": {\"user_turn\": …}}      every event, t in microseconds of the call
  {\"missed\": 3}                                     so many events came too fast to print
  {\"figures\": {…}, \"files\": {…}}                    last: milliseconds measured on the recording";

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Stt {
    /// 27 million parameters, quick.
    Tiny,
    /// 61 million parameters, better, half as fast.
    Base,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Llm {
    /// 135 million parameters: small talk.
    Smollm2,
    /// 500 million parameters: follows instructions, slower; 490 MB to fetch.
    Qwen,
}

pub(crate) fn main(args: &Args) -> Result<()> {
    if let Some(path) = &args.input {
        input::check(path)?;
    }
    let files = files::Files::prepare(&args.out)?;
    let local = load(args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .thread_name("antiphon-tokio")
        .build()
        .map_err(|e| Error::new("demo", Code::Unavailable, format!("no runtime: {e}")))?;
    runtime.block_on(run::run(args, local, &files))
}

/// Loads the engines. If one refuses its files, those that are damaged are fetched again, once.
fn load(args: &Args) -> Result<Local> {
    let stt = match args.stt {
        Stt::Tiny => SttModel::Tiny,
        Stt::Base => SttModel::Base,
    };
    let llm = args.llm.map(|llm| match llm {
        Llm::Smollm2 => LlmModel::Smollm2,
        Llm::Qwen => LlmModel::Qwen,
    });
    let options = LocalOptions { stt, llm, gguf: GgufOptions::default() };
    let store = local::store()?;
    let mut bar = Bar::default();
    Local::load_from(&store, &options, &mut bar).or_else(|e| {
        if repair(&store, &e, &mut bar)? {
            return Local::load_from(&store, &options, &mut bar);
        }
        Err(e)
    })
}

/// Fetches again what the error complains of, if its sums say that it is damaged. Whether it was.
fn repair(store: &Store, refused: &Error, bar: &mut Bar) -> Result<bool> {
    for spec in store.manifest().models() {
        let home = store.path(&spec.name)?;
        let named = refused.detail().contains(&*home.to_string_lossy());
        if named && matches!(store.verify(&spec.name)?, State::Damaged(_)) {
            store.repair(&spec.name, bar)?;
            return Ok(true);
        }
    }
    Ok(false)
}
