//! What a replay shows: the journal, its steps, where it ended and the verdict.

use std::path::Path;

use antiphon::{
    Timestamp,
    conversation::{Action, Event, Recording, Replay, Verdict},
    state::{Item, Record, Said},
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::screen::say;

/// Shows a replay to a person, or as JSON lines.
#[derive(Clone, Copy)]
pub(crate) struct Show {
    pub(crate) json: bool,
}

#[derive(Serialize)]
struct Step<'a> {
    n: usize,
    t: Timestamp,
    event: &'a Event,
    actions: &'a [Action],
}

impl Show {
    pub(crate) fn journal(self, file: &Path, recording: &Recording) {
        if self.json {
            say!("{}", json!({ "journal": journal(file, recording) }));
            return;
        }
        let header = &recording.header;
        let length = recording.records.last().map_or(Timestamp::ZERO, |r| r.t);
        say!(
            "{}: {:?}, journal version {}, {} events in {length} s",
            file.display(),
            header.session,
            header.version,
            recording.records.len()
        );
        for limit in recording.limits() {
            say!("  note: {limit}");
        }
        for damage in &recording.damage {
            say!("  damage: {damage}");
        }
        if recording.unused > 0 {
            say!("  {} events after it are good, but cannot be replayed", recording.unused);
        }
    }

    pub(crate) fn step(self, n: usize, record: &Record<Event>, actions: &[Action]) {
        let Record { t, e: event, .. } = record;
        if self.json {
            let step = serde_json::to_string(&Step { n, t: *t, event, actions });
            say!("{}", step.unwrap_or_default());
            return;
        }
        // A column for the eye; `Timestamp` knows no width.
        say!("{:>9}  {event}", t.to_string());
        for action in actions {
            let mark = if matches!(action, Action::Emit(_)) { '·' } else { '→' };
            say!("{:9}    {mark} {}", "", action.to_string().trim_start());
        }
    }

    pub(crate) fn end(
        self,
        recording: &Recording,
        replay: &Replay,
        replayed: usize,
        verdict: Verdict,
        cut: Option<&Path>,
        picture: Option<&Path>,
    ) {
        let all = recording.records.len();
        if self.json {
            let (identical, at) = match verdict {
                Verdict::Identical => (Some(true), None),
                Verdict::Differs(at) => (Some(false), at),
                Verdict::Unknown => (None, None),
            };
            say!(
                "{}",
                json!({
                    "verdict": {
                        "replayed": replayed, "of": all, "identical": identical,
                        "differs_at": at, "digest": replay.digest(),
                    },
                    "state": state(replay),
                    "audio": cut,
                    "picture": picture,
                })
            );
            return;
        }
        say_state(replay);
        if let Some(cut) = cut {
            say!("audio: {}", cut.display());
        }
        if let Some(picture) = picture {
            say!("picture: {}", picture.display());
        }
        let of = if replayed == all { String::new() } else { format!(" of {all}") };
        say!("replayed {replayed}{of} events: {}", sentence(recording, replay, verdict));
    }
}

fn sentence(recording: &Recording, replay: &Replay, verdict: Verdict) -> String {
    let digest = replay.digest();
    match verdict {
        Verdict::Identical => format!("identical to the recording (digest {digest})"),
        Verdict::Differs(Some(n)) => {
            let at = usize::try_from(n).ok().and_then(|n| recording.records.get(n));
            let at = at.map_or(String::new(), |r| format!(" at {}: {}", r.t, r.e));
            format!("DIFFERS from the recording, first on event {n}{at}")
        }
        Verdict::Differs(None) => {
            let then = recording.footer.map_or_else(String::new, |f| f.digest.to_string());
            format!("DIFFERS from the recording (digest {digest}, recorded {then})")
        }
        Verdict::Unknown => {
            format!("the recording does not say what was decided (digest {digest})")
        }
    }
}

fn say_state(replay: &Replay) {
    let machine = replay.machine();
    say!("");
    for item in machine.history().items() {
        say!("{}", line(item));
    }
    let waits = machine
        .deadline()
        .map_or_else(String::new, |d| format!(", waits until {} for {}", d.at, d.why));
    let ops: Vec<String> = machine.live_ops().map(|op| format!(", {op} under way")).collect();
    let (agent, user) = (machine.agent_state(), machine.user_state());
    let states = format!("agent {agent:?}, user {user:?}").to_lowercase();
    say!("{states}{waits}{}", ops.concat());
}

fn line(item: &Item) -> String {
    match &item.said {
        Said::User { text } => format!("{} user: {text}", item.turn),
        Said::Tool { call, result } => {
            format!("{} tool {}({}): {}", item.turn, call.name, call.arguments, result.text)
        }
        Said::Agent { heard, unheard, .. } if unheard.is_empty() => {
            format!("{} agent: {heard}", item.turn)
        }
        Said::Agent { heard, unheard, .. } => {
            format!("{} agent: {heard} [not heard: {unheard}]", item.turn)
        }
    }
}

/// What a journal is, as JSON.
pub(crate) fn journal(file: &Path, recording: &Recording) -> Value {
    let header = &recording.header;
    let limits: Vec<String> = recording.limits().iter().map(ToString::to_string).collect();
    let damage = recording
        .damage
        .iter()
        .map(|d| json!({ "file": d.part, "line": d.line, "byte": d.byte, "what": d.what }));
    json!({
        "file": file, "session": header.session, "version": header.version,
        "release": header.release, "redacted": header.redacted,
        "events": recording.records.len(), "limits": limits,
        "damage": damage.collect::<Vec<_>>(), "unused": recording.unused,
        "config": header.config,
    })
}

fn state(replay: &Replay) -> Value {
    let machine = replay.machine();
    let deadline = machine.deadline().map(|d| json!({ "t": d.at, "why": d.why }));
    json!({
        "agent": machine.agent_state(), "user": machine.user_state(), "deadline": deadline,
        "ops": machine.live_ops().collect::<Vec<_>>(),
        "history": machine.history().items().collect::<Vec<_>>(),
    })
}
