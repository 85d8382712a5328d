//! As much of HTTP/1.1 as the servers of the tests need: one request and one answer per connection.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// A request.
#[derive(Clone, Debug, Default)]
pub struct ReceivedRequest {
    /// `GET`
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Lines of the head after the first, without their ends.
    pub headers: Vec<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl ReceivedRequest {
    /// Reads one request.
    pub fn read(stream: impl Read) -> io::Result<Self> {
        let mut reader = BufReader::new(stream);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let line = line.trim_end().to_owned();
            if line.is_empty() {
                break;
            }
            lines.push(line);
        }
        let mut request = Self::default();
        let mut words = lines.first().into_iter().flat_map(|line| line.split(' '));
        words
            .next()
            .unwrap_or_default()
            .clone_into(&mut request.method);
        words
            .next()
            .unwrap_or_default()
            .clone_into(&mut request.target);
        request.headers = lines.split_off(1);
        let length = request.header("content-length").unwrap_or("0");
        let length = length.parse().map_err(io::Error::other)?;
        request.body = vec![0; length];
        reader.read_exact(&mut request.body)?;
        Ok(request)
    }

    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let pairs = self.headers.iter().filter_map(|line| line.split_once(':'));
        let mut found = pairs.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.trim())
    }

    /// Sends it to a port of this machine and returns the whole answer.
    pub fn send(&self, port: u16) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for line in &self.headers {
            if !line.to_ascii_lowercase().starts_with("connection:") {
                head.push_str(line);
                head.push_str("\r\n");
            }
        }
        head.push_str("Connection: close\r\n\r\n");
        stream.write_all(head.as_bytes())?;
        stream.write_all(&self.body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    }
}

/// Writes an answer.
pub fn write_answer(mut stream: impl Write, status: &str, body: &[u8]) -> io::Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )?;
    stream.write_all(body)
}
