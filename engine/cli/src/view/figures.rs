//! Figures for people.
//!
//! - Reads: figures.
//! - Returns: what is known with its age where it is old, or a question mark and why not.
//! - Never: shows a figure that is not known as a number.

use std::fmt::Write as _;

use pospool_model::status::{ContainerState, Figure};
use pospool_status::format_age;

use super::{Paint, clean_line};

/// A figure that is older is shown with its age.
const OLD: u64 = 60;
/// Width of the names in front of figures.
const NAME: usize = 11;

/// The value in words, or why it is not known.
pub(super) fn format_figure<T>(figure: &Figure<T>, word: impl FnOnce(&T) -> String) -> String {
    match (figure.known(), figure.unknown()) {
        (Some(value), _) => {
            let mut text = clean_line(&word(value));
            if let Some(age) = figure.age_seconds().filter(|age| *age > OLD) {
                let _ = write!(text, " ({})", format_age(age));
            }
            text
        }
        (None, Some(unknown)) => format!("? ({})", clean_line(unknown.why())),
        (None, None) => "?".to_owned(),
    }
}

/// `  name       text` as one line.
pub(super) fn format_row(name: &str, text: &str, paint: Paint) -> String {
    let text = if text.starts_with('?') {
        paint.yellow(text)
    } else {
        text.to_owned()
    };
    format!("  {name:NAME$} {text}\n")
}

/// How a container is, in words.
pub(super) fn container_word(state: ContainerState) -> &'static str {
    match state {
        ContainerState::Running => "running",
        ContainerState::WaitingForPassword => "waiting for its secret",
        ContainerState::Paused => "paused",
        ContainerState::Stopped => "stopped",
        ContainerState::Gone => "not there",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_figure_says_its_age_and_an_unknown_one_why() {
        let word = |number: &u64| number.to_string();
        assert_eq!(format_figure(&Figure::seen_before("x", 7, 60), word), "7");
        assert_eq!(
            format_figure(&Figure::seen_before("x", 7, 61), word),
            "7 (1 min 1 s ago)"
        );
        assert_eq!(
            format_figure(&Figure::not_seen("x", "it is silent"), word),
            "? (it is silent)"
        );
    }
}
