//! How well the small local models call tools: labelled sets of what guests of a restaurant say, at
//! hand when the gate was made, and callers of a parcel service, held out; with the gate for local
//! models and without.
//!
//! Each message is answered once, by the likeliest tokens; both readings are of the same text. It
//! deliberately measures no times, and no second attempt after a refusal.

mod labelled;
mod reading;
mod score;

use antiphon::{
    Error, Result,
    gguf::{Gguf, GgufOptions},
    llm::{Llm as _, LlmEvent, LlmRequest},
    local::{self, LlmModel},
    models::Quiet,
};
use futures_util::StreamExt as _;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::{figures::Figure, report::Report};
use labelled::Case;
pub(crate) use labelled::Labelled;
use reading::{Gate, in_tags};
use score::Score;

/// Tokens of a reply at most: the longest call takes some 60.
const MAX_TOKENS: u32 = 100;

/// Of so many messages, a short run takes one.
const SHORT_STEP: usize = 24;

/// Measures both models on both sets, in a short run the smaller model.
pub(crate) fn measure(report: &mut Report) -> Result<()> {
    let sets = [(Labelled::read()?, ""), (Labelled::held_out()?, ", held out")];
    let step = report.rounds(1, SHORT_STEP);
    let models = [(LlmModel::Smollm2, "SmolLM2"), (LlmModel::Qwen, "Qwen 0.5B")];
    let options = GgufOptions { read_calls: false, ..GgufOptions::default() };
    for (model, name) in models.into_iter().take(report.rounds(models.len(), 1)) {
        let store = local::store()?;
        let (llm, _) = local::language_model(&store, Some(model), options.clone(), &mut Quiet)?;
        for (set, which) in &sets {
            let cases: Vec<&Case> = set.cases.iter().step_by(step).collect();
            of_model(set, &cases, &llm, &format!("{name}{which}"), report)?;
        }
    }
    Ok(())
}

fn of_model(
    set: &Labelled,
    cases: &[&Case],
    llm: &Gguf,
    name: &str,
    report: &mut Report,
) -> Result<()> {
    let runtime = crate::overhead::runtime()?;
    let gate = Gate::new(set)?;
    let (mut tags, mut bare, mut gated) = <(Score, Score, Score)>::default();
    for case in cases {
        let reply = answer(&runtime, llm, set.request(case, MAX_TOKENS))?;
        let unchecked = gate.unchecked(&reply);
        let (made, refused) = runtime.block_on(gate.admit(&reply, case));
        tags.count(case, &in_tags(&reply));
        bare.count(case, &unchecked);
        gated.count(case, &made);
        report.detail(json!({
            "model": name, "user": case.user, "wanted": case.wanted, "reply": reply,
            "without_gate": unchecked, "with_gate": made, "refused": refused,
        }));
    }
    report.add(tags.recall(&format!("{name}, recall in tags alone")));
    for (score, how) in [(bare, "without the gate"), (gated, "with the gate")] {
        score.figures(name, how).into_iter().for_each(|figure: Figure| report.add(figure));
    }
    Ok(())
}

/// What the model writes, calls and all.
fn answer(runtime: &Runtime, llm: &Gguf, request: LlmRequest) -> Result<String> {
    runtime.block_on(async {
        let mut events = llm.generate(request).await?;
        let mut text = String::new();
        while let Some(event) = events.next().await {
            if let LlmEvent::Delta { text: delta } = event? {
                text.push_str(&delta);
            }
        }
        Ok::<_, Error>(text)
    })
}

#[cfg(test)]
mod tests;
