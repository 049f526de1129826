//! Replies that are begun before the turn is over.

use antiphon_conversation::Config;
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
            2.20   PreemptiveDropped { turn: TurnId(0), chars: 0 }
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
            2.50   PreemptiveDropped { turn: TurnId(0), chars: 0 }
            2.50 start op3 generate after 2 messages, last "a table for two"
        "#]],
    );
}
