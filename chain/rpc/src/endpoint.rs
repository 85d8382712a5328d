//! One endpoint: where it is, and how it may be called.

use serde_json::Value as Json;

use crate::echo::without_key;
use crate::link::CountingTransport;
use crate::transport::TransportError;

/// One endpoint of a client.
#[derive(Clone, Debug)]
pub(crate) struct RpcEndpoint {
    pub(crate) url: reqwest::Url,
}

impl RpcEndpoint {
    /// What it answers does not repeat its key.
    pub(crate) async fn post(
        &self,
        link: &CountingTransport,
        request: &Json,
    ) -> Result<Json, TransportError> {
        let answer = link.post(&self.url, request).await?;
        Ok(without_key(&self.url, answer))
    }

    /// Names the endpoint without its path, which may hold a provider's access key.
    pub(crate) fn name(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    pub(crate) fn says(&self, what: &str) -> String {
        format!("{} ({what})", self.name())
    }
}
