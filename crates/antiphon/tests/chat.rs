//! A chat with a real local model.

use std::sync::Arc;

use antiphon::{
    Config, LlmAgent, Pace, SessionClock,
    chat::{AgentExecutor, ExecutorParts, TurnEvent},
    gguf::GgufOptions,
    local::{self, LlmModel},
    models::Quiet,
    tools::ToolSet,
};

#[tokio::test]
async fn smollm2_answers_in_pieces_and_remembers() {
    let (store, model) = (local::store().unwrap(), Some(LlmModel::Smollm2));
    let loaded = local::language_model(&store, model, GgufOptions::default(), &mut Quiet);
    let (llm, _) = loaded.unwrap();
    let mut executor = AgentExecutor::new(ExecutorParts {
        config: Config { max_reply_tokens: Some(24), ..Config::default() },
        agent: Arc::new(LlmAgent::new(Arc::new(llm))),
        tools: ToolSet::new(),
        clock: Arc::new(SessionClock::new(Pace::RealTime)),
        session: "real".into(),
    })
    .unwrap();
    let mut turn = executor.stream_turn("Say hello to Ada, please.").unwrap();
    let (mut pieces, mut response) = (Vec::new(), None);
    while let Some(event) = turn.next().await {
        match event.unwrap() {
            TurnEvent::Text(text) => pieces.push(text),
            TurnEvent::Done(done) => response = Some(done),
            TurnEvent::Tool { .. } => panic!("there are no tools"),
        }
    }
    drop(turn);
    let response = response.unwrap();
    assert!(pieces.len() > 2, "{pieces:?}");
    assert_eq!(pieces.concat().trim(), response.content);
    let used = response.tokens_used.unwrap();
    assert!(used.input_tokens > 10 && (3..=24).contains(&used.output_tokens), "{used:?}");
    let again = executor.execute_turn("Thank you.").await.unwrap();
    let used_again = again.tokens_used.unwrap();
    assert!(used_again.input_tokens > used.input_tokens + used.output_tokens, "{used_again:?}");
    assert_eq!(executor.get_history().len(), 4);
}
