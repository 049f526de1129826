//! Methods, without and with `#[tools]`.
use antiphon_tools::{tool, tools};

struct A;

impl A {
    /// Says hi.
    #[tool]
    async fn hi(&self) {}
}

struct B;

#[tools]
impl B {
    /// Says hi.
    #[tool]
    async fn hi(&mut self) {}
}

fn main() {}
