//! Antiphon: a real-time voice-agent runtime. This crate is the one to depend on: it re-exports
//! the components and assembles the local engines.
//!
//! ```no_run
//! use antiphon::{local::{Local, LocalOptions}, models::Quiet, prelude::*};
//!
//! # async fn run(link: antiphon::transport::Link) -> antiphon::Result<()> {
//! let local = Local::load(&LocalOptions::default(), &mut Quiet)?;
//! let pool = MediaPool::start(SessionClock::new(Pace::RealTime))?;
//! let (mut session, mut events) = Session::start(&pool, local.session(Config::default(), link)?)?;
//! while let Ok(event) = events.recv().await {
//!     if let Notice::UserTurn { text, .. } = event.notice {
//!         println!("{} user: {text}", event.at);
//!     }
//! }
//! session.ended().await;
//! # Ok(())
//! # }
//! ```

pub mod local;
#[cfg(any(feature = "http-tools", feature = "mcp"))]
pub mod remote_tools;
mod scripted;
mod text_tools;
pub mod tune;

pub use antiphon_audio as audio;
pub use antiphon_config as config;
pub use antiphon_conversation as conversation;
pub use antiphon_gguf as gguf;
#[cfg(feature = "http-tools")]
pub use antiphon_http as http;
pub use antiphon_llm as llm;
#[cfg(feature = "mcp")]
pub use antiphon_mcp as mcp;
pub use antiphon_models as models;
pub use antiphon_moonshine as moonshine;
pub use antiphon_piper as piper;
pub use antiphon_session as session;
pub use antiphon_session::executor as chat;
pub use antiphon_silero as silero;
pub use antiphon_sim as sim;
pub use antiphon_smart_turn as smart_turn;
pub use antiphon_state as state;
pub use antiphon_stt as stt;
/// Tools: functions that the model may call.
pub mod tools {
    pub use antiphon_tools::__private::{facade_tool as tool, facade_tools as tools};
    pub use antiphon_tools::*;
}

pub use antiphon_transport as transport;
pub use antiphon_tts as tts;
pub use antiphon_turn as turn;
pub use antiphon_vad as vad;
pub use antiphon_webrtc_vad as webrtc_vad;

pub use antiphon_conversation::{Config, Notice, Waterfall};
pub use antiphon_core::{
    AudioFormat, BoxFuture, BoxStream, Clock, Code, Error, FRAME_MS, Generation, OpId, Pii,
    RequestId, Result, SPEECH_RATE_HZ, SegmentId, SpeechId, Timestamp, TurnId,
};
pub use antiphon_session::{
    Agent, AgentProfile, CallbackAgent, Engines, Events, LlmAgent, MediaPool, Pace, SayOptions,
    Session, SessionClock, SessionEvent, SessionHandle, SpeechHandle,
};
pub use scripted::ScriptedLlm;
pub use text_tools::TextTools;

/// What most programs need.
pub mod prelude {
    pub use crate::{
        Agent, AudioFormat, CallbackAgent, Clock, Code, Config, Engines, Error, Events, LlmAgent,
        MediaPool, Notice, Pace, Result, Session, SessionClock, SessionEvent, SpeechHandle,
        Timestamp,
    };
}
