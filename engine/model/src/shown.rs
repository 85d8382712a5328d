//! Text from outside, as people may see it.
//!
//! - Reads: a text that somebody else may have written.
//! - Returns: the same without what moves a cursor, colours a terminal or turns its direction.
//! - Never: changes what is compared or sent; only what is shown.

/// Text from outside without what could move a terminal's cursor or colours.
/// Line breaks and tabs stay.
#[must_use]
pub fn clean_text(text: &str) -> String {
    let harmless = |c: char| c == '\n' || c == '\t' || !(c.is_control() || is_bidi(c));
    text.chars()
        .map(|c| if harmless(c) { c } else { '\u{fffd}' })
        .collect()
}

/// Characters that change the direction of the text around them.
#[must_use]
pub fn is_bidi(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// [`clean_text`] on one line.
#[must_use]
pub fn clean_line(text: &str) -> String {
    clean_text(text)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_move_the_terminal() {
        assert_eq!(
            clean_text("a\u{1b}[31mb\u{202e}c\n\td"),
            "a\u{fffd}[31mb\u{fffd}c\n\td"
        );
        assert_eq!(clean_line(" a\n  b\tc "), "a b c");
    }
}
