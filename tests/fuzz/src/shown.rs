//! What must hold for every text that a person is shown.
//!
//! - Reads: the text.
//! - Returns: nothing; a broken promise is a panic.

/// Checks that a text cannot move the terminal's cursor, change its colours or turn its direction.
pub(crate) fn check_shown(text: &str) {
    let harmful = |c: &char| {
        c.is_control() && !matches!(c, '\n' | '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let found = text.chars().find(harmful);
    assert_eq!(found, None, "{text:?}");
}
