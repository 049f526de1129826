//! The attributes as a user of the facade sees them: only its own `tools` module is in reach.

#![expect(clippy::unused_async, reason = "tools are async, and these wait for nothing")]

extern crate self as antiphon;

/// Laid out like the facade's module.
pub mod tools {
    pub use antiphon_tools::{
        __private::{self, facade_tool as tool, facade_tools as tools},
        EffectClass, FunctionTool, RunContext, Tool, ToolAnswer, ToolSet, ToolSpec, Tools,
    };
}

use crate::tools::{Tool as _, ToolSet, tool, tools};

/// Says hi.
#[tool(effect = "read")]
async fn hi(name: String) -> String {
    format!("Hi, {name}!")
}

struct Doors;

#[tools]
impl Doors {
    /// Opens a door.
    #[tool]
    async fn open_door(&self, _number: u8) {}
}

#[test]
fn tools_are_made_through_the_facade() {
    let tools = ToolSet::new().with(HiTool).and_then(|tools| tools.with(Doors));
    let names = tools.map(|tools| tools.freeze().names().map(str::to_owned).collect::<Vec<_>>());
    assert_eq!(names.ok(), Some(vec!["hi".to_owned(), "open_door".to_owned()]));
    assert_eq!(HiTool.spec().description, "Says hi.");
}
