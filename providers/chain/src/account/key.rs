//! The key of an account.
//!
//! - Reads: the secret that a block names.
//! - Returns: the key, or its public half.
//! - Never: keeps it.

use pospool_conflux::{Key, PublicKey};
use pospool_model::{Attributes, Problem, SecretRef};

use super::schema::AccountSpec;
use crate::codes;

/// Returns where the key is.
pub(crate) fn key_of(attributes: &Attributes) -> Option<&SecretRef> {
    AccountSpec::read(attributes).private_key.known()
}

/// Reads the key of an account, keeps its public half and wipes the rest.
pub(crate) fn public_key(attributes: &Attributes) -> Result<PublicKey, Problem> {
    let problem = |summary: String| Problem::new(codes::NO_KEY, &["private_key"], summary);
    let reference = key_of(attributes).ok_or_else(|| problem("no secret is named".to_owned()))?;
    let secret = reference
        .read_key()
        .map_err(|error| problem(error.to_string()))?;
    let key = Key::parse(secret.expose()).map_err(|error| {
        problem(format!("`{reference}`: {error}")).help("put the account's private key there")
    })?;
    Ok(key.public())
}
