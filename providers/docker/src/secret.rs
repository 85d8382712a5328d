//! Secrets that go to a container's standard input, each as one line.
//!
//! - Reads: where a secret is, at the moment of its use.
//! - Returns: the secret, or why it cannot be handed over.
//! - Never: keeps one longer than it takes to hand it over, or names more of it than its place.

use pospool_model::{ProviderError, Secret, SecretRef};

/// The password of a PoS key.
pub(crate) fn password(reference: &SecretRef) -> Result<Secret, ProviderError> {
    one_line(
        reference,
        "the password of the PoS key",
        "docker/bad-password",
    )
}

/// The private key of a syncer.
pub(crate) fn private_key(reference: &SecretRef) -> Result<Secret, ProviderError> {
    one_line(reference, "the private key of the syncer", "docker/bad-key")
}

fn one_line(
    reference: &SecretRef,
    name: &str,
    code: &'static str,
) -> Result<Secret, ProviderError> {
    let secret = reference.read().map_err(|error| ProviderError::Refused {
        code: "docker/no-secret",
        what: format!("{name} cannot be read"),
        source: Some(Box::new(error)),
    })?;
    if secret.expose().contains(['\n', '\r', '\0']) {
        let what = format!("{name} (`{reference}`) has more than one line");
        return Err(ProviderError::refused(code, what));
    }
    Ok(secret)
}
