//! The key of an account: where it is, and itself for the moment in which it signs.

use pospool_conflux::{ChainAddress, EspaceAddress, Key};
use pospool_model::{Secret, SecretRef};
use serde::{Deserialize, Serialize};

/// Where the key of an account is. The names are public, the contents are not here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum KeyRef {
    /// In a secret, in digits.
    Plain(SecretRef),
    /// In an Ethereum keystore.
    Keystore(KeystoreRef),
}

/// A keystore and what opens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeystoreRef {
    /// The keystore: it is encrypted, so others may read it.
    pub keystore: SecretRef,
    /// Its password.
    pub password: SecretRef,
}

impl KeyRef {
    /// The secret that holds the key: another secret is another key. What opens it may change.
    #[must_use]
    pub fn holder(&self) -> &SecretRef {
        match self {
            Self::Plain(secret) => secret,
            Self::Keystore(store) => &store.keystore,
        }
    }

    /// Reads the key; the error says what is wrong with it, and nothing of it.
    pub fn read(&self) -> Result<Key, String> {
        let read = |secret: Result<Secret, _>| {
            secret.map_err(|error: pospool_model::SecretError| error.to_string())
        };
        let holder = self.holder();
        match self {
            Self::Plain(secret) => {
                let key = Key::parse(read(secret.read_key())?.expose());
                key.map_err(|error| format!("`{holder}`: {error}"))
            }
            Self::Keystore(store) => {
                let password = read(store.password.read_key())?;
                let text = read(store.keystore.read())?;
                let key = Key::open_keystore(text.expose(), password.expose());
                key.map_err(|error| format!("the keystore `{holder}`: {error}"))
            }
        }
    }
}

impl From<SecretRef> for KeyRef {
    fn from(secret: SecretRef) -> Self {
        Self::Plain(secret)
    }
}

/// Reads the key of an account from where it is kept; the error says what is wrong with it.
pub fn read_account_key(reference: &KeyRef, account: ChainAddress) -> Result<Key, String> {
    let key = reference.read()?;
    let own: ChainAddress = match account {
        ChainAddress::Core(core) => key.core_address(core.network()).into(),
        ChainAddress::Espace(_) => EspaceAddress::of_public_key(&key.public()).into(),
    };
    if own == account {
        return Ok(key);
    }
    Err(format!(
        "`{}` holds another key than that of {account}, which was planned with",
        reference.holder()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_key_is_written_as_its_name_alone() {
        let text = |key: &KeyRef| serde_json::to_string(key).unwrap();
        let env = |name: &str| SecretRef::Env(name.to_owned());
        let plain = KeyRef::from(env("KEY"));
        let store = KeyRef::Keystore(KeystoreRef {
            keystore: SecretRef::File("a.json".into()),
            password: env("WORD"),
        });
        assert_eq!(text(&plain), r#""env:KEY""#);
        assert_eq!(
            text(&store),
            r#"{"keystore":"file:a.json","password":"env:WORD"}"#
        );
        for key in [plain, store] {
            assert_eq!(serde_json::from_str::<KeyRef>(&text(&key)).unwrap(), key);
        }
        for bad in [r#"{"keystore":"file:a"}"#, "5", r#""0x11""#] {
            assert!(serde_json::from_str::<KeyRef>(bad).is_err(), "{bad}");
        }
    }
}
