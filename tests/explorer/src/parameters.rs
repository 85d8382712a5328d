//! The named values of a request.
//!
//! - Reads: a query, or the body of a form or of a JSON object, as ConfluxScan's body parser does.
//! - Returns: [`Parameters`], or the HTTP answer to a body that is too large or no JSON.
//! - Never: looks into a body of another type: such a body has no values at all.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::http::{HttpRequest, Response};

/// Most bytes of a form (ConfluxScan raised the parser's own limit).
pub(crate) const FORM_LIMIT: usize = 10 << 20;
/// Most bytes of JSON (the parser's own limit).
pub(crate) const JSON_LIMIT: usize = 1 << 20;

/// Named values; of a name that comes twice the last one counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Reads what follows the question mark.
    pub(crate) fn of_query(query: &str) -> Self {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (decode(name), decode(value)))
                .collect(),
        )
    }

    /// Reads a body.
    pub(crate) fn of_body(request: &HttpRequest) -> Result<Self, Response> {
        let kind = request.content_type.split(';').next().unwrap_or_default();
        let limit = match kind.trim() {
            "application/x-www-form-urlencoded" => FORM_LIMIT,
            "application/json" => JSON_LIMIT,
            _ => return Ok(Self::default()),
        };
        if request.body.len() > limit {
            return Err(Response::text(413, "request entity too large"));
        }
        if limit == FORM_LIMIT {
            return Ok(Self::of_query(&String::from_utf8_lossy(&request.body)));
        }
        match serde_json::from_slice(&request.body) {
            Ok(Json::Object(fields)) => {
                let pairs = fields.into_iter();
                let texts = pairs.filter_map(|(name, value)| Some((name, text_of(value)?)));
                Ok(Self(texts.collect()))
            }
            Ok(Json::Array(_)) => Ok(Self::default()),
            _ => Err(Response::text(400, "Bad Request")),
        }
    }

    /// Returns a value, which may be empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns a value that is not empty.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn json(&self) -> Json {
        json!(self.0)
    }
}

/// A value of a JSON body as the text that JavaScript makes of it where a text is needed.
fn text_of(value: Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text),
        // Where a boolean is taken, a number is meant.
        Json::Bool(yes) => Some(u8::from(yes).to_string()),
        Json::Number(number) => Some(number.to_string()),
        Json::Array(_) | Json::Object(_) => Some("[object Object]".to_owned()),
    }
}

/// Decodes a part of a form; what is no escape stays as it is.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%').then(|| bytes.get(at + 1..at + 3)).flatten();
        let escaped = escaped.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let escaped = escaped.and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            u8::from_str_radix(digits, 16).ok()
        });
        match (byte, escaped) {
            (_, Some(value)) => {
                plain.push(value);
                at += 2;
            }
            (b'+', None) => plain.push(b' '),
            (byte, None) => plain.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(content_type: &str, body: impl Into<Vec<u8>>) -> Result<Parameters, u16> {
        let request = HttpRequest {
            content_type: content_type.to_owned(),
            body: body.into(),
            ..HttpRequest::default()
        };
        Parameters::of_body(&request).map_err(|response| response.status)
    }

    #[test]
    fn a_form_is_decoded() {
        let found = Parameters::of_query("a=x+y%0A%C3%BC%2B&b&c=100%&=&a2=%zz");
        assert_eq!(found.get("a"), Some("x y\nü+"));
        assert_eq!(found.get("b"), Some(""));
        assert_eq!(found.filled("b"), None);
        assert_eq!(found.get("c"), Some("100%"));
        assert_eq!(found.get("a2"), Some("%zz"));
        assert!(Parameters::of_query("").is_empty());
    }

    #[test]
    fn json_gives_texts() {
        let found = body(
            "application/json; charset=utf-8",
            r#"{"a":"x","b":1,"c":true,"d":null,"e":{}}"#,
        );
        let found = found.unwrap();
        assert_eq!(found.get("a"), Some("x"));
        assert_eq!(found.get("b"), Some("1"));
        assert_eq!(found.get("c"), Some("1"));
        assert_eq!(found.get("d"), None);
        assert_eq!(found.get("e"), Some("[object Object]"));
        assert_eq!(body("application/json", "{").unwrap_err(), 400);
        assert_eq!(body("application/json", "\"text\"").unwrap_err(), 400);
    }

    #[test]
    fn bodies_have_limits_by_their_type() {
        let form = |length: usize| {
            let text = format!("a={}", "x".repeat(length - 2));
            body("application/x-www-form-urlencoded", text)
        };
        assert_eq!(
            form(FORM_LIMIT).unwrap().get("a").unwrap().len(),
            FORM_LIMIT - 2
        );
        assert_eq!(form(FORM_LIMIT + 1).unwrap_err(), 413);
        let json = |length: usize| {
            let text = format!(r#"{{"a":"{}"}}"#, "x".repeat(length - 8));
            assert_eq!(text.len(), length);
            body("application/json", text)
        };
        assert!(json(JSON_LIMIT).is_ok());
        assert_eq!(json(JSON_LIMIT + 1).unwrap_err(), 413);
    }

    #[test]
    fn a_body_of_another_type_has_no_values() {
        assert!(body("multipart/form-data", "a=1").unwrap().is_empty());
    }
}
