//! Engines, each loaded once for all conversations of a command. Knows no agent file.

use std::sync::Arc;

use antiphon::{
    Error, Result, ScriptedLlm,
    gguf::GgufOptions,
    llm::Llm,
    local::{self, LlmModel, LocalSpeech, SttModel},
    models::{State, Store},
};

use crate::{chat::agent::Mind, progress::Bar};

/// The engines that have been loaded so far.
#[derive(Default)]
pub(crate) struct Engines {
    speech: Vec<(SttModel, Arc<LocalSpeech>)>,
    minds: Vec<Minded>,
}

/// A local model that was loaded, and what was wanted of it.
struct Minded {
    wanted: (Option<LlmModel>, GgufOptions),
    llm: Arc<dyn Llm>,
    model: LlmModel,
}

impl Engines {
    /// Who answers, and which local model that is. Fetches the model if it is missing; if it
    /// refuses its files and they are damaged, they are fetched again, once. Blocks.
    pub(crate) fn mind(&mut self, mind: &Mind) -> Result<(Arc<dyn Llm>, Option<LlmModel>)> {
        let wanted = match mind {
            Mind::Scripted(replies) => {
                return Ok((Arc::new(ScriptedLlm::new(replies.clone())), None));
            }
            Mind::Local(model, options) => (*model, options.clone()),
        };
        if let Some(minded) = self.minds.iter().find(|m| m.wanted == wanted) {
            return Ok((minded.llm.clone(), Some(minded.model)));
        }
        let (llm, model) =
            loaded(|store, bar| local::language_model(store, wanted.0, wanted.1.clone(), bar))?;
        let llm: Arc<dyn Llm> = Arc::new(llm);
        self.minds.push(Minded { wanted, llm: llm.clone(), model });
        Ok((llm, Some(model)))
    }

    /// What hears and speaks; likewise.
    pub(crate) fn speech(&mut self, stt: SttModel) -> Result<Arc<LocalSpeech>> {
        if let Some((_, speech)) = self.speech.iter().find(|(s, _)| *s == stt) {
            return Ok(speech.clone());
        }
        let speech = loaded(|store, bar| LocalSpeech::load_from(store, stt, bar))?;
        let speech = Arc::new(speech);
        self.speech.push((stt, speech.clone()));
        Ok(speech)
    }
}

/// Loads from the user's store, and again if what was refused has been mended.
fn loaded<T>(load: impl Fn(&Store, &mut Bar) -> Result<T>) -> Result<T> {
    let store = local::store()?;
    let mut bar = Bar::default();
    load(&store, &mut bar)
        .or_else(|e| if repair(&store, &e, &mut bar)? { load(&store, &mut bar) } else { Err(e) })
}

/// Fetches again what the error complains of, if its sums say that it is damaged. Whether it was.
fn repair(store: &Store, refused: &Error, bar: &mut Bar) -> Result<bool> {
    for spec in store.manifest().models() {
        let home = store.path(&spec.name)?;
        let named = refused.detail().contains(&*home.to_string_lossy());
        if named && matches!(store.verify(&spec.name)?, State::Damaged(_)) {
            store.repair(&spec.name, bar)?;
            return Ok(true);
        }
    }
    Ok(false)
}
