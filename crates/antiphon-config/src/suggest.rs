//! The name that was probably meant. Knows no fields.

/// Jaro-Winkler likeness from which a name is taken for a slip of another; one wrong letter is
/// always a slip, which Jaro-Winkler misses in short names.
const ALIKE: f64 = 0.8;

/// Longer names are not slips of a field; comparing them would only cost time.
const LONGEST: usize = 64;

/// "did you mean ..?", or what there is.
pub(crate) fn suggest(name: &str, known: &[&str]) -> Option<String> {
    if known.is_empty() {
        return None;
    }
    Some(closest(name, known).map_or_else(
        || format!("known here: {}", known.join(", ")),
        |meant| format!("did you mean `{meant}`?"),
    ))
}

fn closest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    let name = name.to_lowercase();
    let likeness = |k: &&str| match strsim::osa_distance(&name, k) {
        0 | 1 => 1.0,
        _ => strsim::jaro_winkler(&name, k),
    };
    let likely = known.iter().copied().filter(|k| likeness(k) > ALIKE);
    likely.max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
}

/// `text`, shortened for a message.
pub(crate) fn clip(text: &str) -> String {
    let short: String = text.chars().take(LONGEST).filter(|c| !c.is_control()).collect();
    if short.len() == text.len() { short } else { format!("{short}...") }
}
