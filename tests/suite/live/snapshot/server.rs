//! A web server with one file, which loses connections and replaces the file when it is told to.

use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pospool_tests::small_http::ReceivedRequest;

/// What happens to one of the next connections, in the middle of what it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It ends.
    Cut,
    /// It ends, and another file is there from then on.
    Replace,
}

pub(crate) struct Server {
    pub(crate) url: String,
    file: Arc<File>,
}

struct File {
    bytes: Vec<u8>,
    version: AtomicUsize,
    slow: AtomicBool,
    /// Bytes of the file that were sent, but for the first byte that a plan asks for.
    sent: AtomicUsize,
    cuts: AtomicUsize,
    troubles: Mutex<Vec<Trouble>>,
    starts: Mutex<Vec<usize>>,
}

impl Server {
    pub(crate) fn start(bytes: &[u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/snapshot.tgz", listener.local_addr().unwrap());
        let file = Arc::new(File {
            bytes: bytes.to_vec(),
            version: AtomicUsize::new(1),
            slow: AtomicBool::new(false),
            sent: AtomicUsize::new(0),
            cuts: AtomicUsize::new(0),
            troubles: Mutex::default(),
            starts: Mutex::default(),
        });
        let serving = Arc::clone(&file);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let file = Arc::clone(&serving);
                std::thread::spawn(move || drop(file.serve(&stream)));
            }
        });
        Self { url, file }
    }

    /// Whether it sends so slowly that a kill meets it.
    pub(crate) fn slow(&self, slow: bool) {
        self.file.slow.store(slow, Ordering::Relaxed);
    }

    pub(crate) fn trouble(&self, trouble: Trouble) {
        self.file.troubles.lock().unwrap().push(trouble);
    }

    pub(crate) fn length(&self) -> usize {
        self.file.bytes.len()
    }

    pub(crate) fn sent_percent(&self) -> usize {
        self.file.sent.load(Ordering::Relaxed) * 100 / self.length()
    }

    pub(crate) fn cuts(&self) -> usize {
        self.file.cuts.load(Ordering::Relaxed)
    }

    /// First byte of each part that was asked for, without those of plans.
    pub(crate) fn starts(&self) -> Vec<usize> {
        self.file.starts.lock().unwrap().clone()
    }
}

impl File {
    fn serve(&self, mut stream: &TcpStream) -> io::Result<()> {
        let request = ReceivedRequest::read(stream)?;
        let tag = format!("\"version-{}\"", self.version.load(Ordering::Relaxed));
        if request
            .header("if-match")
            .is_some_and(|wanted| wanted != tag)
        {
            let refusal = "HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            return stream.write_all(refusal.as_bytes());
        }
        let total = self.bytes.len();
        let range = request
            .header("range")
            .and_then(|it| it.strip_prefix("bytes="));
        let (first, last) = match range.and_then(|it| it.split_once('-')) {
            Some((first, last)) => (first.parse().unwrap(), last.parse().unwrap_or(total - 1)),
            None => (0, total - 1),
        };
        let status = match range {
            Some(_) => {
                format!("206 Partial Content\r\nContent-Range: bytes {first}-{last}/{total}")
            }
            None => "200 OK".to_owned(),
        };
        let length = last + 1 - first;
        write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nETag: {tag}\r\nConnection: close\r\n\r\n"
        )?;
        if last == 0 {
            return stream.write_all(&self.bytes[..1]);
        }
        self.starts.lock().unwrap().push(first);
        self.send(stream, &self.bytes[first..=last])
    }

    fn send(&self, mut stream: &TcpStream, bytes: &[u8]) -> io::Result<()> {
        let trouble = self.troubles.lock().unwrap().pop();
        let step = (self.bytes.len() / 100).max(1);
        let end = if trouble.is_some() {
            bytes.len() / 4
        } else {
            bytes.len()
        };
        for part in bytes[..end].chunks(step) {
            stream.write_all(part)?;
            self.sent.fetch_add(part.len(), Ordering::Relaxed);
            if self.slow.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(60));
            }
        }
        match trouble {
            None => {}
            Some(Trouble::Cut) => {
                self.cuts.fetch_add(1, Ordering::Relaxed);
            }
            Some(Trouble::Replace) => {
                self.version.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    }
}
