//! Scenarios: the files beside the crate, and what is said of one that goes wrong.

use antiphon_conversation::AgentState;
use expect_test::{Expect as Text, expect};

use antiphon_core::{EffectClass, Timestamp, ToolDefinition, ToolEvent, ToolResult};
use serde_json::json;

use crate::{Expect as Wanted, Faults, Moment, Profile, Scenario, Wish, scenario::Verdict};

#[test]
fn the_scenario_files_go_as_they_say() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    let mut files = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let scenario = Scenario::from_yaml(&text).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        scenario.run().unwrap_or_else(|unmet| panic!("{path:?}: {unmet}"));
        files += 1;
    }
    assert!(files >= 3);
}

#[test]
fn an_agent_is_a_function_of_what_it_is_asked() {
    let transcript = Scenario::new("an agent that counts")
        .agent(|request| format!("You asked {} times.", request.messages.len() / 2))
        .user("how often did I ask")
        .user("and now")
        .expect_heard("You asked 1 times")
        .expect_heard("You asked 2 times")
        .expect_state(0.1, AgentState::Listening)
        .expect_never(Moment::Overlap)
        .run()
        .unwrap();
    assert_eq!(transcript.history.len(), 4);
    assert_eq!(transcript.latencies.len(), 2);
}

#[test]
fn every_expectation_that_is_not_met_is_told_with_what_happened_around_it() {
    let unmet = Scenario::new("a table")
        .replies(["We have a table at seven."])
        .user("a table for two")
        .at(1.0)
        .expect_said("a table for three")
        .expect_heard("We have a table")
        .expect_state(1.5, AgentState::Speaking)
        .expect_never(Moment::SpeechStarted)
        .expect_response_within(0.1)
        .expect_history(["user: a table for two"])
        .run()
        .unwrap_err();
    expect![[r#"
        scenario "a table": 5 not met
          at 2.900
            wanted: the user said: "a table for three"
            seen:   ["a table for two"]
            2.900 the user said: a table for two
            3.260 the agent began to speak
            4.926 the agent was heard: We have a table at seven.
          at 1.500
            wanted: the agent is Speaking
            seen:   Listening
            2.900 the user said: a table for two
            3.260 the agent began to speak
            4.926 the agent was heard: We have a table at seven.
          at 3.260
            wanted: never: the agent began to speak
            seen:   3.260 the agent began to speak
            2.900 the user said: a table for two
            3.260 the agent began to speak
            4.926 the agent was heard: We have a table at seven.
          at 3.260
            wanted: an answer within 0.1 s of the end of speech
            seen:   0.66 s
            2.900 the user said: a table for two
            3.260 the agent began to speak
            4.926 the agent was heard: We have a table at seven.
          at 4.926
            wanted: history is ["user: a table for two"]
            seen:   ["user: a table for two", "agent: We have a table at seven."]
            2.900 the user said: a table for two
            3.260 the agent began to speak
            4.926 the agent was heard: We have a table at seven.
    "#]]
    .assert_eq(&unmet.to_string());
}

#[test]
fn mistakes_of_the_script_are_told() {
    let unmet = Scenario::new("nobody speaks").at(1.0).run().unwrap_err();
    assert!(unmet.to_string().contains("needs a line of the caller"), "{unmet}");
    let unmet = Scenario::new("before time").user("hello").at(-1.0).run().unwrap_err();
    assert!(unmet.to_string().contains("0 seconds or more"), "{unmet}");
}

#[test]
fn faults_come_to_scenarios_too() {
    let scenario = Scenario::new("a bad day")
        .replies(["We have a table at seven."])
        .faults(Faults { fails: 1000, ..Faults::of(Profile::None) }, 1)
        .user("a table for two")
        .expect_never(Moment::Error);
    assert!(scenario.run().is_err());
}

const BOOKING: &str = "\
name: a booking
agent:
  greeting: Hello.
  replies:
    - 'Let me see. <tool_call>{\"name\": \"book\", \"arguments\": {\"guests\": \"4\"}}</tool_call>'
    - It is booked for seven.
caller: [{user: a table for four}]
expect:
  - called: {tool: book, arguments: {guests: 4}, result: number 1}
  - matches: 'booked for (six|seven)'
  - not_called: find
  - order: [tool_called, tool_result, speech_ended]
";

/// A tool that counts its calls.
fn book(_: Wish<'_>) -> ToolEvent {
    let result = ToolResult::success("Booked, number 1.", 100);
    ToolEvent::Completed { at: Timestamp::ZERO, result }
}

fn booking(yaml: &str) -> Scenario {
    let (name, description) = ("book".to_owned(), "Books.".to_owned());
    let effect = EffectClass::Write;
    let tool = ToolDefinition { name, description, parameters: json!({}), effect };
    Scenario::from_yaml(yaml).unwrap().tools(vec![tool], book)
}

#[test]
fn calls_are_read_out_of_replies_and_run() {
    // Whether the model leaves a space before a call makes no difference to what was said.
    for yaml in [BOOKING, &BOOKING.replace("see. <", "see.<")] {
        let transcript = booking(yaml).run().unwrap_or_else(|unmet| panic!("{unmet}"));
        assert_eq!(transcript.calls.len(), 1);
        let history = [
            "agent: Hello.",
            "user: a table for four",
            "book: Booked, number 1.",
            "agent: Let me see. It is booked for seven.",
        ];
        assert_eq!(transcript.history, history);
    }
}

#[test]
fn calls_that_were_not_made_are_told_with_those_that_were() {
    let unmet = booking(&BOOKING.replace("guests: 4", "guests: 5").replace("find", "book"));
    let unmet = unmet.expect(Wanted::Matches("eight".to_owned())).run().unwrap_err().to_string();
    let made = r#"book {"guests":"4"} -> Booked, number 1."#;
    for line in [
        r#"wanted: book is called with {"guests":5} and says "number 1""#.to_owned(),
        format!("seen:   {made}"),
        "wanted: book is never called".to_owned(),
        "wanted: the agent was heard to match: eight".to_owned(),
    ] {
        assert!(unmet.contains(&line), "{line} is not in\n{unmet}");
    }
}

#[test]
fn a_rubric_needs_a_judge_and_gets_its_words() {
    let judged =
        |scenario: Scenario| scenario.expect(Wanted::Judge { rubric: "It is polite.".into() });
    let unmet = judged(booking(BOOKING)).run().unwrap_err().to_string();
    assert!(unmet.contains("wanted: judged: It is polite."), "{unmet}");
    assert!(unmet.contains("there is no judge"), "{unmet}");
    let judge = |met: bool| {
        move |rubric: &str, history: &[String]| {
            assert_eq!((rubric, history.len()), ("It is polite.", 4));
            Verdict { met, answer: "because".to_owned() }
        }
    };
    judged(booking(BOOKING).judge(judge(true))).run().unwrap();
    let unmet = judged(booking(BOOKING).judge(judge(false))).run().unwrap_err().to_string();
    assert!(unmet.contains("seen:   because"), "{unmet}");
}

#[test]
fn the_first_line_waits_for_a_greeting_whenever_that_is_set() {
    let late = Scenario::new("late").user("hello").greeting("Good evening.").replies(["Yes."]);
    late.expect_never(Moment::Overlap).expect_heard("Good evening").run().unwrap();
}

fn error(yaml: &str, expected: Text) {
    expected.assert_eq(Scenario::from_yaml(yaml).unwrap_err().detail());
}

#[test]
#[expect(clippy::too_many_lines, reason = "five files and what is said of them")]
fn a_file_that_cannot_be_read_is_told_where() {
    let head = "name: x\ncaller:\n  - user: hello\n";
    error(
        &format!("{head}    after: 1\nexpect: []\n"),
        expect![[r#"
            line 4 column 5: unknown field `after`, expected one of user, at, after_agent, after_self, interrupts_after, takes, unfinished
             --> <input>:4:5
              |
            2 | caller:
            3 |   - user: hello
            4 |     after: 1
              |     ^ unknown field `after`, expected one of user, at, after_agent, after_self, interrupts_after, takes, unfinished
            5 | expect: []
              |"#]],
    );
    error(
        &format!("{head}    at: -1\nexpect: []\n"),
        expect![[r#"
            line 4 column 9: -1 is no time: expected 0 seconds or more
             --> <input>:4:9
              |
            2 | caller:
            3 |   - user: hello
            4 |     at: -1
              |         ^ -1 is no time: expected 0 seconds or more
            5 | expect: []
              |"#]],
    );
    error(
        &format!("{head}    at: 1\n    after_self: 1\nexpect: []\n"),
        expect![[r#"
            line 3 column 5: "hello" is spoken once: give one of at, after_agent, after_self and interrupts_after
             --> <input>:3:5
              |
            1 | name: x
            2 | caller:
            3 |   - user: hello
              |     ^ "hello" is spoken once: give one of at, after_agent, after_self and interrupts_after
            4 |     at: 1
            5 |     after_self: 1
              |"#]],
    );
    error(
        &format!("{head}expect:\n  - herd: hello\n"),
        expect![[r#"
            line 5 column 5: unknown variant `herd`, expected one of said, heard, not_heard, matches, called, not_called, judge, state, order, never, response_within, history
             --> <input>:5:5
              |
            3 |   - user: hello
            4 | expect:
            5 |   - herd: hello
              |     ^ unknown variant `herd`, expected one of said, heard, not_heard, matches, called, not_called, judge, state, order, never, response_within, history"#]],
    );
    error(
        "name: x\ncaller: []\n",
        expect![[r#"
            line 2 column 1: missing field `expect`
             --> <input>:2:1
              |
            1 | name: x
            2 | caller: []
              | ^ missing field `expect`"#]],
    );
}
