//! The size and shape of each crate in one table.

use std::{collections::BTreeMap, fmt};

use crate::{rules::files::AIM_LINES, rust::Source};

/// Counts over some Rust files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    files: usize,
    lines: usize,
    /// Lines outside tests.
    product: usize,
    docs: usize,
    tests: usize,
    /// `unwrap()` and `expect(` outside tests.
    unwraps: usize,
    /// Path and lines outside tests of the longest file.
    longest: (String, usize),
}

/// The table: a row per crate, the sum, and the files longer than they should be.
#[derive(Clone, Debug)]
pub struct Metrics {
    crates: BTreeMap<String, Counts>,
    long: Vec<(String, usize)>,
}

impl Metrics {
    /// Counts.
    #[must_use]
    pub fn new(sources: &[Source]) -> Self {
        let mut crates: BTreeMap<String, Counts> = BTreeMap::new();
        let mut long = Vec::new();
        for source in sources {
            let counts = Counts::of(source);
            if counts.product > AIM_LINES {
                long.push((source.path.clone(), counts.product));
            }
            crates.entry(source.krate.clone()).or_default().add(counts);
        }
        long.sort_by_key(|(_, lines)| std::cmp::Reverse(*lines));
        Self { crates, long }
    }
}

impl Counts {
    /// Counts one file.
    #[must_use]
    pub fn of(source: &Source) -> Self {
        let product = source.product().count();
        let is_doc = |text: &str| text.starts_with("//!") || text.starts_with("///");
        let unwraps =
            |code: &str| code.matches(".unwrap()").count() + code.matches(".expect(").count();
        Self {
            files: 1,
            lines: source.lines.len(),
            product,
            docs: source.lines.iter().filter(|line| is_doc(line.text.trim_start())).count(),
            tests: source.tests().len(),
            unwraps: source.product().map(|line| unwraps(&line.code)).sum(),
            longest: (source.path.clone(), product),
        }
    }

    fn add(&mut self, other: Self) {
        self.files += other.files;
        self.lines += other.lines;
        self.product += other.product;
        self.docs += other.docs;
        self.tests += other.tests;
        self.unwraps += other.unwraps;
        if other.longest.1 > self.longest.1 {
            self.longest = other.longest;
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
        let per = |n: usize, of: usize, unit: f64| n as f64 * unit / of.max(1) as f64;
        let docs = per(self.docs, self.lines, 100.0);
        let tests = per(self.tests, self.lines, 1000.0);
        let unwraps = per(self.unwraps, self.product, 1000.0);
        let Self { files, lines, longest, .. } = self;
        writeln!(
            f,
            "{name:24} {files:>5} {lines:>6} {:>7} {docs:>5.1} {tests:>10.1} {unwraps:>12.1}",
            longest.1
        )
    }
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:24} {:>5} {:>6} {:>7} {:>5} {:>10} {:>12}",
            "crate", "files", "lines", "longest", "doc %", "tests/kloc", "unwraps/kloc"
        )?;
        let mut sum = Counts::default();
        for (name, counts) in &self.crates {
            counts.write(f, name)?;
            sum.add(counts.clone());
        }
        sum.write(f, "all")?;
        writeln!(
            f,
            "\n`longest` and `unwraps` count lines outside tests; `#[test]` makes a test."
        )?;
        if !self.long.is_empty() {
            writeln!(f, "\nlonger than {AIM_LINES} lines outside tests:")?;
        }
        for (path, lines) in &self.long {
            writeln!(f, "{lines:>6}  {path}")?;
        }
        Ok(())
    }
}
