//! The vectors were made with other programs: `hashlib` of Python, `openssl enc -aes-128-ctr`, and a Keccak of its own.

use serde_json::json;

use super::*;

const PASSWORD: &str = "p\u{e4}ssword of a wallet";
const SALT: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// The key of 32 bytes `11` behind [`PASSWORD`]; its counter runs over after the first block.
fn of_scrypt() -> Json {
    json!({
        "version": 3,
        "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6",
        "crypto": {
            "cipher": "aes-128-ctr",
            "cipherparams": { "iv": "f".repeat(32) },
            "ciphertext": "67faaa3700d27b1add95af49b9aaf0a4e6988f2b8cc5387e842137863f457f8d",
            "kdf": "scrypt",
            "kdfparams": { "dklen": 32, "n": 1024, "r": 8, "p": 2, "salt": SALT },
            "mac": "108316c9a6840aa863f6348cfc86fb3e7401a3697de897c58c3868cadc82c4f2",
        },
    })
}

fn of_pbkdf2() -> Json {
    let mut store = of_scrypt();
    let crypto = &mut store["crypto"];
    crypto["ciphertext"] =
        "3e83f258b81d98a850ba4a3ede70795471b11cac90244a38c935d7580a5a02a8".into();
    crypto["kdf"] = "pbkdf2".into();
    crypto["kdfparams"] = json!({ "dklen": 32, "c": 1000, "prf": "hmac-sha256", "salt": SALT });
    crypto["mac"] = "7f0189086031714f590465c255fa9c4ab49a4902ca6c9587fdadb68c772a30a7".into();
    store
}

fn open(store: &Json) -> Result<Key, KeystoreError> {
    Key::open_keystore(&store.to_string(), PASSWORD)
}

fn refused(store: &Json) -> String {
    let error = open(store).err();
    error.unwrap_or_else(|| panic!("{store}")).to_string()
}

#[test]
fn a_keystore_of_either_kind_gives_its_key() {
    let expected = Key::parse(&"11".repeat(32)).unwrap().public();
    for mut store in [of_scrypt(), of_pbkdf2()] {
        assert_eq!(open(&store).unwrap().public(), expected);
        // As older wallets write it.
        let crypto = store.as_object_mut().unwrap().remove("crypto").unwrap();
        store["Crypto"] = crypto;
        assert_eq!(open(&store).unwrap().public(), expected);
    }
}

/// The parameters of the example in the Web3 Secret Storage Definition, and those with which wallets write today.
#[test]
fn the_published_costs_are_borne() {
    let secret = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";
    let expected = Key::parse(secret).unwrap().public();
    let mut published = of_pbkdf2();
    let crypto = &mut published["crypto"];
    crypto["cipherparams"]["iv"] = "6087dab2f9fdbbfaddc31a909735c1e6".into();
    crypto["ciphertext"] =
        "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46".into();
    crypto["kdfparams"]["c"] = 262_144.into();
    crypto["kdfparams"]["salt"] =
        "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd".into();
    crypto["mac"] = "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2".into();
    let mut today = of_scrypt();
    let crypto = &mut today["crypto"];
    crypto["cipherparams"]["iv"] = "83dbcc02d8ccb40e466191a123791e0e".into();
    crypto["ciphertext"] =
        "b160ff7e6d855b53a3f8d65e4b2850584cfaa01751807f19d07c298de16f802d".into();
    crypto["kdfparams"]["n"] = 262_144.into();
    crypto["kdfparams"]["p"] = 1.into();
    crypto["kdfparams"]["salt"] =
        "ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19".into();
    crypto["mac"] = "daeeba49ffae86381ae33f74c05dc0038888a7806267a04a1ae2183a7f2b7b17".into();
    for store in [published, today] {
        let key = Key::open_keystore(&store.to_string(), "testpassword").unwrap();
        assert_eq!(key.public(), expected);
    }
}

#[test]
fn what_does_not_open_it_is_said_without_a_word_of_it() {
    let store = of_scrypt();
    let wrong = Key::open_keystore(&store.to_string(), "hunter2").err();
    assert_eq!(wrong, Some(KeystoreError::WrongPassword));
    for (place, value) in [("mac", "1".repeat(64)), ("ciphertext", "1".repeat(64))] {
        let mut store = of_scrypt();
        store["crypto"][place] = value.into();
        assert_eq!(
            open(&store).err(),
            Some(KeystoreError::WrongPassword),
            "{place}"
        );
    }
    // The counter is in no code: what comes out is another key, which the address tells.
    let mut store = of_scrypt();
    store["address"] = "19e7e376e7c213b7e7e7e46cc70a5dd086daff2a".into();
    open(&store).unwrap();
    store["crypto"]["cipherparams"]["iv"] = "1".repeat(32).into();
    assert_eq!(open(&store).err(), Some(KeystoreError::OtherAddress));
}

#[test]
fn the_address_is_that_of_the_key_in_either_space() {
    let key = Key::parse(&"11".repeat(32)).unwrap();
    let mut store = of_scrypt();
    let core = key.core_address(1029);
    for address in [
        core.to_string(),
        core.hex(),
        key.espace_address().to_string(),
        key.espace_address()
            .to_string()
            .trim_start_matches("0x")
            .to_owned(),
        String::new(),
    ] {
        store["address"] = address.as_str().into();
        assert!(open(&store).is_ok(), "{address}");
    }
    let other = Key::parse(&"22".repeat(32)).unwrap();
    store["address"] = other.core_address(1029).to_string().into();
    assert_eq!(open(&store).err(), Some(KeystoreError::OtherAddress));
    store["address"] = "0x12".into();
    assert!(refused(&store).contains("`address` is none"));
}

#[test]
fn what_costs_too_much_is_refused_before_any_work() {
    let costs = |name: &str, value: u64| {
        let mut store = if name == "c" {
            of_pbkdf2()
        } else {
            of_scrypt()
        };
        store["crypto"]["kdfparams"][name] = value.into();
        refused(&store)
    };
    for (name, value) in [
        ("n", 1 << 20),
        ("n", 1 << 62),
        ("n", u64::MAX),
        ("r", 1 << 20),
        ("r", u64::MAX),
        ("p", 1 << 20),
        ("p", u64::MAX),
        ("c", 10_000_001),
        ("c", u64::MAX),
    ] {
        let said = costs(name, value);
        assert!(said.contains("it asks for"), "{name} {value}: {said}");
    }
    for (name, value) in [("n", 0), ("n", 1000), ("r", 0), ("p", 0), ("c", 0)] {
        let said = costs(name, value);
        assert!(said.contains("kdfparams"), "{name} {value}: {said}");
    }
}

#[test]
fn each_part_that_is_missing_or_another_is_named() {
    for (path, part) in [
        ("/version", "version"),
        ("/crypto", "crypto.cipher"),
        ("/crypto/cipher", "crypto.cipher"),
        ("/crypto/cipherparams/iv", "cipherparams.iv"),
        ("/crypto/ciphertext", "crypto.ciphertext"),
        ("/crypto/kdf", "crypto.kdf"),
        ("/crypto/kdfparams/dklen", "kdfparams.dklen"),
        ("/crypto/kdfparams/n", "kdfparams.n"),
        ("/crypto/kdfparams/salt", "kdfparams.salt"),
        ("/crypto/mac", "crypto.mac"),
    ] {
        for (other, says) in [(Json::Null, "is no"), (json!("hunter2 zz"), "")] {
            let mut store = of_scrypt();
            *store.pointer_mut(path).unwrap() = other;
            let said = refused(&store);
            assert!(
                said.contains(says) || said.contains("missing"),
                "{path}: {said}"
            );
            assert!(says.is_empty() || said.contains(part), "{path}: {said}");
            assert!(!said.contains("hunter2"), "{path}: {said}");
        }
    }
}

#[test]
fn what_is_not_known_is_named_where_it_is_a_name() {
    for (path, value, says) in [
        ("/version", json!(1), "version is `1`"),
        (
            "/crypto/cipher",
            json!("aes-128-cbc"),
            "cipher is `aes-128-cbc`",
        ),
        ("/crypto/kdf", json!("argon2id"), "kdf is `argon2id`"),
        ("/crypto/kdf", json!("Secret!"), "kdf is another"),
        ("/crypto/kdfparams/dklen", json!(64), "dklen"),
        ("/crypto/mac", json!("11"), "`mac` has not 32 bytes"),
        (
            "/crypto/ciphertext",
            json!("11"),
            "`ciphertext` has not 32 bytes",
        ),
        (
            "/crypto/cipherparams/iv",
            json!("11"),
            "`cipherparams.iv` has not 16 bytes",
        ),
    ] {
        let mut store = of_scrypt();
        *store.pointer_mut(path).unwrap() = value;
        assert!(
            refused(&store).contains(says),
            "{path}: {}",
            refused(&store)
        );
    }
    let mut store = of_pbkdf2();
    store["crypto"]["kdfparams"]["prf"] = "hmac-sha1".into();
    assert!(refused(&store).contains("prf is `hmac-sha1`"));
    // A private key, a text in JSON, a list.
    let key = "11".repeat(32);
    for text in [&key, &format!("\"{key}\""), "[]", "", "{"] {
        let said = Key::open_keystore(text, PASSWORD)
            .err()
            .unwrap()
            .to_string();
        assert!(said.contains("no Ethereum keystore"), "{said}");
        assert!(!said.contains("1111"), "{said}");
    }
}
