//! The two dialects of `ConfluxScan`, and what its answers mean.
//!
//! - Reads: an order; answers of the explorer.
//! - Returns: requests as plain data; [`Said`] for each answer.
//! - Never: connects to anything.
//!
//! From the sources of `Conflux-Chain/conflux-scan-backend` and `argotorg/sourcify`. Core has a path for each question,
//! eSpace one path with a module and an action, which are read from the query wherever there is one. A submission's
//! fields are read from the body. The HTTP status is 200 for every answer of the explorer's own.

use pospool_conflux::Space;
use serde_json::Value as Json;

use crate::work::VerifyWork;

/// A question of this module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question<'a> {
    /// What is known of the contract.
    Source,
    /// Takes the source.
    Submit { source: &'a str, licence: u8 },
    /// How far a submission is.
    Status { guid: &'a str },
}

/// A request in plain data; `form` is posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) path: &'static str,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) form: Option<Vec<(&'static str, String)>>,
}

/// Writes a question down.
pub(super) fn request_of(order: &VerifyWork, question: Question<'_>) -> Request {
    let (path, action) = match question {
        Question::Source => ("/contract/getsourcecode", "getsourcecode"),
        Question::Submit { .. } => ("/contract/verifysourcecode", "verifysourcecode"),
        Question::Status { .. } => ("/contract/checkverifystatus", "checkverifystatus"),
    };
    let (path, mut query) = match order.space {
        Space::Core => (path, Vec::new()),
        Space::Espace => {
            let query = vec![
                ("module", "contract".to_owned()),
                ("action", action.to_owned()),
            ];
            ("/api", query)
        }
    };
    let form = match question {
        Question::Source => {
            query.push(("address", order.address.clone()));
            None
        }
        Question::Status { guid } => {
            query.push(("guid", guid.to_owned()));
            None
        }
        Question::Submit { source, licence } => Some(form(order, source, licence)),
    };
    Request { path, query, form }
}

fn form(order: &VerifyWork, source: &str, licence: u8) -> Vec<(&'static str, String)> {
    let mut form = vec![
        ("contractaddress", order.address.clone()),
        ("sourceCode", source.to_owned()),
        ("codeformat", "solidity-standard-json-input".to_owned()),
        ("contractname", order.name.clone()),
        ("compilerversion", format!("v{}", order.compiler)),
        ("licenseType", licence.to_string()),
    ];
    if !order.arguments.is_empty() {
        // The misspelt name is the one that all explorers of this kind know.
        form.push(("constructorArguements", order.arguments.clone()));
    }
    form
}

/// An answer without its envelope.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    ok: bool,
    limited: bool,
    data: Json,
    /// The words of a "no".
    words: String,
}

/// Takes an answer out of the envelope of either space; `None` if it is in none of them.
pub(super) fn open_answer(body: &Json) -> Option<Answer> {
    let code = body.get("code").and_then(Json::as_i64);
    let status = body.get("status").and_then(Json::as_str);
    if code.is_none() && status.is_none() {
        return None;
    }
    let data = body
        .get("data")
        .or_else(|| body.get("result"))
        .cloned()
        .unwrap_or_default();
    let message = body
        .get("message")
        .and_then(Json::as_str)
        .unwrap_or_default();
    let words = data
        .as_str()
        .filter(|text| !text.is_empty())
        .unwrap_or(message)
        .to_owned();
    Some(Answer {
        ok: code == Some(0) || status == Some("1"),
        limited: code == Some(429),
        data,
        words,
    })
}

/// What an answer means for a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It is verified.
    Verified,
    /// It is not verified.
    Unverified,
    /// A submission was taken under this name.
    Taken(String),
    /// A submission is in the queue.
    Pending,
    /// Not now; the words say why.
    Later(String),
    /// The submission ended without a verdict, so it must be made again; the words say why.
    Again(String),
    /// No, and it will stay so.
    Refused(String),
}

/// Words of a "no" in small letters, and what they mean. The first that is found counts; all others are refusals.
const WORDS: &[(&str, Meaning)] = &[
    ("already verified", Meaning::Verified),
    ("already_verified", Meaning::Verified),
    // Sourcify's word for what it has in both codes already.
    ("error: conflict", Meaning::Verified),
    ("pending in queue", Meaning::Pending),
    ("business is busy", Meaning::Later),
    // Another submission of the same contract is on its way.
    ("too many requests", Meaning::Later),
    ("limited", Meaning::Later),
    // The explorer is behind the chain.
    ("contract_not_deployed", Meaning::Again),
    ("cannot_fetch_bytecode", Meaning::Again),
    ("internal_error", Meaning::Again),
];

#[derive(Clone, Copy)]
enum Meaning {
    Verified,
    Pending,
    Later,
    Again,
}

/// Reads the answer to a question.
pub(super) fn read_answer(question: Question<'_>, answer: &Answer) -> Said {
    if answer.limited {
        return Said::Later(answer.words.clone());
    }
    if answer.ok {
        return match question {
            Question::Source => known(&answer.data),
            Question::Submit { .. } => Said::Taken(answer.words.clone()),
            Question::Status { .. } => Said::Verified,
        };
    }
    let small = answer.words.to_lowercase();
    if matches!(question, Question::Source) && small.contains("not verified") {
        return Said::Unverified;
    }
    let known = WORDS.iter().find(|(words, _)| small.contains(words));
    match known.map(|(_, meaning)| *meaning) {
        Some(Meaning::Verified) => Said::Verified,
        Some(Meaning::Pending) => Said::Pending,
        Some(Meaning::Later) => Said::Later(answer.words.clone()),
        Some(Meaning::Again) => Said::Again(answer.words.clone()),
        None => Said::Refused(answer.words.clone()),
    }
}

/// A contract without a source is a success with an item that has none.
fn known(data: &Json) -> Said {
    let source = data
        .get(0)
        .and_then(|item| item.get("SourceCode"))
        .and_then(Json::as_str);
    if source.is_some_and(|source| !source.is_empty()) {
        Said::Verified
    } else {
        Said::Unverified
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SUBMIT: Question<'static> = Question::Submit {
        source: "{}",
        licence: 3,
    };
    const STATUS: Question<'static> = Question::Status { guid: "g" };

    fn order(space: Space) -> VerifyWork {
        VerifyWork {
            what: String::new(),
            space,
            api: String::new(),
            link: String::new(),
            api_key: None,
            address: "0x85".to_owned(),
            name: "a.sol:A".to_owned(),
            compiler: "0.8.4+commit.c7e474f2".to_owned(),
            input: "input.json".into(),
            arguments: "00ff".to_owned(),
        }
    }

    #[test]
    fn each_space_is_asked_in_its_dialect() {
        let core = request_of(&order(Space::Core), Question::Source);
        assert_eq!(core.path, "/contract/getsourcecode");
        assert_eq!(core.query, [("address", "0x85".to_owned())]);
        let espace = request_of(&order(Space::Espace), SUBMIT);
        assert_eq!(espace.path, "/api");
        assert_eq!(espace.query[1], ("action", "verifysourcecode".to_owned()));
        let form = espace.form.unwrap();
        let field = |name| {
            form.iter()
                .find(|(found, _)| *found == name)
                .unwrap()
                .1
                .as_str()
        };
        assert_eq!(field("compilerversion"), "v0.8.4+commit.c7e474f2");
        assert_eq!(field("constructorArguements"), "00ff");
        assert_eq!(field("licenseType"), "3");
    }

    const BUSY: &str = "Business is busy, please try again later";

    fn means(question: Question<'_>, body: &Json) -> Said {
        read_answer(question, &open_answer(body).unwrap())
    }

    #[test]
    fn a_contract_without_a_source_is_not_verified() {
        let item = |source: &str| json!({ "status": "1", "message": "OK", "result": [{ "SourceCode": source }] });
        assert_eq!(means(Question::Source, &item("x")), Said::Verified);
        assert_eq!(means(Question::Source, &item("")), Said::Unverified);
        let no =
            json!({ "code": 1, "message": "NOTOK", "data": "Contract source code not verified" });
        assert_eq!(means(Question::Source, &no), Said::Unverified);
    }

    #[test]
    fn a_submission_has_a_name_in_both_envelopes() {
        let core = json!({ "code": 0, "message": "OK", "data": "guid" });
        let espace = json!({ "status": "1", "message": "OK", "result": "guid" });
        for body in [core, espace] {
            assert_eq!(means(SUBMIT, &body), Said::Taken("guid".to_owned()));
        }
        let limited = json!({ "code": 429, "message": "slow down" });
        assert_eq!(means(SUBMIT, &limited), Said::Later("slow down".to_owned()));
        assert_eq!(open_answer(&json!({ "error": "not found" })), None);
        assert_eq!(open_answer(&json!([])), None);
    }

    #[test]
    fn each_no_has_one_meaning() {
        type Meaning = fn(String) -> Said;
        let table: [(Question<'_>, &str, Meaning); 8] = [
            (SUBMIT, BUSY, Said::Later),
            (SUBMIT, "Error: Too Many Requests", Said::Later),
            (SUBMIT, "Error: Conflict", |_| Said::Verified),
            (SUBMIT, "Error: Bad Request", Said::Refused),
            (STATUS, "Pending in queue", |_| Said::Pending),
            (STATUS, "already_verified: it is", |_| Said::Verified),
            (STATUS, "contract_not_deployed: wait", Said::Again),
            (STATUS, "no_match: differs", Said::Refused),
        ];
        for (question, words, meaning) in table {
            let answers = [
                json!({ "code": 1, "message": "NOTOK", "data": words }),
                json!({ "code": 500, "message": words }),
                json!({ "status": "0", "message": "NOTOK", "result": words }),
            ];
            for body in answers {
                assert_eq!(means(question, &body), meaning(words.to_owned()), "{body}");
            }
        }
        let pass = json!({ "code": 0, "message": "OK", "data": "Pass - Verified" });
        assert_eq!(means(STATUS, &pass), Said::Verified);
    }
}
