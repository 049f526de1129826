//! `antiphon demo`: a real conversation on real audio, and what it left.

mod caller;
mod figures;
mod page;
mod run;
mod script;
mod show;
mod summary;

use std::path::PathBuf;

use antiphon::{
    Code, Error, Result,
    gguf::GgufOptions,
    local::{LlmModel, Local, LocalOptions, SttModel},
};
use clap::ValueEnum;

use crate::progress::Bar;

/// Options of the demo.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// A WAV file that is the caller, of any rate and coding; without it a script is spoken.
    #[arg(long, value_name = "FILE.wav")]
    pub(crate) input: Option<PathBuf>,
    /// Skip the time in which nobody works.
    #[arg(long)]
    pub(crate) fast: bool,
    /// Folder for call.wav, call.jsonl and call.html.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) out: PathBuf,
    /// Print events and figures as JSON, one object a line.
    #[arg(long)]
    pub(crate) json: bool,
    /// What the agent is told to be.
    #[arg(long, value_name = "INSTRUCTIONS")]
    pub(crate) agent: Option<String>,
    /// The agent's voice.
    #[arg(long)]
    pub(crate) voice: Option<String>,
    /// The speech-to-text model.
    #[arg(long, value_enum, default_value_t = Stt::Tiny)]
    pub(crate) stt: Stt,
    /// The language model; the best that is here if not said.
    #[arg(long, value_enum)]
    pub(crate) llm: Option<Llm>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Stt {
    Tiny,
    Base,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Llm {
    Smollm2,
    Qwen,
}

pub(crate) fn main(args: Args) -> Result<()> {
    std::fs::create_dir_all(&args.out).map_err(|e| {
        Error::new("demo", Code::Storage, format!("{}: {e}", args.out.display()))
            .with_help("choose another folder with --out")
    })?;
    let stt = match args.stt {
        Stt::Tiny => SttModel::Tiny,
        Stt::Base => SttModel::Base,
    };
    let llm = args.llm.map(|llm| match llm {
        Llm::Smollm2 => LlmModel::Smollm2,
        Llm::Qwen => LlmModel::Qwen,
    });
    let options = LocalOptions { stt, llm, gguf: GgufOptions::default() };
    let local = Local::load(&options, &mut Bar::default())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .thread_name("antiphon-tokio")
        .build()
        .map_err(|e| Error::new("demo", Code::Unavailable, format!("no runtime: {e}")))?;
    runtime.block_on(run::run(args, local))
}
