//! The spec with new lines, in the place of the old one.
//!
//! - Does: replaces the file as a whole; a link stays a link, and who may read it stays who may.
//! - Never: leaves half a spec behind; replaces a text that nobody has read.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use crate::failure::{Failure, ImportFailure};

/// Replaces the text of the spec, if it is still what was read: whoever is asked may take hours, with an editor beside.
pub(super) fn replace_spec(spec: &Path, before: &str, text: &str) -> Result<(), Failure> {
    let place = fs::canonicalize(spec).map_err(Failure::of_file("find", spec))?;
    let now = fs::read(&place).map_err(Failure::of_file("read", &place))?;
    if now != before.as_bytes() {
        return Err(ImportFailure::Changed.into());
    }
    let beside = place.with_extension("hcl.new");
    let failed = |verb| Failure::of_file(verb, &beside);
    let rights = fs::metadata(&place).map_err(Failure::of_file("look at", &place))?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&beside)
        .map_err(failed("create"))?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.set_permissions(rights.permissions()))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&beside, &place));
    written.map_err(|source| {
        // Only ever the file that this run made.
        let _ = fs::remove_file(&beside);
        Failure::of_file("write", &place)(source)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_link_stays_one_and_rights_stay() {
        let folder = tempfile::tempdir().unwrap();
        let (spec, link) = (
            folder.path().join("real.hcl"),
            folder.path().join("pool.hcl"),
        );
        fs::write(&spec, "a").unwrap();
        fs::set_permissions(&spec, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&spec, &link).unwrap();
        replace_spec(&link, "a", "b").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&spec).unwrap(), "b");
        assert_eq!(
            fs::metadata(&spec).unwrap().permissions().mode() & 0o777,
            0o640
        );
        // What lies there already is somebody's.
        fs::write(folder.path().join("real.hcl.new"), "theirs").unwrap();
        assert!(replace_spec(&spec, "b", "c").is_err());
        assert_eq!(fs::read_to_string(&spec).unwrap(), "b");
    }

    #[test]
    fn what_somebody_wrote_meanwhile_stays() {
        let folder = tempfile::tempdir().unwrap();
        let spec = folder.path().join("pool.hcl");
        fs::write(&spec, "theirs").unwrap();
        let failed = replace_spec(&spec, "read", "new").unwrap_err();
        assert!(matches!(failed, Failure::Import(ImportFailure::Changed)));
        assert_eq!(fs::read_to_string(&spec).unwrap(), "theirs");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
