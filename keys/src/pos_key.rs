//! The file of a PoS key (`pos_config/pos_key`), as conflux writes it.
//!
//! - Reads: the file's bytes and its password.
//! - Returns: the public halves of the key, and its PoS address.
//! - Never: writes one, or gives out a secret half.
//!
//! The file is an encrypted private key of PKCS #8 (PBES2: scrypt or PBKDF2, and AES in CBC). In it are two secrets in BCS,
//! each with its length before it: the BLS key that signs (a number in little endian), and the VRF key that draws the
//! committee (a number of secp256k1 in big endian, without zeros before it). The PoS address is the Keccak hash of both
//! public keys. CBC has no seal, so a wrong password is seen by what comes out.

use bls12_381::{G1Affine, G1Projective, Scalar};
use der::asn1::{AnyRef, OctetStringRef};
use der::{Decode as _, Reader as _, SliceReader};
use k256::elliptic_curve::sec1::ToEncodedPoint as _;
use pkcs5::EncryptionScheme;
use pkcs5::pbes2::Kdf;
use pospool_model::{Secret, hex};
use sha3::{Digest as _, Keccak256};
use zeroize::Zeroizing;

/// Largest file of a key; those of conflux have 175 bytes.
const MOST_BYTES: usize = 4096;
/// Most memory that a file may ask for, and most turns.
const MOST_MEMORY: u64 = 256 << 20;
const MOST_TURNS: u32 = 10_000_000;
/// Lengths of a secret and of the public keys in their compressed forms.
const SECRET: usize = 32;
const BLS_PUBLIC: usize = 48;
const VRF_PUBLIC: usize = 33;

/// Why the file of a key gives no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PosKeyError {
    /// It is another kind of file.
    #[error("it is not a PoS key as conflux writes it")]
    NotAKey,
    /// It asks for more work than is given.
    #[error("it asks for more work than a PoS key of conflux does")]
    TooMuchWork,
    /// What comes out is no key.
    #[error("the password does not open it")]
    WrongPassword,
}

/// A PoS key that was opened: its public halves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PosKey {
    bls: [u8; BLS_PUBLIC],
    vrf: [u8; VRF_PUBLIC],
}

impl PosKey {
    /// Opens the file of a key.
    pub fn open(file: &[u8], password: &Secret) -> Result<Self, PosKeyError> {
        let (scheme, sealed) = read_envelope(file)?;
        check_work(&scheme)?;
        let mut buffer = Zeroizing::new(sealed.to_vec());
        let opened = scheme
            .decrypt_in_place(password.expose(), &mut buffer)
            .map_err(|_| PosKeyError::WrongPassword)?;
        read_secrets(opened).ok_or(PosKeyError::WrongPassword)
    }

    /// Address of the key in PoS, also called identifier.
    #[must_use]
    pub fn pos_address(&self) -> [u8; 32] {
        let mut hash = Keccak256::new();
        hash.update(self.bls);
        hash.update(self.vrf);
        hash.finalize().into()
    }

    /// The same as 0x and 64 hex digits.
    #[must_use]
    pub fn pos_address_text(&self) -> String {
        format!("0x{}", hex::encode(&self.pos_address()))
    }
}

/// How the key is encrypted, and the encrypted bytes.
fn read_envelope(file: &[u8]) -> Result<(EncryptionScheme<'_>, &[u8]), PosKeyError> {
    if file.len() > MOST_BYTES {
        return Err(PosKeyError::NotAKey);
    }
    let read = || -> der::Result<_> {
        let mut reader = SliceReader::new(file)?;
        let parts = reader.sequence(|reader| {
            let scheme = EncryptionScheme::decode(reader)?;
            Ok((scheme, OctetStringRef::decode(reader)?.as_bytes()))
        })?;
        reader.finish(parts)
    };
    read().map_err(|_| PosKeyError::NotAKey)
}

/// A file must not make us work for an hour.
fn check_work(scheme: &EncryptionScheme<'_>) -> Result<(), PosKeyError> {
    let EncryptionScheme::Pbes2(parameters) = scheme else {
        return Err(PosKeyError::NotAKey);
    };
    let fits = match &parameters.kdf {
        // The library takes the logarithm of the cost without a look whether there is one.
        Kdf::Scrypt(scrypt) if !scrypt.cost_parameter.is_power_of_two() => {
            return Err(PosKeyError::NotAKey);
        }
        Kdf::Scrypt(scrypt) => {
            let each = scrypt.cost_parameter.saturating_mul(128);
            let all = each.saturating_mul(u64::from(scrypt.block_size));
            all.saturating_mul(u64::from(scrypt.parallelization)) <= MOST_MEMORY
        }
        Kdf::Pbkdf2(pbkdf2) => pbkdf2.iteration_count <= MOST_TURNS,
        _ => false,
    };
    fits.then_some(()).ok_or(PosKeyError::TooMuchWork)
}

/// The public halves of the two secrets; `None` where they are none.
fn read_secrets(opened: &[u8]) -> Option<PosKey> {
    let read = || -> der::Result<&[u8]> {
        let mut reader = SliceReader::new(opened)?;
        let inner = reader.sequence(|reader| {
            u8::decode(reader)?;
            AnyRef::decode(reader)?;
            Ok(OctetStringRef::decode(reader)?.as_bytes())
        })?;
        reader.finish(inner)
    };
    let mut bytes = read().ok()?;
    let bls = take_bytes(&mut bytes).filter(|bls| bls.len() == SECRET)?;
    let vrf = take_bytes(&mut bytes).filter(|vrf| vrf.len() <= SECRET)?;
    if !bytes.is_empty() {
        return None;
    }
    Some(PosKey {
        bls: bls_public(bls)?,
        vrf: vrf_public(vrf)?,
    })
}

/// Bytes with their length before them; none here is longer than 127.
fn take_bytes<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first()?;
    let length = Some(usize::from(*length)).filter(|length| *length < 0x80)?;
    let (taken, rest) = rest.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn bls_public(secret: &[u8]) -> Option<[u8; BLS_PUBLIC]> {
    let mut number = Zeroizing::new([0; SECRET]);
    number.copy_from_slice(secret);
    let number = Option::<Scalar>::from(Scalar::from_bytes(&number))?;
    if number == Scalar::zero() {
        return None;
    }
    Some(G1Affine::from(G1Projective::generator() * number).to_compressed())
}

fn vrf_public(secret: &[u8]) -> Option<[u8; VRF_PUBLIC]> {
    let mut number = Zeroizing::new([0; SECRET]);
    number[SECRET - secret.len()..].copy_from_slice(secret);
    let secret = k256::SecretKey::from_slice(number.as_slice()).ok()?;
    let point = secret.public_key().to_encoded_point(true);
    point.as_bytes().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Sealing, seal_pos_key};

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    /// A file that conflux-rust 3.0.2 wrote on a private network, and the address that it said the key has.
    #[test]
    fn the_key_of_a_real_node_has_the_address_that_the_node_says() {
        let file = include_bytes!("testdata/pos_key");
        let key = PosKey::open(file, &secret("password of the tests")).unwrap();
        let said = include_str!("testdata/pos_address").trim();
        assert_eq!(key.pos_address_text(), said);
        for wrong in ["", "password of the test", "Password of the tests"] {
            let error = PosKey::open(file, &secret(wrong)).unwrap_err();
            assert_eq!(error, PosKeyError::WrongPassword, "{wrong}");
        }
    }

    #[test]
    fn a_secret_with_zeros_before_it_is_the_same_number() {
        let open = |vrf: &[u8]| {
            let file = seal_pos_key(&[1; 32], vrf, &secret("x"), Sealing::Scrypt(10));
            PosKey::open(&file, &secret("x"))
        };
        let short = open(&[7; 31]).unwrap();
        assert_eq!(open(&[&[0], &[7; 31][..]].concat()).unwrap(), short);
        for none in [&[][..], &[0; 32], &[0xff; 32], &[1; 33]] {
            assert_eq!(open(none).unwrap_err(), PosKeyError::WrongPassword);
        }
        let file = seal_pos_key(&[0xff; 32], &[1; 32], &secret("x"), Sealing::Scrypt(10));
        let error = PosKey::open(&file, &secret("x")).unwrap_err();
        assert_eq!(error, PosKeyError::WrongPassword);
    }

    #[test]
    fn a_file_that_asks_for_too_much_work_is_not_opened() {
        let of = |sealing| {
            let file = seal_pos_key(&[1; 32], &[1; 32], &secret("x"), sealing);
            PosKey::open(&file, &secret("x"))
        };
        assert!(of(Sealing::Pbkdf2(1000)).is_ok());
        assert_eq!(
            of(Sealing::Claimed(20_000_000)),
            Err(PosKeyError::TooMuchWork)
        );
    }

    #[test]
    fn no_part_of_a_file_is_a_key() {
        let file = seal_pos_key(&[1; 32], &[2; 32], &secret("x"), Sealing::Scrypt(4));
        assert!(PosKey::open(&file, &secret("x")).is_ok());
        for end in 0..file.len() {
            let cut = PosKey::open(&file[..end], &secret("x"));
            assert_eq!(cut, Err(PosKeyError::NotAKey), "{end}");
        }
        let longer = [&file[..], &[0]].concat();
        let large = vec![0x30; MOST_BYTES + 1];
        for bad in [&longer[..], &large, b"", b"-----BEGIN"] {
            assert_eq!(PosKey::open(bad, &secret("x")), Err(PosKeyError::NotAKey));
        }
    }

    #[test]
    fn a_cost_that_is_none_is_no_key() {
        let file = seal_pos_key(&[1; 32], &[2; 32], &secret("x"), Sealing::Scrypt(4));
        // A cost of 16, as a number of one byte.
        let at = file
            .windows(3)
            .position(|bytes| bytes == [2, 1, 16])
            .unwrap()
            + 2;
        for cost in [0, 3, 17] {
            let mut changed = file.clone();
            changed[at] = cost;
            let error = PosKey::open(&changed, &secret("x")).unwrap_err();
            assert_eq!(error, PosKeyError::NotAKey, "{cost}");
        }
    }

    mod fuzz {
        use super::*;
        use proptest::prelude::*;

        proptest! {
            #[test]
            fn any_changed_file_is_a_key_or_an_error(at in 0_usize..170, byte in any::<u8>()) {
                let mut file = seal_pos_key(&[1; 32], &[2; 32], &secret("x"), Sealing::Scrypt(4));
                if let Some(place) = file.get_mut(at) {
                    *place = byte;
                }
                let _ = PosKey::open(&file, &secret("x"));
            }
        }
    }
}
