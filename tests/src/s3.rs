//! A real S3 server for tests: started on the loopback, ended with its tests.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::small_http::ReceivedRequest;

/// A running server. It ends when its input does, which is held here.
#[derive(Debug)]
pub struct S3 {
    _server: Child,
    port: u16,
}

impl S3 {
    /// The server of this process.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<S3> = OnceLock::new();
        SHARED
            .get_or_init(|| Self::start().expect("the S3 server of `scripts/setup --tools` starts"))
    }

    fn start() -> io::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut server = Command::new(root.join("target/tools/s3/bin/python"))
            .arg(root.join("tests/s3/serve.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        let output = server.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        BufReader::new(output).read_line(&mut line)?;
        let port = line.trim().parse().map_err(io::Error::other)?;
        Ok(Self {
            _server: server,
            port,
        })
    }

    /// A place for a state in a bucket of its own.
    ///
    /// # Panics
    /// When the server does not make the bucket.
    #[must_use]
    pub fn place(&self) -> String {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let bucket = format!("pools-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let made = self.ask("PUT", &format!("/{bucket}"), &[], b"");
        assert_eq!(made, 200, "a bucket is made");
        format!("s3://{bucket}/harbour/state.json")
    }

    /// Sends one request and returns the status of its answer.
    ///
    /// # Panics
    /// When there is no answer.
    #[must_use]
    pub fn ask(&self, method: &str, target: &str, headers: &[&str], body: &[u8]) -> u16 {
        let mut request = ReceivedRequest {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: headers.iter().map(|line| (*line).to_owned()).collect(),
            body: body.to_owned(),
        };
        request
            .headers
            .push(format!("Host: 127.0.0.1:{}", self.port));
        // What somebody signed is not for those who did not; the signature itself is not looked at.
        let signed = "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, \
                      SignedHeaders=host, Signature=00";
        request.headers.push(signed.to_owned());
        request
            .headers
            .push(format!("Content-Length: {}", body.len()));
        let answer = request.send(self.port).expect("the server answers");
        let status = answer
            .split(|byte| *byte == b' ')
            .nth(1)
            .unwrap_or_default();
        String::from_utf8_lossy(status).parse().expect("a status")
    }

    /// What a process needs to find and use it.
    #[must_use]
    pub fn environment(&self) -> BTreeMap<String, String> {
        environment(self.port)
    }

    /// A way to the server that passes on every request and cuts the connection instead of
    /// answering, for each write that `cuts` says yes to, counted from 0.
    ///
    /// # Panics
    /// When the system gives no port.
    pub fn cutting(
        &self,
        cuts: impl Fn(usize) -> bool + Send + 'static,
    ) -> BTreeMap<String, String> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let near = listener.local_addr().expect("an address").port();
        let far = self.port;
        std::thread::spawn(move || {
            let mut writes = 0;
            for stream in listener.incoming().flatten() {
                let Ok(request) = ReceivedRequest::read(&stream) else {
                    continue;
                };
                let Ok(answer) = request.send(far) else {
                    continue;
                };
                let is_write = request.method == "PUT";
                writes += usize::from(is_write);
                if !(is_write && cuts(writes - 1)) {
                    // Who asked may be gone.
                    let _ = io::Write::write_all(&mut &stream, &answer);
                }
            }
        });
        environment(near)
    }
}

fn environment(port: u16) -> BTreeMap<String, String> {
    [
        ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
        ("AWS_ALLOW_HTTP", "true".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test-secret".to_owned()),
        ("NO_PROXY", "127.0.0.1".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
