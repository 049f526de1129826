//! The loader on mutated files: it neither panics nor hangs, whatever it is given.

#![expect(clippy::indexing_slicing, reason = "positions are drawn from the lengths")]

use std::{env, path::Path};

use antiphon_config::{Reload, Sources, parse};

/// Executions, unless `ANTIPHON_FUZZ_EXECUTIONS` says otherwise.
const EXECUTIONS: u64 = 100_000;

/// What files are grown from.
const SEEDS: &[&str] = &[
    include_str!("../../../examples/agents/hello.yaml"),
    include_str!("../../../examples/agents/restaurant.yaml"),
    include_str!("../../../examples/agents/support.yaml"),
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

/// A reproducible stream of numbers (xorshift64*, Vigna 2016).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    let end = (at + random.below(40)).min(bytes.len());
    match random.below(8) {
        0 => bytes.insert(at, random.next() as u8),
        1 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
        2 => drop(bytes.drain(at..end)),
        3 | 4 => drop(bytes.splice(at..at, random.pick(TOKENS).bytes())),
        5 => drop(bytes.splice(at..end, random.pick(TOKENS).bytes())),
        6 => {
            let piece = bytes[at..end].repeat(1 + random.below(4));
            let to = random.below(bytes.len() + 1);
            bytes.splice(to..to, piece);
        }
        _ => {
            let other = random.pick(SEEDS).as_bytes();
            let from = random.below(other.len());
            let piece = &other[from..(from + random.below(80)).min(other.len())];
            bytes.splice(at..at, piece.iter().copied());
        }
    }
}

#[test]
fn no_file_breaks_the_loader() {
    let executions = env::var("ANTIPHON_FUZZ_EXECUTIONS").ok().and_then(|n| n.parse().ok());
    let sources = Sources::none().with_env([("A", "a"), ("ANTIPHON__GREETING", "Hi")]);
    let path = Path::new("fuzz.yaml");
    let mut last = parse(path, b"name: first", &sources).unwrap();
    let (mut accepted, mut refused) = (0_u64, 0_u64);
    for seed in 1..=executions.unwrap_or(EXECUTIONS) {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut bytes = random.pick(SEEDS).as_bytes().to_vec();
        for _ in 0..=random.below(6) {
            mutate(&mut bytes, &mut random);
        }
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
