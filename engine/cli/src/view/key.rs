//! What the commands on PoS keys did.
//!
//! - Reads: manifests, places.
//! - Returns: what was done and what follows from it; as text or JSON.
//! - Never: shows a secret. A manifest comes from a file, and is shown without what could move the terminal.

use std::fmt::Write as _;
use std::path::Path;

use pospool_docker::NodeKeyPlace;
use pospool_keys::age::{Lock, LockKind};
use pospool_keys::{Manifest, Placement};
use pospool_model::guard::PosRound;
use serde_json::{Value as Json, json};

use super::{FORMAT_VERSION, clean_text, format_count};

/// The state could not be written after the rest was done.
pub const NOT_NOTED: &str =
    "this was done, but its date could not be noted in the state, so `pospool plan` will warn\n";

/// A bundle was made.
#[must_use]
pub fn format_backup(path: &Path, manifest: &Manifest, lock: &Lock) -> String {
    let opens = match lock {
        Lock::Recipients(recipients) => {
            let names: Vec<String> = recipients.iter().map(ToString::to_string).collect();
            format!("opens for each of: {}", names.join(", "))
        }
        Lock::Passphrase(..) => "opens with its passphrase".to_owned(),
    };
    format!(
        "the PoS key {} of `{}`, its password and its safety file are in `{}`; it {opens}\n\
         Keep it on another machine, and prove it now: pospool key drill {}\n",
        manifest.pos_address,
        manifest.node,
        path.display(),
        path.display()
    )
}

/// The same as JSON.
#[must_use]
pub fn backup_json(path: &Path, manifest: &Manifest) -> Json {
    json!({
        "format_version": FORMAT_VERSION,
        "bundle": path,
        "manifest": manifest,
    })
}

/// What a bundle is.
#[must_use]
pub fn format_bundle(path: &Path, kind: LockKind, size: usize, of: Option<&Manifest>) -> String {
    let lock = match kind {
        LockKind::Passphrase => "locked with a passphrase".to_owned(),
        LockKind::Recipients(count) => {
            let recipients = format_count(count, "recipient", "recipients");
            format!("locked for {recipients}")
        }
    };
    let mut text = format!(
        "`{}`: an age file of {size} bytes, {lock}\n",
        path.display()
    );
    match of {
        None => text.push_str("its secret says what is in it: --identity or --passphrase\n"),
        Some(manifest) => text.push_str(&format_manifest(manifest)),
    }
    text
}

fn format_manifest(manifest: &Manifest) -> String {
    let mut lines = vec![
        ("PoS address", manifest.pos_address.clone()),
        ("node", manifest.node.to_string()),
        ("state", manifest.lineage.clone()),
        (
            "made",
            format!("{} by {}", manifest.made_at, manifest.made_by),
        ),
    ];
    if let Some(chain) = &manifest.chain {
        let chain = format!(
            "{} and {} in eSpace, genesis {}",
            chain.core_chain_id, chain.espace_chain_id, chain.genesis_hash
        );
        lines.push(("chain", chain));
    }
    let signed = manifest.safety.map(|kept| PosRound::from(kept).to_string());
    let signed = signed.map_or_else(
        || "no safety file was there".to_owned(),
        |signed| format!("{signed}; forward only: it never replaces a newer one"),
    );
    lines.push(("signed up to", signed));
    for (contract, address) in &manifest.contracts {
        lines.push(("contract", format!("{contract} {address}")));
    }
    let mut text = String::new();
    for (name, value) in lines {
        // A text of a file; writing into a text cannot fail.
        let _ = writeln!(text, "  {name:<13} {}", clean_text(&value));
    }
    text
}

/// The same as JSON.
#[must_use]
pub fn bundle_json(path: &Path, kind: LockKind, size: usize, of: Option<&Manifest>) -> Json {
    let recipients = match kind {
        LockKind::Passphrase => None,
        LockKind::Recipients(count) => Some(count),
    };
    json!({
        "format_version": FORMAT_VERSION,
        "bundle": path,
        "bytes": size,
        "passphrase": kind == LockKind::Passphrase,
        "recipients": recipients,
        "manifest": of,
    })
}

/// A drill ended well.
#[must_use]
pub fn format_drill(path: &Path, manifest: &Manifest, compared: bool) -> String {
    let compared = if compared {
        "It is the key that the state records; the date is noted there"
    } else {
        "There is no state of its pool here to compare with, so no date is noted"
    };
    format!(
        "`{}` opens, its password opens the key, and the key's address is {}. {compared}\n",
        path.display(),
        clean_text(&manifest.pos_address)
    )
}

/// The same as JSON.
#[must_use]
pub fn drill_json(path: &Path, manifest: &Manifest, compared: bool) -> Json {
    json!({
        "format_version": FORMAT_VERSION,
        "bundle": path,
        "pos_address": manifest.pos_address,
        "recorded": compared,
    })
}

/// A key was put onto a volume.
#[must_use]
pub fn format_placed(
    place: &NodeKeyPlace,
    pos_address: &str,
    placed: Placement,
    password_to: Option<&Path>,
) -> String {
    let (at, node) = (place.place(), &place.node);
    let address = clean_text(pos_address);
    let mut text = if placed.is_empty() {
        format!(
            "`{at}` has the PoS key {address} and its safety file already; nothing was written\n"
        )
    } else {
        let what = match (placed.pos_key, placed.safety_file) {
            (true, true) => "has the PoS key and its safety file now",
            (true, false) => "has the PoS key now; its safety file stays as it was",
            _ => "had the PoS key; its safety file was older than this one, and is this one now",
        };
        format!(
            "`{at}` {what}: {address}\n\
             Stop every other node that has this key, and keep it stopped. Then `pospool apply`: `{node}` votes only \
             after a whole PoS epoch in which it watched that nobody else signs\n"
        )
    };
    if let Some(path) = password_to {
        let _ = writeln!(
            text,
            "its password is in `{}`: let `pos_key_password` name it; a `mount(…)` also needs `chown 10001`",
            path.display()
        );
    }
    text
}

/// The same as JSON.
#[must_use]
pub fn placed_json(place: &NodeKeyPlace, pos_address: &str, placed: Placement) -> Json {
    json!({
        "format_version": FORMAT_VERSION,
        "node": place.node,
        "place": place.place(),
        "pos_address": pos_address,
        "wrote_key": placed.pos_key,
        "wrote_safety_file": placed.safety_file,
    })
}

/// An identity was made.
#[must_use]
pub fn format_identity(path: &Path, recipient: &str) -> String {
    format!(
        "recipient: {recipient}\nWho holds `{}` opens the bundles that are made for it: keep it off the node's host\n",
        path.display()
    )
}

/// The same as JSON.
#[must_use]
pub fn identity_json(path: &Path, recipient: &str) -> Json {
    json!({
        "format_version": FORMAT_VERSION,
        "identity": path,
        "recipient": recipient,
    })
}
