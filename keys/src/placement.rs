//! What of a key is put onto a volume that may hold something already.
//!
//! - Reads: the files that are there, and those that are brought.
//! - Returns: which of them are written.
//! - Never: lets a key take the place of another one, or a safety file that of a newer one.

use pospool_model::Secret;

use crate::bundle::{expect_key, read_safety_file};
use crate::error::BundleError;
use crate::pos_key::PosKey;

/// A key that is brought, with its safety file.
#[derive(Clone, Copy, Debug)]
pub struct BroughtKey<'a> {
    /// The file of the key.
    pub pos_key: &'a [u8],
    /// What opens it.
    pub password: &'a Secret,
    /// Its safety file, if there is one.
    pub safety_file: Option<&'a [u8]>,
}

/// Which files are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The file of the key: there is none.
    pub pos_key: bool,
    /// The safety file: there is none, or an older one.
    pub safety_file: bool,
}

impl Placement {
    /// Whether all is there already.
    #[must_use]
    pub fn is_empty(self) -> bool {
        !self.pos_key && !self.safety_file
    }
}

/// Decides what is written beside what is there.
pub fn plan_placement(
    brought: BroughtKey<'_>,
    pos_key: Option<&[u8]>,
    safety_file: Option<&[u8]>,
) -> Result<Placement, BundleError> {
    let key = PosKey::open(brought.pos_key, brought.password)?;
    let address = key.pos_address_text();
    Ok(Placement {
        pos_key: is_missing(brought, pos_key, &address)?,
        safety_file: is_newer(brought.safety_file, safety_file, &address)?,
    })
}

/// Whether there is no key yet; another one is an error. A part of the same file is what a run left that was cut.
fn is_missing(
    brought: BroughtKey<'_>,
    there: Option<&[u8]>,
    address: &str,
) -> Result<bool, BundleError> {
    match there {
        None => Ok(true),
        Some(there) if there == brought.pos_key => Ok(false),
        Some(there) if brought.pos_key.starts_with(there) => Ok(true),
        // The same key may lie there under another file: conflux draws a salt for each.
        Some(there) => match PosKey::open(there, brought.password) {
            Ok(key) => expect_key(&key, address).map(|()| false),
            Err(_) => Err(BundleError::OtherKey {
                found: "of a file that this password does not open".to_owned(),
                expected: address.to_owned(),
            }),
        },
    }
}

/// Whether a safety file is newer than the one that is there.
fn is_newer(
    brought: Option<&[u8]>,
    there: Option<&[u8]>,
    address: &str,
) -> Result<bool, BundleError> {
    let read = |bytes: &[u8]| {
        let data = read_safety_file(bytes)?;
        if data.owner == address {
            return Ok(data.signed);
        }
        let what = format!("it belongs to the key {}, and not to {address}", data.owner);
        Err(BundleError::SafetyFile(what))
    };
    let brought = brought.map(read).transpose()?;
    // An empty one is what conflux makes before it writes the first.
    let there = there.filter(|bytes| !bytes.trim_ascii().is_empty());
    let there = there.map(read).transpose()?;
    Ok(match (brought, there) {
        (Some(brought), Some(there)) => brought > there,
        (Some(_), None) => true,
        (None, _) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes;
    use crate::testing::{Sealing, make_pos_key, make_safety_file, seal_pos_key};

    fn password() -> Secret {
        Secret::new("hunter2".to_owned())
    }

    fn address(file: &[u8]) -> String {
        PosKey::open(file, &password()).unwrap().pos_address_text()
    }

    /// What is decided for the key 5, with a safety file of epoch 43, round 6.
    fn decide(
        pos_key: Option<&[u8]>,
        safety_file: Option<&[u8]>,
    ) -> Result<(bool, bool), pospool_model::Code> {
        let (file, password) = (make_pos_key(5, &password()), password());
        let safety = make_safety_file(&address(&file), 43, 6);
        let brought = BroughtKey {
            pos_key: &file,
            password: &password,
            safety_file: Some(&safety),
        };
        let placed = plan_placement(brought, pos_key, safety_file);
        placed
            .map(|placed| (placed.pos_key, placed.safety_file))
            .map_err(|error| error.code())
    }

    #[test]
    fn a_key_is_put_where_none_is_and_never_over_another_one() {
        let file = make_pos_key(5, &password());
        assert_eq!(decide(None, None), Ok((true, true)));
        assert_eq!(decide(Some(&file[..99]), None), Ok((true, true)));
        assert_eq!(decide(Some(b""), None), Ok((true, true)));
        assert_eq!(decide(Some(&file), None), Ok((false, true)));
        let again = seal_pos_key(&[5; 32], &[5; 32], &password(), Sealing::Scrypt(4));
        assert_eq!(decide(Some(&again), None), Ok((false, true)));
        let other = make_pos_key(6, &password());
        assert_eq!(decide(Some(&other), None), Err(codes::OTHER_KEY));
        let locked = make_pos_key(5, &Secret::new("hunter3".to_owned()));
        assert_eq!(decide(Some(&locked), None), Err(codes::OTHER_KEY));
        assert_eq!(decide(Some(b"what is this"), None), Err(codes::OTHER_KEY));
    }

    #[test]
    fn a_safety_file_only_goes_forward() {
        let own = address(&make_pos_key(5, &password()));
        let with = |epoch, round| {
            let there = make_safety_file(&own, epoch, round);
            decide(None, Some(&there)).map(|(_, safety_file)| safety_file)
        };
        assert_eq!(with(43, 5), Ok(true));
        assert_eq!(with(42, 99), Ok(true));
        assert_eq!(with(43, 6), Ok(false));
        assert_eq!(with(43, 7), Ok(false));
        assert_eq!(with(44, 0), Ok(false));
        assert_eq!(decide(None, Some(b"\n")), Ok((true, true)));
        let foreign = make_safety_file("0x12", 1, 1);
        assert_eq!(decide(None, Some(&foreign)), Err(codes::SAFETY_FILE));
        assert_eq!(decide(None, Some(b"{")), Err(codes::SAFETY_FILE));
    }

    #[test]
    fn a_key_without_a_safety_file_leaves_the_one_that_is_there() {
        let (file, password) = (make_pos_key(5, &password()), password());
        let brought = BroughtKey {
            pos_key: &file,
            password: &password,
            safety_file: None,
        };
        let there = make_safety_file(&address(&file), 1, 1);
        let placed = plan_placement(brought, None, Some(&there)).unwrap();
        assert!(placed.pos_key && !placed.safety_file && !placed.is_empty());
        let wrong = Secret::new("hunter3".to_owned());
        let brought = BroughtKey {
            password: &wrong,
            ..brought
        };
        let error = plan_placement(brought, None, None).unwrap_err();
        assert_eq!(error.code(), codes::WRONG_PASSWORD);
    }
}
