//! The two dialects of `ConfluxScan`, and what its answers mean.
//!
//! - Reads: an order; answers of the explorer.
//! - Returns: requests as plain data; [`VerificationReply`] for each answer.
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
pub(super) enum ExplorerQuestion<'a> {
    /// What is known of the contract.
    Source,
    /// Takes the source.
    Submit { source: &'a str, licence: u8 },
    /// How far a submission is.
    Status { guid: &'a str },
}

/// A request in plain data; `form` is posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ExplorerRequest {
    pub(super) path: &'static str,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) form: Option<Vec<(&'static str, String)>>,
}

/// Writes a question down.
pub(super) fn request_of(order: &VerifyWork, question: ExplorerQuestion<'_>) -> ExplorerRequest {
    let (path, action) = match question {
        ExplorerQuestion::Source => ("/contract/getsourcecode", "getsourcecode"),
        ExplorerQuestion::Submit { .. } => ("/contract/verifysourcecode", "verifysourcecode"),
        ExplorerQuestion::Status { .. } => ("/contract/checkverifystatus", "checkverifystatus"),
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
        ExplorerQuestion::Source => {
            query.push(("address", order.address.clone()));
            None
        }
        ExplorerQuestion::Status { guid } => {
            query.push(("guid", guid.to_owned()));
            None
        }
        ExplorerQuestion::Submit { source, licence } => Some(form(order, source, licence)),
    };
    ExplorerRequest { path, query, form }
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
pub(super) struct ExplorerAnswer {
    ok: bool,
    limited: bool,
    data: Json,
    /// The words of a "no".
    words: String,
}

/// Takes an answer out of the envelope of either space; `None` if it is in none of them.
pub(super) fn open_answer(body: &Json) -> Option<ExplorerAnswer> {
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
    Some(ExplorerAnswer {
        ok: code == Some(0) || status == Some("1"),
        limited: code == Some(429),
        data,
        words,
    })
}

/// What an answer means for a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum VerificationReply {
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
const WORDS: &[(&str, AnswerMeaning)] = &[
    ("already verified", AnswerMeaning::Verified),
    ("already_verified", AnswerMeaning::Verified),
    // Sourcify's word for what it has in both codes already.
    ("error: conflict", AnswerMeaning::Verified),
    ("pending in queue", AnswerMeaning::Pending),
    ("business is busy", AnswerMeaning::Later),
    // Another submission of the same contract is on its way.
    ("too many requests", AnswerMeaning::Later),
    ("limited", AnswerMeaning::Later),
    // The explorer is behind the chain.
    ("contract_not_deployed", AnswerMeaning::Again),
    ("cannot_fetch_bytecode", AnswerMeaning::Again),
    ("internal_error", AnswerMeaning::Again),
];

#[derive(Clone, Copy)]
enum AnswerMeaning {
    Verified,
    Pending,
    Later,
    Again,
}

/// Reads the answer to a question.
pub(super) fn read_answer(
    question: ExplorerQuestion<'_>,
    answer: &ExplorerAnswer,
) -> VerificationReply {
    if answer.limited {
        return VerificationReply::Later(answer.words.clone());
    }
    if answer.ok {
        return match question {
            ExplorerQuestion::Source => known(&answer.data),
            ExplorerQuestion::Submit { .. } => VerificationReply::Taken(answer.words.clone()),
            ExplorerQuestion::Status { .. } => VerificationReply::Verified,
        };
    }
    let small = answer.words.to_lowercase();
    if matches!(question, ExplorerQuestion::Source) && small.contains("not verified") {
        return VerificationReply::Unverified;
    }
    let known = WORDS.iter().find(|(words, _)| small.contains(words));
    match known.map(|(_, meaning)| *meaning) {
        Some(AnswerMeaning::Verified) => VerificationReply::Verified,
        Some(AnswerMeaning::Pending) => VerificationReply::Pending,
        Some(AnswerMeaning::Later) => VerificationReply::Later(answer.words.clone()),
        Some(AnswerMeaning::Again) => VerificationReply::Again(answer.words.clone()),
        None => VerificationReply::Refused(answer.words.clone()),
    }
}

/// A contract without a source is a success with an item that has none.
fn known(data: &Json) -> VerificationReply {
    let source = data
        .get(0)
        .and_then(|item| item.get("SourceCode"))
        .and_then(Json::as_str);
    if source.is_some_and(|source| !source.is_empty()) {
        VerificationReply::Verified
    } else {
        VerificationReply::Unverified
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SUBMIT: ExplorerQuestion<'static> = ExplorerQuestion::Submit {
        source: "{}",
        licence: 3,
    };
    const STATUS: ExplorerQuestion<'static> = ExplorerQuestion::Status { guid: "g" };

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
        let core = request_of(&order(Space::Core), ExplorerQuestion::Source);
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

    fn means(question: ExplorerQuestion<'_>, body: &Json) -> VerificationReply {
        read_answer(question, &open_answer(body).unwrap())
    }

    #[test]
    fn a_contract_without_a_source_is_not_verified() {
        let item = |source: &str| json!({ "status": "1", "message": "OK", "result": [{ "SourceCode": source }] });
        assert_eq!(
            means(ExplorerQuestion::Source, &item("x")),
            VerificationReply::Verified
        );
        assert_eq!(
            means(ExplorerQuestion::Source, &item("")),
            VerificationReply::Unverified
        );
        let no =
            json!({ "code": 1, "message": "NOTOK", "data": "Contract source code not verified" });
        assert_eq!(
            means(ExplorerQuestion::Source, &no),
            VerificationReply::Unverified
        );
    }

    #[test]
    fn a_submission_has_a_name_in_both_envelopes() {
        let core = json!({ "code": 0, "message": "OK", "data": "guid" });
        let espace = json!({ "status": "1", "message": "OK", "result": "guid" });
        for body in [core, espace] {
            assert_eq!(
                means(SUBMIT, &body),
                VerificationReply::Taken("guid".to_owned())
            );
        }
        let limited = json!({ "code": 429, "message": "slow down" });
        assert_eq!(
            means(SUBMIT, &limited),
            VerificationReply::Later("slow down".to_owned())
        );
        assert_eq!(open_answer(&json!({ "error": "not found" })), None);
        assert_eq!(open_answer(&json!([])), None);
    }

    #[test]
    fn each_no_has_one_meaning() {
        type AnswerMeaning = fn(String) -> VerificationReply;
        let table: [(ExplorerQuestion<'_>, &str, AnswerMeaning); 8] = [
            (SUBMIT, BUSY, VerificationReply::Later),
            (SUBMIT, "Error: Too Many Requests", VerificationReply::Later),
            (SUBMIT, "Error: Conflict", |_| VerificationReply::Verified),
            (SUBMIT, "Error: Bad Request", VerificationReply::Refused),
            (STATUS, "Pending in queue", |_| VerificationReply::Pending),
            (STATUS, "already_verified: it is", |_| {
                VerificationReply::Verified
            }),
            (
                STATUS,
                "contract_not_deployed: wait",
                VerificationReply::Again,
            ),
            (STATUS, "no_match: differs", VerificationReply::Refused),
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
        assert_eq!(means(STATUS, &pass), VerificationReply::Verified);
    }
}
