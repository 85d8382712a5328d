//! Secrets that go to a container's standard input, each as one line.
//!
//! - Reads: where a secret is, at the moment of its use.
//! - Returns: the secret, or why it cannot be passed on.
//! - Never: keeps one longer than it takes to pass it on, or names more of it than its place.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use pospool_model::{Code, ProviderError, Secret, SecretRef};

use crate::codes;
use crate::user::{GROUP_ID, USER_ID};

const PASSWORD: &str = "the password of the PoS key";

/// The password of a PoS key; `None` if the container reads it by itself.
pub(crate) fn read_password(reference: &SecretRef) -> Result<Option<Secret>, ProviderError> {
    read_secret(reference, PASSWORD, codes::BAD_PASSWORD)
}

const PRIVATE_KEY: &str = "the private key of the syncer";

/// The private key of a syncer; `None` if the container reads it by itself.
pub(crate) fn read_private_key(reference: &SecretRef) -> Result<Option<Secret>, ProviderError> {
    read_secret(reference, PRIVATE_KEY, codes::BAD_KEY)
}

fn read_secret(
    reference: &SecretRef,
    name: &str,
    code: Code,
) -> Result<Option<Secret>, ProviderError> {
    match reference.mounted() {
        Some(path) => check_mounted(reference, &path, name).map(|()| None),
        None => one_line(reference, name, code).map(Some),
    }
}

/// Checks the file of a secret that a container reads by itself, as far as this process may look at it: the container
/// says the rest.
fn check_mounted(reference: &SecretRef, path: &Path, name: &str) -> Result<(), ProviderError> {
    let refused = |what: String| Err(ProviderError::refused(codes::NO_SECRET, what));
    let shown = path.display();
    let found = match std::fs::metadata(path) {
        Ok(found) => found,
        Err(error) => {
            return match (reference, error.kind()) {
                (_, ErrorKind::PermissionDenied) => Ok(()),
                (SecretRef::Credential(credential), ErrorKind::NotFound) => {
                    Err(ProviderError::refused(
                        codes::NOT_SEALED,
                        format!(
                            "`{shown}`, {name}, is not there: nobody has opened the credential `{credential}`"
                        ),
                    ))
                }
                _ => refused(format!("`{shown}`, {name}, cannot be mounted: {error}")),
            };
        }
    };
    if !found.is_file() {
        return refused(format!("`{shown}`, {name}, is not a regular file"));
    }
    if found.len() == 0 {
        return refused(format!("`{shown}`, {name}, is empty"));
    }
    let mode = found.mode();
    if mode & 0o007 != 0 {
        return refused(format!(
            "`{shown}`, {name}, can be read by everybody on this machine: `chmod o-rwx {shown}`"
        ));
    }
    let readable = (found.uid() == USER_ID && mode & 0o400 != 0)
        || (found.gid() == GROUP_ID && mode & 0o040 != 0);
    if !readable {
        return refused(format!(
            "`{shown}`, {name}, cannot be read by the container's user: `chown {USER_ID} {shown} && chmod 0400 {shown}`"
        ));
    }
    Ok(())
}

fn one_line(reference: &SecretRef, name: &str, code: Code) -> Result<Secret, ProviderError> {
    let secret = reference
        .read_key()
        .map_err(|error| ProviderError::Refused {
            code: codes::NO_SECRET,
            what: format!("{name} cannot be read"),
            source: Some(Box::new(error)),
        })?;
    if !secret.is_one_line() {
        let what = format!("{name} (`{reference}`) has more than one line");
        return Err(ProviderError::refused(code, what));
    }
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mounted_secret_is_the_container_s_alone() {
        use std::os::unix::fs::{PermissionsExt as _, chown};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        let refused = || {
            let error = read_password(&SecretRef::Mount(path.clone())).unwrap_err();
            assert_eq!(error.code(), "docker/no-secret");
            error.to_string()
        };
        assert!(refused().contains("cannot be mounted"));
        std::fs::write(&path, "").unwrap();
        assert!(refused().contains("is empty"));
        std::fs::write(&path, "hunter2").unwrap();
        let mode =
            |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        mode(0o604);
        assert!(refused().contains("everybody"));
        mode(0o600);
        assert!(refused().contains("chown 10001"));
        // Only root may give a file away.
        if chown(&path, Some(USER_ID), None).is_ok() {
            let read = read_password(&SecretRef::Mount(path.clone())).unwrap();
            assert!(read.is_none(), "the container reads it");
        }
        assert!(
            read_password(&SecretRef::Mount(folder.path().to_owned()))
                .unwrap_err()
                .to_string()
                .contains("regular")
        );
    }

    #[test]
    fn a_credential_that_nobody_has_opened_says_so() {
        let never = pospool_model::CredentialName::new("never-sealed-by-a-test").unwrap();
        let error = read_password(&SecretRef::Credential(never)).unwrap_err();
        assert_eq!(error.code(), "docker/not-sealed");
        assert!(
            error.to_string().contains("never-sealed-by-a-test"),
            "{error}"
        );
    }

    #[test]
    fn a_secret_is_one_line_and_stays_out_of_the_message() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let reference = SecretRef::File(file.path().to_str().unwrap().into());
        std::fs::write(file.path(), "hunter2\nhunter3\n").unwrap();
        for (read, expected) in [
            (read_password(&reference), "docker/bad-password"),
            (read_private_key(&reference), "docker/bad-key"),
        ] {
            let error = read.unwrap_err();
            assert_eq!(error.code(), expected);
            assert!(!error.to_string().contains("hunter"), "{error}");
        }
        std::fs::write(file.path(), "hunter2\n").unwrap();
        assert_eq!(
            read_password(&reference).unwrap().unwrap().expose(),
            "hunter2"
        );
        drop(file);
        assert_eq!(
            read_private_key(&reference).unwrap_err().code(),
            "docker/no-secret"
        );
    }
}
