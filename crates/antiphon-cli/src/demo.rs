//! `antiphon demo`: a real conversation on real audio, and what it left.

mod cast;
mod figures;
mod files;
mod input;
mod page;
mod run;
mod script;
mod show;
mod summary;

use std::path::PathBuf;

use antiphon::Result;
use clap::ValueEnum;

use crate::{live::Servers, runtime};

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
    /// The agent: a file, or what it is told to be [default: a companion for small talk].
    ///
    /// An agent file ends in .yaml or .yml; docs/agents.md tells what it may hold. Its tools run,
    /// and the screen, the journal and the page show their calls.
    #[arg(long, value_name = "AGENT")]
    pub(crate) agent: Option<String>,
    /// Look at the agent file between turns, and apply what was changed in it.
    ///
    /// Instructions and tools hold from the next answer on, everything else from the next call
    /// on. A broken edit changes nothing, and is told.
    #[arg(long)]
    pub(crate) dev: bool,
    /// A scenario whose caller it is: its lines are spoken, its expectations compared.
    ///
    /// Of an agent file it is by default the one of the same name in the folder scenarios beside
    /// it, if that is there.
    #[arg(long, value_name = "FILE.yaml", conflicts_with = "input")]
    pub(crate) caller: Option<PathBuf>,
    /// The agent's voice [default: the only one so far, en_US-joe-medium].
    #[arg(long)]
    pub(crate) voice: Option<String>,
    /// The speech-to-text model [default: the agent file's, or tiny].
    #[arg(long, value_enum)]
    pub(crate) stt: Option<Stt>,
    /// The language model [default: the agent file's, or qwen if it was fetched, or smollm2].
    #[arg(long, value_enum)]
    pub(crate) llm: Option<Llm>,
}

const AFTER_LONG_HELP: &str = "\
Examples:
  antiphon demo                                   a conversation, as long as it takes
  antiphon demo --fast --out call                 the same without waiting, files in ./call
  antiphon demo --input question.wav --stt base   a recording asks, the better model listens
  antiphon demo --agent \"You are a rude parrot.\"  another agent
  antiphon demo --agent examples/agents/restaurant.yaml
                                                  books a table through a tool

JSON lines (--json), on standard output; everything else goes to standard error:
  {\"models\": {\"llm\", \"character\", \"stt\", \"voice\"}}  first: who speaks, what to expect
  {\"t\": 1250000, \"notice\": {\"user_turn\": …}}      every event, t in microseconds of the call
  {\"edit\": {\"changes\": […]}}                       with --dev: what was changed in the agent file,
  {\"edit\": {\"kept\": …}}                            or why it stays as it was
  {\"warning\": \"…\"} {\"hint\": \"…\"}                   a server of tools is gone, or there again
  {\"missed\": 3}                                     so many events came too fast to print
  {\"unmet\": [{\"wanted\", \"seen\"}], \"help\": \"…\"}       what the scenario expected in vain
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
    let wanted = cast::Wanted::read(args)?;
    let files = files::Files::prepare(&args.out)?;
    let runtime = runtime::start("demo")?;
    let held = runtime.block_on(hold(args, wanted, &files));
    // What is still being done is for nobody.
    runtime.shutdown_background();
    held
}

/// Starts the servers of the agent's tools, holds the call, and ends them.
async fn hold(args: &Args, wanted: cast::Wanted, files: &files::Files) -> Result<()> {
    // First of all: one that is missing is told before models are loaded for seconds.
    let servers = match &wanted.file {
        Some(file) => Servers::start(file).await?,
        None => Servers::default(),
    };
    let left_out = servers.left_out();
    let (cast, mut live) = tokio::task::block_in_place(|| wanted.load(args, servers))?;
    let held = run::run(args, cast, files, &mut live, left_out).await;
    live.close().await;
    held
}
