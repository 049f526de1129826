//! Words as they are heard: tokens, slips of a transcript, and what carries no wish.

/// How alike two words of five letters or more must be to count as one, 0 to 1 (Jaro-Winkler):
/// lets a letter or two of a name differ, and no more.
const ALIKE: f64 = 0.9;

/// Words that a value may hold without anybody having said them.
const EMPTY: &[&str] = &[
    "a", "an", "and", "at", "by", "for", "from", "in", "my", "of", "on", "or", "our", "please",
    "the", "to", "with", "your",
];

/// What pleasantries are made of. No "yes" and no "no": those may answer a question.
const PLEASANTRIES: &[&str] = &[
    "afternoon",
    "am",
    "are",
    "bye",
    "care",
    "day",
    "doing",
    "evening",
    "fine",
    "going",
    "good",
    "goodbye",
    "great",
    "have",
    "hello",
    "hey",
    "hi",
    "how",
    "i",
    "is",
    "it",
    "later",
    "lovely",
    "m",
    "meet",
    "morning",
    "much",
    "nice",
    "night",
    "re",
    "s",
    "see",
    "so",
    "take",
    "thank",
    "thanks",
    "there",
    "things",
    "to",
    "today",
    "too",
    "up",
    "very",
    "well",
    "what",
    "you",
];

/// Words that say nothing of what somebody wants, besides [`EMPTY`] ones and pleasantries.
const COMMON: &[&str] = &[
    "about", "all", "any", "ask", "asks", "be", "but", "call", "calls", "can", "could", "did",
    "do", "does", "don", "get", "gets", "give", "gives", "if", "just", "know", "let", "like", "ll",
    "look", "looks", "me", "need", "no", "not", "now", "only", "out", "say", "says", "some",
    "tell", "tells", "that", "they", "this", "use", "user", "ve", "want", "wants", "was", "we",
    "when", "where", "which", "who", "will", "would", "yes",
];

/// Words that mean the same in a pleasantry and where a description asks for one.
const FAREWELLS: &[&str] = &["bye", "goodbye"];

/// Shortest word that may go on differently: "book" and "booking".
const STEM: usize = 4;

/// Longest pleasantry in words.
const MAX_PLEASANTRY: usize = 12;

/// Lower-case words and numbers, without punctuation.
pub(super) fn tokens(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// The words that mean something.
pub(super) fn content_words(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).filter(|word| !EMPTY.contains(word)).collect()
}

/// Whether `word` is among `heard`, as a transcript may have it.
pub(super) fn is_heard(word: &str, heard: &[String]) -> bool {
    heard.iter().any(|h| {
        let long = word.chars().count() >= 5 && !word.starts_with(|c: char| c.is_ascii_digit());
        h == word
            || h.strip_suffix('s') == Some(word)
            || word.strip_suffix('s') == Some(h)
            || long && strsim::jaro_winkler(h, word) >= ALIKE
    })
}

/// Whether `said` holds a word of `about` that says what is wanted.
pub(super) fn speaks_of(said: &[String], about: &[String]) -> bool {
    let farewell = |word: &&str| FAREWELLS.contains(word);
    let about_farewells = about.iter().any(|word| farewell(&word.as_str()));
    content_words(said).iter().any(|word| {
        if farewell(word) {
            return about_farewells;
        }
        !COMMON.contains(word)
            && !PLEASANTRIES.contains(word)
            && (is_heard(word, about) || about.iter().any(|other| is_stem(word, other)))
    })
}

fn is_stem(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    short.chars().count() >= STEM && long.starts_with(short)
}

/// Whether `text` is a greeting, thanks or a farewell and nothing else, so that no tool can be
/// meant. English only; other text is never small talk.
#[must_use]
pub fn is_small_talk(text: &str) -> bool {
    let words = tokens(text);
    (1..=MAX_PLEASANTRY).contains(&words.len())
        && words.iter().all(|word| PLEASANTRIES.contains(&word.as_str()))
}
