//! Secrets that go to a container's standard input, each as one line.
//!
//! - Reads: where a secret is, at the moment of its use.
//! - Returns: the secret, or why it cannot be passed on.
//! - Never: keeps one longer than it takes to pass it on, or names more of it than its place.

use pospool_model::{Code, ProviderError, Secret, SecretRef};

use crate::codes;

/// The password of a PoS key.
pub(crate) fn read_password(reference: &SecretRef) -> Result<Secret, ProviderError> {
    one_line(
        reference,
        "the password of the PoS key",
        codes::BAD_PASSWORD,
    )
}

/// The private key of a syncer.
pub(crate) fn read_private_key(reference: &SecretRef) -> Result<Secret, ProviderError> {
    one_line(reference, "the private key of the syncer", codes::BAD_KEY)
}

fn one_line(reference: &SecretRef, name: &str, code: Code) -> Result<Secret, ProviderError> {
    let secret = reference.read().map_err(|error| ProviderError::Refused {
        code: codes::NO_SECRET,
        what: format!("{name} cannot be read"),
        source: Some(Box::new(error)),
    })?;
    if secret.expose().contains(['\n', '\r', '\0']) {
        let what = format!("{name} (`{reference}`) has more than one line");
        return Err(ProviderError::refused(code, what));
    }
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_one_line_and_stays_out_of_the_message() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let reference = SecretRef::File(file.path().to_str().unwrap().into());
        std::fs::write(file.path(), "hunter2\nhunter3\n").unwrap();
        for (read, expected) in [
            (read_password(&reference), "docker/bad-password"),
            (read_private_key(&reference), "docker/bad-key"),
        ] {
            let error = read.unwrap_err();
            assert_eq!(error.code(), expected);
            assert!(!error.to_string().contains("hunter"), "{error}");
        }
        std::fs::write(file.path(), "hunter2\n").unwrap();
        assert_eq!(read_password(&reference).unwrap().expose(), "hunter2");
        drop(file);
        assert_eq!(
            read_private_key(&reference).unwrap_err().code(),
            "docker/no-secret"
        );
    }
}
