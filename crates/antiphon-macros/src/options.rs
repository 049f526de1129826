//! What stands in the brackets of `#[tool(..)]`.

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, LitStr, Result, meta::ParseNestedMeta, parse::Parser as _};

const KNOWN: &[&str] = &["name", "effect", "timeout", "rate_limit", "confirm", "blocking"];
const EFFECTS: &[(&str, &str)] =
    &[("read", "Read"), ("write", "Write"), ("irreversible", "Irreversible")];

/// The options of one tool.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) name: Option<String>,
    pub(crate) blocking: bool,
    /// The calls that set the rest on a specification, in order.
    settings: Vec<Setting>,
}

#[derive(Debug)]
enum Setting {
    Effect(&'static str),
    Timeout(Duration),
    RateLimit(u32, Duration),
    Confirm,
}

impl Options {
    /// Reads the options.
    pub(crate) fn parse(tokens: TokenStream) -> Result<Self> {
        let mut options = Self::default();
        syn::meta::parser(|meta| options.take(&meta)).parse2(tokens)?;
        Ok(options)
    }

    fn take(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        let text = || meta.value()?.parse::<LitStr>();
        match name.as_str() {
            "name" => self.name = Some(tool_name(&text()?)?),
            "effect" => self.settings.push(Setting::Effect(effect(&text()?)?)),
            "timeout" => self.settings.push(Setting::Timeout(timeout(&text()?)?)),
            "rate_limit" => {
                let (calls, per) = rate_limit(&text()?)?;
                self.settings.push(Setting::RateLimit(calls, per));
            }
            "confirm" => self.settings.push(Setting::Confirm),
            "blocking" => self.blocking = true,
            unknown => {
                let what = format!("there is no option `{unknown}`: {}", choice(unknown, KNOWN));
                return Err(meta.error(what));
            }
        }
        Ok(())
    }

    /// The calls on a `ToolSpec` that these options come to.
    pub(crate) fn settings(&self, root: &TokenStream) -> TokenStream {
        let duration = |d: &Duration| {
            let ms = u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
            quote!(::core::time::Duration::from_millis(#ms))
        };
        let calls = self.settings.iter().map(|setting| match setting {
            Setting::Effect(class) => {
                let class = quote::format_ident!("{class}");
                quote!(.with_effect(#root::EffectClass::#class))
            }
            Setting::Timeout(time) => {
                let time = duration(time);
                quote!(.with_timeout(#time))
            }
            Setting::RateLimit(calls, per) => {
                let per = duration(per);
                quote!(.with_rate_limit(#calls, #per))
            }
            Setting::Confirm => quote!(.with_confirmation()),
        });
        quote!(#(#calls)*)
    }
}

fn tool_name(text: &LitStr) -> Result<String> {
    let name = text.value();
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || name.len() > 64 || !name.chars().all(allowed) {
        let what = "a tool's name is 1 to 64 letters, digits, `_` and `-`";
        return Err(Error::new(text.span(), what));
    }
    Ok(name)
}

fn effect(text: &LitStr) -> Result<&'static str> {
    let value = text.value();
    let found = EFFECTS.iter().find(|(name, _)| *name == value);
    found.map(|(_, class)| *class).ok_or_else(|| {
        let names: Vec<_> = EFFECTS.iter().map(|(name, _)| *name).collect();
        let what = format!("there is no effect class `{value}`: {}", choice(&value, &names));
        Error::new(text.span(), what)
    })
}

fn timeout(text: &LitStr) -> Result<Duration> {
    let value = text.value();
    let digits = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    let (number, unit) = value.split_at(digits);
    let unit_ms = match unit.trim() {
        "ms" => Some(1),
        "s" => Some(1000),
        "min" => Some(60_000),
        _ => None,
    };
    let ms = unit_ms.and_then(|unit| number.parse::<u64>().ok()?.checked_mul(unit));
    match ms {
        Some(ms) if ms > 0 => Ok(Duration::from_millis(ms)),
        Some(_) | None => {
            let what =
                "not a time: write a whole number above 0 and `ms`, `s` or `min`, as in \"5s\"";
            Err(Error::new(text.span(), what))
        }
    }
}

fn rate_limit(text: &LitStr) -> Result<(u32, Duration)> {
    let value = text.value();
    let (number, unit) = value.split_once('/').unwrap_or_default();
    let seconds = match unit.trim() {
        "s" => Some(1),
        "min" => Some(60),
        "h" => Some(3600),
        _ => None,
    };
    let calls = number.trim().parse().ok().filter(|n| (1..=1000).contains(n));
    calls.zip(seconds.map(Duration::from_secs)).ok_or_else(|| {
        let what = "not a rate: write 1 to 1000 and `/s`, `/min` or `/h`, as in \"10/min\"";
        Error::new(text.span(), what)
    })
}

/// The most likely of `known`, or all of them.
fn choice(wrong: &str, known: &[&str]) -> String {
    let scored = known.iter().map(|name| (strsim::jaro_winkler(wrong, name), name));
    let best = scored.filter(|(alike, _)| *alike >= 0.75).max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((_, name)) => format!("did you mean `{name}`?"),
        None => format!("there are `{}`", known.join("`, `")),
    }
}
