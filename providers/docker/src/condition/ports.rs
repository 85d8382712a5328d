//! Whether a node's inner RPC answers where it must not.

use std::time::Duration;

use bollard::models::ContainerInspectResponse;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longest time for one port.
const LIMIT: Duration = Duration::from_secs(3);
/// Most bytes of an answer that are read.
const MOST: u64 = 4096;
/// A question of the inner RPC that changes nothing.
const QUESTION: &str = r#"{"jsonrpc":"2.0","id":1,"method":"test_posVotingStatus","params":[]}"#;

/// TCP ports of the host that lead into a container.
pub(super) fn published_ports(found: &ContainerInspectResponse) -> Vec<u16> {
    let settings = found.network_settings.as_ref();
    let ports = settings.and_then(|settings| settings.ports.as_ref());
    let tcp = ports
        .into_iter()
        .flatten()
        .filter(|(port, _)| port.ends_with("/tcp"));
    let bound = tcp.filter_map(|(_, bindings)| bindings.as_ref()).flatten();
    let numbers = bound.filter_map(|binding| binding.host_port.as_deref()?.parse().ok());
    let mut ports: Vec<u16> = numbers.collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// Those of these ports of this machine behind which an inner RPC answers.
pub(super) async fn find_inner_rpc(ports: &[u16]) -> Vec<u16> {
    let mut open = Vec::new();
    for port in ports {
        let answer = tokio::time::timeout(LIMIT, ask(*port)).await;
        if let Ok(Some(text)) = answer
            && is_of_inner_rpc(&text)
        {
            open.push(*port);
        }
    }
    open
}

async fn ask(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let request = format!(
        "POST / HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{QUESTION}",
        QUESTION.len()
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.take(MOST).read_to_end(&mut answer).await.ok()?;
    Some(String::from_utf8_lossy(&answer).into_owned())
}

/// Whether somebody knows the method: by a result, or by a refusal of another kind than that there is none.
fn is_of_inner_rpc(answer: &str) -> bool {
    let Some((_, body)) = answer.split_once("\r\n\r\n") else {
        return false;
    };
    let Ok(json) = serde_json::from_str::<serde_json::Value>(body.trim()) else {
        return false;
    };
    let code = json["error"]["code"].as_i64();
    json["jsonrpc"] == "2.0" && (json["result"].is_boolean() || code.is_some_and(|it| it != -32601))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bollard::models::{NetworkSettings, PortBinding};
    use tokio::net::TcpListener;

    #[test]
    fn v13_only_who_knows_the_method_is_an_inner_rpc() {
        let answer = |body: &str| is_of_inner_rpc(&format!("HTTP/1.0 200 OK\r\n\r\n{body}"));
        assert!(answer(r#"{"jsonrpc":"2.0","id":1,"result":true}"#));
        // As a node says it before PoS has started.
        assert!(answer(
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32016,"message":"Pos not initialized!"}}"#
        ));
        assert!(!answer(
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found"}}"#
        ));
        assert!(!answer("<html></html>") && !answer("") && !is_of_inner_rpc("220 mail"));
    }

    #[test]
    fn ports_of_the_host_are_those_of_tcp() {
        let binding = |port: &str| PortBinding {
            host_ip: Some("0.0.0.0".to_owned()),
            host_port: Some(port.to_owned()),
        };
        let ports = [
            ("32323/tcp", Some(vec![binding("32323"), binding("32323")])),
            ("32323/udp", Some(vec![binding("32324")])),
            ("12539/tcp", None),
        ];
        let ports = ports.map(|(port, bound)| (port.to_owned(), bound));
        let found = ContainerInspectResponse {
            network_settings: Some(NetworkSettings {
                ports: Some(ports.into()),
                ..NetworkSettings::default()
            }),
            ..ContainerInspectResponse::default()
        };
        assert_eq!(published_ports(&found), [32_323]);
        assert!(published_ports(&ContainerInspectResponse::default()).is_empty());
    }

    #[tokio::test]
    async fn v13_a_port_that_answers_is_named_and_a_closed_one_is_not() {
        let open = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = open.local_addr().unwrap().port();
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shut = closed.local_addr().unwrap().port();
        drop(closed);
        let server = tokio::spawn(async move {
            let (mut stream, _) = open.accept().await.unwrap();
            let mut request = [0; 1024];
            let read = stream.read(&mut request).await.unwrap();
            assert!(String::from_utf8_lossy(&request[..read]).contains("test_posVotingStatus"));
            let answer = "HTTP/1.0 200 OK\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":false}";
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        assert_eq!(find_inner_rpc(&[port, shut]).await, [port]);
        server.await.unwrap();
    }
}
