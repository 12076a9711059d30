//! File names that hold a text somebody else chose.

/// The most octets of a text that become part of a file's name.
const MAX: usize = 60;

/// `text` as a part of a file name on every system: letters and digits of any script stay, all else
/// becomes single hyphens; never empty, at most 60 octets. No path can be made of it.
pub fn safe_name(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars() {
        let c = if c.is_alphanumeric() { c } else { '-' };
        if name.len() + c.len_utf8() > MAX {
            break;
        }
        if c != '-' || !(name.is_empty() || name.ends_with('-')) {
            name.push(c);
        }
    }
    let name = name.trim_matches('-');
    if name.is_empty() {
        "unknown".to_owned()
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_letters_and_loses_every_way_out_of_a_folder() {
        for (text, name) in [
            ("Ivan Petrov", "Ivan-Petrov"),
            ("../../etc/passwd", "etc-passwd"),
            ("..\\..\\Windows\\System32", "Windows-System32"),
            ("/", "unknown"),
            ("..", "unknown"),
            ("", "unknown"),
            ("a\0b\nc", "a-b-c"),
            ("+7 701", "7-701"),
            ("محمد الأحمد", "محمد-الأحمد"),
            ("\u{202e}exe.gpj", "exe-gpj"),
        ] {
            assert_eq!(safe_name(text), name, "{text:?}");
        }
        assert!(safe_name(&"Ж".repeat(200)).len() <= MAX);
    }
}
