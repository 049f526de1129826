//! Transcripts that come late, or break off: no word of the user is lost for that.

use antiphon_conversation::Config;
use expect_test::{Expect, expect};

use crate::run_script;

fn check(script: &str, expected: Expect) {
    let config = Config { preemptive: false, ..Config::default() };
    expected.assert_eq(&run_script(config, script).unwrap());
}

#[test]
fn a_transcription_that_fails_is_begun_again_from_the_first_word() {
    check(
        "0.00 start
         1.00 user starts
         1.50 interim book a
         1.60 stt fail
         1.90 user stops
         2.00 final book a table
         2.00 flush
         2.00 finished 0.9",
        expect![[r#"
            0.00   agent listening
            1.00 start op0 transcribe from 11200
            1.00   user speaking
            1.50   Interim { turn: TurnId(0), text: "book a" }
            1.60   Error { op: "stt.transcribe", code: StreamError, detail: "scripted" }
            1.60 start op1 transcribe again from 11200
            1.90 feed op1 Flush(1)
            1.90 start op2 predict turn end of ""
            1.90   user listening
            2.00   Interim { turn: TurnId(0), text: "book a table" }
        "#]],
    );
}

#[test]
fn a_transcription_that_fails_twice_leaves_what_is_known() {
    check(
        "0.00 start
         1.00 user starts
         1.20 stt fail
         1.50 interim book
         1.60 stt fail
         1.90 user stops
         2.00 finished 0.9",
        expect![[r#"
            0.00   agent listening
            1.00 start op0 transcribe from 11200
            1.00   user speaking
            1.20   Error { op: "stt.transcribe", code: StreamError, detail: "scripted" }
            1.20 start op1 transcribe again from 11200
            1.50   Interim { turn: TurnId(0), text: "book" }
            1.60   Error { op: "stt.transcribe", code: StreamError, detail: "scripted" }
            1.90 start op2 predict turn end of "book"
            1.90   user listening
        "#]],
    );
}

#[test]
fn a_long_turn_goes_on_where_its_transcription_broke_off() {
    check(
        "0.00 start
         1.00 user starts
         9.00 interim well it is a long story
         9.10 stt fail
         9.90 user stops
         10.00 final about a table
         10.00 flush
         10.00 finished 0.9",
        expect![[r#"
            0.00   agent listening
            1.00 start op0 transcribe from 11200
            1.00   user speaking
            9.00   Interim { turn: TurnId(0), text: "well it is a long story" }
            9.10   Error { op: "stt.transcribe", code: StreamError, detail: "scripted" }
            9.10 start op1 transcribe from 11200
            9.90 feed op1 Flush(1)
            9.90 start op2 predict turn end of "well it is a long story"
            9.90   user listening
            10.00   Interim { turn: TurnId(0), text: "well it is a long story about a table" }
        "#]],
    );
}

#[test]
fn a_turn_waits_for_its_first_word() {
    check(
        "0.00 start
         1.00 user starts
         1.50 user stops
         1.60 finished 0.9
         6.00 final hello
         6.00 flush",
        expect![[r#"
            0.00   agent listening
            1.00 start op0 transcribe from 11200
            1.00   user speaking
            1.50 feed op0 Flush(1)
            1.50 start op1 predict turn end of ""
            1.50   user listening
            6.00   Interim { turn: TurnId(0), text: "hello" }
            6.00 cancel op1
            6.00 feed op0 End
            6.00   UserTurn { turn: TurnId(0), text: "hello", late: false }
            6.00 start op2 generate after 2 messages, last "hello"
            6.00   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: None }
            6.00   agent thinking
        "#]],
    );
}

#[test]
fn a_transcription_that_says_nothing_is_given_up() {
    check(
        "0.00 start
         1.00 user starts
         1.50 user stops
         1.60 finished 0.9
         60.00 tick",
        expect![[r#"
            0.00   agent listening
            1.00 start op0 transcribe from 11200
            1.00   user speaking
            1.50 feed op0 Flush(1)
            1.50 start op1 predict turn end of ""
            1.50   user listening
            16.50 cancel op0
            16.50   Error { op: "stt.transcribe", code: Timeout, detail: "nothing came for 15s" }
            16.50 cancel op1
            16.50   TurnDiscarded { turn: TurnId(0), why: Empty, text: "" }
            31.50   user away
        "#]],
    );
}

#[test]
fn words_over_the_agent_interrupt_when_they_become_known() {
    check(
        "0.00 start
         0.10 say Well, it is a very long story indeed.
         0.20 tts 96000
         0.20 tts end
         0.21 started
         1.00 user starts
         1.02 paused 19000
         1.40 user stops
         1.50 finished 0.9
         2.15 resumed
         3.00 final stop please
         3.00 flush
         3.01 flushed 36000",
        expect![[r#"
            0.00   agent listening
            0.10   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: Some(RequestId(0)) }
            0.10   Segment { speech: SpeechId(0), segment: SegmentId(0), text: "Well, it is a very long story indeed." }
            0.10 start op0 speak gen0 seg0 "Well, it is a very long story indeed."
            0.10   agent thinking
            0.20 playout finish gen0
            0.21   SpeechStarted { speech: SpeechId(0), turn: TurnId(0) }
            0.21   agent speaking
            1.00 start op1 transcribe from 11200
            1.00 playout pause
            1.00   OverlapStarted(TurnId(1))
            1.00   user speaking
            1.40 feed op1 Flush(1)
            1.40 start op2 predict turn end of ""
            1.40   user listening
            2.10   Resumed { turn: TurnId(1), why: NoTranscript }
            2.10 playout resume
            3.00   Interim { turn: TurnId(1), text: "stop please" }
            3.00   Interrupted { turn: TurnId(1), why: StopPhrase }
            3.00 playout flush gen0
            3.00   agent listening
            3.01   SpeechEnded { speech: SpeechId(0), turn: TurnId(0), heard: "Well, it is a", unheard: " very long story indeed.", interrupted: true, estimated: true }
            3.01 cancel op2
            3.01 feed op1 End
            3.01   UserTurn { turn: TurnId(1), text: "stop please", late: false }
            3.01 start op3 generate after 3 messages, last "stop please"
            3.01   SpeechCreated { speech: SpeechId(1), turn: TurnId(1), request: None }
            3.01   agent thinking
        "#]],
    );
}

#[test]
fn a_late_backchannel_changes_nothing() {
    check(
        "0.00 start
         0.10 say Well, it is a very long story indeed.
         0.20 tts 96000
         0.20 tts end
         0.21 started
         1.00 user starts
         1.02 paused 19000
         1.40 user stops
         1.50 finished 0.9
         2.15 resumed
         3.00 final mm-hm
         3.00 flush
         5.00 drained 96000",
        expect![[r#"
            0.00   agent listening
            0.10   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: Some(RequestId(0)) }
            0.10   Segment { speech: SpeechId(0), segment: SegmentId(0), text: "Well, it is a very long story indeed." }
            0.10 start op0 speak gen0 seg0 "Well, it is a very long story indeed."
            0.10   agent thinking
            0.20 playout finish gen0
            0.21   SpeechStarted { speech: SpeechId(0), turn: TurnId(0) }
            0.21   agent speaking
            1.00 start op1 transcribe from 11200
            1.00 playout pause
            1.00   OverlapStarted(TurnId(1))
            1.00   user speaking
            1.40 feed op1 Flush(1)
            1.40 start op2 predict turn end of ""
            1.40   user listening
            2.10   Resumed { turn: TurnId(1), why: NoTranscript }
            2.10 playout resume
            3.00   Interim { turn: TurnId(1), text: "mm-hm" }
            3.00 cancel op2
            3.00 cancel op1
            3.00   TurnDiscarded { turn: TurnId(1), why: Backchannel, text: "mm-hm" }
            5.00   SpeechEnded { speech: SpeechId(0), turn: TurnId(0), heard: "Well, it is a very long story indeed.", unheard: "", interrupted: false, estimated: false }
            5.00   agent listening
        "#]],
    );
}

#[test]
fn who_speaks_again_while_words_are_owed_holds_the_agent_again() {
    check(
        "0.00 start
         0.10 say Well, it is a very long story indeed.
         0.20 tts 96000
         0.20 tts end
         0.21 started
         1.00 user starts
         1.02 paused 19000
         1.40 user stops
         2.15 resumed
         2.60 user starts
         2.62 paused 30000
         2.90 user stops
         3.00 final no wait
         3.00 flush
         3.01 flushed 30000",
        expect![[r#"
            0.00   agent listening
            0.10   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: Some(RequestId(0)) }
            0.10   Segment { speech: SpeechId(0), segment: SegmentId(0), text: "Well, it is a very long story indeed." }
            0.10 start op0 speak gen0 seg0 "Well, it is a very long story indeed."
            0.10   agent thinking
            0.20 playout finish gen0
            0.21   SpeechStarted { speech: SpeechId(0), turn: TurnId(0) }
            0.21   agent speaking
            1.00 start op1 transcribe from 11200
            1.00 playout pause
            1.00   OverlapStarted(TurnId(1))
            1.00   user speaking
            1.40 feed op1 Flush(1)
            1.40 start op2 predict turn end of ""
            1.40   user listening
            2.10   Resumed { turn: TurnId(1), why: NoTranscript }
            2.10 playout resume
            2.40 cancel op2
            2.40   Error { op: "turn.predict", code: Timeout, detail: "nothing came for 1s" }
            2.60 playout pause
            2.60   OverlapStarted(TurnId(1))
            2.60   user speaking
            2.90 feed op1 Flush(2)
            2.90 start op3 predict turn end of ""
            2.90   user listening
            3.00   Interim { turn: TurnId(1), text: "no wait" }
            3.00   Interrupted { turn: TurnId(1), why: StopPhrase }
            3.00 playout flush gen0
            3.00   SpeechEnded { speech: SpeechId(0), turn: TurnId(0), heard: "Well, it is", unheard: " a very long story indeed.", interrupted: true, estimated: true }
            3.00 playout resume
            3.00   agent listening
        "#]],
    );
}

#[test]
fn a_turn_the_application_commits_while_the_user_speaks_goes_on_as_another() {
    check(
        "0.00 start
         1.00 user starts
         1.80 interim book a table
         2.00 commit
         2.10 final book a table
         2.10 flush
         3.00 user stops
         3.10 final for two
         3.10 flush
         3.10 finished 0.9",
        expect![[r#"
            0.00   agent listening
            1.00 start op0 transcribe from 11200
            1.00   user speaking
            1.80   Interim { turn: TurnId(0), text: "book a table" }
            2.00 feed op0 Flush(1)
            2.00 start op1 predict turn end of "book a table"
            2.00   user listening
            2.10 cancel op1
            2.10 feed op0 End
            2.10   UserTurn { turn: TurnId(0), text: "book a table", late: false }
            2.10 start op2 transcribe from 28800
            2.10   user speaking
            3.00 feed op2 Flush(1)
            3.00 start op3 predict turn end of ""
            3.00   user listening
            3.10   Interim { turn: TurnId(1), text: "for two" }
        "#]],
    );
}

#[test]
fn the_last_words_of_who_has_left_are_waited_for() {
    check(
        "0.00 start
         1.00 user starts
         1.50 interim so long
         1.90 user leaves
         1.95 flush
         2.00 finished 0.9
         2.30 llm end
         2.60 final so long and thanks
         2.70 stt end",
        expect![[r#"
            0.00   agent listening
            1.00 start op0 transcribe from 11200
            1.00   user speaking
            1.50   Interim { turn: TurnId(0), text: "so long" }
            1.90 feed op0 Flush(1)
            1.90 start op1 predict turn end of "so long"
            1.90   agent idle
            1.90   user away
            2.20 cancel op1
            2.20 feed op0 End
            2.20   UserTurn { turn: TurnId(0), text: "so long", late: false }
            2.20 start op2 generate after 2 messages, last "so long"
            2.20   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: None }
            2.20   agent thinking
            2.30   SpeechEnded { speech: SpeechId(0), turn: TurnId(0), heard: "", unheard: "", interrupted: false, estimated: false }
            2.30   agent idle
            2.60   UserTurn { turn: TurnId(0), text: "so long and thanks", late: true }
            2.70   agent closed
            2.70   Ended
        "#]],
    );
}

#[test]
fn last_words_that_never_come_do_not_keep_a_session() {
    check(
        "0.00 start
         1.00 user starts
         1.50 interim so long
         1.90 user leaves
         1.95 flush
         2.00 finished 0.9
         2.30 llm end
         40.00 tick",
        expect![[r#"
            0.00   agent listening
            1.00 start op0 transcribe from 11200
            1.00   user speaking
            1.50   Interim { turn: TurnId(0), text: "so long" }
            1.90 feed op0 Flush(1)
            1.90 start op1 predict turn end of "so long"
            1.90   agent idle
            1.90   user away
            2.20 cancel op1
            2.20 feed op0 End
            2.20   UserTurn { turn: TurnId(0), text: "so long", late: false }
            2.20 start op2 generate after 2 messages, last "so long"
            2.20   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: None }
            2.20   agent thinking
            2.30   SpeechEnded { speech: SpeechId(0), turn: TurnId(0), heard: "", unheard: "", interrupted: false, estimated: false }
            2.30   agent idle
            17.20 cancel op0
            17.20   Error { op: "stt.transcribe", code: Timeout, detail: "nothing came for 15s" }
            17.20   agent closed
            17.20   Ended
        "#]],
    );
}

#[test]
fn a_committed_turn_is_not_taken_back() {
    let config = Config { preemptive: false, ..Config::default() };
    let script = "0.00 start
         1.00 user starts
         1.90 user stops
         1.95 final book a table
         1.95 flush
         2.00 finished 0.9
         2.30 final";
    let out = run_script(config, script).unwrap();
    assert!(out.contains("UserTurn { turn: TurnId(0), text: \"book a table\""), "{out}");
    assert!(!out.contains("late: true"), "{out}");
}
