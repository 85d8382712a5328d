//! How each space is asked: paths in Core, one path with a module and an action in eSpace.
//!
//! - Reads: method, path, query and body of a request.
//! - Returns: which question it is, or the refusal of the gateway.
//! - Never: answers; both spaces share the answers.

use crate::ExplorerSpace;
use crate::answer::HandlerRefusal;
use crate::parameters::Parameters;

/// A question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    Abi,
    SourceCode,
    Creation,
    Verify,
    Status,
    VerifyProxy,
    ProxyStatus,
}

/// A question: its path in Core, whether it is posted there, its action in eSpace.
struct QuestionRoute {
    ask: Ask,
    path: &'static str,
    posted: bool,
    action: &'static str,
}

const fn way(ask: Ask, path: &'static str, posted: bool, action: &'static str) -> QuestionRoute {
    QuestionRoute {
        ask,
        path,
        posted,
        action,
    }
}

const WAYS: &[QuestionRoute] = &[
    way(Ask::Abi, "/contract/getabi", false, "getabi"),
    way(
        Ask::SourceCode,
        "/contract/getsourcecode",
        false,
        "getsourcecode",
    ),
    way(
        Ask::Creation,
        "/contract/getcontractcreation",
        false,
        "getcontractcreation",
    ),
    way(
        Ask::Verify,
        "/contract/verifysourcecode",
        true,
        "verifysourcecode",
    ),
    way(
        Ask::Status,
        "/contract/checkverifystatus",
        false,
        "checkverifystatus",
    ),
    way(
        Ask::VerifyProxy,
        "/contract/verifyproxycontract",
        false,
        "verifyproxycontract",
    ),
    way(
        Ask::ProxyStatus,
        "/contract/checkproxyverification",
        false,
        "checkproxyverification",
    ),
];

/// Finds the question of a request. Nothing means that there is no such page.
pub(crate) fn find_question(
    space: ExplorerSpace,
    method: &str,
    path: &str,
    query: &Parameters,
    body: &Parameters,
) -> Option<Result<Ask, HandlerRefusal>> {
    let (get, post) = (method == "GET", method == "POST");
    let path = path.trim_end_matches('/').to_ascii_lowercase();
    if space == ExplorerSpace::Espace {
        return (path == "/api" && (get || post)).then(|| gateway(query, body));
    }
    let fits = |way: &&QuestionRoute| way.path == path && if way.posted { post } else { get };
    WAYS.iter().find(fits).map(|way| Ok(way.ask))
}

/// Takes module and action from the query if that has anything at all, else from the body.
fn gateway(query: &Parameters, body: &Parameters) -> Result<Ask, HandlerRefusal> {
    let given = if query.is_empty() { body } else { query };
    let (module, action) = (given.get("module"), given.get("action"));
    let unknown = |name: &str, value: &str| {
        let words = format!("parameter {name}, {value}: it is not one of the known");
        Err(HandlerRefusal::Parameter(words))
    };
    let way = WAYS.iter().find(|way| action == Some(way.action));
    match (module, action, way) {
        (Some(module), ..) if module != "contract" => unknown("module", module),
        (_, Some(action), None) => unknown("action", action),
        (None, ..) => Err(HandlerRefusal::Words("unknown module:undefined".to_owned())),
        (Some(module), None, _) => {
            let words = format!("unknown action:undefined of module:{module}");
            Err(HandlerRefusal::Words(words))
        }
        (Some(_), Some(_), Some(way)) => Ok(way.ask),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn core(method: &str, path: &str) -> Option<Ask> {
        let none = Parameters::default();
        find_question(ExplorerSpace::Core, method, path, &none, &none).map(Result::unwrap)
    }

    fn espace(query: &str, body: &str) -> Result<Ask, HandlerRefusal> {
        let [query, body] = [query, body].map(Parameters::of_query);
        find_question(ExplorerSpace::Espace, "POST", "/api", &query, &body).unwrap()
    }

    #[test]
    fn core_has_a_path_for_each_question() {
        assert_eq!(
            core("POST", "/contract/verifysourcecode"),
            Some(Ask::Verify)
        );
        assert_eq!(core("GET", "/contract/verifysourcecode"), None);
        assert_eq!(
            core("GET", "/contract/getContractCreation"),
            Some(Ask::Creation)
        );
        assert_eq!(core("POST", "/contract/checkverifystatus"), None);
        assert_eq!(core("GET", "/api"), None);
    }

    #[test]
    fn the_gateway_of_espace_prefers_a_query_to_a_body() {
        let verify = "module=contract&action=verifysourcecode";
        assert_eq!(espace(verify, ""), Ok(Ask::Verify));
        assert_eq!(espace("", verify), Ok(Ask::Verify));
        assert_eq!(
            espace(verify, "module=contract&action=getabi"),
            Ok(Ask::Verify)
        );
        // A query of any other kind hides the body.
        let hidden = espace("apiKey=x", verify);
        assert_eq!(
            hidden,
            Err(HandlerRefusal::Words("unknown module:undefined".into()))
        );
    }

    #[test]
    fn the_gateway_refuses_what_it_does_not_know() {
        let refused = |query: &str| matches!(espace(query, ""), Err(HandlerRefusal::Parameter(_)));
        assert!(refused("module=account&action=getabi"));
        assert!(
            refused("module=contract&action=getContractCreation"),
            "of Core alone"
        );
        assert!(refused("action=mint"));
        let words = espace("module=contract", "").unwrap_err();
        assert_eq!(
            words,
            HandlerRefusal::Words("unknown action:undefined of module:contract".into())
        );
        let none = Parameters::default();
        assert!(
            find_question(
                ExplorerSpace::Espace,
                "GET",
                "/contract/getabi",
                &none,
                &none
            )
            .is_none()
        );
    }
}
