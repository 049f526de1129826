//! Replies that are begun before the turn is over.

use antiphon_conversation::Config;
use antiphon_turn::EndpointingMode;
use expect_test::{Expect, expect};

use crate::run_script;

fn check(script: &str, expected: Expect) {
    expected.assert_eq(&run_script(Config::default(), script).unwrap());
}

#[test]
fn a_reply_begun_on_an_interim_is_the_answer_if_the_words_stay_the_same() {
    check(
        "0.00 start
         1.00 user starts
         1.80 interim a table for two
         1.90 user stops
         2.20 final A table, for two.
         2.20 flush
         2.30 finished 0.95
         3.00 tick",
        expect![[r#"
            0.00   agent listening
            1.00 start op0 transcribe from 11200
            1.00   user speaking
            1.80   Interim { turn: TurnId(0), text: "a table for two" }
            1.90 feed op0 Flush(1)
            1.90 start op1 predict turn end of "a table for two"
            1.90   user listening
            2.10 start op2 generate after 2 messages, last "a table for two"
            2.20   Interim { turn: TurnId(0), text: "A table, for two." }
            2.30 cancel op1
            2.30 feed op0 End
            2.30   UserTurn { turn: TurnId(0), text: "A table, for two.", late: false }
            2.30   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: None }
            2.30   agent thinking
        "#]],
    );
}

#[test]
fn a_reply_that_answers_other_words_than_were_said_is_begun_again_at_once() {
    check(
        "0.00 start
         1.00 user starts
         1.80 interim a table for
         1.90 user stops
         2.20 final a table for two
         2.20 flush
         2.30 finished 0.6
         3.00 tick",
        expect![[r#"
            0.00   agent listening
            1.00 start op0 transcribe from 11200
            1.00   user speaking
            1.80   Interim { turn: TurnId(0), text: "a table for" }
            1.90 feed op0 Flush(1)
            1.90 start op1 predict turn end of "a table for"
            1.90   user listening
            2.10 start op2 generate after 2 messages, last "a table for"
            2.20   Interim { turn: TurnId(0), text: "a table for two" }
            2.20 cancel op2
            2.20   PreemptiveDropped { turn: TurnId(0), chars: 0, spoken: 0 }
            2.20 start op3 generate after 2 messages, last "a table for two"
            2.60 cancel op1
            2.60 feed op0 End
            2.60   UserTurn { turn: TurnId(0), text: "a table for two", late: false }
            2.60   SpeechCreated { speech: SpeechId(1), turn: TurnId(0), request: None }
            2.60   agent thinking
        "#]],
    );
}

#[test]
fn while_the_words_change_the_reply_to_the_old_ones_goes_on() {
    check(
        "0.00 start
         1.00 user starts
         1.80 interim a table
         1.90 user stops
         2.20 interim a table for
         2.30 interim a table for two
         2.50 tick
         2.60 final a table for two
         2.60 flush",
        expect![[r#"
            0.00   agent listening
            1.00 start op0 transcribe from 11200
            1.00   user speaking
            1.80   Interim { turn: TurnId(0), text: "a table" }
            1.90 feed op0 Flush(1)
            1.90 start op1 predict turn end of "a table"
            1.90   user listening
            2.10 start op2 generate after 2 messages, last "a table"
            2.20   Interim { turn: TurnId(0), text: "a table for" }
            2.30   Interim { turn: TurnId(0), text: "a table for two" }
            2.50 cancel op2
            2.50   PreemptiveDropped { turn: TurnId(0), chars: 0, spoken: 0 }
            2.50 start op3 generate after 2 messages, last "a table for two"
        "#]],
    );
}

#[test]
fn the_first_segment_is_synthesised_before_the_commit_and_heard_after_it() {
    check(
        "0.00 start
         1.00 user starts
         1.90 user stops
         2.00 final a table for two
         2.00 flush
         2.10 finished 0.6
         2.15 llm Of course. For when? And for how many?
         2.18 words 0-2@0-8000 3-10@8000-24000
         2.20 tts 24000
         2.25 tts end
         2.30 llm end
         3.00 tick
         3.02 started
         4.10 drained 24000",
        expect![[r#"
            0.00   agent listening
            1.00 start op0 transcribe from 11200
            1.00   user speaking
            1.90 feed op0 Flush(1)
            1.90 start op1 predict turn end of ""
            1.90   user listening
            2.00   Interim { turn: TurnId(0), text: "a table for two" }
            2.00 start op2 generate after 2 messages, last "a table for two"
            2.15 playout pause
            2.15 start op3 speak gen0 seg0 "Of course. "
            2.60 cancel op1
            2.60 feed op0 End
            2.60   UserTurn { turn: TurnId(0), text: "a table for two", late: false }
            2.60   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: None }
            2.60   Segment { speech: SpeechId(0), segment: SegmentId(0), text: "Of course. " }
            2.60   words of speech0 seg0: 2
            2.60 playout resume
            2.60   Segment { speech: SpeechId(0), segment: SegmentId(1), text: "For when? " }
            2.60 start op4 speak gen0 seg1 "For when? "
            2.60   Segment { speech: SpeechId(0), segment: SegmentId(2), text: "And for how many? " }
            2.60 start op5 speak gen0 seg2 "And for how many? "
            2.60   agent thinking
            3.02   SpeechStarted { speech: SpeechId(0), turn: TurnId(0) }
            3.02   latency of turn0
            3.02   agent speaking
            4.10 cancel op4
            4.10 cancel op5
            4.10   SpeechEnded { speech: SpeechId(0), turn: TurnId(0), heard: "Of course. ", unheard: "For when? And for how many? ", interrupted: false, estimated: false }
            4.10   agent listening
        "#]],
    );
}

#[test]
fn a_user_who_goes_on_hears_nothing_of_it() {
    check(
        "0.00 start
         1.00 user starts
         1.90 user stops
         2.00 final a table
         2.00 flush
         2.10 finished 0.6
         2.15 llm Of course. For when?
         2.20 tts 24000
         2.25 started
         2.30 user starts
         2.80 user stops",
        expect![[r#"
            0.00   agent listening
            1.00 start op0 transcribe from 11200
            1.00   user speaking
            1.90 feed op0 Flush(1)
            1.90 start op1 predict turn end of ""
            1.90   user listening
            2.00   Interim { turn: TurnId(0), text: "a table" }
            2.00 start op2 generate after 2 messages, last "a table"
            2.15 playout pause
            2.15 start op3 speak gen0 seg0 "Of course. "
            2.30 cancel op2
            2.30 cancel op3
            2.30 playout flush gen0
            2.30 playout resume
            2.30   PreemptiveDropped { turn: TurnId(0), chars: 21, spoken: 11 }
            2.30 cancel op1
            2.30   user speaking
            2.80 feed op0 Flush(2)
            2.80 start op4 predict turn end of "a table"
            2.80   user listening
        "#]],
    );
}

#[test]
fn a_voice_that_waits_for_the_commit_is_not_given_up() {
    let mut config = Config::default();
    config.endpointing.mode = EndpointingMode::Manual;
    let script = "0.00 start
         1.00 user starts
         1.90 user stops
         2.00 final a table for two
         2.00 flush
         2.15 llm Of course, and I will tell you all about our tables. For when?
         2.20 tts 48000
         2.30 llm end
         40.00 commit
         40.10 tts 12000";
    expect![[r#"
        0.00   agent listening
        1.00 start op0 transcribe from 11200
        1.00   user speaking
        1.90 feed op0 Flush(1)
        1.90 start op1 predict turn end of ""
        1.90   user listening
        2.00   Interim { turn: TurnId(0), text: "a table for two" }
        2.00 start op2 generate after 2 messages, last "a table for two"
        2.15 playout pause
        2.15 start op3 speak gen0 seg0 "Of course, and I will tell you all about our tables. "
        2.90 cancel op1
        2.90   Error { op: "turn.predict", code: Timeout, detail: "nothing came for 1s" }
        40.00 feed op0 End
        40.00   UserTurn { turn: TurnId(0), text: "a table for two", late: false }
        40.00   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: None }
        40.00   Segment { speech: SpeechId(0), segment: SegmentId(0), text: "Of course, and I will tell you all about our tables. " }
        40.00 playout resume
        40.00   Segment { speech: SpeechId(0), segment: SegmentId(1), text: "For when? " }
        40.00 start op4 speak gen0 seg1 "For when? "
        40.00   agent thinking
    "#]].assert_eq(&run_script(config, script).unwrap());
}

#[test]
fn a_voice_that_is_not_to_be_used_in_vain_waits() {
    let config = Config { preemptive_speech: false, ..Config::default() };
    let script = "0.00 start
         1.00 user starts
         1.90 user stops
         2.00 final a table for two
         2.00 flush
         2.10 finished 0.6
         2.15 llm Of course. For when?
         2.30 llm end
         3.00 tick";
    expect![[r#"
        0.00   agent listening
        1.00 start op0 transcribe from 11200
        1.00   user speaking
        1.90 feed op0 Flush(1)
        1.90 start op1 predict turn end of ""
        1.90   user listening
        2.00   Interim { turn: TurnId(0), text: "a table for two" }
        2.00 start op2 generate after 2 messages, last "a table for two"
        2.60 cancel op1
        2.60 feed op0 End
        2.60   UserTurn { turn: TurnId(0), text: "a table for two", late: false }
        2.60   SpeechCreated { speech: SpeechId(0), turn: TurnId(0), request: None }
        2.60   Segment { speech: SpeechId(0), segment: SegmentId(0), text: "Of course. " }
        2.60 start op3 speak gen0 seg0 "Of course. "
        2.60   Segment { speech: SpeechId(0), segment: SegmentId(1), text: "For when? " }
        2.60 start op4 speak gen0 seg1 "For when? "
        2.60   agent thinking
    "#]]
    .assert_eq(&run_script(config, script).unwrap());
}
