//! How well the small local models call tools: a labelled set of what guests of a restaurant say,
//! with the gate for local models and without.
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

/// Measures both models, in a short run the smaller one.
pub(crate) fn measure(report: &mut Report) -> Result<()> {
    let set = Labelled::read()?;
    let step = report.rounds(1, SHORT_STEP);
    let cases: Vec<&Case> = set.cases.iter().step_by(step).collect();
    let models = [(LlmModel::Smollm2, "SmolLM2"), (LlmModel::Qwen, "Qwen 0.5B")];
    for (model, name) in models.into_iter().take(report.rounds(models.len(), 1)) {
        of_model(&set, &cases, model, name, report)?;
    }
    Ok(())
}

fn of_model(
    set: &Labelled,
    cases: &[&Case],
    model: LlmModel,
    name: &str,
    report: &mut Report,
) -> Result<()> {
    let runtime = crate::overhead::runtime()?;
    let options = GgufOptions { read_calls: false, ..GgufOptions::default() };
    let (llm, _) = local::language_model(&local::store()?, Some(model), options, &mut Quiet)?;
    let gate = Gate::new(set)?;
    let (mut tags, mut bare, mut gated) = <(Score, Score, Score)>::default();
    for case in cases {
        let reply = answer(&runtime, &llm, set.request(case, MAX_TOKENS))?;
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
