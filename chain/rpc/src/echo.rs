//! Gates that repeat a URL: some name the key in it, or the whole path, in what they answer.
//!
//! - Reads: a JSON-RPC answer, and the URL that was asked.
//! - Returns: the same answer, without the parts of the URL that may be a key.
//! - Never: touches a result: only errors are shown to people.

use reqwest::Url;
use serde_json::Value as Json;

/// Shorter parts are no key, and would be found inside of other words.
const SHORTEST: usize = 6;
const HIDDEN: &str = "(not shown)";

/// Takes what may be a key out of the errors in an answer.
pub(crate) fn without_key(url: &Url, mut answer: Json) -> Json {
    let parts = parts(url);
    if parts.is_empty() {
        return answer;
    }
    match &mut answer {
        Json::Array(answers) => answers.iter_mut().for_each(|one| clean(one, &parts)),
        one => clean(one, &parts),
    }
    answer
}

fn clean(answer: &mut Json, parts: &[String]) {
    if let Some(error) = answer.get_mut("error") {
        hide(error, parts);
    }
}

fn hide(value: &mut Json, parts: &[String]) {
    match value {
        Json::String(text) => {
            for part in parts.iter().filter(|part| !part.is_empty()) {
                if text.contains(part.as_str()) {
                    *text = text.replace(part.as_str(), HIDDEN);
                }
            }
        }
        Json::Array(list) => list.iter_mut().for_each(|value| hide(value, parts)),
        Json::Object(map) => map.values_mut().for_each(|value| hide(value, parts)),
        _ => {}
    }
}

/// Parts that may be a key, the longest first.
fn parts(url: &Url) -> Vec<String> {
    let path = url.path_segments().into_iter().flatten();
    let query = url.query_pairs();
    let raw = url
        .query()
        .into_iter()
        .flat_map(|query| query.split(['&', '=']));
    let mut parts: Vec<String> = [url.username(), url.password().unwrap_or_default()]
        .into_iter()
        .chain(path)
        .chain(raw)
        .map(ToOwned::to_owned)
        .chain(query.map(|(_, value)| value.into_owned()))
        .filter(|part| part.len() >= SHORTEST)
        .collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    parts.dedup();
    parts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn case_key_in_url_what_a_gate_repeats_is_not_repeated_again() {
        let url = Url::parse("https://me:hunter2@rpc.example/v2/hunter3?key=hunter4&n=1").unwrap();
        let said = |text: &str| json!({ "id": 0, "error": { "code": 1, "message": text, "data": [text] } });
        let told = without_key(
            &url,
            said("project hunter3 of /v2/hunter3?key=hunter4: hunter2"),
        );
        assert!(!told.to_string().contains("hunter"), "{told}");
        assert!(
            told.to_string().contains("project (not shown) of /v2/"),
            "{told}"
        );
        let batch = without_key(
            &url,
            json!([said("hunter3"), { "id": 1, "result": "hunter3" }]),
        );
        assert_eq!(batch[0]["error"]["message"], HIDDEN);
        assert_eq!(batch[1]["result"], "hunter3");
        let plain = Url::parse("http://127.0.0.1:12537").unwrap();
        assert_eq!(without_key(&plain, said("any words")), said("any words"));
    }
}
