//! Turns of an executor.

use std::{sync::atomic::Ordering, time::Duration};

use antiphon_core::{Code, ToolEvent, ToolFailure};
use antiphon_llm::{Role, Usage};
use antiphon_state::{History, Said};
use antiphon_tools::{FunctionTool, ToolSpec};

use super::support::{
    Generation::{Breaks, Calls, Hangs, Panics, Refuses, Says},
    Scripted, USAGE, call, executor, parts, pass,
};
use crate::executor::{AgentExecutor, ToolOutcome, TurnEvent};

/// `user: ..`, `agent: ..` with `|` after what was interrupted, `tool: ..`.
fn lines(history: &History) -> Vec<String> {
    let line = |said: &Said| match said {
        Said::User { text } => format!("user: {text}"),
        Said::Agent { heard, interrupted, .. } => {
            format!("agent: {}{}", heard.trim(), if *interrupted { "|" } else { "" })
        }
        Said::Tool { call, result } => format!("tool: {} -> {}", call.name, result.text),
    };
    history.items().map(|item| line(&item.said)).collect()
}

/// What a follower of the turn sees, one line each.
async fn follow(executor: &mut AgentExecutor, message: &str) -> Vec<String> {
    let mut turn = executor.stream_turn(message).unwrap();
    let mut seen = Vec::new();
    while let Some(event) = turn.next().await {
        seen.push(match event.unwrap() {
            TurnEvent::Text(text) => text,
            TurnEvent::Tool { call, event } => {
                let what = match event {
                    ToolEvent::Started { .. } => "started".to_owned(),
                    ToolEvent::Progress { text, .. } => text,
                    ToolEvent::Deferred { .. } => "deferred".to_owned(),
                    ToolEvent::Completed { result, .. } => format!("completed: {}", result.text),
                    ToolEvent::Failed { result, .. } => format!("failed: {}", result.text),
                };
                format!("[{} {what}]", call.name)
            }
            TurnEvent::Done(response) => format!("done: {}", response.content),
        });
    }
    seen
}

#[tokio::test(start_paused = true)]
async fn a_turn_answers_and_enters_history() {
    let agent = Scripted::new([Says(&["Good ", "morning."]), Says(&["You asked that."])]);
    let mut executor = executor(&agent);
    let response = executor.execute_turn("hello").await.unwrap();
    assert_eq!(response.content, "Good morning.");
    assert_eq!(response.tokens_used, Some(USAGE));
    assert_eq!(response.execution_time, Duration::from_millis(300));
    assert!(response.tool_executions.is_empty());
    executor.execute_turn("again").await.unwrap();
    let wanted = ["user: hello", "agent: Good morning.", "user: again", "agent: You asked that."];
    assert_eq!(lines(executor.get_history()), wanted);
    let asked = agent.asked.lock().unwrap();
    let last: Vec<_> = asked[1].messages.iter().map(|m| (m.role, m.content.as_str())).collect();
    let wanted = [
        (Role::System, "Be kind."),
        (Role::User, "hello"),
        (Role::Assistant, "Good morning."),
        (Role::User, "again"),
    ];
    assert_eq!(last, wanted);
}

#[tokio::test(start_paused = true)]
async fn a_turn_streams_text_and_tools_as_they_happen() {
    let wanted_call = call("c1", "weather", r#"{"place": "Rome"}"#);
    let agent =
        Scripted::new([Calls("Let me see. ", vec![wanted_call]), Says(&["It is ", "sunny."])]);
    let mut executor = executor(&agent);
    let seen = follow(&mut executor, "How is the weather in Rome?").await;
    let wanted = [
        "Let me see. ",
        "[weather started]",
        "[weather looking out of the window]",
        "[weather completed: Sunny in Rome.]",
        "It is ",
        "sunny.",
        "done: Let me see. It is sunny.",
    ];
    assert_eq!(seen, wanted);
}

#[tokio::test(start_paused = true)]
async fn texts_of_two_steps_are_told_apart() {
    for said in ["Let me see.", "Let me see. "] {
        let wanted_call = call("c1", "weather", r#"{"place": "Rome"}"#);
        let agent = Scripted::new([Calls(said, vec![wanted_call]), Says(&["It is ", "sunny."])]);
        let mut executor = executor(&agent);
        let seen = follow(&mut executor, "How is the weather in Rome?").await;
        let text: Vec<&str> =
            seen.iter().map(String::as_str).filter(|s| !s.starts_with('[')).collect();
        let (done, text) = text.split_last().unwrap();
        assert_eq!(*done, "done: Let me see. It is sunny.");
        assert_eq!(text.concat(), "Let me see. It is sunny.", "as it is shown");
        let said = lines(executor.get_history()).pop().unwrap();
        assert_eq!(said, "agent: Let me see. It is sunny.");
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_reply_is_prepared_while_the_user_types() {
    let agent = Scripted::new([Says(&["One."]), Says(&["Two."])]);
    let mut executor = executor(&agent);
    let prepared = |n: usize| {
        let warmed = agent.warmed.lock().unwrap();
        let messages = warmed.0.last().unwrap().messages.clone();
        assert_eq!(warmed.1, n, "to the end");
        messages.into_iter().map(|m| m.content).collect::<Vec<_>>()
    };
    pass(Duration::from_secs(5)).await;
    assert_eq!(prepared(1), ["Be kind."]);
    executor.execute_turn("hello").await.unwrap();
    pass(Duration::from_millis(500)).await;
    assert_eq!(prepared(1), ["Be kind.", "hello", "One."], "the second is under way");
    // It is given up for the reply, which begins at once.
    let response = executor.execute_turn("again").await.unwrap();
    assert_eq!(response.first_text, Some(Duration::from_millis(100)));
    pass(Duration::from_secs(5)).await;
    assert_eq!(prepared(2), ["Be kind.", "hello", "One.", "again", "Two."]);
    let asked = agent.asked.lock().unwrap().clone();
    let (warmed, _) = agent.warmed.lock().unwrap().clone();
    assert_eq!(warmed.len(), 3);
    for (asked, warmed) in asked.iter().zip(&warmed) {
        assert!(asked.messages.starts_with(&warmed.messages), "the reply begins with it");
        assert_eq!(asked.tools, warmed.tools);
    }
    executor.clear_history();
    pass(Duration::from_millis(1)).await;
    assert_eq!(prepared(2), ["Be kind."]);
    executor.shutdown().await;
    pass(Duration::from_secs(5)).await;
    assert_eq!(prepared(2), ["Be kind."], "nothing goes on after the end");
}

#[tokio::test(start_paused = true)]
async fn a_response_says_which_tools_ran_and_for_how_long() {
    let calls = vec![
        call("c1", "weather", r#"{"place": "Rome"}"#),
        call("c2", "fails", "{}"),
        call("c3", "wether", "{}"),
    ];
    let agent = Scripted::new([Calls("", calls), Says(&["Sunny."])]);
    let mut executor = executor(&agent);
    let response = executor.execute_turn("the weather?").await.unwrap();
    let [weather, fails, unknown] = response.tool_executions.as_slice() else { panic!() };
    assert_eq!(weather.execution_time, Duration::from_millis(300));
    assert!(matches!(&weather.outcome, ToolOutcome::Completed { result } if !result.is_error));
    assert!(matches!(fails.outcome, ToolOutcome::Failed { why: ToolFailure::Failed, .. }));
    let ToolOutcome::Failed { why: ToolFailure::UnknownTool, result } = &unknown.outcome else {
        panic!("{unknown:?}")
    };
    assert!(result.text.contains("Did you mean \"weather\"?"), "{}", result.text);
    assert_eq!(response.content, "Sunny.");
    let twice = Usage { input_tokens: 20, cached_tokens: 8, output_tokens: 6 };
    assert_eq!(response.tokens_used, Some(twice));
    assert_eq!(agent.asked.lock().unwrap()[0].tools.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_deferred_tool_tells_its_news_in_a_later_turn() {
    let agent = Scripted::new([
        Calls("", vec![call("c1", "order", "{}")]),
        Says(&["I am on it."]),
        Says(&["Your order arrives at noon."]),
        Says(&["You are welcome."]),
    ]);
    let mut executor = executor(&agent);
    let response = executor.execute_turn("order it").await.unwrap();
    assert_eq!(response.content, "I am on it.");
    assert!(matches!(response.tool_executions[0].outcome, ToolOutcome::Deferred { .. }));
    pass(Duration::from_secs(60)).await;
    let response = executor.execute_turn("thank you").await.unwrap();
    assert_eq!(response.content, "Your order arrives at noon.\nYou are welcome.");
}

#[tokio::test(start_paused = true)]
async fn a_deferred_tool_may_take_minutes() {
    let agent = Scripted::new([
        Calls("", vec![call("c1", "bake", "{}")]),
        Says(&["It is in the oven."]),
        Says(&["Not yet."]),
        Says(&["It is baked."]),
        Says(&["You are welcome."]),
    ]);
    let mut executor = executor(&agent);
    let bake = FunctionTool::raw(ToolSpec::new("bake", "Bakes."), |context, _| async move {
        context.defer("It is in the oven.");
        pass(Duration::from_secs(300)).await;
        Ok("baked".to_owned())
    });
    executor.session_handle().tools().register(bake).unwrap();
    for (wait, said) in
        [(0, "It is in the oven."), (200, "Not yet."), (200, "It is baked.\nYou are welcome.")]
    {
        pass(Duration::from_secs(wait)).await;
        assert_eq!(executor.execute_turn("is it ready?").await.unwrap().content, said);
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_keeps_the_tools_it_began_with() {
    let weather = |id| Calls("", vec![call(id, "weather", r#"{"place": "Rome"}"#)]);
    let agent = Scripted::new([
        Calls("", vec![call("c1", "close_window", "{}")]),
        weather("c2"),
        Says(&["Sunny."]),
        weather("c3"),
        Says(&["I cannot tell."]),
    ]);
    let mut executor = executor(&agent);
    let session = executor.session_handle();
    let spec = ToolSpec::new("close_window", "Nobody looks out any more.");
    let close = FunctionTool::raw(spec, {
        let session = session.clone();
        move |_, _| {
            let session = session.clone();
            async move {
                session.tools().unregister("weather");
                session.refresh_tools().await?;
                Ok("closed".to_owned())
            }
        }
    });
    session.tools().register(close).unwrap();
    session.refresh_tools().await.unwrap();
    let response = executor.execute_turn("close the window; the weather?").await.unwrap();
    let completed = |o: &ToolOutcome| matches!(o, ToolOutcome::Completed { .. });
    assert!(response.tool_executions.iter().all(|e| completed(&e.outcome)), "{response:?}");
    let response = executor.execute_turn("and now?").await.unwrap();
    let unknown = ToolFailure::UnknownTool;
    assert!(
        matches!(&response.tool_executions[0].outcome, ToolOutcome::Failed { why, .. } if *why == unknown)
    );
    let asked = agent.asked.lock().unwrap();
    let offered: Vec<usize> = asked.iter().map(|request| request.tools.len()).collect();
    assert_eq!(offered, [4, 4, 4, 3, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_reply_is_an_error_and_the_next_turn_works() {
    let agent = Scripted::new([
        Refuses(Code::Unavailable),
        Breaks("Well, ", Code::StreamError),
        Panics,
        Hangs,
        Says(&["Here I am."]),
    ]);
    let mut executor = executor(&agent);
    for code in [Code::Unavailable, Code::StreamError, Code::Internal, Code::Timeout] {
        let e = executor.execute_turn("hello").await.unwrap_err();
        assert_eq!((e.op(), e.code()), ("llm.generate", code));
    }
    assert_eq!(executor.execute_turn("hello").await.unwrap().content, "Here I am.");
    assert!(lines(executor.get_history()).contains(&"agent: Well,".to_owned()));
    let counted: u64 = executor.session_handle().errors().iter().map(|(_, _, n)| n).sum();
    assert_eq!(counted, 4);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_turn_is_interrupted_and_the_next_one_works() {
    let agent = Scripted::new([
        Says(&["One is one. ", "Two is two. ", "Three is three."]),
        Says(&["Four."]),
    ]);
    let mut executor = executor(&agent);
    let dropped = executor.execute_turn("count");
    assert!(tokio::time::timeout(Duration::from_millis(250), dropped).await.is_err());
    let response = executor.execute_turn("go on").await.unwrap();
    assert_eq!(response.content, "Four.");
    let wanted = ["user: count", "agent: One is one. Two is two.|", "user: go on", "agent: Four."];
    assert_eq!(lines(executor.get_history()), wanted);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_was_never_polled_never_happened() {
    let mut executor = executor(&Scripted::new([]));
    drop(executor.stream_turn("hello").unwrap());
    drop(executor.execute_turn("hello"));
    assert!(executor.get_history().is_empty());
}

#[tokio::test(start_paused = true)]
async fn clearing_keeps_the_system_message_alone() {
    let call_again = || vec![call("c1", "weather", r#"{"place": "Rome"}"#)];
    let agent = Scripted::new([
        Calls("", call_again()),
        Says(&["Sunny."]),
        Calls("", call_again()),
        Says(&["Still sunny."]),
    ]);
    let mut executor = executor(&agent);
    executor.execute_turn("the weather?").await.unwrap();
    executor.clear_history();
    assert!(executor.get_history().is_empty());
    assert!(executor.session_handle().history().is_empty());
    let response = executor.execute_turn("and now?").await.unwrap();
    assert_eq!(response.content, "Still sunny.");
    // The same call id is a new call in a new conversation.
    assert_eq!(response.tool_executions[0].outcome.as_str(), "completed");
    let asked = agent.asked.lock().unwrap();
    let roles: Vec<_> = asked[2].messages.iter().map(|m| m.role).collect();
    assert_eq!(roles, [Role::System, Role::User]);
}

#[tokio::test(start_paused = true)]
async fn the_agent_greets_enters_and_is_left_once() {
    let mut agent = Scripted::new([Says(&["Fine."])]);
    agent.profile.greeting = Some("Good evening.".to_owned());
    agent.profile.instructions = Some("Be brief.".to_owned());
    agent.says_on_enter = Some("By the way, we close at ten.");
    let mut executor = executor(&agent);
    assert_eq!(lines(executor.get_history()), ["agent: Good evening."]);
    let response = executor.execute_turn("how are you?").await.unwrap();
    assert_eq!(response.content, "By the way, we close at ten.\nFine.");
    assert_eq!(executor.config().instructions, "Be brief.");
    executor.shutdown().await;
    executor.shutdown().await;
    assert_eq!(agent.left.load(Ordering::Relaxed), 1);
    assert_eq!(executor.execute_turn("hello").await.unwrap_err().code(), Code::Cancelled);
    executor.clear_history();
    assert_eq!(executor.get_history().len(), 4, "history can still be read");
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_takes_over_answers_from_the_next_reply_on() {
    let (first, second) = (Scripted::new([Says(&["One."])]), Scripted::new([Says(&["Two."])]));
    let mut executor = executor(&first);
    executor.execute_turn("hello").await.unwrap();
    let session = executor.session_handle();
    session.update_agent(std::sync::Arc::new(second)).await.unwrap();
    assert_eq!(executor.execute_turn("hello").await.unwrap().content, "Two.");
    assert_eq!(first.left.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn bad_parts_and_bad_messages_are_refused() {
    let mut agent = Scripted::new([]);
    assert_eq!(executor(&agent).execute_turn(" ").await.unwrap_err().code(), Code::InvalidInput);
    let mut bad = parts(&agent);
    bad.config.segments_ahead = 0;
    assert_eq!(AgentExecutor::new(bad).unwrap_err().code(), Code::InvalidInput);
    agent.profile.name = "invalid".to_owned();
    assert_eq!(AgentExecutor::new(parts(&agent)).unwrap_err().code(), Code::AgentInvalid);
}
