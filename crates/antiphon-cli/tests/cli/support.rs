//! Runs the binary, and makes what it is fed with: recordings, caches, a hub.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
};

use antiphon::{
    local,
    models::{Model, Quiet},
    piper::{Piper, PiperOptions},
    tts::TtsRequest,
};

/// What is asked in recordings.
pub(crate) const QUESTION: &str = "Can you tell me something nice about the sea?";

/// The models of a demo with default options.
pub(crate) const MODELS: [&str; 5] =
    ["silero", "smart-turn", "moonshine-tiny", "piper-joe", "smollm2"];

/// An address where nobody listens.
pub(crate) const NO_HUB: &str = "http://127.0.0.1:9";

/// Calls take the time the models need: two at once would make each other's slow.
pub(crate) fn one_call() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A model of the user's store, fetched if it is not there.
pub(crate) fn model(name: &str) -> Model {
    local::store().unwrap().ensure(name, &mut Quiet).unwrap()
}

/// The command, as from a shell without settings. The models of a demo are there.
pub(crate) fn antiphon(args: &[&str]) -> Command {
    static FETCHED: OnceLock<()> = OnceLock::new();
    FETCHED.get_or_init(|| MODELS.into_iter().for_each(|name| drop(model(name))));
    bare(args)
}

/// The command, whatever models are there.
pub(crate) fn bare(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_antiphon"));
    command.args(args).stdin(Stdio::null()).env("COLUMNS", "100");
    for proxy in ["http_proxy", "https_proxy", "all_proxy"] {
        command.env_remove(proxy).env_remove(proxy.to_uppercase());
    }
    command
}

/// The command on a cache of its own, without pip, with the hub at `hub`.
pub(crate) fn isolated(args: &[&str], cache: &Path, hub: &str) -> Command {
    let mut command = bare(args);
    command.env("ANTIPHON_MODELS", cache).env("HF_ENDPOINT", hub).env("PATH", "/nonexistent");
    command
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Runs what has to work.
pub(crate) fn done(mut command: Command) -> Output {
    let output = command.output().unwrap();
    let (said, told) = (stdout(&output), stderr(&output));
    assert!(output.status.success(), "{}\n{told}\n{said}", output.status);
    output
}

/// Runs what has to be refused: with this code, in one message with a way out, without a panic.
/// Returns the message.
pub(crate) fn refused(mut command: Command, code: i32) -> String {
    let output = command.output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    let (before, message) = said.split_once("error: ").unwrap();
    assert!(!message.contains("error: "), "{said}");
    assert!(!before.contains("help: "), "{said}");
    message.to_owned()
}

/// As [`refused`], and the message has these words.
pub(crate) fn refused_with(command: Command, code: i32, words: &[&str]) {
    let message = refused(command, code);
    for word in words {
        assert!(message.contains(word), "{word:?} is not in: {message}");
    }
}

/// The names in a folder; none if there is no folder.
pub(crate) fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten();
    let mut names: Vec<String> =
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The question as the voice speaks it, with a second of silence before it, and its rate.
pub(crate) fn question() -> &'static (Vec<i16>, u32) {
    static SPOKEN: OnceLock<(Vec<i16>, u32)> = OnceLock::new();
    SPOKEN.get_or_init(|| {
        let piper = model("piper-joe");
        let file = |name| piper.file(name).unwrap();
        let latent_node = piper.spec().engine.get("latent_node").cloned();
        let options = PiperOptions { latent_node, steady: true, ..PiperOptions::default() };
        let (net, config) = (file("en_US-joe-medium.onnx"), file("en_US-joe-medium.onnx.json"));
        let voice = Piper::load(&net, &config, &options).unwrap();
        let request = TtsRequest { text: QUESTION.into(), voice: None, rate: 1.0 };
        let speech = voice.synthesise(request).unwrap();
        let mut samples = vec![0; speech.rate_hz as usize];
        samples.extend(speech.samples);
        (samples, speech.rate_hz)
    })
}

/// The question as a 16-bit file.
pub(crate) fn question_file(dir: &Path) -> PathBuf {
    let (samples, rate_hz) = question();
    let path = dir.join("question.wav");
    let data: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
    fs::write(&path, wav(1, 1, *rate_hz, 16, &data)).unwrap();
    path
}

/// A WAV file: format tag, channels, rate, bits a sample, and the bytes of its audio.
pub(crate) fn wav(tag: u16, channels: u16, rate_hz: u32, bits: u16, data: &[u8]) -> Vec<u8> {
    let frame = channels * bits / 8;
    let mut file = b"RIFF".to_vec();
    file.extend((data.len() as u32 + 36).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16u32.to_le_bytes());
    file.extend([tag, channels].map(u16::to_le_bytes).as_flattened());
    file.extend([rate_hz, rate_hz * u32::from(frame)].map(u32::to_le_bytes).as_flattened());
    file.extend([frame, bits].map(u16::to_le_bytes).as_flattened());
    file.extend(b"data");
    file.extend((data.len() as u32).to_le_bytes());
    file.extend(data);
    file
}

/// Both channels of a recording, which must be 16-bit stereo at 24 kHz with a true header.
pub(crate) fn sides(path: &Path) -> (Vec<i16>, Vec<i16>) {
    let bytes = fs::read(path).unwrap();
    let data = &bytes[44..];
    assert_eq!(&bytes[..44], &wav(1, 2, 24_000, 16, data)[..44], "the header");
    let side = |n| data.chunks_exact(4).map(|f| i16::from_le_bytes([f[n], f[n + 1]])).collect();
    (side(0), side(2))
}

/// A cache in `dir` with the models of a demo but one, each a link to the user's.
pub(crate) fn cache_without(dir: &Path, absent: &str) -> PathBuf {
    let cache = dir.join("models");
    fs::create_dir(&cache).unwrap();
    for name in MODELS.into_iter().filter(|n| *n != absent) {
        symlink(model(name).dir(), cache.join(name)).unwrap();
    }
    cache
}

/// A hub of models on this machine. It serves until the test ends.
pub(crate) struct Hub {
    pub(crate) address: String,
    asked: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Hub {
    /// Serves the files of these models.
    pub(crate) fn of(models: &[&str]) -> Self {
        let files = models.iter().flat_map(|name| {
            let model = model(name);
            let path = |n: &str| model.file(n).unwrap();
            let files = &model.spec().files;
            files.iter().map(|f| (f.name.clone(), path(&f.name))).collect::<Vec<_>>()
        });
        let files: BTreeMap<String, PathBuf> = files.collect();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(BTreeMap::new()));
        let count = asked.clone();
        let serve = move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &files, &count);
            }
        };
        thread::Builder::new().name("hub".into()).spawn(serve).unwrap();
        Self { address, asked }
    }

    /// How often a file was asked for.
    pub(crate) fn asked(&self, file: &str) -> usize {
        self.asked.lock().unwrap().get(file).copied().unwrap_or(0)
    }
}

fn answer(
    mut stream: TcpStream,
    files: &BTreeMap<String, PathBuf>,
    asked: &Mutex<BTreeMap<String, usize>>,
) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let rest = lines.map_while(Result::ok).take_while(|l| !l.is_empty());
    rest.for_each(drop);
    let name = first.split(' ').nth(1).unwrap().rsplit('/').next().unwrap().to_owned();
    *asked.lock().unwrap().entry(name.clone()).or_default() += 1;
    let body = files.get(&name).map(|path| fs::read(path).unwrap());
    let (status, body) = body.map_or(("404 Not Found", Vec::new()), |b| ("200 OK", b));
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
    let sent = stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes());
    // A client that has seen enough may hang up.
    let _ = sent.and_then(|()| stream.write_all(&body));
}
