//! The key of an account.
//!
//! - Reads: the secrets that a block names.
//! - Returns: where the key is, or its public half.
//! - Never: keeps it.

use pospool_conflux::PublicKey;
use pospool_conflux_tx::{KeyRef, KeystoreRef};
use pospool_model::{Attributes, Problem};

use super::schema::AccountSpec;
use crate::codes;

/// Returns where the key is.
pub(crate) fn key_of(attributes: &Attributes) -> Option<KeyRef> {
    let block = AccountSpec::read(attributes);
    if let Some(secret) = block.private_key.known() {
        return Some(KeyRef::Plain(secret.clone()));
    }
    Some(KeyRef::Keystore(KeystoreRef {
        keystore: block.keystore.known()?.clone(),
        password: block.password.known()?.clone(),
    }))
}

/// Refuses a block that says of its key too much or not enough.
pub(super) fn check_key(attributes: &Attributes) -> Result<(), Problem> {
    let block = AccountSpec::read(attributes);
    let (plain, store) = (!block.private_key.is_absent(), !block.keystore.is_absent());
    let has_password = !block.password.is_absent();
    let bad = |name: &'static str, summary: &str, help: &str| {
        Err(Problem::new(codes::BAD_ACCOUNT, &[name], summary.to_owned()).help(help))
    };
    match (plain, store, has_password) {
        (true, true, _) => bad(
            "keystore",
            "`private_key` and `keystore` both say where the key is",
            "take one of them out",
        ),
        (_, true, false) => bad(
            "keystore",
            "a keystore has no `password` here",
            "write `password = env(\"NAME\")`, or `file(\"PATH\")` that nobody else can read",
        ),
        (_, false, true) => bad(
            "password",
            "there is a `password`, and no `keystore` that it opens",
            "write `keystore = file(\"PATH\")`, or take it out",
        ),
        _ => Ok(()),
    }
}

/// Reads the key of an account, keeps its public half and wipes the rest.
pub(crate) fn public_key(attributes: &Attributes) -> Result<PublicKey, Problem> {
    let name = if AccountSpec::read(attributes).keystore.is_absent() {
        "private_key"
    } else {
        "keystore"
    };
    let problem = |summary: String| Problem::new(codes::NO_KEY, &[name], summary);
    let reference = key_of(attributes).ok_or_else(|| problem("no secret is named".to_owned()))?;
    let key = reference.read().map_err(|what| {
        problem(what).help("put the account's own key there, as its reference says")
    })?;
    Ok(key.public())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use pospool_conflux::Key;
    use pospool_model::{SecretRef, Value};
    use serde_json::json;

    use super::super::normalise_account;
    use super::*;

    /// The key of 32 bytes `11`, as `hashlib` of Python and `openssl` made it.
    fn keystore() -> serde_json::Value {
        json!({
            "version": 3,
            "crypto": {
                "cipher": "aes-128-ctr",
                "cipherparams": { "iv": "f".repeat(32) },
                "ciphertext": "67faaa3700d27b1add95af49b9aaf0a4e6988f2b8cc5387e842137863f457f8d",
                "kdf": "scrypt",
                "kdfparams": {
                    "dklen": 32, "n": 1024, "r": 8, "p": 2,
                    "salt": "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
                },
                "mac": "108316c9a6840aa863f6348cfc86fb3e7401a3697de897c58c3868cadc82c4f2",
            },
        })
    }

    fn block(names: &[(&str, SecretRef)]) -> Attributes {
        let pair = |(name, secret): &(&str, SecretRef)| {
            ((*name).to_owned(), Value::Secret(secret.clone()))
        };
        names.iter().map(pair).collect()
    }

    fn write(path: &Path, text: &str, mode: u32) -> SecretRef {
        std::fs::write(path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        SecretRef::File(path.to_owned())
    }

    #[test]
    fn one_of_key_and_keystore_says_where_the_key_is() {
        let env = |name: &str| SecretRef::Env(name.to_owned());
        let code = |names: &[(&str, SecretRef)]| {
            let found = normalise_account(block(names)).err().unwrap_or_default();
            let found = found.iter().map(|it| (it.code.as_str(), it.path.concat()));
            found.collect::<Vec<_>>()
        };
        let (plain, store, word) = (
            ("private_key", env("A")),
            ("keystore", env("B")),
            ("password", env("C")),
        );
        assert_eq!(code(std::slice::from_ref(&plain)), []);
        assert_eq!(code(&[store.clone(), word.clone()]), []);
        let refused = |path: &str| vec![("chain/bad-account", path.to_owned())];
        assert_eq!(
            code(&[plain.clone(), store.clone(), word.clone()]),
            refused("keystore")
        );
        assert_eq!(code(&[plain.clone(), store.clone()]), refused("keystore"));
        assert_eq!(code(&[store]), refused("keystore"));
        assert_eq!(code(std::slice::from_ref(&word)), refused("password"));
        assert_eq!(code(&[plain, word]), refused("password"));
        assert_eq!(code(&[]), refused(""));
    }

    #[test]
    fn a_keystore_may_be_open_to_everybody_and_its_password_may_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let store = write(&path("store"), &keystore().to_string(), 0o644);
        let word = write(&path("word"), "p\u{e4}ssword of a wallet\n", 0o600);
        let read = || {
            public_key(&block(&[
                ("keystore", store.clone()),
                ("password", word.clone()),
            ]))
        };
        let expected = Key::parse(&"11".repeat(32)).unwrap().public();
        assert_eq!(read().unwrap(), expected);
        let refused = |part: &str| {
            let problem = read().unwrap_err();
            assert_eq!(
                (problem.code.as_str(), problem.path.concat()),
                ("chain/no-key", "keystore".to_owned())
            );
            assert!(
                problem.summary.contains(part),
                "{part}: {}",
                problem.summary
            );
        };
        write(&path("word"), "p\u{e4}ssword of a wallet\n", 0o644);
        refused("chmod 600");
        write(&path("word"), "hunter2", 0o600);
        refused("the password does not open it");
        write(&path("word"), "p\u{e4}ssword of a wallet", 0o600);
        let mut other = keystore();
        other["address"] = "0x1a642f0e3c3af545e7acbd38b07251b3990914f1".into();
        write(&path("store"), &other.to_string(), 0o644);
        refused("its `address` is not that of the key in it");
        other["crypto"]["kdfparams"]["n"] = (1_u64 << 40).into();
        write(&path("store"), &other.to_string(), 0o644);
        refused("it asks for");
        write(&path("store"), "{", 0o644);
        refused("no JSON");
        std::fs::remove_file(path("store")).unwrap();
        refused("cannot be read");
    }
}
