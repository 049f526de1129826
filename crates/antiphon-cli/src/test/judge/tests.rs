//! What judges say, and what is made of it.

use std::sync::Arc;

use antiphon::ScriptedLlm;

use super::{Judge, verdict};
use crate::{runtime, test::run::Run};

const RUDE: [&str; 2] = ["user: Hello.", "agent: Go away."];

#[test]
fn the_first_word_is_the_verdict() {
    for (answer, met) in [
        ("YES, the agent is polite.", Some(true)),
        ("\n**No**: it never asks.", Some(false)),
        ("True.", Some(true)),
        ("Not really, yes and no.", None),
        ("The statement is true.", None),
        ("", None),
    ] {
        assert_eq!(verdict(answer), met, "{answer}");
    }
}

#[test]
fn a_judge_is_taken_at_its_word_and_one_without_a_verdict_is_flagged() {
    let runtime = runtime::start("test").unwrap();
    let history = RUDE.map(str::to_owned);
    for (says, met, flagged) in [
        ("YES. It asked first.", true, false),
        ("NO. It was rude.", false, false),
        ("Perhaps.", false, true),
    ] {
        let llm = Arc::new(ScriptedLlm::new([says.to_owned()]));
        let judge = Judge::new(llm, runtime.handle().clone(), false);
        let verdict = judge.judge("The agent asked first.", &history);
        assert_eq!(verdict.met, met, "{says}");
        assert!(verdict.answer.ends_with(&format!("said {says:?}")), "{}", verdict.answer);
        assert_eq!(verdict.answer.contains("no verdict"), flagged, "{}", verdict.answer);
        assert!(!verdict.answer.contains("weak"), "{}", verdict.answer);
    }
}

#[test]
fn a_model_of_this_machine_judges_and_is_called_weak() {
    let mut run = Run::begin(&[]).unwrap();
    let judge = Judge::of(None, &mut run).unwrap();
    assert!(judge.introduced().ends_with("a weak judge"), "{}", judge.introduced());
    let verdict = judge.judge("The agent is rude.", &RUDE.map(str::to_owned));
    assert!(verdict.answer.contains(", a weak judge, "), "{}", verdict.answer);
    let said = verdict.answer.split_once("said \"").unwrap().1;
    assert!(said.len() > 1, "the model has said something: {}", verdict.answer);
}
