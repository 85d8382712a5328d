//! How the machine is, as far as a container sees it.
//!
//! - Reads: the file system of the volume, the limits of the process.
//! - Returns: figures, each of which may be missing.

use std::path::Path;

use pospool_model::guard::MachineFacts;
use rustix::fs::StatVfs;
use rustix::process::{Resource, getrlimit};

/// Looks at the machine; `data` is the folder of the volume.
pub(crate) fn look_at_machine(data: &Path) -> MachineFacts {
    let disk = rustix::fs::statvfs(data).ok();
    let bytes = |blocks: fn(&StatVfs) -> u64| {
        let disk = disk.as_ref()?;
        Some(blocks(disk).saturating_mul(disk.f_frsize))
    };
    MachineFacts {
        // What the node's own user may use: some of a disk is kept for root.
        disk_free_bytes: bytes(|disk| disk.f_bavail),
        disk_total_bytes: bytes(|disk| disk.f_blocks),
        open_files_limit: getrlimit(Resource::Nofile).current,
        // The kernel's word on that needs a system call that no safe crate here has.
        clock_synchronised: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_a_disk_and_a_missing_one_has_none() {
        let folder = tempfile::tempdir().unwrap();
        let seen = look_at_machine(folder.path());
        let (free, total) = (
            seen.disk_free_bytes.unwrap(),
            seen.disk_total_bytes.unwrap(),
        );
        assert!(free <= total && total > 0);
        assert!(seen.open_files_limit.is_none_or(|limit| limit > 0));
        let nowhere = look_at_machine(&folder.path().join("nowhere"));
        assert_eq!(
            (nowhere.disk_free_bytes, nowhere.disk_total_bytes),
            (None, None)
        );
    }
}
