//! Scripts of events, and every action they lead to.

use antiphon_conversation::Config;
use expect_test::{Expect, expect};

use crate::run_script;

fn check(script: &str, expected: Expect) {
    let config = Config { preemptive: false, ..Config::default() };
    expected.assert_eq(&run_script(config, script).unwrap());
}

#[test]
fn a_turn_is_committed_at_the_floor_when_it_sounds_finished() {
    check(
        "0.00 start
         1.00 user starts
         1.90 user stops
         1.95 final hello there
         1.95 flush
         2.00 finished 0.9
         3.00 tick",
        expect![[r#"
            0.00   agent listening
            1.00 start op0 transcribe from 11200
            1.00   user speaking
            1.90 feed op0 Flush(1)
            1.90 start op1 predict turn end of ""
            1.90   user listening
            1.95   Interim { turn: TurnId(0), text: "hello there" }
            2.20 cancel op1
            2.20 feed op0 End
            2.20   UserTurn { turn: TurnId(0), text: "hello there", late: false }
            2.20 start op2 generate after 2 messages, last "hello there"
            2.20   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: None }
            2.20   agent thinking
        "#]],
    );
}

#[test]
fn a_turn_waits_for_the_ceiling_when_it_sounds_unfinished() {
    check(
        "0.00 start
         1.00 user starts
         1.90 user stops
         1.95 final I would like to
         1.95 flush
         2.00 finished 0.1
         4.00 tick",
        expect![[r#"
            0.00   agent listening
            1.00 start op0 transcribe from 11200
            1.00   user speaking
            1.90 feed op0 Flush(1)
            1.90 start op1 predict turn end of ""
            1.90   user listening
            1.95   Interim { turn: TurnId(0), text: "I would like to" }
            3.30 cancel op1
            3.30 feed op0 End
            3.30   UserTurn { turn: TurnId(0), text: "I would like to", late: false }
            3.30 start op2 generate after 2 messages, last "I would like to"
            3.30   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: None }
            3.30   agent thinking
        "#]],
    );
}

#[test]
fn a_reply_is_spoken_clause_by_clause_within_the_credit() {
    check(
        "0.00 start
         1.00 user starts
         1.90 user stops
         1.95 final hi
         1.95 flush
         2.00 finished 0.9
         2.30 llm First sentence here. Second sentence here. Third sentence here. Fourth one.
         2.31 llm end
         2.40 tts 24000
         2.41 started
         2.45 tts end
         2.50 tts 24000
         2.51 tts end
         2.60 tts 24000
         2.61 tts end
         3.41 played 24000
         3.50 tts 12000
         3.50 tts end
         5.90 drained 84000",
        expect![[r#"
            0.00   agent listening
            1.00 start op0 transcribe from 11200
            1.00   user speaking
            1.90 feed op0 Flush(1)
            1.90 start op1 predict turn end of ""
            1.90   user listening
            1.95   Interim { turn: TurnId(0), text: "hi" }
            2.20 cancel op1
            2.20 feed op0 End
            2.20   UserTurn { turn: TurnId(0), text: "hi", late: false }
            2.20 start op2 generate after 2 messages, last "hi"
            2.20   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: None }
            2.20   agent thinking
            2.30   Segment { speech: SpeechId(0), segment: SegmentId(0), text: "First sentence here. " }
            2.30 start op3 speak gen0 seg0 "First sentence here. "
            2.30   Segment { speech: SpeechId(0), segment: SegmentId(1), text: "Second sentence here. " }
            2.30 start op4 speak gen0 seg1 "Second sentence here. "
            2.41   SpeechStarted { speech: SpeechId(0), turn: TurnId(0) }
            2.41   latency of turn0
            2.41   agent speaking
            2.45   Segment { speech: SpeechId(0), segment: SegmentId(2), text: "Third sentence here. " }
            2.45 start op5 speak gen0 seg2 "Third sentence here. "
            3.41   Segment { speech: SpeechId(0), segment: SegmentId(3), text: "Fourth one. " }
            3.41 start op6 speak gen0 seg3 "Fourth one. "
            3.50 playout finish gen0
            5.90   SpeechEnded { speech: SpeechId(0), turn: TurnId(0), heard: "First sentence here. Second sentence here. Third sentence here. Fourth one. ", unheard: "", interrupted: false, estimated: false }
            5.90   agent listening
        "#]],
    );
}

#[test]
fn speech_over_the_agent_pauses_and_words_interrupt() {
    check(
        "0.00 start
         0.10 say One two three four five six seven eight.
         0.20 tts 72000
         0.20 tts end
         0.21 started
         1.21 user starts
         1.22 paused 24000
         1.60 interim wait
         1.62 flushed 24000",
        expect![[r#"
            0.00   agent listening
            0.10   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: Some(RequestId(0)) }
            0.10   Segment { speech: SpeechId(0), segment: SegmentId(0), text: "One two three four five six seven eight." }
            0.10 start op0 speak gen0 seg0 "One two three four five six seven eight."
            0.10   agent thinking
            0.20 playout finish gen0
            0.21   SpeechStarted { speech: SpeechId(0), turn: TurnId(0) }
            0.21   agent speaking
            1.21 start op1 transcribe from 14560
            1.21 playout pause
            1.21   OverlapStarted(TurnId(1))
            1.21   user speaking
            1.60   Interim { turn: TurnId(1), text: "wait" }
            1.60   Interrupted { turn: TurnId(1), why: StopPhrase }
            1.60 playout flush gen0
            1.60   SpeechEnded { speech: SpeechId(0), turn: TurnId(0), heard: "One two three", unheard: " four five six seven eight.", interrupted: true, estimated: true }
            1.60 playout resume
            1.60   agent listening
        "#]],
    );
}

#[test]
fn a_cough_pauses_and_the_agent_goes_on() {
    check(
        "0.00 start
         0.10 say One two three four five six seven eight.
         0.20 tts 72000
         0.20 tts end
         0.21 started
         1.21 user starts
         1.22 paused 24000
         1.60 user stops
         1.70 flush
         1.72 resumed
         3.80 drained 72000",
        expect![[r#"
            0.00   agent listening
            0.10   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: Some(RequestId(0)) }
            0.10   Segment { speech: SpeechId(0), segment: SegmentId(0), text: "One two three four five six seven eight." }
            0.10 start op0 speak gen0 seg0 "One two three four five six seven eight."
            0.10   agent thinking
            0.20 playout finish gen0
            0.21   SpeechStarted { speech: SpeechId(0), turn: TurnId(0) }
            0.21   agent speaking
            1.21 start op1 transcribe from 14560
            1.21 playout pause
            1.21   OverlapStarted(TurnId(1))
            1.21   user speaking
            1.60 feed op1 Flush(1)
            1.60 start op2 predict turn end of ""
            1.60   user listening
            1.70 cancel op2
            1.70 cancel op1
            1.70   TurnDiscarded { turn: TurnId(1), why: Empty, text: "" }
            1.70   Resumed { turn: TurnId(1), why: NoWords }
            1.70 playout resume
            3.80   SpeechEnded { speech: SpeechId(0), turn: TurnId(0), heard: "One two three four five six seven eight.", unheard: "", interrupted: false, estimated: false }
            3.80   agent listening
        "#]],
    );
}

#[test]
fn protected_speech_is_neither_paused_nor_flushed() {
    check(
        "0.00 start
         0.10 protect This call may be recorded.
         0.20 tts 48000
         0.20 tts end
         0.21 started
         1.00 user starts
         1.50 user stops
         1.60 final hello
         1.60 flush
         1.60 finished 0.9
         2.21 drained 48000",
        expect![[r#"
            0.00   agent listening
            0.10   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: Some(RequestId(0)) }
            0.10   Segment { speech: SpeechId(0), segment: SegmentId(0), text: "This call may be recorded." }
            0.10 start op0 speak gen0 seg0 "This call may be recorded."
            0.10   agent thinking
            0.20 playout finish gen0
            0.21   SpeechStarted { speech: SpeechId(0), turn: TurnId(0) }
            0.21   agent speaking
            1.00 start op1 transcribe from 11200
            1.00   user speaking
            1.50 feed op1 Flush(1)
            1.50 start op2 predict turn end of ""
            1.50   user listening
            1.60   Interim { turn: TurnId(1), text: "hello" }
            1.80 cancel op2
            1.80 feed op1 End
            1.80   UserTurn { turn: TurnId(1), text: "hello", late: false }
            2.21   SpeechEnded { speech: SpeechId(0), turn: TurnId(0), heard: "This call may be recorded.", unheard: "", interrupted: false, estimated: false }
            2.21 start op3 generate after 3 messages, last "hello"
            2.21   SpeechCreated { speech: SpeechId(1), turn: TurnId(1), request: None }
            2.21   agent thinking
        "#]],
    );
}

#[test]
fn an_answer_over_the_last_syllable_is_an_answer() {
    check(
        "0.00 start
         0.10 say Shall we?
         0.20 tts 24000
         0.20 tts end
         0.21 started
         1.11 user starts
         1.12 paused 20000
         1.40 user stops
         1.45 final okay
         1.45 flush
         1.46 resumed
         1.50 finished 0.9
         1.60 drained 24000
         2.00 tick",
        expect![[r#"
            0.00   agent listening
            0.10   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: Some(RequestId(0)) }
            0.10   Segment { speech: SpeechId(0), segment: SegmentId(0), text: "Shall we?" }
            0.10 start op0 speak gen0 seg0 "Shall we?"
            0.10   agent thinking
            0.20 playout finish gen0
            0.21   SpeechStarted { speech: SpeechId(0), turn: TurnId(0) }
            0.21   agent speaking
            1.11 start op1 transcribe from 12960
            1.11 playout pause
            1.11   OverlapStarted(TurnId(1))
            1.11   user speaking
            1.40 feed op1 Flush(1)
            1.40 start op2 predict turn end of ""
            1.40   user listening
            1.45   Interim { turn: TurnId(1), text: "okay" }
            1.45   Resumed { turn: TurnId(1), why: Backchannel }
            1.45 playout resume
            1.60   SpeechEnded { speech: SpeechId(0), turn: TurnId(0), heard: "Shall we?", unheard: "", interrupted: false, estimated: false }
            1.60   agent listening
            1.70 cancel op2
            1.70 feed op1 End
            1.70   UserTurn { turn: TurnId(1), text: "okay", late: false }
            1.70 start op3 generate after 3 messages, last "okay"
            1.70   SpeechCreated { speech: SpeechId(1), turn: TurnId(1), request: None }
            1.70   agent thinking
        "#]],
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a script and what comes of it are read together")]
fn failures_are_reported_and_the_next_turn_works() {
    check(
        "0.00 start
         1.00 user starts
         1.90 user stops
         1.95 final hi
         1.95 flush
         2.00 finished 0.9
         2.30 llm fail
         5.00 user starts
         5.50 user stops
         5.60 stt fail
         7.00 user starts
         7.50 user stops
         7.60 final still there?
         7.60 flush
         7.60 finished 0.9
         8.00 llm Yes.
         8.00 llm end
         8.10 tts fail",
        expect![[r#"
            0.00   agent listening
            1.00 start op0 transcribe from 11200
            1.00   user speaking
            1.90 feed op0 Flush(1)
            1.90 start op1 predict turn end of ""
            1.90   user listening
            1.95   Interim { turn: TurnId(0), text: "hi" }
            2.20 cancel op1
            2.20 feed op0 End
            2.20   UserTurn { turn: TurnId(0), text: "hi", late: false }
            2.20 start op2 generate after 2 messages, last "hi"
            2.20   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: None }
            2.20   agent thinking
            2.30   Error { op: "llm.generate", code: StreamError, detail: "scripted" }
            2.30   SpeechEnded { speech: SpeechId(0), turn: TurnId(0), heard: "", unheard: "", interrupted: false, estimated: false }
            2.30   agent listening
            5.00 start op3 transcribe from 75200
            5.00   user speaking
            5.50 feed op3 Flush(1)
            5.50 start op4 predict turn end of ""
            5.50   user listening
            5.60   Error { op: "stt.transcribe", code: StreamError, detail: "scripted" }
            5.60 start op5 transcribe again from 75200
            5.60 feed op5 Flush(1)
            6.50 cancel op4
            6.50   Error { op: "turn.predict", code: Timeout, detail: "nothing came for 1s" }
            7.00   user speaking
            7.50 feed op5 Flush(2)
            7.50 start op6 predict turn end of ""
            7.50   user listening
            7.60   Interim { turn: TurnId(1), text: "still there?" }
            7.80 cancel op6
            7.80 feed op5 End
            7.80   UserTurn { turn: TurnId(1), text: "still there?", late: false }
            7.80 start op7 generate after 2 messages, last "hi still there?"
            7.80   SpeechCreated { speech: SpeechId(1), turn: TurnId(1), request: None }
            7.80   agent thinking
            8.00   Segment { speech: SpeechId(1), segment: SegmentId(0), text: "Yes. " }
            8.00 start op8 speak gen1 seg0 "Yes. "
            8.10   Error { op: "tts.speak", code: StreamError, detail: "scripted" }
            8.10   SpeechEnded { speech: SpeechId(1), turn: TurnId(1), heard: "", unheard: "Yes. ", interrupted: false, estimated: false }
            8.10   agent listening
        "#]],
    );
}

#[test]
fn a_silent_model_is_given_up() {
    check(
        "0.00 start
         1.00 user starts
         1.90 user stops
         1.95 final hi
         1.95 flush
         2.00 finished 0.9
         30.0 tick",
        expect![[r#"
            0.00   agent listening
            1.00 start op0 transcribe from 11200
            1.00   user speaking
            1.90 feed op0 Flush(1)
            1.90 start op1 predict turn end of ""
            1.90   user listening
            1.95   Interim { turn: TurnId(0), text: "hi" }
            2.20 cancel op1
            2.20 feed op0 End
            2.20   UserTurn { turn: TurnId(0), text: "hi", late: false }
            2.20 start op2 generate after 2 messages, last "hi"
            2.20   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: None }
            2.20   agent thinking
            17.20 cancel op0
            17.20   Error { op: "stt.transcribe", code: Timeout, detail: "nothing came for 15s" }
            17.20 cancel op2
            17.20   Error { op: "llm.generate", code: Timeout, detail: "nothing came for 15s" }
            17.20   SpeechEnded { speech: SpeechId(0), turn: TurnId(0), heard: "", unheard: "", interrupted: false, estimated: false }
            17.20   agent listening
        "#]],
    );
}

#[test]
fn a_late_transcript_amends_the_turn_it_belongs_to() {
    check(
        "0.00 start
         1.00 user starts
         1.50 interim book a
         1.90 user stops
         2.00 finished 0.9
         6.00 final book a table
         6.01 stt end",
        expect![[r#"
            0.00   agent listening
            1.00 start op0 transcribe from 11200
            1.00   user speaking
            1.50   Interim { turn: TurnId(0), text: "book a" }
            1.90 feed op0 Flush(1)
            1.90 start op1 predict turn end of "book a"
            1.90   user listening
            4.80 cancel op1
            4.80 feed op0 End
            4.80   UserTurn { turn: TurnId(0), text: "book a", late: false }
            4.80 start op2 generate after 2 messages, last "book a"
            4.80   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: None }
            4.80   agent thinking
            6.00   UserTurn { turn: TurnId(0), text: "book a table", late: true }
        "#]],
    );
}

#[test]
fn when_the_user_leaves_the_reply_is_finished_first() {
    check(
        "0.00 start
         1.00 user starts
         1.90 user leaves
         1.95 final bye
         1.95 flush
         2.00 finished 0.9
         2.25 stt end
         2.30 llm Goodbye!
         2.30 llm end
         2.40 tts 24000
         2.40 tts end
         2.41 started
         3.41 drained 24000",
        expect![[r#"
            0.00   agent listening
            1.00 start op0 transcribe from 11200
            1.00   user speaking
            1.90 feed op0 Flush(1)
            1.90 start op1 predict turn end of ""
            1.90   agent idle
            1.90   user away
            1.95   Interim { turn: TurnId(0), text: "bye" }
            2.20 cancel op1
            2.20 feed op0 End
            2.20   UserTurn { turn: TurnId(0), text: "bye", late: false }
            2.20 start op2 generate after 2 messages, last "bye"
            2.20   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: None }
            2.20   agent thinking
            2.30   Segment { speech: SpeechId(0), segment: SegmentId(0), text: "Goodbye! " }
            2.30 start op3 speak gen0 seg0 "Goodbye! "
            2.40 playout finish gen0
            2.41   SpeechStarted { speech: SpeechId(0), turn: TurnId(0) }
            2.41   latency of turn0
            2.41   agent speaking
            3.41   SpeechEnded { speech: SpeechId(0), turn: TurnId(0), heard: "Goodbye! ", unheard: "", interrupted: false, estimated: false }
            3.41   agent closed
            3.41   Ended
        "#]],
    );
}

#[test]
fn closing_cancels_everything() {
    check(
        "0.00 start
         0.10 say Hello there my friend.
         0.20 tts 24000
         0.21 started
         0.50 user starts
         0.60 close
         0.70 user stops
         0.70 drained 24000",
        expect![[r#"
            0.00   agent listening
            0.10   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: Some(RequestId(0)) }
            0.10   Segment { speech: SpeechId(0), segment: SegmentId(0), text: "Hello there my friend." }
            0.10 start op0 speak gen0 seg0 "Hello there my friend."
            0.10   agent thinking
            0.21   SpeechStarted { speech: SpeechId(0), turn: TurnId(0) }
            0.21   agent speaking
            0.50 start op1 transcribe from 3200
            0.50 playout pause
            0.50   OverlapStarted(TurnId(1))
            0.50   user speaking
            0.60 cancel op1
            0.60   TurnDiscarded { turn: TurnId(1), why: Cleared, text: "" }
            0.60 cancel op0
            0.60 playout flush gen0
            0.60   SpeechEnded { speech: SpeechId(0), turn: TurnId(0), heard: "", unheard: "Hello there my friend.", interrupted: true, estimated: true }
            0.60 playout resume
            0.60   agent closed
            0.60   user away
            0.60   Ended
        "#]],
    );
}

#[test]
fn of_a_synthesis_that_breaks_off_only_what_sounded_was_heard() {
    check(
        "0.00 start
         0.10 say One two three four five six seven eight.
         0.20 tts 24000
         0.21 started
         0.30 tts fail
         1.21 drained 24000",
        expect![[r#"
            0.00   agent listening
            0.10   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: Some(RequestId(0)) }
            0.10   Segment { speech: SpeechId(0), segment: SegmentId(0), text: "One two three four five six seven eight." }
            0.10 start op0 speak gen0 seg0 "One two three four five six seven eight."
            0.10   agent thinking
            0.21   SpeechStarted { speech: SpeechId(0), turn: TurnId(0) }
            0.21   agent speaking
            0.30   Error { op: "tts.speak", code: StreamError, detail: "scripted" }
            0.30 playout finish gen0
            1.21   SpeechEnded { speech: SpeechId(0), turn: TurnId(0), heard: "One two three", unheard: " four five six seven eight.", interrupted: false, estimated: true }
            1.21   agent listening
        "#]],
    );
}

#[test]
fn playout_that_waited_long_for_text_is_not_given_up_when_the_text_ends() {
    check(
        "0.00 start
         1.00 user starts
         1.90 user stops
         1.95 final hi
         1.95 flush
         2.00 finished 0.9
         2.30 llm First sentence here.
         2.40 tts 24000
         2.41 started
         2.45 tts end
         3.41 played 24000
         12.0 llm end
         12.1 tick
         12.2 drained 24000",
        expect![[r#"
            0.00   agent listening
            1.00 start op0 transcribe from 11200
            1.00   user speaking
            1.90 feed op0 Flush(1)
            1.90 start op1 predict turn end of ""
            1.90   user listening
            1.95   Interim { turn: TurnId(0), text: "hi" }
            2.20 cancel op1
            2.20 feed op0 End
            2.20   UserTurn { turn: TurnId(0), text: "hi", late: false }
            2.20 start op2 generate after 2 messages, last "hi"
            2.20   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: None }
            2.20   agent thinking
            2.30   Segment { speech: SpeechId(0), segment: SegmentId(0), text: "First sentence here. " }
            2.30 start op3 speak gen0 seg0 "First sentence here. "
            2.41   SpeechStarted { speech: SpeechId(0), turn: TurnId(0) }
            2.41   latency of turn0
            2.41   agent speaking
            12.00 playout finish gen0
            12.20   SpeechEnded { speech: SpeechId(0), turn: TurnId(0), heard: "First sentence here. ", unheard: "", interrupted: false, estimated: false }
            12.20   agent listening
        "#]],
    );
}

#[test]
fn a_transcript_that_trails_off_is_waited_for_however_finished_it_sounds() {
    check(
        "0.00 start
         1.00 user starts
         1.90 user stops
         1.95 finished 0.99
         2.00 final I would like to
         2.00 flush
         2.90 user starts
         3.60 user stops
         3.65 finished 0.99
         3.70 final I would like to book a table
         3.70 flush
         3.90 tick",
        expect![[r#"
            0.00   agent listening
            1.00 start op0 transcribe from 11200
            1.00   user speaking
            1.90 feed op0 Flush(1)
            1.90 start op1 predict turn end of ""
            1.90   user listening
            2.00   Interim { turn: TurnId(0), text: "I would like to" }
            2.90 cancel op1
            2.90   user speaking
            3.60 feed op0 Flush(2)
            3.60 start op2 predict turn end of "I would like to"
            3.60   user listening
            3.70   Interim { turn: TurnId(0), text: "I would like to book a table" }
            3.90 cancel op2
            3.90 feed op0 End
            3.90   UserTurn { turn: TurnId(0), text: "I would like to book a table", late: false }
            3.90 start op3 generate after 2 messages, last "I would like to book a table"
            3.90   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: None }
            3.90   agent thinking
        "#]],
    );
}
