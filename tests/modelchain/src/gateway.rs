//! The gateway before a node, as the public endpoints have one: what it refuses never reaches the node.
//!
//! - Reads: a request, the weather, and which endpoint is shut for ever.
//! - Returns: refusals of calls in their slots, or of whole requests.
//! - Never: counts; when a call is one too many is drawn. How limits are counted is in `tests/gateway`.

use pospool_conflux_rpc::TransportError;
use serde_json::Value as Json;

use crate::model::ModelState;
use crate::rpc::{encode_reply, make_refusal};
use crate::shut::Shut;

/// The code of a call that is one too many, in Confura.
const ONE_TOO_MANY: i64 = -32005;

impl ModelState {
    /// The answer to a request that does not reach the node.
    pub(crate) fn turn_away(
        &mut self,
        node: usize,
        request: &Json,
    ) -> Option<Result<Json, TransportError>> {
        let shut = self.network.shut.filter(|(shut, _)| *shut == node);
        let (refused, unbatched) = {
            let weather = &self.network.weather;
            (weather.turned_away, weather.unbatched)
        };
        let batch = request.is_array();
        match shut.map(|(_, how)| how) {
            Some(Shut::Unauthorised) => {
                self.network.note("an endpoint knows no such key");
                return Some(Err(TransportError::status(
                    401,
                    "HTTP status 401 Unauthorized",
                )));
            }
            Some(Shut::Exhausted) => {
                self.network.note("all calls are too many at an endpoint");
                let calls = request.as_array();
                let answers = calls.map(|calls| calls.iter().map(one_too_many).collect());
                return Some(Ok(answers.unwrap_or_else(|| one_too_many(request))));
            }
            Some(Shut::NoBatches) if batch => return Some(Ok(self.no_batches())),
            Some(Shut::NoBatches) | None => {}
        }
        if self.happens(refused) {
            self.network.note("a request is turned away with 429");
            return Some(Err(TransportError::status(
                429,
                "HTTP status 429 Too Many Requests",
            )));
        }
        if batch && self.happens(unbatched) {
            return Some(Ok(self.no_batches()));
        }
        None
    }

    /// The refusal of a call that is one too many, if it is.
    pub(crate) fn refuse_one(&mut self, call: &Json) -> Option<Json> {
        let rate = self.network.weather.one_too_many;
        self.happens(rate).then(|| {
            self.network.note("a call is one too many");
            one_too_many(call)
        })
    }

    /// Draws only where there is something to draw: a seed without these faults tells the story that it told before
    /// there were any.
    fn happens(&mut self, per_mille: u64) -> bool {
        per_mille > 0 && self.network.random.chance(per_mille)
    }

    fn no_batches(&mut self) -> Json {
        self.network.note("a batch is refused as a batch");
        let refusal = make_refusal(-32600, "batch requests are not supported", None);
        encode_reply(&Json::Null, Err(refusal))
    }
}

fn one_too_many(call: &Json) -> Json {
    let refusal = make_refusal(ONE_TOO_MANY, "request rate exceeded", None);
    encode_reply(&call["id"], Err(refusal))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ModelChain, ModelGenesis, Weather};
    use pospool_conflux_rpc::Transport as _;
    use serde_json::json;

    const HOSTS: [&str; 2] = ["http://a.model", "http://b.model"];

    fn chain(hosts: usize, weather: Weather) -> ModelChain {
        let hosts = &HOSTS[..hosts];
        let chain = ModelChain::new(&ModelGenesis {
            seed: 7,
            chain_id: 1,
            hosts: hosts.iter().map(|url| url[7..].to_owned()).collect(),
            accounts: Vec::new(),
            value_needs_finality: true,
        });
        chain.set_weather(weather);
        chain
    }

    fn call(id: u64) -> Json {
        json!({ "jsonrpc": "2.0", "id": id, "method": "cfx_gasPrice", "params": [] })
    }

    fn batch(calls: u64) -> Json {
        (0..calls).map(call).collect()
    }

    /// How many calls of an answer were refused; the others have a result.
    fn refused(answer: &Json) -> usize {
        let refused = |answer: &&Json| {
            let code = &answer["error"]["code"];
            assert!(*code == ONE_TOO_MANY || answer["result"].is_string());
            *code == ONE_TOO_MANY
        };
        answer.as_array().unwrap().iter().filter(refused).count()
    }

    #[tokio::test(start_paused = true)]
    async fn case_rate_limit_some_calls_of_a_batch_are_refused_and_the_rest_is_answered() {
        let weather = Weather {
            one_too_many: 300,
            ..Weather::calm()
        };
        let chain = chain(1, weather);
        let answer = chain.post(HOSTS[0], &batch(100)).await.unwrap();
        assert_eq!(answer.as_array().unwrap().len(), 100);
        let refused = refused(&answer);
        assert!((10..60).contains(&refused), "{refused} of 100");
    }

    #[tokio::test(start_paused = true)]
    async fn case_rate_limit_whole_requests_are_turned_away_before_the_node() {
        let weather = Weather {
            turned_away: 1000,
            ..Weather::calm()
        };
        let silence = chain(1, weather).post(HOSTS[0], &call(1)).await;
        let silence = silence.unwrap_err();
        assert!(silence.what.contains("429") && silence.unsent);
    }

    #[tokio::test(start_paused = true)]
    async fn case_rate_limit_batches_are_refused_and_single_calls_pass() {
        let weather = Weather {
            unbatched: 1000,
            ..Weather::calm()
        };
        let chain = chain(1, weather);
        let answer = chain.post(HOSTS[0], &batch(2)).await.unwrap();
        assert!(answer["error"]["code"].is_i64(), "{answer}");
        let answer = chain.post(HOSTS[0], &call(1)).await.unwrap();
        assert!(answer["result"].is_string(), "{answer}");
    }

    #[tokio::test(start_paused = true)]
    async fn case_rate_limit_one_endpoint_is_shut_for_ever_and_another_one_is_not() {
        for how in [Shut::Unauthorised, Shut::Exhausted, Shut::NoBatches] {
            let weather = Weather {
                shut: Some((5, how)),
                ..Weather::calm()
            };
            let chain = chain(2, weather);
            chain.calm_down();
            let answer = chain.post(HOSTS[0], &batch(2)).await.unwrap();
            assert_eq!(refused(&answer), 0);
            match (how, chain.post(HOSTS[1], &batch(2)).await) {
                (Shut::Unauthorised, Err(silence)) => assert!(silence.what.contains("401")),
                (Shut::Exhausted, Ok(answer)) => assert_eq!(refused(&answer), 2),
                (Shut::NoBatches, Ok(answer)) => assert!(answer["error"].is_object()),
                (how, other) => panic!("{how:?}: {other:?}"),
            }
            let single = chain.post(HOSTS[1], &call(1)).await;
            let passes = single.is_ok_and(|answer| answer["result"].is_string());
            assert_eq!(passes, how == Shut::NoBatches);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_only_endpoint_is_never_shut() {
        let weather = Weather {
            shut: Some((0, Shut::Exhausted)),
            ..Weather::calm()
        };
        let answer = chain(1, weather).post(HOSTS[0], &batch(2)).await.unwrap();
        assert_eq!(refused(&answer), 0);
    }
}
