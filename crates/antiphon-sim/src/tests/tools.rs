//! Scripts of replies that call tools.

use antiphon_conversation::Config;
use antiphon_core::{EffectClass, ToolDefinition};
use expect_test::{Expect, expect};

use crate::run_script;

fn tool(name: &str, effect: EffectClass) -> ToolDefinition {
    let (name, description) = (name.to_owned(), "A tool.".to_owned());
    ToolDefinition { name, description, parameters: serde_json::json!({}), effect }
}

fn config() -> Config {
    Config {
        tools: vec![tool("book", EffectClass::Write), tool("look_up", EffectClass::Read)].into(),
        filler: "One moment.".to_owned(),
        ..Config::default()
    }
}

fn check(config: Config, script: &str, expected: Expect) {
    expected.assert_eq(&run_script(config, script).unwrap());
}

#[test]
fn a_call_is_made_and_the_reply_goes_on_with_its_result() {
    check(
        config(),
        "0.00 start
         0.10 type book a table
         0.20 llm Let me see.
         0.21 call book
         0.22 llm end
         0.40 tool booked for seven
         0.41 tool end
         0.60 llm It is done.
         0.61 llm end",
        expect![[r#"
            0.00   agent listening
            0.10   UserTurn { turn: TurnId(0), text: "book a table", late: false }
            0.10 start op0 generate after 2 messages, last "book a table"
            0.10   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: None }
            0.10   agent thinking
            0.20   Segment { speech: SpeechId(0), segment: SegmentId(0), text: "Let me see. " }
            0.20 start op1 speak gen0 seg0 "Let me see. "
            0.21   ToolCalled { turn: TurnId(0), call: ToolCall { id: "call_book", name: "book", arguments: "{}" } }
            0.21 start op2 call book {}
            0.40   Tool { call: "call_book", name: "book", event: Completed { at: Timestamp(0), result: ToolResult { text: "booked for seven", is_error: false, truncated: false } } }
            0.40   ToolResult { turn: TurnId(0), call: ToolCall { id: "call_book", name: "book", arguments: "{}" }, result: ToolResult { text: "booked for seven", is_error: false, truncated: false } }
            0.40 start op3 generate after 4 messages, last "booked for seven"
            0.60   Segment { speech: SpeechId(0), segment: SegmentId(1), text: "It is done. " }
            0.60 start op4 speak gen0 seg1 "It is done. "
        "#]],
    );
}

#[test]
fn a_slow_tool_is_bridged_by_a_word() {
    check(
        config(),
        "0.00 start
         0.10 type book a table
         0.21 call book
         0.22 llm end
         1.50 tool booked
         1.51 tool end",
        expect![[r#"
            0.00   agent listening
            0.10   UserTurn { turn: TurnId(0), text: "book a table", late: false }
            0.10 start op0 generate after 2 messages, last "book a table"
            0.10   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: None }
            0.10   agent thinking
            0.21   ToolCalled { turn: TurnId(0), call: ToolCall { id: "call_book", name: "book", arguments: "{}" } }
            0.21 start op1 call book {}
            1.01   Segment { speech: SpeechId(0), segment: SegmentId(0), text: "One moment. " }
            1.01 start op2 speak gen0 seg0 "One moment. "
            1.50   Tool { call: "call_book", name: "book", event: Completed { at: Timestamp(0), result: ToolResult { text: "booked", is_error: false, truncated: false } } }
            1.50   ToolResult { turn: TurnId(0), call: ToolCall { id: "call_book", name: "book", arguments: "{}" }, result: ToolResult { text: "booked", is_error: false, truncated: false } }
            1.50 start op3 generate after 4 messages, last "booked"
        "#]],
    );
}

#[test]
fn what_changes_nothing_begins_before_the_commit_and_what_does_waits() {
    check(
        config(),
        "0.00 start
         1.00 user starts
         1.90 user stops
         1.95 final book it
         1.95 flush
         2.00 call look_up
         2.01 call book
         2.02 llm end
         2.03 tool free at seven
         2.03 tool end
         2.04 finished 0.95
         2.30 tool booked
         2.30 tool end",
        expect![[r#"
            0.00   agent listening
            1.00 start op0 transcribe from 11200
            1.00   user speaking
            1.90 feed op0 Flush(1)
            1.90 start op1 predict turn end of ""
            1.90   user listening
            1.95   Interim { turn: TurnId(0), text: "book it" }
            1.95 start op2 generate after 2 messages, last "book it"
            2.00   ToolCalled { turn: TurnId(0), call: ToolCall { id: "call_look_up", name: "look_up", arguments: "{}" } }
            2.00 start op3 call look_up {}
            2.03   Tool { call: "call_look_up", name: "look_up", event: Completed { at: Timestamp(0), result: ToolResult { text: "free at seven", is_error: false, truncated: false } } }
            2.20 cancel op1
            2.20 feed op0 End
            2.20   UserTurn { turn: TurnId(0), text: "book it", late: false }
            2.20   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: None }
            2.20   ToolCalled { turn: TurnId(0), call: ToolCall { id: "call_book", name: "book", arguments: "{}" } }
            2.20 start op4 call book {}
            2.20   agent thinking
            2.30   Tool { call: "call_book", name: "book", event: Completed { at: Timestamp(0), result: ToolResult { text: "booked", is_error: false, truncated: false } } }
            2.30   ToolResult { turn: TurnId(0), call: ToolCall { id: "call_look_up", name: "look_up", arguments: "{}" }, result: ToolResult { text: "free at seven", is_error: false, truncated: false } }
            2.30   ToolResult { turn: TurnId(0), call: ToolCall { id: "call_book", name: "book", arguments: "{}" }, result: ToolResult { text: "booked", is_error: false, truncated: false } }
            2.30 start op5 generate after 5 messages, last "booked"
        "#]],
    );
}

#[test]
fn a_call_before_the_commit_is_compared_with_the_words_it_answers() {
    let config = Config { ground_tool_calls: true, ..config() };
    let script = "0.00 start
        1.00 user starts
        1.90 user stops
        1.95 final look it up
        1.95 flush
        2.00 call look_up";
    let lines = run_script(config, script).unwrap();
    assert!(lines.ends_with("call look_up {} after \"look it up\"\n"), "{lines}");
    assert!(!lines.contains("UserTurn"), "{lines}");
}

#[test]
fn an_interruption_keeps_results_and_lets_effects_run_on() {
    check(
        config(),
        "0.00 start
         0.10 type book a table
         0.20 call look_up
         0.21 call book
         0.22 llm end
         0.30 tool free
         0.30 tool end
         0.50 type no wait
         0.60 tool booked all the same
         0.60 tool end
         0.70 llm I had booked it.
         0.71 llm end",
        expect![[r#"
            0.00   agent listening
            0.10   UserTurn { turn: TurnId(0), text: "book a table", late: false }
            0.10 start op0 generate after 2 messages, last "book a table"
            0.10   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: None }
            0.10   agent thinking
            0.20   ToolCalled { turn: TurnId(0), call: ToolCall { id: "call_look_up", name: "look_up", arguments: "{}" } }
            0.20 start op1 call look_up {}
            0.21   ToolCalled { turn: TurnId(0), call: ToolCall { id: "call_book", name: "book", arguments: "{}" } }
            0.21 start op2 call book {}
            0.30   Tool { call: "call_look_up", name: "look_up", event: Completed { at: Timestamp(0), result: ToolResult { text: "free", is_error: false, truncated: false } } }
            0.50   Interrupted { turn: TurnId(1), why: Words }
            0.50   ToolResult { turn: TurnId(0), call: ToolCall { id: "call_look_up", name: "look_up", arguments: "{}" }, result: ToolResult { text: "free", is_error: false, truncated: false } }
            0.50 playout flush gen0
            0.50   SpeechEnded { speech: SpeechId(0), turn: TurnId(0), heard: "", unheard: "", interrupted: true, estimated: false }
            0.50   UserTurn { turn: TurnId(1), text: "no wait", late: false }
            0.50 start op3 generate after 5 messages, last "no wait"
            0.50   SpeechCreated { speech: SpeechId(1), turn: TurnId(1), request: None }
            0.60   Tool { call: "call_book", name: "book", event: Completed { at: Timestamp(0), result: ToolResult { text: "booked all the same", is_error: false, truncated: false } } }
            0.60   ToolResult { turn: TurnId(0), call: ToolCall { id: "call_book", name: "book", arguments: "{}" }, result: ToolResult { text: "booked all the same", is_error: false, truncated: false } }
            0.70   Segment { speech: SpeechId(1), segment: SegmentId(0), text: "I had booked it. " }
            0.70 start op4 speak gen1 seg0 "I had booked it. "
        "#]],
    );
}

#[test]
fn rounds_of_calls_come_to_an_end() {
    let config = Config { max_tool_steps: 1, ..config() };
    check(
        config,
        "0.00 start
         0.10 type look it up
         0.20 call look_up
         0.21 llm end
         0.30 tool nothing
         0.31 tool end
         0.40 call look_up
         0.41 llm I found nothing.
         0.42 llm end",
        expect![[r#"
            0.00   agent listening
            0.10   UserTurn { turn: TurnId(0), text: "look it up", late: false }
            0.10 start op0 generate after 2 messages, last "look it up"
            0.10   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: None }
            0.10   agent thinking
            0.20   ToolCalled { turn: TurnId(0), call: ToolCall { id: "call_look_up", name: "look_up", arguments: "{}" } }
            0.20 start op1 call look_up {}
            0.30   Tool { call: "call_look_up", name: "look_up", event: Completed { at: Timestamp(0), result: ToolResult { text: "nothing", is_error: false, truncated: false } } }
            0.30   ToolResult { turn: TurnId(0), call: ToolCall { id: "call_look_up", name: "look_up", arguments: "{}" }, result: ToolResult { text: "nothing", is_error: false, truncated: false } }
            0.30 start op2 generate after 4 messages, last "nothing"
            0.40   Error { op: "tool.call", code: InvalidInput, detail: "the model calls \"look_up\" though it has to speak" }
            0.41   Segment { speech: SpeechId(0), segment: SegmentId(0), text: "I found nothing. " }
            0.41 start op3 speak gen0 seg0 "I found nothing. "
        "#]],
    );
}

#[test]
fn a_conversation_in_text_counts_as_heard_what_is_there() {
    let config = Config { speak: false, filler: String::new(), ..config() };
    check(
        config,
        "0.00 start
         0.10 type hello
         0.20 llm Hello there.
         0.30 llm How are you?
         0.40 llm end",
        expect![[r#"
            0.00   agent listening
            0.10   UserTurn { turn: TurnId(0), text: "hello", late: false }
            0.10 start op0 generate after 2 messages, last "hello"
            0.10   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: None }
            0.10   agent thinking
            0.20   ReplyText { speech: SpeechId(0), text: "Hello there. " }
            0.20   Segment { speech: SpeechId(0), segment: SegmentId(0), text: "Hello there. " }
            0.30   ReplyText { speech: SpeechId(0), text: "How are you? " }
            0.30   Segment { speech: SpeechId(0), segment: SegmentId(1), text: "How are you? " }
            0.40   SpeechEnded { speech: SpeechId(0), turn: TurnId(0), heard: "Hello there. How are you? ", unheard: "", interrupted: false, estimated: false }
            0.40   agent listening
        "#]],
    );
}
