//! Scenarios: the files beside the crate, and what is said of one that goes wrong.

use antiphon_conversation::AgentState;
use expect_test::{Expect as Text, expect};

use crate::{Faults, Moment, Profile, Scenario};

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
            line 5 column 5: unknown variant `herd`, expected one of said, heard, not_heard, state, order, never, response_within, history
             --> <input>:5:5
              |
            3 |   - user: hello
            4 | expect:
            5 |   - herd: hello
              |     ^ unknown variant `herd`, expected one of said, heard, not_heard, state, order, never, response_within, history"#]],
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
