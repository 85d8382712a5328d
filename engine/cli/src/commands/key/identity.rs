//! `pospool key identity`: a new age identity, for who is to open bundles.

use pospool_keys::age::AgeIdentity;
use zeroize::Zeroizing;

use super::files::write_new_file;
use super::kept::time_now;
use crate::args::IdentityArgs;
use crate::commands::Session;
use crate::commands::state::report::report_done;
use crate::exit::Exit;
use crate::failure::{Failure, KeyFailure};
use crate::view;

/// Runs the command.
pub(super) fn run_key_identity(
    session: &mut Session<'_, '_>,
    args: &IdentityArgs,
) -> Result<Exit, Failure> {
    let identity = AgeIdentity::generate().map_err(|error| KeyFailure::Secret(error.into()))?;
    let recipient = identity.recipient().to_string();
    let secret = identity.secret_name();
    let text = format!(
        "# created: {}\n# public key: {recipient}\n{}\n",
        time_now(),
        secret.as_str()
    );
    let text = Zeroizing::new(text);
    write_new_file(&session.project.path(&args.to), text.as_bytes())?;
    let text = view::key::format_identity(&args.to, &recipient);
    let json = view::key::identity_json(&args.to, &recipient);
    report_done(session, &text, &json)
}
