//! Marked secrets, and every form in which one could be written down.
//!
//! - Reads: a private key or a password that was made for one test.
//! - Returns: the bytes to search for, each with the name of its form.
//! - Never: leaves out a form because the product has no reason to write it.

use std::fmt::Write as _;

use ethers_core::utils::hex;

/// Fewest bytes that are searched for: fewer could stand somewhere by chance.
pub(super) const SHORTEST: usize = 12;

/// Bytes that must be nowhere. Letters are found in either case.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    /// Whose form it is, such as `operator key`.
    pub(super) secret: &'static str,
    /// How it is written, such as `digits, in base64`.
    pub(super) form: String,
    /// The bytes.
    pub(super) bytes: Vec<u8>,
}

type Encoding = (&'static str, fn(&[u8]) -> Vec<u8>);

/// How bytes are written as text. Base64 of something longer shows its parts in one of
/// three ways, by where they begin.
const ENCODINGS: &[Encoding] = &[
    ("in hex", |bytes| hex::encode(bytes).into_bytes()),
    ("in base64", |bytes| base64(bytes, 0, STANDARD)),
    ("in base64, 1 byte later", |bytes| {
        base64(bytes, 1, STANDARD)
    }),
    ("in base64, 2 bytes later", |bytes| {
        base64(bytes, 2, STANDARD)
    }),
    ("in base64 for URLs", |bytes| base64(bytes, 0, URL)),
    ("in base64 for URLs, 1 byte later", |bytes| {
        base64(bytes, 1, URL)
    }),
    ("in base64 for URLs, 2 bytes later", |bytes| {
        base64(bytes, 2, URL)
    }),
    ("as a list of numbers", |bytes| {
        list(bytes, ", ", ToString::to_string)
    }),
    ("as a dense list of numbers", |bytes| {
        list(bytes, ",", ToString::to_string)
    }),
    ("as a list of hex numbers", |bytes| {
        list(bytes, ", ", |byte| format!("{byte:02x}"))
    }),
    ("as a list of 0x numbers", |bytes| {
        list(bytes, ", ", |byte| format!("{byte:#04x}"))
    }),
    ("in a URL", |bytes| percent(bytes, "%20")),
    ("in a form", |bytes| percent(bytes, "+")),
];

type Escape = (&'static str, fn(&str) -> String);

/// How a text is written inside other texts.
const ESCAPES: &[Escape] = &[
    ("in JSON", json),
    ("in JSON in JSON", |text| json(&json(text))),
    ("in JSON in JSON in JSON", |text| json(&json(&json(text)))),
    ("in JSON of ASCII", |text| ascii(&json(text))),
];

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Every form of a private key of 64 hex digits. `0x` before the digits makes no difference.
pub(super) fn of_key(secret: &'static str, digits: &str) -> Vec<Mark> {
    let digits = digits.trim_start_matches("0x").to_ascii_lowercase();
    let raw = hex::decode(&digits).unwrap();
    let reversed: Vec<u8> = raw.iter().rev().copied().collect();
    let mut forms = vec![("as digits".to_owned(), digits.clone().into_bytes())];
    forms.extend(halves("digits", digits.as_bytes()));
    forms.push(("as bytes".to_owned(), raw.clone()));
    forms.extend(halves("bytes", &raw));
    forms.push(("as bytes, last first".to_owned(), reversed));
    forms.extend(encoded("bytes", &raw));
    // Letters of base64 depend on the case of what it encodes.
    forms.extend(encoded("digits", digits.as_bytes()));
    forms.extend(encoded(
        "capital digits",
        digits.to_ascii_uppercase().as_bytes(),
    ));
    marks(secret, forms)
}

/// Every form of a secret text.
pub(super) fn of_text(secret: &'static str, text: &str) -> Vec<Mark> {
    let mut forms = vec![("as it is".to_owned(), text.as_bytes().to_vec())];
    forms.extend(halves("text", text.as_bytes()));
    let parts = text.split(|c: char| !c.is_ascii_alphanumeric());
    let parts = parts.filter(|part| part.len() >= SHORTEST).enumerate();
    // No way to write a text changes these.
    forms.extend(parts.map(|(at, part)| (format!("part {} of the text", at + 1), part.into())));
    let escaped = |(name, escape): &Escape| ((*name).to_owned(), escape(text).into_bytes());
    forms.extend(ESCAPES.iter().map(escaped));
    forms.extend(encoded("text", text.as_bytes()));
    marks(secret, forms)
}

fn marks(secret: &'static str, forms: Vec<(String, Vec<u8>)>) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    for (form, bytes) in forms {
        assert!(
            bytes.len() >= SHORTEST,
            "{secret} is too short to be marked"
        );
        let known = |mark: &Mark| mark.bytes.eq_ignore_ascii_case(&bytes);
        if !marks.iter().any(known) {
            marks.push(Mark {
                secret,
                form,
                bytes,
            });
        }
    }
    marks
}

/// A secret that was cut is one that got out.
fn halves(what: &str, bytes: &[u8]) -> [(String, Vec<u8>); 2] {
    let (first, second) = bytes.split_at(bytes.len() / 2);
    [("first", first), ("second", second)]
        .map(|(half, bytes)| (format!("{half} half of the {what}"), bytes.to_vec()))
}

fn encoded(what: &str, bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let form = |(name, encode): &Encoding| (format!("{what}, {name}"), encode(bytes));
    ENCODINGS.iter().map(form).collect()
}

/// The letters that these bytes alone decide when `before` other bytes come first.
fn base64(bytes: &[u8], before: usize, alphabet: &[u8; 64]) -> Vec<u8> {
    let skipped = before * 8;
    let bit = |at: usize| usize::from(bytes[at / 8] >> (7 - at % 8) & 1);
    let letter = |at: usize| (at * 6..at * 6 + 6).fold(0, |sum, at| sum << 1 | bit(at - skipped));
    let letters = skipped.div_ceil(6)..(skipped + bytes.len() * 8) / 6;
    letters.map(|at| alphabet[letter(at)]).collect()
}

fn list(bytes: &[u8], between: &str, write: fn(&u8) -> String) -> Vec<u8> {
    let numbers: Vec<String> = bytes.iter().map(write).collect();
    numbers.join(between).into_bytes()
}

fn percent(bytes: &[u8], blank: &str) -> Vec<u8> {
    let write = |byte: &u8| match byte {
        b' ' => blank.to_owned(),
        b'-' | b'.' | b'_' | b'~' => char::from(*byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(*byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    bytes.iter().map(write).collect::<String>().into_bytes()
}

/// A text as JSON writes it, without the quotes around it.
fn json(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap();
    quoted[1..quoted.len() - 1].to_owned()
}

/// The same with nothing but ASCII in it.
fn ascii(text: &str) -> String {
    let mut ascii = String::new();
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => ascii.push(char::from(byte)),
            _ => write!(ascii, "\\u{unit:04x}").unwrap(),
        }
    }
    ascii
}
