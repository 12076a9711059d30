//! Parts of a file (RFC 9110 §14).

use std::ops::Range;

/// What of a file is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it.
    Whole,
    /// These octets.
    Part(Range<u64>),
    /// Octets that it does not have.
    Unsatisfiable,
}

/// What a `Range` asks for of `length` octets. One that is of another unit, cannot be read or names
/// several parts is no question for a part (RFC 9110 §14.2).
pub(super) fn wanted(header: &str, length: u64) -> Wanted {
    let set = header.split_once('=');
    let set = set.filter(|(unit, _)| unit.trim().eq_ignore_ascii_case("bytes"));
    let Some((from, to)) = set.and_then(|(_, set)| set.trim().split_once('-')) else {
        return Wanted::Whole;
    };
    let number = |text: &str| match text.bytes().all(|digit| digit.is_ascii_digit()) {
        // More digits than any file has octets are as good as all of them.
        true if !text.is_empty() => Some(text.parse().unwrap_or(u64::MAX)),
        _ => None,
    };
    match (number(from), number(to)) {
        (Some(from), Some(to)) if to < from => Wanted::Whole,
        (Some(from), _) if from >= length && is_open(to, number(to)) => Wanted::Unsatisfiable,
        (Some(from), Some(to)) => Wanted::Part(from..length.min(to.saturating_add(1))),
        (Some(from), None) if to.is_empty() => Wanted::Part(from..length),
        (None, Some(0)) if from.is_empty() => Wanted::Unsatisfiable,
        (None, Some(_)) if from.is_empty() && length == 0 => Wanted::Unsatisfiable,
        (None, Some(last)) if from.is_empty() => Wanted::Part(length.saturating_sub(last)..length),
        _ => Wanted::Whole,
    }
}

/// Whether the end is left open or a number.
fn is_open(text: &str, number: Option<u64>) -> bool {
    text.is_empty() || number.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_those_of_the_specification() {
        for (header, part) in [
            ("bytes=0-499", 0..500),
            ("bytes=500-999", 500..1000),
            ("bytes=500-", 500..1000),
            ("bytes=-500", 500..1000),
            ("Bytes = 999-999", 999..1000),
            ("bytes=0-99999999999999999999999", 0..1000),
            ("bytes=-99999999999999999999999", 0..1000),
        ] {
            assert_eq!(wanted(header, 1000), Wanted::Part(part), "{header}");
        }
        for header in ["bytes=1000-", "bytes=1000-1001", "bytes=-0"] {
            assert_eq!(wanted(header, 1000), Wanted::Unsatisfiable, "{header}");
        }
        for header in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "bytes=2-1",
            "lines=0-1",
            "bytes=0-1,5-6",
            "bytes=+1-2",
            "bytes=1000-x",
        ] {
            assert_eq!(wanted(header, 1000), Wanted::Whole, "{header}");
        }
        assert_eq!(wanted("bytes=0-", 0), Wanted::Unsatisfiable);
        assert_eq!(wanted("bytes=-1", 0), Wanted::Unsatisfiable);
    }
}
