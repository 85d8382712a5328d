//! Files of PoS keys for tests, in the form of conflux.

use der::Encode as _;
use pkcs5::pbes2::Parameters;
use pkcs5::{EncryptionScheme, scrypt};
use pospool_model::Secret;

/// How a file is encrypted.
#[derive(Clone, Copy, Debug)]
pub enum Sealing {
    /// With scrypt, and so much work as a power of two.
    Scrypt(u8),
    /// With PBKDF2 and so many turns.
    Pbkdf2(u32),
    /// A file that says it needs so many turns and is no key.
    Claimed(u32),
}

/// Makes a file of a key whose secrets follow from a number, with the work of 2^10.
#[must_use]
pub fn make_pos_key(seed: u8, password: &Secret) -> Vec<u8> {
    seal_pos_key(&[seed; 32], &[seed; 32], password, Sealing::Scrypt(10))
}

/// Makes a safety file.
#[must_use]
pub fn make_safety_file(owner: &str, epoch: u64, round: u64) -> Vec<u8> {
    let owner = owner.trim_start_matches("0x");
    let data = format!(
        r#"{{"epoch":{epoch},"last_voted_round":{round},"preferred_round":0,"last_vote":null}}"#
    );
    let text = format!(
        r#"{{"owner_account":{{"last_update":1,"value":"{owner}"}},"safety_data":{{"last_update":2,"value":{data}}}}}"#
    );
    text.into_bytes()
}

/// Makes a file of two secrets.
///
/// # Panics
///
/// If they do not fit into one.
#[must_use]
pub fn seal_pos_key(bls: &[u8], vrf: &[u8], password: &Secret, sealing: Sealing) -> Vec<u8> {
    let (salt, initial) = ([9; 16], [8; 16]);
    let parameters = match sealing {
        Sealing::Scrypt(work) => {
            let params = scrypt::Params::new(work, 8, 1, 32).expect("work");
            Parameters::scrypt_aes256cbc(params, &salt, &initial)
        }
        Sealing::Pbkdf2(turns) | Sealing::Claimed(turns) => {
            Parameters::pbkdf2_sha256_aes256cbc(turns, &salt, &initial)
        }
    }
    .expect("parameters");
    let scheme = EncryptionScheme::from(parameters);
    let secrets = secrets_of(bls, vrf);
    let mut buffer = secrets.clone();
    buffer.resize(secrets.len() + 16, 0);
    let sealed = if let Sealing::Claimed(_) = sealing {
        buffer.clone()
    } else {
        let sealed = scheme.encrypt_in_place(password.expose(), &mut buffer, secrets.len());
        sealed.expect("encrypted").to_vec()
    };
    let mut buffer = [0; 512];
    let scheme = scheme.encode_to_slice(&mut buffer).expect("encoded");
    tlv(SEQUENCE, &[scheme, &tlv(OCTETS, &[&sealed])])
}

/// The key's own form: version, kind, and both secrets with their lengths before them.
fn secrets_of(bls: &[u8], vrf: &[u8]) -> Vec<u8> {
    let mut inner = Vec::new();
    for secret in [bls, vrf] {
        inner.push(u8::try_from(secret.len()).expect("short"));
        inner.extend_from_slice(secret);
    }
    let kind = tlv(SEQUENCE, &[&[6, 2, 0x28, 0]]);
    tlv(SEQUENCE, &[&[2, 1, 0], &kind, &tlv(OCTETS, &[&inner])])
}

const SEQUENCE: u8 = 0x30;
const OCTETS: u8 = 0x04;

/// One value of DER.
fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let value = parts.concat();
    let length = u8::try_from(value.len()).expect("short");
    let head = if length < 0x80 {
        vec![tag, length]
    } else {
        vec![tag, 0x81, length]
    };
    [head, value].concat()
}
