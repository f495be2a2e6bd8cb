//! Breaking lines by display width, never between a number and its unit.

use console::measure_text_width;

const UNITS: &[&str] = &["ns", "µs", "ms", "s", "min", "h", "%"];

/// Lines of at most `width`, the later ones indented. Words wider than that stay whole.
pub fn wrap(text: &str, width: usize, indent: usize) -> Vec<String> {
    fill(words(text).iter().map(String::as_str), " ", width, indent)
}

/// Words of a text, a number and its unit taken as one.
pub fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let unit = UNITS.contains(&word.trim_end_matches(|c: char| c.is_ascii_punctuation() && c != '%'));
        match words.last_mut() {
            Some(number) if unit && number.ends_with(|c: char| c.is_ascii_digit()) => {
                number.push(' ');
                number.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    words
}

/// Facts in a row, parted by dots, broken between facts only unless one is wider than a line.
pub fn flow(facts: &[String], width: usize) -> Vec<String> {
    let lines = fill(facts.iter().map(String::as_str), " · ", width, 0);
    lines.iter().flat_map(|line| wrap(line, width, 0)).collect()
}

fn fill<'a>(parts: impl Iterator<Item = &'a str>, joint: &str, width: usize, indent: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if measure_text_width(line) + measure_text_width(joint) + measure_text_width(part) <= width => {
                line.push_str(joint);
                line.push_str(part);
            }
            None => lines.push(part.to_owned()),
            Some(_) => lines.push(format!("{}{part}", " ".repeat(indent))),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_unit() {
        assert_eq!(wrap("answers within 1.24 s, sooner", 18, 2), ["answers within", "  1.24 s, sooner"]);
        assert_eq!(wrap("it fails 7.2 % of them", 13, 0), ["it fails", "7.2 % of them"]);
    }

    #[test]
    fn width_is_what_the_eye_sees() {
        assert_eq!(wrap("sydney→singapore is far", 19, 0), ["sydney→singapore is", "far"]);
    }

    #[test]
    fn facts_break_between_facts() {
        let facts = ["seed 42".to_owned(), "rate 50/s".to_owned(), "x".to_owned()];
        assert_eq!(flow(&facts, 20), ["seed 42 · rate 50/s", "x"]);
    }
}
