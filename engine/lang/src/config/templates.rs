//! Text with `${ … }` in it.
//!
//! - Reads: the literal parts and the values between them.
//! - Returns: always text, also for `"${value}"` alone: quotes mean text everywhere.
//! - Never: puts a secret or a whole resource into text.

use hcl_edit::expr::Expression;
use hcl_edit::template::{Element, Strip, Template};
use pospool_model::Value;

use super::evaluate::Evaluator;
use super::functions::as_text;
use super::operators::describe_type;
use crate::spec;

impl<'a> Evaluator<'a> {
    /// Evaluates a template; unknown parts make the whole unknown.
    pub(super) fn template(
        &mut self,
        template: &'a Template,
        whole: &'a Expression,
        is_heredoc: bool,
    ) -> Value {
        let mut text = String::new();
        let mut known = true;
        let mut strip_next = false;
        for element in template {
            match element {
                Element::Literal(literal) => {
                    let literal = literal.value().as_str();
                    let literal = if strip_next {
                        literal.trim_start()
                    } else {
                        literal
                    };
                    if is_heredoc && literal.contains('\r') {
                        // The same spec must mean the same on both kinds of line ends.
                        text.push_str(&literal.replace("\r\n", "\n"));
                    } else {
                        text.push_str(literal);
                    }
                    strip_next = false;
                }
                Element::Interpolation(part) => {
                    if matches!(part.strip, Strip::Start | Strip::Both) {
                        text.truncate(text.trim_end().len());
                    }
                    strip_next = matches!(part.strip, Strip::End | Strip::Both);
                    match self.text_of(&part.expr) {
                        Some(part) => text.push_str(&part),
                        None => known = false,
                    }
                }
                Element::Directive(_) => known = false,
            }
            if !self.spend(1 + text.len() / 64, whole) {
                return Value::Unknown;
            }
        }
        if known {
            Value::Text(text)
        } else {
            Value::Unknown
        }
    }

    fn text_of(&mut self, expression: &'a Expression) -> Option<String> {
        let value = self.value(expression);
        let text = as_text(&value);
        let place = self.source.place(expression);
        match &value {
            _ if text.is_some() => {}
            Value::Unknown => {}
            Value::Secret(_) | Value::Endpoint(_) => self.problems.error_with_help(
                spec::SECRET_MISPLACED,
                "a secret cannot be part of a text",
                place,
                "give the whole attribute the secret, and store the whole text as the secret",
            ),
            Value::Resource(address) => self.problems.error_with_help(
                spec::BAD_OPERAND,
                "a whole resource cannot be part of a text",
                place,
                format!("write the name of what to read, `{address}.name`"),
            ),
            other => {
                let summary = format!("{} cannot be part of a text", describe_type(other));
                self.problems.error(spec::BAD_OPERAND, summary, place);
            }
        }
        text
    }
}
