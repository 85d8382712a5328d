//! Secrets of the commands about keys: named on the command line, read here, and never part of an argument.

use pospool_docker::NodeKeyPlace;
use pospool_keys::BundleError;
use pospool_keys::age::{AgeIdentity, Lock, Opener, Recipient, WORK};
use pospool_model::{Secret, SecretRef};

use crate::args::{BackupArgs, OpenerArgs};
use crate::commands::Session;
use crate::failure::{Failure, KeyFailure};

const PASSPHRASE: &str = "the passphrase";
const IDENTITY: &str = "the identity";
const PASSWORD: &str = "the password of the PoS key";

/// How a bundle is to be locked.
pub(super) fn read_lock(session: &Session<'_, '_>, args: &BackupArgs) -> Result<Lock, Failure> {
    if let Some(passphrase) = &args.passphrase {
        let passphrase = read_named(session, passphrase, PASSPHRASE)?;
        return Ok(Lock::Passphrase(passphrase, WORK));
    }
    let recipients = args.recipients.iter().map(|text| Recipient::parse(text));
    let recipients = recipients.collect::<Result<Vec<_>, _>>();
    let recipients = recipients.map_err(|error| KeyFailure::Secret(error.into()))?;
    Ok(Lock::Recipients(recipients))
}

/// What opens a bundle, if anything was named.
pub(super) fn read_opener(
    session: &Session<'_, '_>,
    args: &OpenerArgs,
) -> Result<Option<Opener>, Failure> {
    if let Some(passphrase) = &args.passphrase {
        let passphrase = read_named(session, passphrase, PASSPHRASE)?;
        return Ok(Some(Opener::Passphrase(passphrase)));
    }
    let Some(identity) = &args.identity else {
        return Ok(None);
    };
    let text = read_named(session, identity, IDENTITY)?;
    let identities = AgeIdentity::parse_all(text.expose());
    let identities = identities.map_err(|error| KeyFailure::Secret(error.into()))?;
    Ok(Some(Opener::Identities(identities)))
}

/// The same where one must be.
pub(super) fn require_opener(
    session: &Session<'_, '_>,
    args: &OpenerArgs,
) -> Result<Opener, Failure> {
    let opener = read_opener(session, args)?;
    opener.ok_or_else(|| KeyFailure::NoOpener.into())
}

/// The password with which conflux opens the key of a node.
pub(super) fn read_node_password(place: &NodeKeyPlace) -> Result<Secret, Failure> {
    if place.ignores_password {
        return Ok(Secret::new(String::new()));
    }
    // What a container reads by itself is a file of this machine, which root can read too.
    let mounted = place.password.mounted().map(SecretRef::File);
    read(mounted.as_ref().unwrap_or(&place.password), PASSWORD)
}

/// A secret that an option names. What stands there is not repeated: it may be the secret itself.
fn read_named(
    session: &Session<'_, '_>,
    text: &str,
    what: &'static str,
) -> Result<Secret, Failure> {
    let reference = SecretRef::try_from(text.to_owned());
    let reference = reference.map_err(|source| KeyFailure::NoSecret { what, source })?;
    let reference = match reference {
        SecretRef::File(path) => SecretRef::File(session.project.path(&path)),
        other => other,
    };
    read(&reference, what)
}

/// As strict as with the key of an account: each of them opens a PoS key.
fn read(reference: &SecretRef, what: &'static str) -> Result<Secret, Failure> {
    let secret = reference.read_key();
    secret.map_err(|source| KeyFailure::NoSecret { what, source }.into())
}

/// The failure of a bundle at a path.
pub(super) fn of_bundle(path: &std::path::Path) -> impl Fn(BundleError) -> Failure + '_ {
    move |source| {
        let path = path.to_owned();
        KeyFailure::Bundle { path, source }.into()
    }
}
