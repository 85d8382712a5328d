//! A way to a node that can be cut, and that counts calls.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Passes connections on, or drops them.
pub(super) struct Proxy {
    port: u16,
    silent: Arc<AtomicBool>,
    calls: Arc<AtomicU64>,
}

/// What each call of JSON-RPC has once, also inside a batch.
const CALL: &[u8] = b"\"method\":";

impl Proxy {
    /// Listens on a port of its own, for as long as the process lives.
    pub(super) fn start(url: &str) -> Self {
        let to = url
            .trim_start_matches("http://")
            .trim_end_matches('/')
            .to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let silent = Arc::new(AtomicBool::new(false));
        let cut = Arc::clone(&silent);
        let calls = Arc::default();
        let (there, back) = (Arc::clone(&calls), Arc::default());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(node) = TcpStream::connect(&to) else {
                    continue;
                };
                let ends = (client.try_clone().unwrap(), node.try_clone().unwrap());
                pass(ends.0, ends.1, &cut, &there);
                pass(node, client, &cut, &back);
            }
        });
        Self {
            port,
            silent,
            calls,
        }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many calls went to the node so far.
    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// Drops everything from now on, or passes it on again.
    pub(super) fn silence(&self, silent: bool) {
        self.silent.store(silent, Ordering::SeqCst);
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, silent: &Arc<AtomicBool>, calls: &Arc<AtomicU64>) {
    let (silent, calls) = (Arc::clone(silent), Arc::clone(calls));
    std::thread::spawn(move || {
        let mut part = [0; 8192];
        // The end of what was counted: a call may stand across two parts.
        let mut end = Vec::new();
        while let Ok(read @ 1..) = from.read(&mut part) {
            if silent.load(Ordering::SeqCst) || to.write_all(&part[..read]).is_err() {
                break;
            }
            end.extend_from_slice(&part[..read]);
            let found = end.windows(CALL.len()).filter(|text| *text == CALL);
            calls.fetch_add(found.count() as u64, Ordering::SeqCst);
            end.drain(..end.len().saturating_sub(CALL.len() - 1));
        }
        // The other direction ends with it, or has ended.
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    });
}
