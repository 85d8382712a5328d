//! The key of an account, for the moment in which it signs.

use pospool_conflux::{ChainAddress, EspaceAddress, Key};
use pospool_model::SecretRef;

/// Reads the key of an account from where it is kept; the error says what is wrong with it.
pub fn read_account_key(reference: &SecretRef, account: ChainAddress) -> Result<Key, String> {
    let secret = reference.read_key().map_err(|error| error.to_string())?;
    let key = Key::parse(secret.expose()).map_err(|error| format!("`{reference}`: {error}"))?;
    let own: ChainAddress = match account {
        ChainAddress::Core(core) => key.core_address(core.network()).into(),
        ChainAddress::Espace(_) => EspaceAddress::of_public_key(&key.public()).into(),
    };
    if own == account {
        return Ok(key);
    }
    Err(format!(
        "`{reference}` holds another key than that of {account}, which was planned with"
    ))
}
