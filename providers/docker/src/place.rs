//! Where the data of a node lies: a volume of Docker, or a folder of the host.
//!
//! - Reads: names and paths of specs, states and plans.
//! - Returns: checked values in one normal form, and how a container mounts them.
//! - Never: lets a path through that leads somewhere else than it says.

use std::fmt;
use std::path::{Path, PathBuf};

use bollard::models::{Mount, MountType};
use serde::{Deserialize, Serialize};

use crate::client::ListedContainer;
use crate::names::Name;

/// Longest path that Linux takes.
const LONGEST: usize = 4095;

/// Where the data of a node lies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum DataLocation {
    /// A volume that Docker keeps.
    Volume(Name),
    /// A folder of the host.
    Folder(Folder),
}

impl DataLocation {
    /// Reads the text of [`fmt::Display`]: a name, or an absolute path.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with('/') {
            return Folder::new(text).map(Self::Folder);
        }
        Name::new(text)
            .map(Self::Volume)
            .map_err(|error| error.to_string())
    }

    /// How a container mounts it: as `binds`, or as `mounts` of the request.
    ///
    /// A folder is a mount and not a bind, because Docker makes the folder of a bind that is missing, as root and
    /// empty: a node would start without its key when a disk is not there.
    pub(crate) fn mounted(&self, at: &str, writable: bool) -> (Vec<String>, Vec<Mount>) {
        match self {
            Self::Volume(name) if writable => (vec![format!("{name}:{at}")], Vec::new()),
            Self::Volume(name) => (vec![format!("{name}:{at}:ro")], Vec::new()),
            Self::Folder(folder) => {
                let mount = Mount {
                    target: Some(at.to_owned()),
                    source: Some(folder.to_string()),
                    typ: Some(MountType::BIND),
                    read_only: Some(!writable),
                    ..Mount::default()
                };
                (Vec::new(), vec![mount])
            }
        }
    }

    /// Whether a container has it, or a part of it, among its mounts.
    pub(crate) fn is_mounted_by(&self, container: &ListedContainer) -> bool {
        match self {
            Self::Volume(name) => {
                container.volumes.iter().any(|it| it == name.as_str())
                    || container
                        .folders
                        .iter()
                        .any(|it| is_in_volume(&real_path(it), name.as_str()))
            }
            Self::Folder(folder) => container
                .folders
                .iter()
                .any(|it| real_path(it).starts_with(folder.as_path())),
        }
    }
}

/// Docker keeps the path as it was written, perhaps with symbolic links.
fn real_path(path: &str) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.into())
}

/// Whether a folder is where Docker keeps a volume (`ROOT/volumes/NAME/_data`), or lies in there.
fn is_in_volume(folder: &Path, volume: &str) -> bool {
    let parts: Vec<_> = folder.iter().collect();
    let kept = ["volumes", volume, "_data"];
    parts
        .windows(kept.len())
        .any(|window| window.iter().zip(kept).all(|(part, kept)| *part == kept))
}

impl fmt::Display for DataLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Volume(name) => name.fmt(f),
            Self::Folder(folder) => folder.fmt(f),
        }
    }
}

impl TryFrom<String> for DataLocation {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<DataLocation> for String {
    fn from(place: DataLocation) -> Self {
        place.to_string()
    }
}

/// An absolute path in one normal form: no `.`, no `..`, no slash twice or at the end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Folder(String);

impl Folder {
    /// Reads a path; says in words what is wrong with it.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        if !text.starts_with('/') {
            return Err(format!("`{text}` is not an absolute path"));
        }
        if text.len() > LONGEST || text.chars().any(char::is_control) {
            return Err("the path is too long, or holds a control character".to_owned());
        }
        let parts = text
            .split('/')
            .filter(|part| !part.is_empty() && *part != ".");
        let parts: Vec<&str> = parts.collect();
        if parts.contains(&"..") {
            return Err(format!(
                "`{text}` goes back with `..`; write where it leads"
            ));
        }
        if parts.is_empty() {
            return Err("`/` is the whole machine".to_owned());
        }
        Ok(Self(format!("/{}", parts.join("/"))))
    }

    /// Returns the path.
    pub(crate) fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }

    /// Whether one of the two lies in the other, or both are the same.
    pub(crate) fn overlaps(&self, other: &Path) -> bool {
        self.as_path().starts_with(other) || other.starts_with(self.as_path())
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Folder {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::new(&text)
    }
}

impl From<Folder> for String {
    fn from(folder: Folder) -> Self {
        folder.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_path_has_one_normal_form() {
        for text in ["/srv/pool", "/srv//pool/", "/srv/./pool/."] {
            assert_eq!(Folder::new(text).unwrap().to_string(), "/srv/pool");
        }
        for text in ["", "srv/pool", "./pool", "/", "//", "/srv/../etc", "/a\nb"] {
            assert!(Folder::new(text).is_err(), "{text}");
        }
    }

    #[test]
    fn folders_overlap_by_whole_names() {
        let folder = Folder::new("/srv/pool").unwrap();
        for other in ["/srv/pool", "/srv/pool/a", "/srv"] {
            assert!(folder.overlaps(Path::new(other)), "{other}");
        }
        for other in ["/srv/pool2", "/srv/poo", "/mnt"] {
            assert!(!folder.overlaps(Path::new(other)), "{other}");
        }
    }

    #[test]
    fn a_place_is_read_as_it_is_written() {
        for text in ["pospool-1a2b3c4d-main", "/srv/pool"] {
            assert_eq!(DataLocation::parse(text).unwrap().to_string(), text);
            let json = serde_json::to_string(&DataLocation::parse(text).unwrap()).unwrap();
            assert_eq!(json, format!("\"{text}\""), "as older plans have it");
        }
        for text in ["", "srv/pool", "../x", "/"] {
            assert!(DataLocation::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_volume_is_reached_by_its_path_too() {
        let place = DataLocation::parse("pospool-1a2b3c4d-main").unwrap();
        let container = |volume: &str, folder: &str| ListedContainer {
            id: String::new(),
            name: String::new(),
            labels: BTreeMap::new(),
            running: true,
            volumes: vec![volume.to_owned()],
            folders: vec![folder.to_owned()],
            ports: Vec::new(),
        };
        let kept = "/var/lib/docker/volumes/pospool-1a2b3c4d-main/_data";
        for (volume, folder, is_mounted) in [
            ("pospool-1a2b3c4d-main", "/srv", true),
            ("other", kept, true),
            ("other", &format!("{kept}/pos_db"), true),
            (
                "other",
                "/var/lib/docker/volumes/pospool-1a2b3c4d-main2/_data",
                false,
            ),
            ("other", "/srv/pospool-1a2b3c4d-main/_data", false),
        ] {
            let other = container(volume, folder);
            assert_eq!(place.is_mounted_by(&other), is_mounted, "{volume} {folder}");
        }
    }

    #[test]
    fn a_folder_is_never_made_by_docker() {
        let (binds, mounts) = DataLocation::parse("/srv/pool")
            .unwrap()
            .mounted("/data", true);
        assert!(binds.is_empty());
        assert_eq!(mounts[0].source.as_deref(), Some("/srv/pool"));
    }
}
