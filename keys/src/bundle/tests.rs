use super::*;
use crate::age::{AgeError, AgeIdentity};
use crate::codes;
use crate::testing::{make_pos_key, make_safety_file};

fn password() -> Secret {
    Secret::new("hunter2".to_owned())
}

/// A key's file, and its address.
fn key() -> (Vec<u8>, String) {
    let file = make_pos_key(5, &password());
    let address = PosKey::open(&file, &password()).unwrap().pos_address_text();
    (file, address)
}

fn safety_file(owner: &str) -> Vec<u8> {
    make_safety_file(owner, 43, 6)
}

fn manifest(address: &str) -> Manifest {
    let node = "node.main".parse().unwrap();
    Manifest::new("lineage".to_owned(), node, address.to_owned())
}

fn bundle() -> KeyBundle {
    let (file, address) = key();
    let safety = Some(safety_file(&address));
    KeyBundle::seal(manifest(&address), file, password(), safety).unwrap()
}

fn person() -> (Opener, Lock) {
    let identity = AgeIdentity::generate().unwrap();
    let lock = Lock::Recipients(vec![identity.recipient()]);
    (Opener::Identities(vec![identity]), lock)
}

#[test]
fn what_was_locked_comes_back_and_is_proven() {
    let (opener, lock) = person();
    let (bundle, file) = (bundle(), bundle().lock(&lock).unwrap());
    let back = KeyBundle::open(&file, &opener).unwrap();
    assert_eq!(back.manifest, bundle.manifest);
    assert_eq!(back.pos_key, bundle.pos_key);
    assert_eq!(back.password.expose(), "hunter2");
    assert_eq!(back.safety_file, bundle.safety_file);
    let kept = back.manifest.safety.unwrap();
    assert_eq!((kept.epoch, kept.round, kept.forward_only), (43, 6, true));
    // Nothing of it is readable from outside.
    let text = String::from_utf8_lossy(&file);
    assert!(!text.contains("hunter2") && !text.contains("manifest"));
}

#[test]
fn parts_that_do_not_belong_together_make_no_bundle() {
    let ((file, address), wrong) = (key(), Secret::new("hunter3".to_owned()));
    let seal = |manifest, file: &[u8], password, safety: Option<&[u8]>| {
        let sealed = KeyBundle::seal(
            manifest,
            file.to_vec(),
            password,
            safety.map(<[u8]>::to_vec),
        );
        sealed.unwrap_err().code()
    };
    let of = |safety: &[u8]| seal(manifest(&address), &file, password(), Some(safety));
    assert_eq!(
        seal(manifest(&address), &file, wrong, None),
        codes::WRONG_PASSWORD
    );
    assert_eq!(
        seal(manifest("0x12"), &file, password(), None),
        codes::OTHER_KEY
    );
    assert_eq!(
        seal(manifest(&address), b"no key", password(), None),
        codes::POS_KEY_DAMAGED
    );
    assert_eq!(of(&safety_file("0x12")), codes::SAFETY_FILE);
    assert_eq!(of(b"{"), codes::SAFETY_FILE);
    assert_eq!(of(&[0xff]), codes::SAFETY_FILE);
}

#[test]
fn a_bundle_of_somebody_else_or_a_damaged_one_does_not_open() {
    let ((opener, lock), (other, _)) = (person(), person());
    let file = bundle().lock(&lock).unwrap();
    let code = |file: &[u8], opener| KeyBundle::open(file, opener).unwrap_err().code();
    assert_eq!(code(&file, &other), codes::WRONG_RECIPIENT);
    assert_eq!(code(&file[..file.len() - 1], &opener), codes::DAMAGED);
    assert_eq!(code(&file[..100], &opener), codes::DAMAGED);
    assert_eq!(code(b"x", &opener), codes::NOT_A_BUNDLE);
    let passphrase = Opener::Passphrase(password());
    assert_eq!(code(&file, &passphrase), codes::WRONG_LOCK);
    let lock = Lock::Passphrase(password(), 4);
    let file = bundle().lock(&lock).unwrap();
    let wrong = Opener::Passphrase(Secret::new("hunter3".to_owned()));
    assert_eq!(code(&file, &wrong), codes::WRONG_PASSPHRASE);
    assert_eq!(
        KeyBundle::open(&file, &passphrase).unwrap().manifest,
        bundle().manifest
    );
}

/// Whoever has the recipient's name can lock anything for them.
#[test]
fn what_is_locked_and_no_bundle_is_refused() {
    let (opener, lock) = person();
    let code = |text: &[u8]| {
        let file = age::encrypt_file(text, &lock).unwrap();
        KeyBundle::open(&file, &opener).unwrap_err().code()
    };
    let whole = bundle().archive().unwrap();
    assert_eq!(code(b"text"), codes::DAMAGED);
    assert_eq!(code(&[]), codes::DAMAGED);
    assert_eq!(code(&whole[..512]), codes::DAMAGED);
    assert_eq!(code(&whole[..2048]), codes::DAMAGED);
    let changed = |from: &str, to: &str| {
        let (from, to) = (from.as_bytes(), to.as_bytes());
        assert_eq!(from.len(), to.len());
        let mut text = whole.to_vec();
        let at = text.windows(from.len()).position(|it| it == from).unwrap();
        text[at..at + to.len()].copy_from_slice(to);
        code(&text)
    };
    assert_eq!(
        changed("\"version\": 1", "\"version\": 2"),
        codes::NEWER_FORM
    );
    assert_eq!(
        changed("pospool-key-bundle", "pospool-key-bundlf"),
        codes::DAMAGED
    );
    assert_eq!(
        changed("forward_only\": true", "forward_only\": null"),
        codes::DAMAGED
    );
    assert_eq!(changed("\"lineage\"", "\"lineagf\""), codes::DAMAGED);
    assert_eq!(changed("\"round\": 6", "\"round\": 5"), codes::DAMAGED);
    assert_eq!(changed("hunter2", "hunter3"), codes::WRONG_PASSWORD);
}

#[test]
fn an_archive_with_other_files_is_refused() {
    let (opener, lock) = person();
    let with = |name: &str, kind, size: usize| {
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(size as u64);
        let body = vec![0; size];
        archive.append_data(&mut header, name, &body[..]).unwrap();
        let file = age::encrypt_file(&archive.into_inner().unwrap(), &lock).unwrap();
        KeyBundle::open(&file, &opener).unwrap_err()
    };
    for (name, kind, size) in [
        ("other", tar::EntryType::Regular, 1),
        ("pos_key", tar::EntryType::Symlink, 0),
        ("pos_key", tar::EntryType::Directory, 0),
        ("pos_key", tar::EntryType::Regular, 300_000),
        ("a/pos_key", tar::EntryType::Regular, 1),
    ] {
        assert_eq!(
            with(name, kind, size).code(),
            codes::DAMAGED,
            "{name} {kind:?}"
        );
    }
    let twice = {
        let mut archive = tar::Builder::new(Vec::new());
        for _ in 0..2 {
            let mut header = tar::Header::new_gnu();
            header.set_size(1);
            archive
                .append_data(&mut header, "password", &b"x"[..])
                .unwrap();
        }
        age::encrypt_file(&archive.into_inner().unwrap(), &lock).unwrap()
    };
    let error = KeyBundle::open(&twice, &opener).unwrap_err();
    assert_eq!(error.to_string(), "it is damaged: it holds a file twice");
}

#[test]
fn no_error_holds_a_secret() {
    let error = BundleError::Age(AgeError::WrongPassphrase);
    assert!(!format!("{error:?} {error}").contains("hunter"));
    assert!(!format!("{:?}", bundle()).contains("hunter"));
}

mod fuzz {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_changed_archive_is_a_bundle_or_an_error(at in 0_usize..6000, byte in any::<u8>(), end in 0_usize..8000) {
            let mut archive = bundle().archive().unwrap().to_vec();
            archive.truncate(end.max(1));
            if let Some(place) = archive.get_mut(at) {
                *place = byte;
            }
            let _ = KeyBundle::read_archive(&archive);
        }
    }
}
