//! An agent as a YAML file: its fields, its layers with the origin of every value, its errors
//! with line, column and suggestion, its schema, and reloading while it runs.
//!
//! It deliberately knows no provider and no engine, and starts nothing: it says what an agent is,
//! others make it run.

mod agent;
mod check;
mod decode;
mod effective;
mod error;
mod layers;
mod mirror;
mod node;
mod origin;
mod reload;
mod scalar;
mod schema;
mod secret;
mod setting;
mod show;
mod suggest;
mod tools;
mod turn_taking;
mod yaml;

pub use agent::{AgentFile, Context, Instructions, InstructionsFile, Limits, Model, Models, Voice};
pub use effective::{Effective, load, parse};
pub use error::{ConfigError, Problem, Snippet};
pub use layers::{PREFIX, Sources};
pub use origin::Origin;
pub use reload::{Change, Reload, Watch};
pub use schema::schema;
pub use secret::Secret;
pub use setting::Setting;
pub use show::Leaf;
pub use tools::{Effect, HttpTool, McpTools, Method, Tool};
pub use turn_taking::{Dynamic, Echo, Endpointing, Floor, Interruption, Mode, Mute, TurnTaking};

#[cfg(test)]
mod tests;
