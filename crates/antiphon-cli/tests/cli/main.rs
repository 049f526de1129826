//! The `antiphon` command as its user meets it: the real binary, real models, real files.

#[cfg(test)]
mod agents;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod cache;
#[cfg(test)]
mod call;
#[cfg(test)]
mod chat;
#[cfg(test)]
mod files;
#[cfg(test)]
mod help;
#[cfg(test)]
mod recordings;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod stop;
#[cfg(test)]
mod support;
#[cfg(test)]
mod voice;
