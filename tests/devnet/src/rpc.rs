//! A narrow JSON-RPC client for a devnet's nodes.
//!
//! - Reads: answers of a node, over HTTP or by a command inside the node's container.
//! - Returns: the `result` of an answer, or an error with the node's code.
//! - Never: retries, follows a proxy, or waits longer than ten seconds for one answer.

use std::time::Duration;

use serde_json::{Value, json};

use crate::error::{DevnetError, Result};

/// One RPC port that is published on the host.
#[derive(Clone, Debug)]
pub struct RpcClient {
    url: String,
    http: reqwest::Client,
}

impl RpcClient {
    /// Returns a client for a URL such as `http://127.0.0.1:12537`.
    pub fn new(url: &str) -> Result<Self> {
        // Without a provider reqwest refuses to build even for plain HTTP. A second call is an error we can ignore.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(10))
            .build()
            .map_err(|source| http_error("new client", url, source))?;
        Ok(Self {
            url: url.to_owned(),
            http,
        })
    }

    /// Calls a method and returns its result.
    pub async fn call(&self, method: &str, params: Value) -> Result<Value> {
        let answer: Value = self
            .http
            .post(&self.url)
            .json(&encode_request(method, &params))
            .send()
            .await
            .map_err(|source| http_error(method, &self.url, source))?
            .json()
            .await
            .map_err(|source| http_error(method, &self.url, source))?;
        take_result(method, answer)
    }

    /// Returns the newest mined epoch.
    pub async fn epoch_number(&self) -> Result<u64> {
        let answer = self.call("cfx_epochNumber", json!([])).await?;
        parse_quantity("cfx_epochNumber", &answer)
    }
}

/// Returns the text of a call.
pub(crate) fn encode_request(method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
}

/// Takes the result out of an answer.
pub(crate) fn take_result(method: &str, mut answer: Value) -> Result<Value> {
    if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
        let words = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default();
        return Err(DevnetError::Rpc {
            method: method.to_owned(),
            code: error
                .get("code")
                .and_then(Value::as_i64)
                .unwrap_or_default(),
            message: format!("{} {}", words("message"), words("data"))
                .trim()
                .to_owned(),
        });
    }
    match answer.get_mut("result") {
        Some(value) => Ok(value.take()),
        None => Err(DevnetError::malformed(
            format!("the answer of {method}"),
            "no result",
        )),
    }
}

/// Reads a number such as `"0x1f"`.
pub(crate) fn parse_quantity(what: &str, value: &Value) -> Result<u64> {
    let number = parse_amount(what, value)?;
    u64::try_from(number).map_err(|_| DevnetError::malformed(what, format!("{value} is too large")))
}

/// Reads an amount in drip, or any other larger number.
pub(crate) fn parse_amount(what: &str, value: &Value) -> Result<u128> {
    value
        .as_str()
        .and_then(|text| text.strip_prefix("0x"))
        .and_then(|digits| u128::from_str_radix(digits, 16).ok())
        .ok_or_else(|| DevnetError::malformed(what, format!("`{value}` is not a hex number")))
}

fn http_error(method: &str, url: &str, source: reqwest::Error) -> DevnetError {
    DevnetError::Http {
        method: method.to_owned(),
        url: url.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_call_keeps_code_and_words() {
        let answer = json!({ "error": { "code": -32016, "message": "no", "data": "file" } });
        let error = take_result("m", answer).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`m` was refused by the node with code -32016: no file"
        );
    }

    #[test]
    fn a_null_result_is_a_result() {
        assert_eq!(
            take_result("m", json!({ "result": null })).unwrap(),
            Value::Null
        );
        assert!(take_result("m", json!({})).is_err());
    }

    #[test]
    fn quantities_are_hex() {
        assert_eq!(parse_quantity("n", &json!("0x1f")).unwrap(), 31);
        assert!(parse_quantity("n", &json!("31")).is_err());
        assert!(parse_quantity("n", &json!(31)).is_err());
        assert!(parse_quantity("n", &json!("0x10000000000000000")).is_err());
        assert_eq!(
            parse_amount("n", &json!("0x10000000000000000")).unwrap(),
            1 << 64
        );
    }
}
