//! Tables of abbreviations, units and symbols.

/// Written with a full stop: what to say instead.
pub(super) fn abbreviation(word: &str) -> Option<&'static str> {
    Some(match word.to_lowercase().as_str() {
        "dr." => "doctor",
        "mr." => "mister",
        "mrs." => "missus",
        "ms." => "miz",
        "prof." => "professor",
        "e.g." => "for example",
        "i.e." => "that is",
        "etc." => "et cetera",
        "vs." | "vs" => "versus",
        "approx." => "approximately",
        "dept." => "department",
        "inc." => "incorporated",
        "jr." => "junior",
        "sr." => "senior",
        "a.m." | "am" => "A M",
        "p.m." | "pm" => "P M",
        "w/" => "with",
        "w/o" => "without",
        _ => return None,
    })
}

/// A unit after a number: singular and plural.
pub(super) fn unit(text: &str) -> Option<(&'static str, &'static str)> {
    Some(match text {
        "km" => ("kilometer", "kilometers"),
        "m" => ("meter", "meters"),
        "cm" => ("centimeter", "centimeters"),
        "mm" => ("millimeter", "millimeters"),
        "mi" => ("mile", "miles"),
        "ft" => ("foot", "feet"),
        "in" | "″" => ("inch", "inches"),
        "kg" => ("kilogram", "kilograms"),
        "g" => ("gram", "grams"),
        "mg" => ("milligram", "milligrams"),
        "lb" | "lbs" => ("pound", "pounds"),
        "oz" => ("ounce", "ounces"),
        "l" | "L" => ("liter", "liters"),
        "ml" => ("milliliter", "milliliters"),
        "h" | "hr" | "hrs" => ("hour", "hours"),
        "min" | "mins" => ("minute", "minutes"),
        "s" | "sec" | "secs" => ("second", "seconds"),
        "ms" => ("millisecond", "milliseconds"),
        "km/h" | "kph" => ("kilometer per hour", "kilometers per hour"),
        "mph" => ("mile per hour", "miles per hour"),
        "KB" | "kB" => ("kilobyte", "kilobytes"),
        "MB" => ("megabyte", "megabytes"),
        "GB" => ("gigabyte", "gigabytes"),
        "TB" => ("terabyte", "terabytes"),
        "Hz" => ("hertz", "hertz"),
        "kHz" => ("kilohertz", "kilohertz"),
        "kW" => ("kilowatt", "kilowatts"),
        "W" => ("watt", "watts"),
        "V" => ("volt", "volts"),
        "%" => ("percent", "percent"),
        "°" => ("degree", "degrees"),
        "°C" | "℃" => ("degree Celsius", "degrees Celsius"),
        "°F" | "℉" => ("degree Fahrenheit", "degrees Fahrenheit"),
        "¢" => ("cent", "cents"),
        _ => return None,
    })
}

/// A currency sign: singular, plural, and the hundredth.
pub(super) const fn currency(sign: char) -> Option<[&'static str; 4]> {
    Some(match sign {
        '$' => ["dollar", "dollars", "cent", "cents"],
        '€' => ["euro", "euros", "cent", "cents"],
        '£' => ["pound", "pounds", "penny", "pence"],
        '¥' => ["yen", "yen", "sen", "sen"],
        _ => return None,
    })
}

/// A large-number suffix.
pub(super) fn magnitude(text: &str) -> Option<&'static str> {
    Some(match text.to_lowercase().as_str() {
        "k" | "thousand" => "thousand",
        "m" | "million" => "million",
        "b" | "bn" | "billion" => "billion",
        "t" | "trillion" => "trillion",
        _ => return None,
    })
}

/// A symbol on its own.
pub(super) const fn symbol(c: char) -> Option<&'static str> {
    Some(match c {
        '&' => "and",
        '+' => "plus",
        '=' => "equals",
        '@' => "at",
        '%' => "percent",
        '~' | '≈' => "about",
        '<' => "less than",
        '>' => "greater than",
        '≤' => "at most",
        '≥' => "at least",
        '×' => "times",
        '÷' => "divided by",
        '°' => "degrees",
        '§' => "section",
        '©' => "copyright",
        '€' => "euros",
        '$' => "dollars",
        '£' => "pounds",
        _ => return None,
    })
}

/// Month by number, 1 to 12.
pub(super) fn month(n: u64) -> Option<&'static str> {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    MONTHS.get(usize::try_from(n.checked_sub(1)?).ok()?).copied()
}

/// Whether a word names a month, whole or shortened.
pub(super) fn is_month(word: &str) -> bool {
    let lower = word.trim_end_matches('.').to_lowercase();
    lower.len() >= 3
        && (1..=12)
            .filter_map(month)
            .any(|m| m.to_lowercase() == lower || m.to_lowercase().get(..3) == Some(&lower))
}

/// Capitals that are read letter by letter although they look like a word.
pub(super) const SPELLED: [&str; 24] = [
    "AI", "API", "ATM", "CEO", "CIA", "EU", "FAQ", "ID", "IP", "IT", "OS", "PIN", "TV", "UK", "UN",
    "URL", "US", "USA", "USB", "VIP", "IRS", "AM", "FBI", "HIV",
];
