//! Tools that hang, panic, answer too much or too late, or are cancelled: each call has one
//! outcome and harms nothing else.

use std::{
    future::pending,
    sync::{Arc, mpsc},
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use antiphon_core::{BoxFuture, Timestamp};
use futures_util::{FutureExt as _, StreamExt as _};
use serde_json::json;

use super::{Time, World, block_on, outcomes, request};
use crate::{
    EffectClass, Failure, FunctionTool, Limits, Runner, ToolError, ToolEvent, ToolResult, ToolSpec,
};

fn spec(name: &str) -> ToolSpec {
    ToolSpec::new(name, "For a test.").with_effect(EffectClass::Read)
}

#[test]
fn a_call_that_succeeds_is_started_and_completed() {
    let world = World::new().with(spec("echo"), |_, v| async move { Ok(v.to_string()) });
    let events = world.call("c1", "echo", r#"{"a":1}"#);
    let at = Timestamp::ZERO;
    let result = ToolResult { text: r#"{"a":1}"#.into(), is_error: false, truncated: false };
    assert_eq!(events, [ToolEvent::Started { at }, ToolEvent::Completed { at, result }]);
}

#[test]
fn a_hanging_tool_is_timed_out() {
    let hanging = spec("hang").with_timeout(Duration::from_secs(5));
    let world = World::new().with(hanging, |_, _| pending());
    let events = world.call("c1", "hang", "{}");
    let Some(ToolEvent::Failed { at, why, result }) = events.last() else { panic!("{events:?}") };
    assert_eq!((*at, *why), (Timestamp::from_millis(5000), Failure::Timeout));
    assert_eq!(result.text, "The tool \"hang\" took longer than 5s and was stopped.");
    assert_eq!(outcomes(&events).len(), 1);
}

#[test]
fn a_timeout_of_a_tool_with_effects_warns_of_repeating_it() {
    let world = World::new().with(spec("pay").with_effect(EffectClass::Write), |_, _| pending());
    let (why, text) = world.failure(1, "c1", "pay", "{}");
    assert_eq!(why, Failure::Timeout);
    assert!(text.contains("may have taken effect"), "{text}");
    assert_eq!(world.failure(1, "c2", "pay", "{}").0, Failure::Duplicate);
}

#[test]
fn a_panic_before_and_after_an_await_is_one_failure() {
    let world = World::new()
        .with(spec("early"), |_, _| -> BoxFuture<'static, _> { panic!("in the closure") })
        .with(spec("late"), |_, _| async {
            let mut first = true;
            std::future::poll_fn(move |cx| {
                cx.waker().wake_by_ref();
                if std::mem::take(&mut first) { Poll::Pending } else { panic!("after an await") }
            })
            .await
        });
    for name in ["early", "late"] {
        let events = world.call(name, name, "{}");
        assert_eq!(outcomes(&events).len(), 1);
        let (why, text) = world.failure(2, &format!("again-{name}"), name, "{}");
        assert_eq!(why, Failure::Panicked);
        assert_eq!(text, format!("The tool {name:?} broke down."));
    }
}

#[test]
fn a_panic_while_a_cancelled_call_is_dropped_is_contained() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(thread::panicking(), "dropped");
        }
    }
    let world = World::new().with(spec("bomb"), |_, _| async {
        let _bomb = Bomb;
        pending().await
    });
    let mut events = world.start("c1", "bomb", "{}");
    let mut cx = Context::from_waker(Waker::noop());
    assert!(matches!(events.poll_next_unpin(&mut cx), Poll::Ready(Some(_))));
    assert!(events.poll_next_unpin(&mut cx).is_pending());
    drop(events);
}

#[test]
fn a_result_of_100_megabytes_is_cut_and_marked() {
    let world = World::new().with(spec("big"), |_, _| async { Ok("é".repeat(50_000_000)) });
    let events = world.call("c1", "big", "{}");
    let [result] = outcomes(&events)[..] else { panic!("one outcome") };
    assert!(result.truncated && !result.is_error);
    assert!(result.text.len() < 17 * 1024, "{} bytes", result.text.len());
    assert!(result.text.ends_with("\n[cut: the first 16384 of 100000000 bytes]"));
}

#[test]
fn an_error_of_the_tool_reaches_the_model_in_its_words() {
    let world = World::new()
        .with(spec("no"), |_, _| async { Err(ToolError::new("Closed on Mondays.")) })
        .with(spec("io"), |_, _| async { Ok(format!("{:?}", "x".parse::<u8>()?)) });
    assert_eq!(world.failure(1, "c1", "no", "{}"), (Failure::Failed, "Closed on Mondays.".into()));
    let world = world.with(spec("pay").with_effect(EffectClass::Write), |_, _| async {
        Err(ToolError::new("No money."))
    });
    assert_eq!(world.failure(1, "c3", "pay", "{}").1, "No money.", "a tool knows what it did");
    let (why, text) = world.failure(1, "c2", "io", "{}");
    assert_eq!((why, &*text), (Failure::Failed, "invalid digit found in string"));
}

#[test]
fn a_dropped_call_is_stopped_at_once() {
    let alive = Arc::new(());
    let held = Arc::downgrade(&alive);
    let world = World::new().with(spec("wait"), move |context, _| {
        let alive = Arc::clone(&alive);
        async move {
            let _alive = alive;
            context.progress("begun");
            pending().await
        }
    });
    let mut events = world.start("c1", "wait", "{}");
    let mut cx = Context::from_waker(Waker::noop());
    while events.poll_next_unpin(&mut cx).is_ready() {}
    assert_eq!(held.strong_count(), 2, "the call runs");
    drop(events);
    assert_eq!(held.strong_count(), 1, "nothing of the call is left");
}

#[test]
fn what_a_tool_says_after_its_end_is_not_heard() {
    let (kept, keep) = mpsc::sync_channel(1);
    let world = World::new().with(spec("chatty"), move |context, _| {
        kept.send(context).unwrap();
        async { Ok("done".into()) }
    });
    let mut events = world.start("c1", "chatty", "{}");
    let mut cx = Context::from_waker(Waker::noop());
    assert!(matches!(
        events.poll_next_unpin(&mut cx),
        Poll::Ready(Some(ToolEvent::Started { .. }))
    ));
    let end = events.poll_next_unpin(&mut cx);
    assert!(matches!(end, Poll::Ready(Some(ToolEvent::Completed { .. }))), "{end:?}");
    let context = keep.recv().unwrap();
    assert!(context.is_cancelled());
    context.progress("too late");
    context.defer("too late");
    assert_eq!(events.poll_next_unpin(&mut cx), Poll::Ready(None));
}

#[test]
fn progress_comes_in_order_and_is_bounded() {
    let world = World::new().with(spec("work"), |context, _| async move {
        for i in 0..100 {
            context.progress(format!("{i} %"));
        }
        context.progress("x".repeat(5000));
        Ok("ready".into())
    });
    let events = world.call("c1", "work", "{}");
    let texts = events.iter().filter_map(|event| {
        if let ToolEvent::Progress { text, .. } = event { Some(text.as_str()) } else { None }
    });
    let texts: Vec<_> = texts.collect();
    assert_eq!(texts.len(), 15, "the ending took the place of one");
    assert_eq!(texts[..2], ["86 %", "87 %"], "the oldest are lost");
    assert_eq!(texts[14].len(), 1024);
    assert!(matches!(events.last(), Some(ToolEvent::Completed { .. })));
}

#[test]
fn a_deferred_call_outlives_its_timeout_but_not_its_bound() {
    let world = World::new().with(spec("slow"), |context, _| async move {
        context.defer("It takes a minute.");
        context.defer("Said twice.");
        pending().await
    });
    let events = world.call("c1", "slow", "{}");
    let [_, ToolEvent::Deferred { at, result }, end] = &events[..] else { panic!("{events:?}") };
    assert_eq!((*at, &*result.text), (Timestamp::ZERO, "It takes a minute."));
    assert_eq!(end.at(), Timestamp::from_millis(600_000));
    assert_eq!(outcomes(&events).len(), 1);
}

#[test]
fn a_tool_that_blocks_its_thread_blocks_only_the_executor() {
    let (release, released) = mpsc::sync_channel::<()>(0);
    let released = Arc::new(std::sync::Mutex::new(released));
    let mut world = World::new().with(spec("stuck"), move |_, _| {
        let released = Arc::clone(&released);
        async move {
            let _ = released.lock().unwrap().recv();
            Ok("at last".into())
        }
    });
    world.runner = Runner::new("s1", Arc::new(world.time.clone())).with_executor(|task| {
        thread::Builder::new().name("tools".into()).spawn(|| block_on(task)).unwrap();
    });
    assert_eq!(world.failure(1, "c1", "stuck", "{}").0, Failure::Timeout);
    drop(release);
}

#[test]
fn an_executor_brings_the_answer_back() {
    let time = Time::default();
    let runner = Runner::new("s1", Arc::new(time.clone())).with_executor(|task| {
        thread::Builder::new().name("tools".into()).spawn(|| block_on(task)).unwrap();
    });
    let world = World { time, runner, tools: World::new().tools }
        .with(spec("ok"), |context, _| async move { Ok(context.idempotency_key()) })
        .with(spec("panics"), |_, _| async { panic!("on the executor") });
    let events: Vec<_> = block_on(world.start("c1", "ok", "{}").collect());
    assert_eq!(outcomes(&events)[0].text, "s1/turn1/c1");
    let events: Vec<_> = block_on(world.start("c2", "panics", "{}").collect());
    assert!(matches!(events.last(), Some(ToolEvent::Failed { why: Failure::Panicked, .. })));
}

#[test]
fn a_dropped_call_is_stopped_on_its_executor() {
    struct Told(mpsc::SyncSender<()>);
    impl Drop for Told {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let (stopped, stops) = mpsc::sync_channel(1);
    let mut world = World::new().with(spec("wait"), move |context, _| {
        let told = Told(stopped.clone());
        async move {
            let _told = told;
            context.progress("begun");
            pending().await
        }
    });
    world.runner = Runner::new("s1", Arc::new(world.time.clone())).with_executor(|task| {
        thread::Builder::new().name("tools".into()).spawn(|| block_on(task)).unwrap();
    });
    let mut events = world.start("c1", "wait", "{}");
    block_on(events.next());
    assert!(matches!(block_on(events.next()), Some(ToolEvent::Progress { .. })));
    assert!(stops.try_recv().is_err(), "it runs");
    drop(events);
    assert_eq!(stops.recv_timeout(Duration::from_secs(60)), Ok(()));
}

#[test]
fn tools_get_at_the_state_of_their_session() {
    struct User(&'static str);
    let mut world = World::new().with(spec("who"), |context, _| async move {
        assert!(context.state::<String>().is_none());
        let user = context.state::<User>().ok_or_else(|| ToolError::new("Nobody."))?;
        Ok(user.0.to_owned())
    });
    assert_eq!(world.failure(1, "c1", "who", "{}").1, "Nobody.");
    let runner = Runner::new("s1", Arc::new(world.time.clone()));
    world.runner = runner.with_state(User("Tim")).with_state(User("Tom"));
    assert_eq!(world.answer(1, "c1", "who", "{}"), "Tom");
}

#[test]
fn blocking_tools_have_threads_of_their_own_four_at_most() {
    let world = World::new();
    let (entered, enters) = mpsc::sync_channel(8);
    let (release, released) = mpsc::sync_channel::<()>(0);
    let released = Arc::new(std::sync::Mutex::new(released));
    let body = move |_, n: Turns| {
        entered.send(thread::current().name().map(str::to_owned)).unwrap();
        let _ = released.lock().unwrap().recv();
        n.turns
    };
    let tool = FunctionTool::blocking(spec("turn"), body);
    world.tools.register(tool).unwrap();
    let mut calls = Vec::new();
    for i in 0..4 {
        let mut events = world.start_in(i, &format!("c{i}"), "turn", r#"{"turns": 7}"#);
        block_on(events.next());
        assert!(events.next().now_or_never().is_none(), "it blocks, and we do not");
        calls.push(events);
        assert_eq!(enters.recv().unwrap().as_deref(), Some("tool-turn"));
    }
    let (why, text) = world.failure(9, "c9", "turn", r#"{"turns": 7}"#);
    assert_eq!((why, &*text), (Failure::Failed, "The tool is still busy with earlier calls."));
    drop(release);
    for call in calls {
        let events: Vec<_> = block_on(call.collect());
        assert_eq!(outcomes(&events)[0].text, "7");
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Turns {
    turns: u32,
}

#[test]
fn a_panic_of_a_blocking_tool_is_one_failure() {
    let world = World::new();
    let tool =
        FunctionTool::blocking(spec("boom"), |_, _: Turns| -> () { panic!("on its thread") });
    world.tools.register(tool).unwrap();
    let events: Vec<_> = block_on(world.start("c1", "boom", r#"{"turns": 1}"#).collect());
    let [_, ToolEvent::Failed { why, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(*why, Failure::Panicked);
}

#[test]
fn arguments_that_are_no_json_never_reach_the_tool() {
    let world = World::new().with(spec("never"), |_, _| async { panic!("called") });
    for (i, wrong) in ["{", "{]", "[1]", "\"x\"", "nonsense", "{\"a\":1} {"].iter().enumerate() {
        let (why, text) = world.failure(1, &format!("c{i}"), "never", wrong);
        assert_eq!(why, Failure::InvalidArguments, "{wrong}: {text}");
    }
    let huge = format!("{{\"a\": \"{}\"}}", "x".repeat(70_000));
    let (why, text) = world.failure(1, "huge", "never", &huge);
    assert_eq!(
        (why, &*text),
        (Failure::InvalidArguments, "The arguments are 70009 bytes long; at most 65536.",)
    );
    let deep = "[".repeat(100_000);
    let limits = Limits { arguments_bytes: usize::MAX, ..Limits::default() };
    let runner = Runner::new("s1", Arc::new(world.time.clone())).with_limits(limits);
    let events = world.all(runner.run(&world.tools.freeze(), &request(1, "d", "never", &deep)));
    assert!(matches!(events[..], [ToolEvent::Failed { .. }]));
}

#[test]
fn events_are_plain_json() {
    let at = Timestamp::from_millis(3);
    let result = ToolResult::error("no", 10);
    let event = ToolEvent::Failed { at, why: Failure::RateLimited, result };
    let wire = serde_json::to_value(&event).unwrap();
    let expected = json!({"event": "failed", "at": 3000, "why": "rate_limited",
        "result": {"text": "no", "is_error": true, "truncated": false}});
    assert_eq!(wire, expected);
    assert_eq!(serde_json::from_value::<ToolEvent>(wire).unwrap(), event);
}
