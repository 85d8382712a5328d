//! A quick look at the brackets and quotes of a text, before and after parsing.
//!
//! - Reads: the text, byte by byte, once.
//! - Returns: the object that is too large to parse (the parser's time grows with
//!   the square of its keys), the bracket that is too deep in operators (its time
//!   doubles with each), and quotes and brackets that nothing closes, which the
//!   parser reports far from their place.
//! - Never: builds anything, or looks at what stands between the brackets.

/// The most keys that one object literal may have.
pub(super) const MOST_KEYS: usize = 5_000;

/// The most brackets around one place that each stand behind two operators or more.
///
/// Where the operand behind the second operator of a chain ends too early, hcl-edit
/// 0.10 reads it again, and so once more for each such bracket around it.
pub(super) const MOST_TANGLES: u32 = 6;

/// What a scan found, as byte offsets.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    /// First `{` of an object with too many keys.
    pub(super) crowded: Option<usize>,
    /// First bracket with too many operators around it.
    pub(super) tangled: Option<usize>,
    /// First `"` whose text runs past its line, which HCL forbids and the parser allows.
    pub(super) unterminated: Option<usize>,
    /// Innermost bracket that is open at the end.
    pub(super) unclosed: Option<usize>,
}

enum Frame<'a> {
    Body(usize),
    Object { open: usize, keys: usize },
    Bracket(usize),
    Interpolation(usize),
    Text(usize),
    Heredoc(&'a str),
}

/// What stands before a place inside of one frame, or outside of all.
#[derive(Clone, Copy, Default)]
struct OperatorChain {
    /// Operators of the expression so far.
    operators: u32,
    /// Brackets around it that stand behind two operators or more.
    tangles: u32,
}

/// Scans a whole text.
pub(super) fn scan_text(text: &str) -> Findings {
    let mut scanner = Scanner {
        text,
        bytes: text.as_bytes(),
        at: 0,
        last: b'\n',
        frames: Vec::new(),
        chains: Vec::new(),
        chain: OperatorChain::default(),
        found: Findings::default(),
    };
    while scanner.at < scanner.bytes.len() && !scanner.found.are_final() {
        match scanner.frames.last() {
            Some(Frame::Text(open)) => {
                let open = *open;
                scanner.text_step(open);
            }
            Some(Frame::Heredoc(delimiter)) => {
                let delimiter = *delimiter;
                scanner.heredoc_step(delimiter);
            }
            _ => scanner.code_step(),
        }
    }
    scanner.finish()
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// The last byte of code that is not blank.
    last: u8,
    frames: Vec<Frame<'a>>,
    /// Chain before each open frame.
    chains: Vec<OperatorChain>,
    chain: OperatorChain,
    found: Findings,
}

impl Findings {
    /// Whether the text is refused for its size, so that no more need be known.
    fn are_final(&self) -> bool {
        self.crowded.is_some() || self.tangled.is_some()
    }
}

impl<'a> Scanner<'a> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(b'\n')
    }

    fn push(&mut self, at: usize, frame: Frame<'a>) {
        let tangles = self.chain.tangles + u32::from(self.chain.operators >= 2);
        if tangles > MOST_TANGLES {
            self.found.tangled.get_or_insert(at);
        }
        self.frames.push(frame);
        self.chains.push(self.chain);
        self.chain = OperatorChain {
            operators: 0,
            tangles,
        };
    }

    fn pop(&mut self) {
        self.frames.pop();
        self.chain = self.chains.pop().unwrap_or_default();
    }

    fn text_step(&mut self, open: usize) {
        match self.peek(0) {
            b'\\' => self.at += 1,
            b'"' => {
                self.pop();
                self.last = b'"';
            }
            b'\n' => _ = self.found.unterminated.get_or_insert(open),
            b'$' | b'%' => self.maybe_interpolation(),
            _ => {}
        }
        self.at += 1;
    }

    /// At `$` or `%`: enters `${`, and steps over `$${`, which stands for itself.
    fn maybe_interpolation(&mut self) {
        if self.peek(1) == self.peek(0) && self.peek(2) == b'{' {
            self.at += 2;
        } else if self.peek(1) == b'{' {
            self.push(self.at, Frame::Interpolation(self.at + 1));
            self.last = b'{';
            self.at += 1;
        }
    }

    fn heredoc_step(&mut self, delimiter: &str) {
        match self.peek(0) {
            b'\n' => {
                let rest = self.text[self.at + 1..].trim_start_matches([' ', '\t']);
                let ends = rest.strip_prefix(delimiter).is_some_and(|rest| {
                    !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-')
                });
                if ends {
                    self.at = self.text.len() - rest.len() + delimiter.len() - 1;
                    self.last = b'"';
                    self.pop();
                }
            }
            b'$' | b'%' => self.maybe_interpolation(),
            _ => {}
        }
        self.at += 1;
    }

    fn code_step(&mut self) {
        let byte = self.peek(0);
        match (byte, self.peek(1)) {
            (b' ' | b'\t' | b'\r' | b'\n', _) => {
                if byte == b'\n' && !matches!(self.frames.last(), Some(Frame::Bracket(_))) {
                    self.chain.operators = 0;
                }
                self.at += 1;
                return;
            }
            (b'#', _) | (b'/', b'/') => return self.skip_to("\n"),
            (b'/', b'*') => return self.skip_to("*/"),
            (b'<', b'<') => return self.open_heredoc(),
            (b'"', _) => self.push(self.at, Frame::Text(self.at)),
            (b'(' | b'[', _) => self.push(self.at, Frame::Bracket(self.at)),
            (b'{', _) => self.open_brace(),
            (b')' | b']' | b'}', _) => self.pop(),
            (b'=' | b'!' | b'<' | b'>', b'=') | (b'&', b'&') | (b'|', b'|') => {
                self.chain.operators += 1;
                self.at += 1;
            }
            (b'+' | b'-' | b'*' | b'/' | b'%' | b'<' | b'>', _) => self.chain.operators += 1,
            (b'=' | b':' | b'?' | b',', next) => self.count(byte, next),
            _ => {}
        }
        self.last = byte;
        self.at += 1;
    }

    fn skip_to(&mut self, end: &str) {
        self.at = self.text[self.at..]
            .find(end)
            .map_or(self.text.len(), |position| self.at + position + end.len());
    }

    fn open_heredoc(&mut self) {
        let line = self.text[self.at + 2..]
            .split('\n')
            .next()
            .unwrap_or_default();
        let delimiter = line.trim_start_matches('-').trim();
        self.push(self.at, Frame::Heredoc(delimiter));
        self.at += 2 + line.len();
    }

    fn open_brace(&mut self) {
        let outside = matches!(self.frames.last(), None | Some(Frame::Body(_)));
        // A block's brace follows its name or label; an object's follows an operator.
        let named = self.last == b'"' || self.last == b'_' || self.last.is_ascii_alphanumeric();
        let open = self.at;
        let frame = if outside && named {
            Frame::Body(open)
        } else {
            Frame::Object { open, keys: 0 }
        };
        self.push(open, frame);
    }

    /// Counts keys by what follows them; the `:` of a conditional is taken back by its `?`. A new
    /// expression begins here.
    fn count(&mut self, byte: u8, next: u8) {
        self.chain.operators = 0;
        let Some(Frame::Object { open, keys }) = self.frames.last_mut() else {
            return;
        };
        match byte {
            b'?' => *keys = keys.saturating_sub(1),
            b',' => {}
            b'=' if next == b'>' => {}
            _ => *keys += 1,
        }
        if *keys > MOST_KEYS {
            self.found.crowded = Some(*open);
        }
    }

    fn finish(mut self) -> Findings {
        for frame in &self.frames {
            match frame {
                Frame::Text(open) => _ = self.found.unterminated.get_or_insert(*open),
                Frame::Heredoc(_) => {}
                Frame::Body(open)
                | Frame::Object { open, .. }
                | Frame::Bracket(open)
                | Frame::Interpolation(open) => self.found.unclosed = Some(*open),
            }
        }
        self.found
    }
}
