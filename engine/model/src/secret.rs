//! Secrets: named in specs, read at the moment of use, never written.

use std::fmt;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

/// Most bytes of a secret file: what is larger is another file.
const MOST_BYTES: usize = 64 << 10;

/// Most lines of standard input that may be named.
const MOST_LINES: usize = 64;

/// A file that is read once, line by line as they are asked for, and kept in memory for as long as the process lives:
/// itself means its first line, and `/dev/stdin/2` its second.
const STANDARD_INPUT: &str = "/dev/stdin";

/// Where a secret comes from. The name is public, the content is not here.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SecretRef {
    /// An environment variable of pospool's own process.
    Env(String),
    /// A file; one line break at its end is not part of the secret.
    File(PathBuf),
    /// A file of the host, which a container gets as a mount and reads by itself: pospool never reads it.
    Mount(PathBuf),
    /// A secret that is sealed to the machine, which `pospool agent` opens at each boot; a container gets it as a mount.
    Credential(CredentialName),
}

/// Where Docker and others put the secrets of a container.
const HANDED_OVER: &str = "/run/secrets";

/// Where `pospool agent` puts the secrets that it has opened, each under its name: a file system in memory.
pub const CREDENTIALS: &str = "/run/pospool";

/// Name of a secret that is sealed to the machine: also that of a file.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CredentialName(String);

impl CredentialName {
    /// Takes lower-case letters, digits, `-` and `_`, 64 at most, of which the first is a letter or a digit.
    pub fn new(name: &str) -> Result<Self, SecretError> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let first = name.bytes().next().is_some_and(plain);
        let all = name.bytes().all(|it| plain(it) || b"-_".contains(&it));
        if first && all && name.len() <= 64 {
            Ok(Self(name.to_owned()))
        } else {
            Err(SecretError::Name)
        }
    }

    /// Where it is when it is open.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        Path::new(CREDENTIALS).join(&self.0)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CredentialName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for CredentialName {
    type Err = SecretError;

    fn from_str(name: &str) -> Result<Self, SecretError> {
        Self::new(name)
    }
}

impl SecretRef {
    /// Reads the secret.
    pub fn read(&self) -> Result<Secret, SecretError> {
        let mut text = match self {
            Self::Env(name) => match std::env::var(name) {
                Ok(text) => text,
                Err(std::env::VarError::NotPresent) => {
                    return Err(SecretError::NoVariable(name.clone()));
                }
                Err(std::env::VarError::NotUnicode(_)) => {
                    return Err(SecretError::NotText(self.clone()));
                }
            },
            Self::Mount(_) => return Err(SecretError::Mounted(self.clone())),
            Self::File(path) if line_of_input(path).is_some() => standard_input(path)?,
            Self::File(path) => self.read_text(path)?,
            Self::Credential(name) => self.read_text(&name.path())?,
        };
        if !matches!(self, Self::Env(_)) && text.ends_with('\n') {
            text.pop();
            if text.ends_with('\r') {
                text.pop();
            }
        }
        if text.is_empty() {
            return Err(SecretError::Empty(self.clone()));
        }
        Ok(Secret(text))
    }

    /// Reads a secret that signs, or opens what signs: a file that others of this machine can read is refused, as ssh does with its keys.
    pub fn read_key(&self) -> Result<Secret, SecretError> {
        if let Self::File(path) = self
            && is_open_to_others(path)
        {
            return Err(SecretError::OpenToOthers(path.clone()));
        }
        self.read()
    }

    /// The file of the host that a container gets as a mount, for the secrets that it reads by itself.
    #[must_use]
    pub fn mounted(&self) -> Option<PathBuf> {
        match self {
            Self::Mount(path) => Some(path.clone()),
            Self::Credential(name) => Some(name.path()),
            Self::Env(_) | Self::File(_) => None,
        }
    }

    fn read_text(&self, path: &Path) -> Result<String, SecretError> {
        let bytes = read_file(path).map_err(|source| SecretError::File {
            path: path.to_owned(),
            source,
        })?;
        if bytes.len() > MOST_BYTES {
            return Err(SecretError::TooLarge(self.clone()));
        }
        let text = std::str::from_utf8(&bytes);
        text.map(str::to_owned)
            .map_err(|_| SecretError::NotText(self.clone()))
    }
}

/// Whether others than owner and group can read a file. Where secrets are handed to containers they are readable for whoever
/// runs in there: who can see that folder is who may.
fn is_open_to_others(path: &Path) -> bool {
    let found = std::fs::metadata(path).ok();
    let is_open = |found: std::fs::Metadata| found.is_file() && found.mode() & 0o004 != 0;
    !path.starts_with(HANDED_OVER) && found.is_some_and(is_open)
}

/// Which line of [`STANDARD_INPUT`] a path means, counted from 0.
fn line_of_input(path: &Path) -> Option<usize> {
    let rest = path.strip_prefix(STANDARD_INPUT).ok()?.to_str()?;
    if rest.is_empty() {
        return Some(0);
    }
    let line: usize = rest.parse().ok()?;
    (2..=MOST_LINES).contains(&line).then(|| line - 1)
}

/// A line of [`STANDARD_INPUT`], which can be read once and may be needed often.
fn standard_input(path: &Path) -> Result<String, SecretError> {
    static KEPT: Mutex<Vec<Zeroizing<String>>> = Mutex::new(Vec::new());
    let wanted = line_of_input(path).unwrap_or_default();
    let failed = |source| SecretError::File {
        path: path.to_owned(),
        source,
    };
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    while kept.len() <= wanted {
        // By its descriptor: a process without rights may not open the pipe that it was given by name.
        let input = std::io::stdin().as_fd().try_clone_to_owned();
        let line = first_line(std::fs::File::from(input.map_err(failed)?)).map_err(failed)?;
        let text = std::str::from_utf8(&line)
            .map_err(|_| SecretError::NotText(SecretRef::File(path.to_owned())))?;
        kept.push(Zeroizing::new(text.to_owned()));
    }
    Ok(kept[wanted].as_str().to_owned())
}

/// Reads up to the end of the first line, one byte at a time: what follows is somebody else's.
fn first_line(mut input: impl Read) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(MOST_BYTES + 1));
    let mut byte = [0];
    while line.len() <= MOST_BYTES && input.read(&mut byte)? == 1 {
        line.push(byte[0]);
        if byte[0] == b'\n' {
            break;
        }
    }
    Ok(line)
}

/// Reads a file, or a pipe, up to a byte more than a secret may have. The buffer is as large from the start, so
/// that no copy of a part stays behind when it grows.
fn read_file(path: &Path) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(MOST_BYTES + 1));
    let file = std::fs::File::open(path)?;
    file.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Mount(path) => write!(f, "mount:{}", path.display()),
            Self::Credential(name) => write!(f, "credential:{name}"),
        }
    }
}

impl From<SecretRef> for String {
    fn from(reference: SecretRef) -> Self {
        reference.to_string()
    }
}

impl TryFrom<String> for SecretRef {
    type Error = SecretError;

    fn try_from(text: String) -> Result<Self, SecretError> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("mount", path)) if !path.is_empty() => Ok(Self::Mount(path.into())),
            Some(("credential", name)) => CredentialName::new(name).map(Self::Credential),
            _ => Err(SecretError::Form),
        }
    }
}

/// A secret's content. It cannot be serialised or printed, and is wiped when dropped.
pub struct Secret(String);

impl Secret {
    /// Wraps a text that must not be printed.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Gives the content to the one function that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is one line, which is all that a container takes for a secret.
    #[must_use]
    pub fn is_one_line(&self) -> bool {
        !self.0.contains(['\n', '\r', '\0'])
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Why a secret could not be read. No variant carries any of its content.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set.
    #[error("the environment variable `{0}` is not set; export it and run again")]
    NoVariable(String),
    /// The file cannot be read.
    #[error("the secret file `{}` cannot be read", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Anybody on this machine can read it.
    #[error("the key file `{file}` can be read by everybody on this machine; run `chmod 600 {file}`", file = .0.display())]
    OpenToOthers(PathBuf),
    /// The content is not UTF-8.
    #[error("the secret `{0}` is not UTF-8 text")]
    NotText(SecretRef),
    /// It is larger than any key or password.
    #[error("the secret `{0}` is larger than 64 KB, so it is not a key or a password")]
    TooLarge(SecretRef),
    /// There is nothing in it.
    #[error("the secret `{0}` is empty")]
    Empty(SecretRef),
    /// Only a container reads it.
    #[error(
        "the secret `{0}` is for a container to read by itself; write `env(…)` or `file(…)` here"
    )]
    Mounted(SecretRef),
    /// A recorded reference is malformed.
    #[error("a secret is written `env:NAME`, `file:PATH`, `mount:PATH` or `credential:NAME`")]
    Form,
    /// The name of a sealed secret cannot be that of a file.
    #[error(
        "the name of a credential has lower-case letters, digits, `-` and `_`, 64 at most, and begins with a letter or a digit"
    )]
    Name,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print_itself() {
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(format!("{secret:?}"), "***");
    }

    #[test]
    fn a_missing_variable_is_named() {
        let error = SecretRef::Env("POSPOOL_NO_SUCH_VARIABLE".into())
            .read()
            .unwrap_err();
        assert!(error.to_string().contains("POSPOOL_NO_SUCH_VARIABLE"));
    }

    #[test]
    fn a_file_without_end_is_no_secret() {
        let error = SecretRef::File("/dev/zero".into()).read().unwrap_err();
        assert!(matches!(error, SecretError::TooLarge(_)), "{error}");
    }

    #[test]
    fn standard_input_gives_its_first_line_and_keeps_the_rest() {
        let mut input = std::io::Cursor::new(b"key\nrest");
        assert_eq!(first_line(&mut input).unwrap().as_slice(), b"key\n");
        assert_eq!(first_line(&mut input).unwrap().as_slice(), b"rest");
        assert!(first_line(&mut input).unwrap().is_empty());
        let endless = std::io::repeat(b'a');
        assert_eq!(first_line(endless).unwrap().len(), MOST_BYTES + 1);
    }

    #[test]
    fn a_line_of_standard_input_has_a_name() {
        let line = |path: &str| line_of_input(Path::new(path));
        assert_eq!(line("/dev/stdin"), Some(0));
        assert_eq!(line("/dev/stdin/2"), Some(1));
        assert_eq!(line("/dev/stdin/64"), Some(63));
        for other in [
            "/dev/stdin/1",
            "/dev/stdin/0",
            "/dev/stdin/65",
            "/dev/stdin/a",
            "/dev/stdin2",
            "/dev/std",
        ] {
            assert_eq!(line(other), None, "{other}");
        }
    }

    #[test]
    fn a_reference_survives_its_text_form() {
        for text in [
            "env:KEY",
            "file:/run/secrets/key",
            "mount:/etc/key",
            "credential:pos-key",
        ] {
            let reference = SecretRef::try_from(text.to_owned()).unwrap();
            assert_eq!(reference.to_string(), text);
        }
        assert!(SecretRef::try_from("0xabc".to_owned()).is_err());
    }

    #[test]
    fn a_credential_is_one_file_of_its_folder() {
        let name = CredentialName::new("pos-key_2").unwrap();
        assert_eq!(name.path(), Path::new("/run/pospool/pos-key_2"));
        let long = "a".repeat(65);
        for bad in ["", "..", "a/b", "-a", "_a", "A", "a.b", "a b", &long] {
            assert!(CredentialName::new(bad).is_err(), "{bad}");
        }
    }
}
