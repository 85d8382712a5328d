use super::*;

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn person() -> (AgeIdentity, Recipient) {
    let identity = AgeIdentity::generate().unwrap();
    let recipient = identity.recipient();
    (identity, recipient)
}

/// Little work: the tests are about the form.
fn passphrase(text: &str) -> Lock {
    Lock::Passphrase(secret(text), 4)
}

#[test]
fn each_recipient_alone_opens_a_file_and_nobody_else() {
    let ((one, to_one), (two, to_two), (other, _)) = (person(), person(), person());
    for length in [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000] {
        let text = vec![7; length];
        let lock = Lock::Recipients(vec![to_one.clone(), to_two.clone()]);
        let file = encrypt_file(&text, &lock).unwrap();
        assert_eq!(lock_kind(&file).unwrap(), LockKind::Recipients(2));
        for identity in [&one, &two] {
            let again = AgeIdentity::parse_all(&identity.secret_name()).unwrap();
            let opened = decrypt_file(&file, &Opener::Identities(again)).unwrap();
            assert_eq!(*opened, text, "{length}");
        }
        let others = AgeIdentity::parse_all(&other.secret_name()).unwrap();
        let error = decrypt_file(&file, &Opener::Identities(others)).unwrap_err();
        assert_eq!(error, AgeError::OtherRecipient);
    }
}

#[test]
fn a_passphrase_opens_its_file_and_no_other_does() {
    let file = encrypt_file(b"text", &passphrase("right")).unwrap();
    assert_eq!(lock_kind(&file).unwrap(), LockKind::Passphrase);
    let with = |text| decrypt_file(&file, &Opener::Passphrase(secret(text)));
    assert_eq!(**with("right").unwrap(), *b"text");
    assert_eq!(with("wrong").unwrap_err(), AgeError::WrongPassphrase);
    let (identity, recipient) = person();
    let opener = Opener::Identities(vec![identity]);
    assert_eq!(
        decrypt_file(&file, &opener).unwrap_err(),
        AgeError::WantsPassphrase
    );
    let file = encrypt_file(b"text", &Lock::Recipients(vec![recipient])).unwrap();
    let opener = Opener::Passphrase(secret("right"));
    assert_eq!(
        decrypt_file(&file, &opener).unwrap_err(),
        AgeError::WantsIdentity
    );
}

#[test]
fn no_byte_can_be_changed_or_left_out() {
    let (identity, recipient) = person();
    let opener = Opener::Identities(vec![identity]);
    let file = encrypt_file(&[1; 70], &Lock::Recipients(vec![recipient])).unwrap();
    for place in 0..file.len() {
        let mut changed = file.clone();
        changed[place] ^= 1;
        assert!(decrypt_file(&changed, &opener).is_err(), "byte {place}");
        assert!(
            decrypt_file(&file[..place], &opener).is_err(),
            "cut at {place}"
        );
    }
    let longer = [&file[..], b"x"].concat();
    assert!(decrypt_file(&longer, &opener).is_err());
}

#[test]
fn what_is_no_age_file_is_refused_at_once() {
    let (identity, _) = person();
    let opener = Opener::Identities(vec![identity]);
    let of = |file: &[u8]| decrypt_file(file, &opener).unwrap_err();
    assert_eq!(of(b""), AgeError::NotAge);
    assert_eq!(of(b"age-encryption.org/v2\n"), AgeError::NotAge);
    assert_eq!(of(&vec![b'a'; MOST_BYTES + 1]), AgeError::TooLarge);
    let many = format!("{}{}", "age-encryption.org/v1\n", "-> x\n\n".repeat(65));
    assert!(matches!(of(many.as_bytes()), AgeError::Damaged(_)));
    let work = "age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 21\n\
                AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";
    let opener = Opener::Passphrase(secret("x"));
    let error = decrypt_file(work.as_bytes(), &opener).unwrap_err();
    assert_eq!(error, AgeError::TooMuchWork(21));
}

#[test]
fn a_recipient_is_written_in_one_way() {
    let (identity, recipient) = person();
    let text = recipient.to_string();
    assert!(text.starts_with("age1") && text.len() == 62, "{text}");
    assert_eq!(Recipient::parse(&text).unwrap(), recipient);
    let mut changed = text.clone();
    changed.replace_range(10..11, if &text[10..11] == "q" { "p" } else { "q" });
    for bad in [
        "",
        "age1",
        &changed,
        &text[..61],
        &identity.secret_name().to_lowercase(),
    ] {
        assert!(
            matches!(Recipient::parse(bad), Err(AgeError::BadRecipient(_))),
            "{bad}"
        );
    }
    for bad in ["", "# a comment", &text, "AGE-SECRET-KEY-1"] {
        assert_eq!(
            AgeIdentity::parse_all(bad).unwrap_err(),
            AgeError::BadIdentity,
            "{bad}"
        );
    }
    let nobody = encrypt_file(b"", &Lock::Recipients(Vec::new())).unwrap_err();
    assert_eq!(nobody, AgeError::Nobody);
}

/// A secret is in no message and no debug text.
#[test]
fn an_identity_does_not_print_itself() {
    let (identity, _) = person();
    assert_eq!(format!("{identity:?}"), "***");
    let wrong = format!("{}x", identity.secret_name().as_str());
    let error = AgeIdentity::parse_all(&wrong).unwrap_err();
    assert!(
        !error.to_string().contains(&identity.secret_name()[16..]),
        "{error}"
    );
}

/// Files that the program `age` 1.1.1 wrote.
#[test]
fn a_file_of_another_program_opens() {
    let identities = AgeIdentity::parse_all(include_str!("testdata/identity.txt")).unwrap();
    let opened = decrypt_file(
        include_bytes!("testdata/two-recipients.age"),
        &Opener::Identities(identities),
    );
    assert_eq!(**opened.unwrap(), *b"for two recipients\n");
    let passphrase = Opener::Passphrase(secret("a passphrase of the tests"));
    let opened = decrypt_file(include_bytes!("testdata/passphrase.age"), &passphrase);
    assert_eq!(**opened.unwrap(), *b"with a passphrase\n");
}

mod fuzz {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_a_file_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..2000), head in any::<bool>()) {
            let file = if head {
                [b"age-encryption.org/v1\n".as_slice(), &bytes].concat()
            } else {
                bytes
            };
            let (identity, _) = person();
            prop_assert!(decrypt_file(&file, &Opener::Identities(vec![identity])).is_err());
        }

        #[test]
        fn any_lines_are_a_head_or_an_error(lines in "(-> (X25519|scrypt|x) [ -~]{0,60}\n[A-Za-z0-9+/]{0,70}\n){0,4}(--- [A-Za-z0-9+/]{40,44}\n)?") {
            let file = format!("age-encryption.org/v1\n{lines}");
            let (identity, _) = person();
            prop_assert!(decrypt_file(file.as_bytes(), &Opener::Identities(vec![identity])).is_err());
        }
    }
}
