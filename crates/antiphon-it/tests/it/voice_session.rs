//! The must-pass tests of the voice session with an agent instance: audio in, audio out, through
//! the real driver and media plane, in virtual time. Names are those of the contract.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use antiphon::{
    Agent, AgentProfile, BoxStream, CallbackAgent, Code, Error, MediaPool, Notice, Pace, Result,
    Session, SessionClock, SessionEvent, SessionHandle, Waterfall,
    llm::{FinishReason, LlmEvent, LlmRequest, Role, Usage},
    session::SessionParts,
    state::{History, Said},
    tools::{EffectClass, FunctionTool, ToolCall, ToolError, ToolSet, ToolSpec},
};
use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};

use crate::tones::{self, Caller, RATE_HZ, When, listen};

/// An agent that answers each turn with the next of its replies, word by word, and counts what
/// happens to it.
#[derive(Default)]
struct Scripted {
    replies: Vec<&'static str>,
    turns: AtomicUsize,
    entered: AtomicUsize,
    left: AtomicUsize,
    /// Replies without end that were dropped.
    cancelled: Arc<AtomicUsize>,
    /// The messages of every request.
    requests: std::sync::Mutex<Vec<LlmRequest>>,
}

impl Scripted {
    fn new(replies: &[&'static str]) -> Arc<Self> {
        Arc::new(Self { replies: replies.to_vec(), ..Self::default() })
    }
}

/// Counts a reply that is dropped.
struct Reading(Arc<AtomicUsize>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

#[async_trait]
impl Agent for Scripted {
    fn profile(&self) -> AgentProfile {
        AgentProfile { name: "scripted".to_owned(), ..AgentProfile::default() }
    }

    fn validate(&self) -> Result<()> {
        match self.replies.is_empty() {
            true => Err(Error::new("scripted", Code::InvalidInput, "it has nothing to say")),
            false => Ok(()),
        }
    }

    async fn on_enter(&self, _: SessionHandle) -> Result<()> {
        self.entered.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    async fn reply(&self, request: LlmRequest) -> Result<BoxStream<Result<LlmEvent>>> {
        self.requests.lock().unwrap().push(request);
        let turn = self.turns.fetch_add(1, Ordering::AcqRel);
        let text = self.replies[turn % self.replies.len()];
        match text {
            "error" => return Err(Error::new("scripted", Code::StreamError, "as told")),
            "panic" => panic!("as told"),
            "break" => {
                let broken = Error::new("scripted", Code::StreamError, "in the middle");
                let delta = LlmEvent::Delta { text: "sorry. ".to_owned() };
                return Ok(stream::iter([Ok(delta), Err(broken)]).boxed());
            }
            _ => {}
        }
        let delta = |text: &str| Ok(LlmEvent::Delta { text: text.to_owned() });
        let words: Vec<_> = text.split_inclusive(' ').map(delta).collect();
        if text.ends_with("endless ") {
            let reading = Reading(self.cancelled.clone());
            let never = stream::pending().map(move |()| {
                let _ = &reading;
                Err(Error::new("scripted", Code::Internal, "it never comes"))
            });
            return Ok(stream::iter(words).chain(never).boxed());
        }
        let done = LlmEvent::Done { finish: FinishReason::Stop, usage: Usage::default() };
        Ok(stream::iter(words).chain(stream::iter([Ok(done)])).boxed())
    }

    async fn warm(&self, _: LlmRequest) -> Result<()> {
        Ok(())
    }

    async fn on_exit(&self) {
        self.left.fetch_add(1, Ordering::AcqRel);
    }
}

/// Replies begin when a turn has ended, and not before.
fn parts(agent: Arc<dyn Agent>, caller: &Caller) -> SessionParts {
    let mut parts = tones::parts(agent, caller);
    parts.config.preemptive = false;
    parts
}

fn quick(mut parts: SessionParts) -> SessionParts {
    parts.config.endpointing.without_detector = Duration::from_millis(300);
    parts
}

/// What a call leaves.
struct Call {
    events: Vec<SessionEvent>,
    history: Arc<History>,
    errors: Vec<(String, Code, u64)>,
}

impl Call {
    fn said(&self) -> Vec<String> {
        let text = |said: &Said| match said {
            Said::User { text } => format!("user: {text}"),
            Said::Tool { call, result } => format!("{}: {}", call.name, result.text),
            Said::Agent { heard, interrupted, .. } => {
                format!("agent: {}{}", heard.trim(), if *interrupted { " —" } else { "" })
            }
        };
        self.history.items().map(|i| text(&i.said)).collect()
    }

    fn waterfalls(&self) -> Vec<&Waterfall> {
        let latency = |e: &'_ SessionEvent| matches!(e.notice, Notice::Latency(_));
        let found = self.events.iter().filter(|e| latency(e));
        found
            .filter_map(|e| if let Notice::Latency(w) = &e.notice { Some(w) } else { None })
            .collect()
    }
}

/// Runs a session to its end: the caller hangs up.
async fn run(pool: &Arc<MediaPool>, parts: impl Fn() -> SessionParts) -> Call {
    let (session, mut receiver) = loop {
        match Session::start(pool, parts()) {
            Ok(started) => break started,
            // Too many at once: the error says to start again in a moment.
            Err(e) if e.code() == Code::Unavailable => tokio::task::yield_now().await,
            Err(e) => panic!("{e}"),
        }
    };
    let mut events = Vec::new();
    loop {
        let event = receiver.recv().await.unwrap();
        let ended = event.notice == Notice::Ended;
        events.push(event);
        if ended {
            break;
        }
    }
    let errors = session.errors();
    Call { events, history: session.close().await.unwrap(), errors }
}

fn call(parts: impl Fn() -> SessionParts) -> Call {
    call_at(Pace::Virtual, parts)
}

fn call_at(pace: Pace, parts: impl Fn() -> SessionParts) -> Call {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let pool = MediaPool::start(SessionClock::new(pace)).unwrap();
        run(&pool, parts).await
    })
}

#[test]
fn agent_integration() {
    let agent = Scripted::new(&["one two."]);
    let caller = Caller::default().says(When::Quiet(200), "hello");
    let call = call(|| parts(agent.clone(), &caller));
    assert_eq!(call.said(), ["user: hello", "agent: one two."]);
    assert_eq!(caller.heard(), "one two");
    let counts = [&agent.entered, &agent.turns, &agent.left].map(|n| n.load(Ordering::Acquire));
    assert_eq!(counts, [1, 1, 1], "entered, asked and left once");
}

#[test]
fn an_agent_is_required_and_validated() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let start = |parts| {
        runtime.block_on(async {
            let pool = MediaPool::start(SessionClock::new(Pace::Virtual)).unwrap();
            Session::start(&pool, parts).unwrap_err()
        })
    };
    let speechless = || parts(Scripted::new(&[]), &Caller::default());
    assert_eq!(start(SessionParts { agent: None, ..speechless() }).code(), Code::AgentNotSet);
    let invalid = start(speechless());
    assert_eq!(invalid.code(), Code::AgentInvalid);
    assert!(invalid.detail().contains("nothing to say"), "{invalid}");
}

#[test]
fn streaming() {
    // Three sentences become three segments, spoken in order while the agent still streams.
    let agent = Scripted::new(&["one two three. four five six. seven eight nine."]);
    let caller = Caller::default().says(When::Quiet(200), "hello");
    let call = call(|| parts(agent.clone(), &caller));
    assert_eq!(caller.heard(), "one two three four five six seven eight nine");
    let segments = call.events.iter().filter(|e| matches!(e.notice, Notice::Segment { .. }));
    assert_eq!(segments.count(), 3);
}

#[test]
fn interruption() {
    let long = "one two three four five six seven eight nine. one two three four five six.";
    let agent = Scripted::new(&[long, "thanks."]);
    let caller = Caller::default()
        .says(When::Quiet(200), "hello")
        .says(When::Over(700), "stop please answer");
    let call = call(|| parts(agent.clone(), &caller));
    let said = call.said();
    assert_eq!(said.len(), 4, "{said:?}");
    assert!(said[1].starts_with("agent: one two three") && said[1].ends_with('—'), "{said:?}");
    assert_eq!(&said[2..], ["user: stop please answer", "agent: thanks."]);
    // What history says was heard is what the audio says.
    let heard = said[1].trim_start_matches("agent: ").trim_end_matches(" —");
    let audio = caller.heard();
    assert_eq!(audio, format!("{heard} thanks"));

    // The agent is silent from the pause on until it answers: not one sample in between.
    let at = |n: fn(&Notice) -> bool| call.events.iter().find(|e| n(&e.notice)).unwrap().at;
    let paused = at(|n| matches!(n, Notice::OverlapStarted(_)));
    let answer = call.events.iter().filter(|e| matches!(e.notice, Notice::SpeechStarted { .. }));
    let answer = answer.map(|e| e.at).max().unwrap();
    let sample = |t: antiphon::Timestamp| (t.as_secs_f64() * f64::from(RATE_HZ)) as usize;
    let agent = caller.agent();
    let between = &agent[sample(paused) + RATE_HZ as usize / 50..sample(answer) - 320];
    assert!(between.iter().all(|s| *s == 0), "samples after the interruption");
}

/// However busy the machine is: every event at the same microsecond. Those of one moment may come
/// in another order, since syntheses run side by side.
#[test]
fn a_call_in_virtual_time_is_the_same_each_time() {
    let once = || {
        let agent = Scripted::new(&["one two three four five. six seven eight nine.", "thanks."]);
        let caller = Caller::default()
            .says(When::Quiet(200), "hello")
            .says(When::Over(700), "stop please answer")
            .says(When::Answered(400), "again");
        let call = call(|| parts(agent.clone(), &caller));
        let mut events: Vec<_> =
            call.events.iter().map(|e| (e.at, format!("{:?}", e.notice))).collect();
        events.sort();
        (events, caller.agent())
    };
    let first = once();
    let again: Vec<_> = std::thread::scope(|scope| {
        let busy: Vec<_> = (0..8).map(|_| scope.spawn(once)).collect();
        busy.into_iter().map(|call| call.join().unwrap()).collect()
    });
    for call in again {
        for (event, same) in call.0.iter().zip(&first.0) {
            assert_eq!(event, same);
        }
        assert_eq!(call.0.len(), first.0.len());
        let differs = call.1.iter().zip(&first.1).position(|(a, b)| a != b);
        assert_eq!((call.1.len(), differs), (first.1.len(), None), "the audio differs");
    }
}

#[test]
fn an_interruption_cancels_the_agents_stream() {
    let agent = Scripted::new(&["one two three four. five six seven eight. endless ", "thanks."]);
    let caller = Caller::default()
        .says(When::Quiet(200), "hello")
        .says(When::Over(500), "stop please answer");
    // An agent that never ends is at work for ever, which would stop virtual time.
    let call = call_at(Pace::Fast, || parts(agent.clone(), &caller));
    assert_eq!(agent.cancelled.load(Ordering::Acquire), 1);
    assert_eq!(call.said().last().unwrap(), "agent: thanks.");
    assert!(call.errors.is_empty(), "{:?}", call.errors);
}

#[test]
fn context_preservation() {
    let agent = Scripted::new(&["one two three four five six seven eight.", "table.", "book."]);
    let caller = Caller::default()
        .says(When::Quiet(200), "hello")
        .says(When::Over(500), "stop please")
        .says(When::Answered(400), "again");
    let call = call(|| parts(agent.clone(), &caller));
    let requests = agent.requests.lock().unwrap();
    let last = requests.last().unwrap();
    let roles: Vec<_> = last.messages.iter().map(|m| m.role).collect();
    use Role::{Assistant, System, User};
    assert_eq!(roles, [System, User, Assistant, User, Assistant, User]);
    let heard = &last.messages[2].content;
    assert!(heard.starts_with("one two") && heard.ends_with('—'), "{heard}");
    assert!(!heard.contains("eight"), "the agent believes it was heard to the end: {heard}");
    assert_eq!(last.messages[4].content, "table.");
    assert_eq!(call.said().len(), 6);
}

/// An agent that calls the tool it is offered, then reads out the result.
#[derive(Default)]
struct Caretaker(AtomicUsize);

#[async_trait]
impl Agent for Caretaker {
    fn profile(&self) -> AgentProfile {
        AgentProfile { name: "caretaker".to_owned(), ..AgentProfile::default() }
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn on_enter(&self, _: SessionHandle) -> Result<()> {
        Ok(())
    }

    async fn reply(&self, request: LlmRequest) -> Result<BoxStream<Result<LlmEvent>>> {
        let last = request.messages.last().unwrap();
        let event = match last.role {
            Role::Tool => LlmEvent::Delta { text: last.content.clone() },
            Role::System | Role::User | Role::Assistant => {
                let name = request.tools[0].name.clone();
                let arguments = r#"{"seats": 4}"#.to_owned();
                let id = format!("call_{}", self.0.fetch_add(1, Ordering::AcqRel));
                LlmEvent::ToolCall(ToolCall { id, name, arguments })
            }
        };
        let done = LlmEvent::Done { finish: FinishReason::Stop, usage: Usage::default() };
        Ok(stream::iter([Ok(event), Ok(done)]).boxed())
    }

    async fn warm(&self, _: LlmRequest) -> Result<()> {
        Ok(())
    }

    async fn on_exit(&self) {}
}

/// A tool for tables.
fn table() -> ToolSpec {
    ToolSpec::new("table", "Finds and books a table.").with_parameters(serde_json::json!({
        "type": "object",
        "properties": {"seats": {"type": "integer"}},
        "required": ["seats"],
    }))
}

#[test]
fn a_tool_is_called_by_voice_and_its_result_is_in_history() {
    let booked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let tool = FunctionTool::raw(table(), {
        let booked = booked.clone();
        move |context, arguments| {
            booked.lock().unwrap().push((context.idempotency_key().to_owned(), arguments));
            async { Ok::<_, ToolError>("table four.".to_owned()) }
        }
    });
    let caller = Caller::default().says(When::Quiet(200), "book please");
    let tools = ToolSet::new().with(tool).unwrap();
    let call = call(|| {
        let mut parts = parts(Arc::new(Caretaker::default()), &caller);
        parts.tools = tools.clone();
        parts
    });
    assert_eq!(call.said(), ["user: book please", "table: table four.", "agent: table four."]);
    assert_eq!(caller.heard(), "table four");
    let booked = booked.lock().unwrap();
    assert_eq!(booked.len(), 1, "an effect takes place once: {booked:?}");
    assert_eq!(booked[0].1["seats"], 4);
}

/// The user goes on after a pause: the reply that was prepared had looked something up already, and
/// the one that is given looks it up again.
#[test]
fn what_a_dropped_reply_has_read_is_read_again() {
    let lookups = Arc::new(AtomicUsize::new(0));
    let tool = FunctionTool::raw(table().with_effect(EffectClass::Read), {
        let lookups = lookups.clone();
        move |_, _| {
            lookups.fetch_add(1, Ordering::AcqRel);
            async { Ok::<_, ToolError>("table four.".to_owned()) }
        }
    });
    let caller = Caller::default().says(When::Quiet(200), "book").says(When::Quiet(450), "please");
    let tools = ToolSet::new().with(tool).unwrap();
    let call = call(|| {
        let mut parts = tones::parts(Arc::new(Caretaker::default()), &caller);
        parts.tools = tools.clone();
        parts
    });
    let dropped = |e: &&SessionEvent| matches!(e.notice, Notice::PreemptiveDropped { .. });
    assert_eq!(call.events.iter().filter(dropped).count(), 1);
    assert_eq!(lookups.load(Ordering::Acquire), 2);
    assert_eq!(call.said(), ["user: book please", "table: table four.", "agent: table four."]);
}

#[test]
fn what_is_spoken_before_the_commit_sounds_right_after_it_or_never() {
    let agent = Scripted::new(&["wrong.", "four."]);
    let caller = Caller::default().says(When::Quiet(200), "book").says(When::Quiet(450), "please");
    let call = call(|| tones::parts(agent.clone(), &caller));
    let dropped = call.events.iter().find_map(|e| match &e.notice {
        Notice::PreemptiveDropped { spoken, .. } => Some(*spoken),
        _ => None,
    });
    assert_eq!(dropped, Some("wrong.".len()));
    assert_eq!(caller.heard(), "four");
    let [w] = call.waterfalls()[..] else { panic!("{:?}", call.waterfalls()) };
    let committed = w.committed.unwrap();
    assert!(w.tts_first_audio.unwrap() < committed, "{w:?}");
    assert!(w.playout_started.unwrap().since(committed).as_millis() <= 20, "{w:?}");
}

#[test]
fn error_recovery() {
    for fault in ["error", "panic", "break"] {
        let agent = Scripted::new(&[fault, "sunny."]);
        let caller = Caller::default()
            .says(When::Quiet(200), "hello")
            .says(When::Answered(600), "again please");
        let call = call(|| {
            let mut parts = parts(agent.clone(), &caller);
            parts.config.apology = "sorry.".to_owned();
            parts
        });
        // The user is told, and the next turn works.
        assert_eq!(caller.heard(), "sorry sunny", "{fault}");
        assert_eq!(call.errors.len(), 1, "{fault}: {:?}", call.errors);
        let (op, code, times) = &call.errors[0];
        let code_expected = if fault == "panic" { Code::Internal } else { Code::StreamError };
        assert_eq!((op.as_str(), *code, *times), ("llm.generate", code_expected, 1));
    }
}

#[test]
fn backward_compatibility() {
    // A callback instead of an agent instance.
    let answer = |said: String| async move {
        assert_eq!(said, "hello please");
        Ok("table nine.".to_owned())
    };
    let agent = Arc::new(CallbackAgent::new(answer));
    let caller = Caller::default().says(When::Quiet(200), "hello please");
    let call = call(|| parts(agent.clone(), &caller));
    assert_eq!(caller.heard(), "table nine");
    assert_eq!(call.said(), ["user: hello please", "agent: table nine."]);
}

#[test]
fn concurrent_sessions() {
    const DIGITS: [&str; 10] =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let pool = MediaPool::start(SessionClock::new(Pace::Virtual)).unwrap();
        let calls = (0..100).map(|n| {
            let pool = pool.clone();
            async move {
                let name = format!("{} {}", DIGITS[n / 10], DIGITS[n % 10]);
                let caller = Caller::default()
                    .says(When::Quiet(200), &format!("hello {name}"))
                    .says(When::Answered(300), "again");
                let reply = name.clone();
                let agent = Arc::new(CallbackAgent::new(move |said: String| {
                    let reply = format!("{reply} {}.", said.split(' ').next().unwrap());
                    async move { Ok(reply) }
                }));
                let call = run(&pool, || parts(agent.clone(), &caller)).await;
                assert_eq!(caller.heard(), format!("{name} hello {name} again"));
                assert_eq!(call.said().len(), 4);
            }
        });
        futures_util::future::join_all(calls).await;
    });
}

#[test]
fn performance() {
    let agent = Scripted::new(&["one two.", "three four."]);
    let caller =
        Caller::default().says(When::Quiet(200), "hello").says(When::Answered(300), "again please");
    let call = call(|| quick(parts(agent.clone(), &caller)));
    let millis = |d: Duration| d.as_millis();
    assert_eq!(call.waterfalls().len(), 2);
    for w in call.waterfalls() {
        let started = w.playout_started.unwrap();
        assert!(millis(started.since(w.speech_end)) < 500, "end to end: {w:?}");
        assert!(millis(w.llm_started.unwrap().since(w.committed.unwrap())) < 50, "{w:?}");
        let tts = w.tts_first_audio.unwrap().since(w.llm_first_token.unwrap());
        assert!(millis(tts) < 200, "{w:?}");
    }
    // The same from the audio: from the caller's last sample to the agent's first.
    let (caller, agent) = (caller.caller(), caller.agent());
    let end = caller[..RATE_HZ as usize].iter().rposition(|s| *s != 0).unwrap();
    let start = agent.iter().position(|s| s.unsigned_abs() > 500).unwrap();
    let ms = (start - end) * 1000 / RATE_HZ as usize;
    assert!(ms < 500, "{ms} ms");
    assert_eq!(listen(&agent), "one two three four");
}
