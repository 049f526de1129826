//! The loader of agent files.

use std::path::Path;

use antiphon::config::{Reload, Sources, parse};

use crate::mutation::{Random, mutant, seeds};

/// What files are grown from.
const SEEDS: &[&str] = &[
    include_str!("../../../../examples/agents/hello.yaml"),
    include_str!("../../../../examples/agents/restaurant.yaml"),
    include_str!("../../../../examples/agents/support.yaml"),
    "a: &a [1, 2.5, ~, .nan, 0x1f, 'q''q', \"\\u00e9\\n\"]\nb: *a\n? c\n: |2-\n    d\n",
    "models: {llm: {options: {api_key: '${A}', x: {env: A}}}}\nvoice: >\n  a\n\n  b\n",
];

/// What YAML and the fields of an agent are made of.
const TOKENS: &[&str] = &[
    "\n",
    "\n  ",
    "\n    - ",
    "\t",
    ": ",
    ":",
    "- ",
    "? ",
    "# ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "&a ",
    "*a",
    "!x ",
    "!!str ",
    "|",
    ">",
    "|+2\n",
    "'",
    "\"",
    "\\",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "@",
    "`",
    "<<: *a",
    "~",
    "null",
    "true",
    ".inf",
    "-1",
    "1e999",
    "0o17",
    "18446744073709551616",
    "${A}",
    "${",
    "$${",
    "{env: A}",
    "\u{feff}",
    "\u{2028}",
    "é",
    "\u{1f600}",
    "\u{0}",
    "name",
    "tools:",
    "- http:",
    "- mcp:",
    "- builtin: ",
    "instructions:",
    "file: x",
    "models:",
    "options:",
    "turn_taking:",
    "threshold: ",
    "api_key: ",
    "headers:",
    "parameters:",
];

#[test]
fn no_file_breaks_the_loader() {
    let sources = Sources::none().with_env([("A", "a"), ("ANTIPHON__GREETING", "Hi")]);
    let path = Path::new("fuzz.yaml");
    let mut last = parse(path, b"name: first", &sources).unwrap();
    let (mut accepted, mut refused) = (0_u64, 0_u64);
    for seed in seeds() {
        let bytes = mutant(SEEDS, TOKENS, &mut Random::new(seed));
        match last.reload_from(&bytes, &sources) {
            Reload::Kept(error) => {
                refused += 1;
                assert!(!error.problems().is_empty() && !error.to_string().is_empty());
            }
            Reload::Unchanged => accepted += 1,
            Reload::Applied { effective, changes } => {
                accepted += 1;
                assert!(!changes.is_empty());
                last = *effective;
            }
        }
    }
    assert!(accepted > refused / 100, "nearly all is refused at the door: {accepted} accepted");
    assert!(refused > accepted / 100, "nearly nothing is broken: {refused} refused");
}
