//! A bundle: everything with which a lost node can be made again, in one locked file.
//!
//! - Reads: a locked file and the secret for it; or the parts.
//! - Returns: the parts; or a locked file.
//! - Never: gives out parts that do not belong together.
//!
//! Behind the lock is a tar archive, so that a person with the program `age` and without pospool gets at the files too:
//! `manifest.json`, `pos_key`, `password`, and perhaps `secure_storage.json`.

use std::io::{Cursor, Read as _};

use pospool_model::safety::SafetyData;
use pospool_model::{Secret, hex};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::age::{self, Lock, Opener};
use crate::error::BundleError;
use crate::manifest::{FileDigest, Manifest};
use crate::pos_key::PosKey;

const MANIFEST: &str = "manifest.json";
const POS_KEY: &str = "pos_key";
const PASSWORD: &str = "password";
const SAFETY_FILE: &str = "secure_storage.json";
/// Largest file in a bundle: a safety file with a vote in it has some kilobytes.
const MOST_BYTES: usize = 256 << 10;
const MODE: u32 = 0o600;

/// The parts of a bundle.
#[derive(Debug)]
pub struct KeyBundle {
    /// What it says of itself.
    pub manifest: Manifest,
    /// The file of the key, encrypted with the password.
    pub pos_key: Vec<u8>,
    /// The password of the key.
    pub password: Secret,
    /// The safety file, if there was one.
    pub safety_file: Option<Vec<u8>>,
}

impl KeyBundle {
    /// Puts the parts together, and proves that they belong together.
    pub fn seal(
        mut manifest: Manifest,
        pos_key: Vec<u8>,
        password: Secret,
        safety_file: Option<Vec<u8>>,
    ) -> Result<Self, BundleError> {
        let signed = safety_file.as_deref().map(read_safety_file).transpose()?;
        manifest.safety = signed.map(|data| data.signed.into());
        manifest.files = digests(&pos_key, safety_file.as_deref());
        let bundle = Self {
            manifest,
            pos_key,
            password,
            safety_file,
        };
        bundle.prove()?;
        Ok(bundle)
    }

    /// Locks it.
    pub fn lock(&self, lock: &Lock) -> Result<Vec<u8>, BundleError> {
        let archive = self
            .archive()
            .map_err(|error| BundleError::Damaged(error.to_string()))?;
        Ok(age::encrypt_file(&archive, lock)?)
    }

    /// Opens one, and proves that its parts belong together.
    pub fn open(file: &[u8], opener: &Opener) -> Result<Self, BundleError> {
        let archive = age::decrypt_file(file, opener)?;
        let bundle = Self::read_archive(&archive)?;
        let digests = digests(&bundle.pos_key, bundle.safety_file.as_deref());
        if digests != bundle.manifest.files {
            return Err(BundleError::Damaged(
                "its files are not those that its manifest names".to_owned(),
            ));
        }
        bundle.prove()?;
        Ok(bundle)
    }

    /// The password opens the key, it is the key that the manifest names, and the safety file is this key's.
    fn prove(&self) -> Result<(), BundleError> {
        let key = PosKey::open(&self.pos_key, &self.password)?;
        expect_key(&key, &self.manifest.pos_address)?;
        let Some(safety) = &self.safety_file else {
            return match self.manifest.safety {
                None => Ok(()),
                Some(_) => Err(BundleError::Damaged(
                    "its safety file is missing".to_owned(),
                )),
            };
        };
        let data = read_safety_file(safety)?;
        if data.owner != self.manifest.pos_address {
            let what = format!("it belongs to the key {}", data.owner);
            return Err(BundleError::SafetyFile(what));
        }
        if self.manifest.safety != Some(data.signed.into()) {
            return Err(BundleError::Damaged(
                "its safety file is not the one that its manifest names".to_owned(),
            ));
        }
        Ok(())
    }

    fn archive(&self) -> std::io::Result<Zeroizing<Vec<u8>>> {
        let manifest = serde_json::to_vec_pretty(&self.manifest)?;
        let password = self.password.expose().as_bytes();
        let files = [
            (MANIFEST, Some(manifest.as_slice())),
            (POS_KEY, Some(&self.pos_key)),
            (PASSWORD, Some(password)),
            (SAFETY_FILE, self.safety_file.as_deref()),
        ];
        let files = files
            .iter()
            .filter_map(|(name, bytes)| Some((name, (*bytes)?)));
        // As large as it becomes, so that no copy of the password stays behind when it grows.
        let size: usize = files.clone().map(|(_, bytes)| bytes.len() + 1024).sum();
        let mut archive = tar::Builder::new(Vec::with_capacity(size + 2048));
        for (name, bytes) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(MODE);
            archive.append_data(&mut header, name, bytes)?;
        }
        archive.into_inner().map(Zeroizing::new)
    }

    fn read_archive(archive: &[u8]) -> Result<Self, BundleError> {
        let damaged = |what: &str| BundleError::Damaged(what.to_owned());
        let unreadable = |error: std::io::Error| BundleError::Damaged(error.to_string());
        let (mut manifest, mut pos_key, mut password, mut safety_file) = (None, None, None, None);
        let mut archive = tar::Archive::new(Cursor::new(archive));
        for entry in archive.entries().map_err(unreadable)? {
            let mut entry = entry.map_err(unreadable)?;
            let size = entry.size();
            if !entry.header().entry_type().is_file() || size > MOST_BYTES as u64 {
                return Err(damaged("a part of it is no file of a bundle"));
            }
            let name = entry.path_bytes().into_owned();
            let mut bytes = Zeroizing::new(Vec::with_capacity(MOST_BYTES));
            entry.read_to_end(&mut bytes).map_err(unreadable)?;
            let place = match std::str::from_utf8(&name) {
                Ok(MANIFEST) => &mut manifest,
                Ok(POS_KEY) => &mut pos_key,
                Ok(PASSWORD) => &mut password,
                Ok(SAFETY_FILE) => &mut safety_file,
                _ => return Err(damaged("it holds a file that no bundle holds")),
            };
            if place.replace(bytes).is_some() {
                return Err(damaged("it holds a file twice"));
            }
        }
        let manifest = manifest.ok_or_else(|| damaged("it holds no manifest.json"))?;
        let manifest = Manifest::parse(&manifest)?;
        let (Some(pos_key), Some(password)) = (pos_key, password) else {
            return Err(damaged("it holds no key, or no password"));
        };
        let password = std::str::from_utf8(&password);
        let password = password.map_err(|_| damaged("its password is not UTF-8 text"))?;
        Ok(Self {
            manifest,
            pos_key: pos_key.to_vec(),
            password: Secret::new(password.to_owned()),
            safety_file: safety_file.map(|bytes| bytes.to_vec()),
        })
    }
}

/// Refuses another key than the one that it should be.
pub(crate) fn expect_key(key: &PosKey, expected: &str) -> Result<(), BundleError> {
    let found = key.pos_address_text();
    if found == expected {
        return Ok(());
    }
    Err(BundleError::OtherKey {
        found,
        expected: expected.to_owned(),
    })
}

/// Reads a safety file that is not empty.
pub(crate) fn read_safety_file(bytes: &[u8]) -> Result<SafetyData, BundleError> {
    let text = std::str::from_utf8(bytes);
    let text = text.map_err(|_| BundleError::SafetyFile("it is not UTF-8 text".to_owned()))?;
    SafetyData::parse(text).map_err(BundleError::SafetyFile)
}

fn digests(
    pos_key: &[u8],
    safety_file: Option<&[u8]>,
) -> std::collections::BTreeMap<String, FileDigest> {
    let files = [(POS_KEY, Some(pos_key)), (SAFETY_FILE, safety_file)];
    let each = files.iter().filter_map(|(name, bytes)| {
        let bytes = (*bytes)?;
        let digest = FileDigest {
            size: bytes.len() as u64,
            sha256: hex::encode(&Sha256::digest(bytes)),
        };
        Some(((*name).to_owned(), digest))
    });
    each.collect()
}

#[cfg(test)]
mod tests;
