//! Scripts of what applications ask for, and of users who type, ramble or go away.

use std::time::Duration;

use antiphon_conversation::Config;
use antiphon_turn::FloorConfig;
use expect_test::{Expect, expect};

use crate::run_script;

fn check(config: Config, script: &str, expected: Expect) {
    expected.assert_eq(&run_script(config, script).unwrap());
}

#[test]
fn typed_text_is_answered_at_once_and_interrupts() {
    check(
        Config::default(),
        "0.00 start
         0.10 say One two three four five six seven eight.
         0.20 tts 72000
         0.20 tts end
         0.21 started
         1.21 type what time is it
         1.23 flushed 24000
         1.40 llm Noon.
         1.41 llm end",
        expect![[r#"
            0.00   agent listening
            0.10   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: Some(RequestId(0)) }
            0.10   Segment { speech: SpeechId(0), segment: SegmentId(0), text: "One two three four five six seven eight." }
            0.10 start op0 speak gen0 seg0 "One two three four five six seven eight."
            0.10   agent thinking
            0.20 playout finish gen0
            0.21   SpeechStarted { speech: SpeechId(0), turn: TurnId(0) }
            0.21   agent speaking
            1.21   Interrupted { turn: TurnId(1), why: Words }
            1.21 playout flush gen0
            1.21   SpeechEnded { speech: SpeechId(0), turn: TurnId(0), heard: "", unheard: "One two three four five six seven eight.", interrupted: true, estimated: true }
            1.21   UserTurn { turn: TurnId(1), text: "what time is it", late: false }
            1.21 start op1 generate after 2 messages, last "what time is it"
            1.21   SpeechCreated { speech: SpeechId(1), turn: TurnId(1), request: None }
            1.21   agent thinking
            1.40   Segment { speech: SpeechId(1), segment: SegmentId(0), text: "Noon. " }
            1.40 start op2 speak gen1 seg0 "Noon. "
        "#]],
    );
}

#[test]
fn a_prompt_is_spoken_and_can_be_withdrawn() {
    check(
        Config::default(),
        "0.00 start
         0.10 prompt Greet the user
         0.30 llm Good morning to you.
         0.31 llm end
         0.40 tts 24000
         0.41 started
         0.60 withdraw
         0.62 flushed 4800",
        expect![[r#"
            0.00   agent listening
            0.10 start op0 generate after 2 messages, last "Greet the user"
            0.10   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: Some(RequestId(0)) }
            0.10   agent thinking
            0.30   Segment { speech: SpeechId(0), segment: SegmentId(0), text: "Good morning to you. " }
            0.30 start op1 speak gen0 seg0 "Good morning to you. "
            0.41   SpeechStarted { speech: SpeechId(0), turn: TurnId(0) }
            0.41   agent speaking
            0.60 cancel op1
            0.60 playout flush gen0
            0.60   agent listening
            0.62   SpeechEnded { speech: SpeechId(0), turn: TurnId(0), heard: "", unheard: "Good morning to you. ", interrupted: true, estimated: true }
        "#]],
    );
}

#[test]
fn a_user_who_goes_away_is_asked_back_twice() {
    let config = Config { reprompt: "Are you there?".to_owned(), ..Config::default() };
    check(
        config,
        "0.00 start
         15.10 tts 24000
         15.10 tts end
         15.11 started
         16.11 drained 24000
         31.20 tts 24000
         31.20 tts end
         31.21 started
         32.21 drained 24000
         90.00 user starts",
        expect![[r#"
            0.00   agent listening
            15.00   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: None }
            15.00   Segment { speech: SpeechId(0), segment: SegmentId(0), text: "Are you there?" }
            15.00 start op0 speak gen0 seg0 "Are you there?"
            15.00   agent thinking
            15.00   user away
            15.10 playout finish gen0
            15.11   SpeechStarted { speech: SpeechId(0), turn: TurnId(0) }
            15.11   agent speaking
            16.11   SpeechEnded { speech: SpeechId(0), turn: TurnId(0), heard: "Are you there?", unheard: "", interrupted: false, estimated: false }
            16.11   agent listening
            31.11   SpeechCreated { speech: SpeechId(1), turn: TurnId(1), request: None }
            31.11   Segment { speech: SpeechId(1), segment: SegmentId(0), text: "Are you there?" }
            31.11 start op1 speak gen1 seg0 "Are you there?"
            31.11   agent thinking
            31.20 playout finish gen1
            31.21   SpeechStarted { speech: SpeechId(1), turn: TurnId(1) }
            31.21   agent speaking
            32.21   SpeechEnded { speech: SpeechId(1), turn: TurnId(1), heard: "Are you there?", unheard: "", interrupted: false, estimated: false }
            32.21   agent listening
            90.00 start op2 transcribe from 1435200
            90.00   user speaking
        "#]],
    );
}

#[test]
fn a_turn_without_end_is_cut_and_the_rest_is_the_next_turn() {
    let floor = FloorConfig { max_turn: Some(Duration::from_secs(10)), ..FloorConfig::default() };
    let config = Config { floor, preemptive: false, ..Config::default() };
    check(
        config,
        "0.00 start
         1.00 user starts
         9.00 interim and another thing
         11.05 final and another thing
         11.05 flush
         12.50 user stops
         12.55 final is this
         12.55 flush
         12.60 finished 0.9
         13.00 tick",
        expect![[r#"
            0.00   agent listening
            1.00 start op0 transcribe from 11200
            1.00   user speaking
            9.00   Interim { turn: TurnId(0), text: "and another thing" }
            11.00 feed op0 Flush(1)
            11.00 start op1 predict turn end of "and another thing"
            11.00   user listening
            11.05 cancel op1
            11.05 feed op0 End
            11.05   UserTurn { turn: TurnId(0), text: "and another thing", late: false }
            11.05 start op2 transcribe from 172000
            11.05   user speaking
            12.50 feed op2 Flush(1)
            12.50 start op3 predict turn end of ""
            12.50   user listening
            12.55   Interim { turn: TurnId(1), text: "is this" }
            12.80 cancel op3
            12.80 feed op2 End
            12.80   UserTurn { turn: TurnId(1), text: "is this", late: false }
            12.80 start op4 generate after 2 messages, last "and another thing is this"
            12.80   SpeechCreated { speech: SpeechId(0), turn: TurnId(1), request: None }
            12.80   agent thinking
        "#]],
    );
}

#[test]
fn a_reply_begins_on_a_transcript_that_stands_still() {
    check(
        Config::default(),
        "0.00 start
         1.00 user starts
         1.80 interim book a table
         1.90 user stops
         2.15 llm For how many?
         2.18 final Book a table.
         2.18 flush
         2.19 finished 0.9
         2.30 tick",
        expect![[r#"
            0.00   agent listening
            1.00 start op0 transcribe from 11200
            1.00   user speaking
            1.80   Interim { turn: TurnId(0), text: "book a table" }
            1.90 feed op0 Flush(1)
            1.90 start op1 predict turn end of "book a table"
            1.90   user listening
            2.10 start op2 generate after 2 messages, last "book a table"
            2.15 playout pause
            2.15 start op3 speak gen0 seg0 "For how many? "
            2.18   Interim { turn: TurnId(0), text: "Book a table." }
            2.20 cancel op1
            2.20 feed op0 End
            2.20   UserTurn { turn: TurnId(0), text: "Book a table.", late: false }
            2.20   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: None }
            2.20   Segment { speech: SpeechId(0), segment: SegmentId(0), text: "For how many? " }
            2.20 playout resume
            2.20   agent thinking
        "#]],
    );
}

#[test]
fn a_failed_reply_is_apologised_for() {
    let config =
        Config { apology: "Sorry, one moment.".to_owned(), preemptive: false, ..Config::default() };
    check(
        config,
        "0.00 start
         0.10 type hello
         0.20 llm fail",
        expect![[r#"
            0.00   agent listening
            0.10   UserTurn { turn: TurnId(0), text: "hello", late: false }
            0.10 start op0 generate after 2 messages, last "hello"
            0.10   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: None }
            0.10   agent thinking
            0.20   Error { op: "llm.generate", code: StreamError, detail: "scripted" }
            0.20   Segment { speech: SpeechId(0), segment: SegmentId(0), text: "Sorry, one moment." }
            0.20 start op1 speak gen0 seg0 "Sorry, one moment."
        "#]],
    );
}

#[test]
fn a_held_position_is_exact() {
    check(
        Config { preemptive: false, ..Config::default() },
        "0.00 start
         0.10 say One two three.
         0.20 words 0-3@0-8000 4-7@8000-16000 8-13@16000-24000
         0.20 tts 24000
         0.21 started
         0.80 user starts
         0.82 paused 14000
         1.00 user stops
         1.40 final stop it
         1.40 flush",
        expect![[r#"
            0.00   agent listening
            0.10   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: Some(RequestId(0)) }
            0.10   Segment { speech: SpeechId(0), segment: SegmentId(0), text: "One two three." }
            0.10 start op0 speak gen0 seg0 "One two three."
            0.10   agent thinking
            0.20   words of speech0 seg0: 3
            0.21   SpeechStarted { speech: SpeechId(0), turn: TurnId(0) }
            0.21   agent speaking
            0.80 start op1 transcribe from 8000
            0.80 playout pause
            0.80   OverlapStarted(TurnId(1))
            0.80   user speaking
            1.00 feed op1 Flush(1)
            1.00 start op2 predict turn end of ""
            1.00   user listening
            1.40   Interim { turn: TurnId(1), text: "stop it" }
            1.40   Interrupted { turn: TurnId(1), why: StopPhrase }
            1.40 cancel op0
            1.40 playout flush gen0
            1.40   SpeechEnded { speech: SpeechId(0), turn: TurnId(0), heard: "One two", unheard: " three.", interrupted: true, estimated: false }
            1.40 playout resume
            1.40   agent listening
        "#]],
    );
}
