//! A bundle for somebody who helps: one archive with what is known of a pool.
//!
//! - Reads: what one look has seen, and the text of the spec.
//! - Returns: the bytes of the archive.
//! - Never: holds a secret: a status has none, and URLs in other people's texts are in their shown form.

use std::io;

use flate2::Compression;
use flate2::write::GzEncoder;
use pospool_model::endpoint::show_endpoints;
use pospool_status::{Diagnosis, find_verdict};
use serde_json::Value as Json;

use crate::commands::condition::PoolLook;
use crate::failure::Failure;
use crate::view;
use crate::view::Paint;

/// Packs what is known.
pub(super) fn pack_bundle(
    look: &PoolLook,
    diagnoses: &[Diagnosis],
    spec: Option<&str>,
) -> Result<Vec<u8>, Failure> {
    let status = &look.status;
    let verdict = find_verdict(status, diagnoses);
    let plain = Paint::PLAIN;
    let mut files = vec![
        (
            "README.txt".to_owned(),
            view::doctor::BUNDLE_README.to_owned(),
        ),
        (
            "status.txt".to_owned(),
            view::status::format_status(status, diagnoses, &verdict, plain),
        ),
        (
            "status.json".to_owned(),
            lines_of(&view::status::status_to_json(status, diagnoses, &verdict))?,
        ),
        (
            "doctor.txt".to_owned(),
            view::doctor::format_doctor(status, diagnoses, plain),
        ),
        (
            "doctor.json".to_owned(),
            lines_of(&view::doctor::doctor_to_json(status, diagnoses))?,
        ),
        (
            "version.json".to_owned(),
            lines_of(&view::version::version_to_json())?,
        ),
    ];
    files.extend(spec.map(|spec| ("pool.hcl".to_owned(), spec.to_owned())));
    files.extend(look.logs.iter().map(|(address, lines)| {
        let mut text = lines.join("\n");
        text.push('\n');
        (format!("logs/{address}.txt"), view::clean_text(&text))
    }));
    pack(&files, status.made_at).map_err(|source| Failure::System("make the archive", source))
}

fn lines_of(json: &Json) -> Result<String, Failure> {
    serde_json::to_string_pretty(json).map_err(Failure::Encode)
}

/// An archive of texts, all in one folder; `made_at` is in seconds since 1970.
fn pack(files: &[(String, String)], made_at: u64) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (name, text) in files {
        let text = show_endpoints(text);
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(made_at);
        archive.append_data(
            &mut header,
            format!("pospool-bundle/{name}"),
            text.as_bytes(),
        )?;
    }
    archive.into_inner()?.finish()
}
