//! Where a command reads and writes.
//!
//! - Reads: answers of the user.
//! - Does: writes results to `out` and everything else to `err`.
//! - Never: makes text itself.

use std::io::{self, BufRead, ErrorKind, Write};

use serde::Serialize;

use crate::failure::Failure;
use crate::view::Paint;

/// A writer that a progress display may use from any thread.
pub type Out<'a> = &'a mut (dyn Write + Send);

/// The three streams of a command, and what is known of them.
pub struct Console<'a> {
    /// Results.
    pub out: Out<'a>,
    /// Everything else: problems, progress, questions.
    pub err: Out<'a>,
    /// Answers.
    pub input: &'a mut dyn BufRead,
    /// Whether a person sits in front of it and can be asked.
    pub asks: bool,
    /// Whether results are JSON.
    pub json: bool,
    /// Colours of `out`.
    pub out_paint: Paint,
    /// Colours of `err`.
    pub err_paint: Paint,
    /// Whether lines of `err` can be rewritten in place.
    pub redraws: bool,
}

impl Console<'_> {
    /// Writes a result.
    pub fn say(&mut self, text: &str) -> Result<(), Failure> {
        let written = self
            .out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush());
        written.map_err(Failure::Output)
    }

    /// Writes something beside the results. A broken `err` stops nothing: what has
    /// begun must still be recorded.
    pub fn tell(&mut self, text: &str) {
        let _ = self
            .err
            .write_all(text.as_bytes())
            .and_then(|()| self.err.flush());
    }

    /// Writes one JSON document on one line.
    pub fn say_json(&mut self, document: &impl Serialize) -> Result<(), Failure> {
        let mut text = serde_json::to_string(document).map_err(Failure::Encode)?;
        text.push('\n');
        self.say(&text)
    }

    /// Asks one question and returns the answer without blanks around it; `None` at the end of input.
    pub fn ask(&mut self, question: &str) -> Result<Option<String>, Failure> {
        self.tell(question);
        let mut answer = String::new();
        let read = self.input.read_line(&mut answer).map_err(Failure::Input)?;
        Ok((read > 0).then(|| answer.trim().to_owned()))
    }
}

/// A writer whose reader may leave early, as in `pospool plan | head`: from then on
/// it swallows everything, so that the command still ends with its own exit code.
#[derive(Debug)]
pub struct BrokenPipeWriter<W>(Option<W>);

impl<W: Write> BrokenPipeWriter<W> {
    /// Wraps a writer.
    pub fn new(writer: W) -> Self {
        Self(Some(writer))
    }

    fn after<T>(&mut self, result: io::Result<T>, nothing: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.0 = None;
                Ok(nothing)
            }
            other => other,
        }
    }
}

impl<W: Write> Write for BrokenPipeWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            None => Ok(bytes.len()),
            Some(writer) => {
                let written = writer.write(bytes);
                self.after(written, bytes.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            None => Ok(()),
            Some(writer) => {
                let flushed = writer.flush();
                self.after(flushed, ())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_left_is_no_error() {
        let mut writer = BrokenPipeWriter::new(Gone);
        writer.write_all(b"first").unwrap();
        writer.write_all(b"second").unwrap();
        writer.flush().unwrap();
    }
}
