//! The bench's own arithmetic and its tables.

use crate::{
    figures::{Figure, median, quantile},
    machine::Machine,
    report::Report,
};

fn report(short: bool) -> Report {
    Report::new("overhead", short, Machine::read())
}

#[test]
fn quantiles_are_values_that_were_measured() {
    let values = [5.0, 1.0, 4.0, 2.0, 3.0];
    assert_eq!([0.0, 0.5, 0.99, 1.0].map(|q| quantile(&values, q)), [1.0, 3.0, 5.0, 5.0]);
    assert_eq!(quantile(&[7.0, 8.0], 0.5), 7.0);
    assert!(median(&[]).is_nan());
}

#[test]
fn a_goal_is_met_missed_or_not_set() {
    let figure = || Figure::timed("delay", 2.0, "ms");
    assert_eq!(figure().met, None);
    assert_eq!(figure().at_most(2.0).met, Some(true));
    assert_eq!(figure().at_least(2.1).met, Some(false));
    let nothing = Figure::timed("delay", f64::NAN, "ms");
    assert_eq!(
        (nothing.clone().at_most(1.0).met, nothing.at_least(1.0).met),
        (Some(false), Some(false))
    );
}

#[test]
fn a_short_run_judges_only_what_every_machine_must_reach() {
    for (short, missed) in [(true, false), (false, true)] {
        let mut report = report(short);
        report.add(Figure::timed("delay", 2.0, "ms").at_most(1.0));
        assert_eq!(report.is_met(), !missed);
        report.add(Figure::counted("samples", 1.0, "samples").at_most(0.0));
        assert!(!report.is_met());
    }
}

#[test]
fn a_table_replaces_the_one_before_and_nothing_else() {
    let document = "# Speed\n<!-- bench overhead -->\nold\n<!-- end overhead -->\nMore.\n";
    let mut report = report(false);
    report.add(Figure::timed("delay", 0.1234, "ms").at_most(0.5).how("by hand"));
    let once = report.put_into(document).unwrap();
    assert!(once.starts_with("# Speed\n<!-- bench overhead -->\n"), "{once}");
    assert!(once.ends_with("<!-- end overhead -->\nMore.\n"), "{once}");
    assert!(once.contains("| delay | 0.123 ms | ≤ 0.5 ms | met | by hand |"), "{once}");
    assert!(!once.contains("old"));
    assert_eq!(report.put_into(&once).unwrap(), once);
    assert!(report.put_into("no marks").is_err());
}

#[test]
fn numbers_have_three_digits_that_count() {
    let shown = |value| {
        let mut report = report(false);
        report.add(Figure::timed("x", value, "u"));
        let text = report.put_into("<!-- bench overhead -->\n<!-- end overhead -->").unwrap();
        text.lines().find_map(|l| l.strip_prefix("| x | ")?.split(' ').next().map(str::to_owned))
    };
    for (value, text) in
        [(0.0, "0"), (0.01234, "0.0123"), (0.5, "0.500"), (20.04, "20.0"), (384_420.4, "384420")]
    {
        assert_eq!(shown(value).as_deref(), Some(text));
    }
}
