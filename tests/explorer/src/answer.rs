//! What ConfluxScan answers, before and after it is put into the envelope of a dialect.
//!
//! - Reads: nothing.
//! - Returns: [`HandlerAnswer`] for what a handler says, [`HandlerRefusal`] for what it throws.
//! - Never: uses an HTTP status: whatever happened, it is 200 and the envelope tells.

use serde_json::{Value as Json, json};

use crate::ExplorerSpace;
use crate::parameters::Parameters;

/// Code of a value that the address library of the original chokes on.
const WRONG_PARAMETER: u32 = 510;
/// Code of everything else that goes wrong.
const FAILED: u32 = 500;
/// Code of the rate limit.
const LIMITED: u32 = 429;

/// An answer of a handler.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HandlerAnswer {
    code: u32,
    message: String,
    data: Option<Json>,
}

impl HandlerAnswer {
    /// What was asked for.
    pub(crate) fn ok(data: impl Into<Json>) -> Self {
        Self {
            code: 0,
            message: "OK".to_owned(),
            data: Some(data.into()),
        }
    }

    /// A handler's no, with the words where the data would be.
    pub(crate) fn not_ok(words: impl Into<Json>) -> Self {
        Self {
            code: 1,
            message: "NOTOK".to_owned(),
            data: Some(words.into()),
        }
    }

    /// A handler's no, with the words as the message.
    pub(crate) fn no(code: u32, message: impl Into<String>, data: Option<Json>) -> Self {
        let message = message.into();
        Self {
            code,
            message,
            data,
        }
    }

    /// Returns the body in the dialect of a space. What is not there is left out.
    pub(crate) fn body(self, space: ExplorerSpace) -> Json {
        let (mut body, data) = match space {
            ExplorerSpace::Core => (
                json!({ "code": self.code, "message": self.message }),
                "data",
            ),
            ExplorerSpace::Espace => {
                let status = if self.code == 0 { "1" } else { "0" };
                let body = json!({ "status": status, "message": self.message });
                (body, "result")
            }
        };
        if let Some(found) = self.data {
            body[data] = found;
        }
        body
    }
}

/// Answers one who asks too often. It is the same in both spaces: the envelope is made further inside.
pub(crate) fn rate_limit_answer() -> Json {
    json!({ "code": LIMITED, "message": "Too many requests. Allow 5/s" })
}

/// What a handler throws.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HandlerRefusal {
    /// A parameter is missing or is not what it should be.
    Parameter(String),
    /// An address that passes the first look and not the second.
    NotHex,
    /// An error with these words.
    Error(String),
    /// Words alone.
    Words(String),
}

impl HandlerRefusal {
    /// A parameter that must be there is not.
    pub(crate) fn absent(name: &str) -> Self {
        Self::Parameter(format!(
            "parameter {name} is undefined, {name} is required."
        ))
    }

    /// Makes the answer; `query` is what the client wrote behind the question mark.
    pub(crate) fn answer(self, query: &Parameters) -> HandlerAnswer {
        let failed = |message| HandlerAnswer::no(FAILED, message, None);
        match self {
            Self::Parameter(words) => failed(format!("The parameter is wrong: {words}")),
            Self::NotHex => {
                HandlerAnswer::no(WRONG_PARAMETER, "Invalid Parameter.", Some(query.json()))
            }
            Self::Error(words) => failed(format!("Error: {words}")),
            Self::Words(words) => failed(words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelopes_are_those_of_the_dialects() {
        let both = |answer: HandlerAnswer| {
            let texts = [ExplorerSpace::Core, ExplorerSpace::Espace]
                .map(|space| answer.clone().body(space));
            texts.map(|text| text.to_string())
        };
        assert_eq!(
            both(HandlerAnswer::ok("x")),
            [
                r#"{"code":0,"data":"x","message":"OK"}"#,
                r#"{"message":"OK","result":"x","status":"1"}"#,
            ]
        );
        assert_eq!(
            both(HandlerAnswer::not_ok("why")),
            [
                r#"{"code":1,"data":"why","message":"NOTOK"}"#,
                r#"{"message":"NOTOK","result":"why","status":"0"}"#,
            ]
        );
    }

    #[test]
    fn what_is_thrown_has_no_data_but_for_one_case() {
        let query = Parameters::of_query("address=0x1");
        let body =
            |refusal: HandlerRefusal| refusal.answer(&query).body(ExplorerSpace::Core).to_string();
        assert_eq!(
            body(HandlerRefusal::Error("no".into())),
            r#"{"code":500,"message":"Error: no"}"#
        );
        assert_eq!(
            body(HandlerRefusal::absent("guid")),
            r#"{"code":500,"message":"The parameter is wrong: parameter guid is undefined, guid is required."}"#
        );
        assert_eq!(
            body(HandlerRefusal::NotHex),
            r#"{"code":510,"data":{"address":"0x1"},"message":"Invalid Parameter."}"#
        );
    }
}
