//! A line and its check: `{…,"c":"0123456789abcdef"}`. The check is a digest of the check before
//! it and of everything in the line before the field.
//!
//! Each step of the digest is a bijection of its state, so a single changed byte is always found.

use crate::Digest;

const OPEN: &[u8] = b",\"c\":\"";
const CLOSE: &[u8] = b"\"}";

/// What a check and the newline add to an object.
pub(super) const SEAL_BYTES: u64 = (OPEN.len() + Digest::HEX_LEN + CLOSE.len()) as u64;

/// What the check of a line says.
pub(super) enum Seal {
    /// There is none.
    None,
    /// It fits; it is the check that the next line is chained to.
    Good(Digest),
    /// It does not fit, though it says so.
    Bad(Digest),
}

fn check(before: Digest, body: &[u8]) -> Digest {
    let mut digest = before.chained();
    digest.add(body);
    digest
}

/// Adds the check to a serialised object, and a newline. Gives the check.
pub(super) fn seal(object: &mut Vec<u8>, before: Digest) -> Digest {
    object.pop();
    let check = check(before, object);
    object.extend_from_slice(OPEN);
    object.extend_from_slice(check.to_string().as_bytes());
    object.extend_from_slice(CLOSE);
    object.push(b'\n');
    check
}

/// Reads the check of a line without its newline.
pub(super) fn unseal(line: &[u8], before: Digest) -> Seal {
    let Some((body, stated)) = split(line) else { return Seal::None };
    if check(before, body) == stated { Seal::Good(stated) } else { Seal::Bad(stated) }
}

fn split(line: &[u8]) -> Option<(&[u8], Digest)> {
    let rest = line.strip_suffix(CLOSE)?;
    let (rest, hex) = rest.split_at_checked(rest.len().checked_sub(Digest::HEX_LEN)?)?;
    let body = rest.strip_suffix(OPEN)?;
    Some((body, std::str::from_utf8(hex).ok()?.parse().ok()?))
}
