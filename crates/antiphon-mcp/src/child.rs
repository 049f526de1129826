//! A server as a child process: started without our secrets, killed with its children, reaped.

use std::{env, ffi::OsString, io, process::Stdio, sync::Arc, time::Duration};

use antiphon_core::{Code, Error, Result};
use rmcp::{
    RoleClient,
    service::{RxJsonRpcMessage, TxJsonRpcMessage},
    transport::Transport,
};
use tokio::{
    io::AsyncReadExt as _,
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    sync::Notify,
    task::JoinHandle,
    time::timeout,
};

use crate::{fate::Fate, lines::Lines, server::Program};

/// What a server gets of our environment. The rest may hold keys of others; what it needs
/// besides is set for it by name.
const INHERITED: [&str; 16] = [
    "APPDATA",
    "HOME",
    "HOMEDRIVE",
    "HOMEPATH",
    "LANG",
    "LC_ALL",
    "LOCALAPPDATA",
    "LOGNAME",
    "PATH",
    "PATHEXT",
    "SHELL",
    "SYSTEMROOT",
    "TEMP",
    "TMPDIR",
    "USER",
    "USERPROFILE",
];

/// How long a server may take to end, after its input has ended and again after it was asked to.
const GRACE: Duration = Duration::from_secs(1);

/// How long the status and the last words of a server are waited for whose output has ended.
const STATUS: Duration = Duration::from_millis(200);

/// A running server. Dropping it kills it and what it started.
pub(crate) struct Server {
    child: Child,
    lines: Lines<ChildStdout, ChildStdin>,
    /// Reads the error output until it ends.
    errors: Option<JoinHandle<()>>,
    /// It has closed its input.
    broken: Arc<Notify>,
    fate: Fate,
}

impl Server {
    /// Starts `program`.
    ///
    /// # Errors
    /// `unavailable` if it cannot be started.
    pub(crate) fn start(program: &Program, fate: &Fate) -> Result<Self> {
        let mut command = Command::new(&program.command);
        command.args(&program.args).env_clear().envs(inherited()).envs(&program.env);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        // A group of its own: it can be killed with what it starts, and Ctrl-C on a terminal
        // does not reach it before us.
        #[cfg(unix)]
        command.process_group(0);
        let name = &program.command;
        let mut child = command.spawn().map_err(|e| {
            let what = format!("{name:?} cannot be started: {e}");
            Error::new("mcp.connect", Code::Unavailable, what)
                .with_help("is it installed, and in a folder of PATH?")
        })?;
        let (Some(input), Some(output), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            let what = format!("{name:?} was started without its streams");
            return Err(Error::new("mcp.connect", Code::Internal, what));
        };
        let errors = Some(tokio::spawn(listen(errors, fate.clone())));
        let lines = Lines::new(output, input, fate.clone());
        Ok(Self { child, lines, errors, broken: Arc::default(), fate: fate.clone() })
    }

    /// Kills what is left of the group. The child itself is not reaped yet, so that its id cannot
    /// have become another's.
    fn signal(&self, signal: Signal) {
        #[cfg(unix)]
        if let Some(pid) = self.child.id().and_then(|id| i32::try_from(id).ok())
            && let Some(pid) = rustix::process::Pid::from_raw(pid)
        {
            let signal = match signal {
                Signal::Terminate => rustix::process::Signal::TERM,
                Signal::Kill => rustix::process::Signal::KILL,
            };
            // It fails if the group has ended, which is what is wanted.
            let _ = rustix::process::kill_process_group(pid, signal);
        }
        #[cfg(not(unix))]
        let _ = signal;
    }

    /// Ends the process: by the end of its input, then by asking it to, then by force.
    async fn end(&mut self) -> io::Result<()> {
        self.lines.hang_up();
        for signal in [Signal::Terminate, Signal::Kill] {
            if timeout(GRACE, self.child.wait()).await.is_ok() {
                return Ok(());
            }
            self.signal(signal);
        }
        self.child.kill().await
    }
}

#[derive(Clone, Copy)]
enum Signal {
    Terminate,
    Kill,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal(Signal::Kill);
    }
}

fn inherited() -> impl Iterator<Item = (&'static str, OsString)> {
    INHERITED.into_iter().filter_map(|name| Some((name, env::var_os(name)?)))
}

/// Keeps the end of the error output and lets the rest go: a pipe that nobody reads would stop
/// the server once it is full.
async fn listen(mut errors: ChildStderr, fate: Fate) {
    let mut bytes = [0; 4096];
    while let Ok(n @ 1..) = errors.read(&mut bytes).await {
        fate.stderr(bytes.get(..n).unwrap_or_default());
    }
}

impl Transport<RoleClient> for Server {
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let sent = self.lines.send(message);
        let broken = Arc::clone(&self.broken);
        async move {
            // The failure is told by the end of the connection: why a program has ended is known
            // where its output is read, and not here.
            if sent.await.is_err() {
                broken.notify_one();
            }
            Ok(())
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        let message = tokio::select! {
            biased;
            message = self.lines.receive() => message,
            () = self.broken.notified() => {
                // What it has written before is still to be read.
                self.broken.notify_one();
                timeout(STATUS, self.lines.receive()).await.unwrap_or_default()
            }
        };
        if message.is_none() {
            match timeout(STATUS, self.child.wait()).await {
                Ok(Ok(status)) => self.fate.end(format!("it has ended ({status})")),
                Ok(Err(_)) | Err(_) => self.fate.end("it has closed its output"),
            }
            // Its last words say why, and may still be on their way.
            if let Some(errors) = &mut self.errors
                && timeout(STATUS, errors).await.is_ok()
            {
                self.errors = None;
            }
        }
        message
    }

    async fn close(&mut self) -> io::Result<()> {
        self.end().await
    }
}
