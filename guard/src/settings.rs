//! The guard's settings, and the places that follow from them.

use std::path::{Path, PathBuf};

use pospool_model::guard::GuardSettings;

/// The safety file of conflux: what the key signed up to.
pub(crate) fn safety_file(settings: &GuardSettings) -> PathBuf {
    settings.data.join("pos_db/secure_storage.json")
}

/// The private key of the node's network identity.
pub(crate) fn network_key(settings: &GuardSettings) -> PathBuf {
    settings.data.join("blockchain_data/net_config/key")
}

/// Folder of the guard's own files.
pub(crate) fn own_folder(settings: &GuardSettings) -> PathBuf {
    settings.data.join("guard")
}

/// Where the report lies.
pub(crate) fn report_file(settings: &GuardSettings) -> PathBuf {
    settings.runtime.join("pospool.guard.json")
}

/// With this file `pospool guard --clear` says that a person has looked.
pub(crate) fn clearance_file(runtime: &Path) -> PathBuf {
    runtime.join("pospool.guard.clear")
}

/// With this file a start is asked for of a guard that has given up.
pub(crate) fn start_file(runtime: &Path) -> PathBuf {
    runtime.join("pospool.guard.start")
}

/// With this file the guard says that it has its secrets.
pub(crate) fn started_file(settings: &GuardSettings) -> PathBuf {
    settings.runtime.join("pospool-started")
}

/// Reads the settings of the image.
pub fn read_settings(path: &Path) -> Result<GuardSettings, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("`{}` cannot be read: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("`{}`: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use pospool_model::guard::{REPORT_PATH, RUNTIME_DIR, START_PATH};

    use super::*;

    #[test]
    fn whoever_looks_into_the_container_knows_the_same_places() {
        let runtime = Path::new(RUNTIME_DIR);
        assert_eq!(start_file(runtime), Path::new(START_PATH));
        let settings = GuardSettings {
            runtime: runtime.to_owned(),
            ..crate::volume::tests::settings(runtime)
        };
        assert_eq!(report_file(&settings), Path::new(REPORT_PATH));
    }
}
