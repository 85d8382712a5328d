//! A volume that is a folder of the host, on a disk of the operator's choice.
//!
//! - Reads: the folder's owner and mode, and the mark in it that says whose it is.
//! - Returns: what was found, and problems with the command that mends them; a marked folder.
//! - Never: makes the folder, changes its owner or mode, or takes one that belongs to somebody else.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use pospool_model::{Address, Attributes, Problem, ProviderError, Value};
use serde::{Deserialize, Serialize};

use crate::client::Engine;
use crate::codes;
use crate::facts::{FolderFacts, Mark};
use crate::job::FolderJob;
use crate::place::{DataLocation, Folder};
use crate::render::layout::DATA_DIR;
use crate::user::{GROUP_ID, USER_ID};
use crate::view::EngineView;
use crate::workload::helper::{self, Helper};
use crate::workload::labels::owner_labels;

/// File in the folder that says whose it is: Docker's own volumes have labels for that.
pub(crate) const MARK: &str = ".pospool-volume.json";
/// What lies in a folder that holds a node's data.
const DATA: [&str; 3] = ["blockchain_data", "pos_db", "pos_config"];

/// Content of the mark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Owner {
    /// Lineage of the state.
    lineage: String,
    /// The volume.
    address: String,
}

/// Inspects a folder: that it is there, and the node's.
pub(crate) fn inspect_folder(path: &str) -> Result<FolderFacts, Problem> {
    let wrong = |what: String| Problem::new(codes::VOLUME_PATH, &["path"], what);
    let path = Folder::new(path).map_err(wrong)?;
    let real = std::fs::canonicalize(path.as_path());
    let real = real.map_err(|error| unreadable(&path, &error))?;
    let found = std::fs::metadata(&real).map_err(|error| unreadable(&path, &error))?;
    if !found.is_dir() {
        return Err(wrong(format!("`{path}` is not a folder")));
    }
    let text = real.to_string_lossy();
    let real_folder = Folder::new(&text).map_err(wrong)?;
    refuse_rights(&real_folder, found.uid(), found.gid(), found.mode())?;
    Ok(FolderFacts {
        real: real_folder,
        mark: Mark::Unseen,
        identity: (found.dev(), found.ino()),
    })
}

fn unreadable(path: &Folder, error: &std::io::Error) -> Problem {
    let problem = Problem::new(
        codes::VOLUME_PATH,
        &["path"],
        format!("the folder `{path}` cannot be read: {error}"),
    );
    if error.kind() == ErrorKind::NotFound {
        return problem.help(format!(
            "mount its disk if it has one of its own; then make it: `{}`",
            command("install -d", path)
        ));
    }
    problem.help("let the user that runs pospool pass the folders above it (`chmod o+x`)")
}

/// What makes the folder as the node needs it.
fn command(verb: &str, path: &Folder) -> String {
    format!(
        "sudo {verb} -o {USER_ID} -g {GROUP_ID} -m 0700 {}",
        quoted(path)
    )
}

fn quoted(path: &Folder) -> String {
    let text = path.to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The node runs as its own user, and nobody else has any business among its keys.
fn refuse_rights(path: &Folder, user: u32, group: u32, mode: u32) -> Result<(), Problem> {
    let mode = mode & 0o7777;
    let mut wrong = Vec::new();
    if (user, group) != (USER_ID, GROUP_ID) {
        wrong.push(format!("belongs to {user}:{group}"));
    }
    if mode & 0o777 != 0o700 {
        wrong.push(format!("has mode {mode:04o}"));
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let what = wrong.join(" and ");
    let path_text = quoted(path);
    Err(Problem::new(
        codes::VOLUME_PATH,
        &["path"],
        format!("the folder `{path}` {what}; the node is user {USER_ID}, and only it may enter"),
    )
    .help(format!(
        "`sudo chown {USER_ID}:{GROUP_ID} {path_text} && sudo chmod 0700 {path_text}`"
    )))
}

/// Reads the mark, as far as this user may: that of somebody else is a problem.
pub(crate) fn read_mark(path: &Folder, lineage: &str, address: &Address) -> Result<Mark, Problem> {
    match std::fs::read(path.as_path().join(MARK)) {
        Ok(bytes) => {
            let foreign = refuse_foreign(path, &bytes, lineage, address);
            foreign
                .map(|()| Mark::Ours)
                .map_err(|what| Problem::new(codes::VOLUME_FOREIGN, &["path"], what))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Mark::Missing),
        Err(_) => Ok(Mark::Unseen),
    }
}

/// A mark that names somebody else, in words.
fn refuse_foreign(
    path: &Folder,
    bytes: &[u8],
    lineage: &str,
    address: &Address,
) -> Result<(), String> {
    let ours = wanted_mark(lineage, address);
    let whose = match serde_json::from_slice::<Owner>(bytes) {
        Ok(found) if found == ours => return Ok(()),
        Ok(found) if found.lineage == lineage => format!("`{}` of this state", found.address),
        Ok(found) => format!(
            "`{}` of the state with lineage {}",
            found.address, found.lineage
        ),
        Err(_) => "somebody that its mark does not name".to_owned(),
    };
    Err(format!(
        "the folder `{path}` belongs to {whose}; give {address} another folder. If nobody uses it any more, and its \
         PoS key votes nowhere else, give it to this state: {}",
        hand_over(path, lineage, address)
    ))
}

fn wanted_mark(lineage: &str, address: &Address) -> Owner {
    Owner {
        lineage: lineage.to_owned(),
        address: address.to_string(),
    }
}

fn mark_text(lineage: &str, address: &Address) -> String {
    // Two texts always have a JSON form.
    serde_json::to_string(&wanted_mark(lineage, address)).unwrap_or_default()
}

/// The command that marks a folder by hand.
fn hand_over(path: &Folder, lineage: &str, address: &Address) -> String {
    let place = Folder::new(&format!("{path}/{MARK}"));
    let place = place.map(|place| quoted(&place)).unwrap_or_default();
    format!(
        "`echo '{}' | sudo tee {place} && sudo chown {USER_ID}:{GROUP_ID} {place}`",
        mark_text(lineage, address)
    )
}

/// Two names of one place are one place.
pub(crate) fn refuse_same_place(
    address: &Address,
    found: &FolderFacts,
    view: &EngineView,
    others: &BTreeMap<Address, FolderFacts>,
) -> Result<(), Problem> {
    let same = |what: String| {
        Problem::new(codes::SAME_PLACE, &["path"], what)
            .help("give each volume a folder of its own that lies in no other one")
    };
    if view.maps_users {
        return Err(Problem::new(
            codes::VOLUME_PATH,
            &["path"],
            "this Docker Engine maps the users of its containers to others (rootless, or `userns-remap`), and a folder \
             of the host has no owner that fits",
        )
        .help("leave `path` out: the data then lies in a volume of Docker's own"));
    }
    let root = real(&view.facts.root);
    if found.real.as_path().starts_with(&root) || root.starts_with(found.real.as_path()) {
        let what = format!("`{}` lies where Docker keeps its own data", found.real);
        return Err(same(what));
    }
    for volume in &view.volumes {
        if volume
            .folders
            .iter()
            .any(|it| found.real.overlaps(&real(it)))
        {
            let what = format!(
                "`{}` is the Docker volume `{}` too",
                found.real, volume.name
            );
            return Err(same(what));
        }
    }
    let other = others.iter().find(|(_, other)| {
        other.identity == found.identity || found.real.overlaps(other.real.as_path())
    });
    match other {
        None => Ok(()),
        Some((other, facts)) => Err(same(format!(
            "{address} and {other} are one place: `{}` and `{}`",
            found.real, facts.real
        ))),
    }
}

fn real(path: &str) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| Path::new(path).to_owned())
}

/// Marks a folder, or finds it marked.
pub(crate) async fn mark_folder(
    engine: &Engine,
    job: &FolderJob,
) -> Result<Attributes, ProviderError> {
    // Again, as close to the use as can be: what the plan saw may be hours old.
    let found = inspect_folder(&job.folder.to_string());
    let found = found.map_err(|problem| {
        let help = problem
            .help
            .map(|help| format!("; {help}"))
            .unwrap_or_default();
        ProviderError::refused(problem.code, format!("{}{help}", problem.summary))
    })?;
    if found.real != job.folder {
        let what = format!("`{}` leads to `{}` now; plan again", job.folder, found.real);
        return Err(ProviderError::refused(codes::VOLUME_PATH, what));
    }
    let place = DataLocation::Folder(job.folder.clone());
    let image = helper::blank_image(engine).await?;
    let name = helper::helper_name(&job.lineage, &job.address)?;
    let owner = owner_labels(&job.lineage, &job.address);
    let helper = Helper::open(engine, &name, &owner, helper::idle_helper(&image, &place)).await?;
    let marked = mark(engine, &helper, job).await;
    helper.close().await?;
    marked?;
    Ok([("name".to_owned(), Value::from(job.folder.to_string()))].into())
}

async fn mark(engine: &Engine, helper: &Helper<'_>, job: &FolderJob) -> Result<(), ProviderError> {
    if let Some(bytes) = helper.read(MARK).await? {
        return refuse_foreign(&job.folder, &bytes, &job.lineage, &job.address)
            .map_err(|what| ProviderError::refused(codes::VOLUME_FOREIGN, what));
    }
    for name in DATA {
        if engine
            .has_file(helper.id(), &format!("{DATA_DIR}/{name}"))
            .await?
        {
            let what = format!(
                "the folder `{}` holds `{name}` of a node that this state does not know; give {} an empty folder, or, \
                 if the PoS key in it votes nowhere else, give the folder to this state: {}",
                job.folder,
                job.address,
                hand_over(&job.folder, &job.lineage, &job.address)
            );
            return Err(ProviderError::refused(codes::NOT_EMPTY, what));
        }
    }
    let mut text = mark_text(&job.lineage, &job.address);
    text.push('\n');
    helper.write_tree(&[(MARK, text.as_bytes())]).await
}

/// Removes what a node left in a folder, and leaves the folder itself.
pub(crate) fn clear_folder(job: &FolderJob) -> Result<Attributes, ProviderError> {
    let root = job.folder.as_path();
    let failed = |path: &Path, source: std::io::Error| ProviderError::Refused {
        code: codes::VOLUME_PATH,
        what: format!(
            "`{}` cannot be removed; remove what is left by hand: `sudo find {} -mindepth 1 -delete`",
            path.display(),
            quoted(&job.folder)
        ),
        source: Some(Box::new(source)),
    };
    let mark = match std::fs::read(root.join(MARK)) {
        Ok(mark) => mark,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Attributes::new()),
        Err(error) => return Err(failed(&root.join(MARK), error)),
    };
    refuse_foreign(&job.folder, &mark, &job.lineage, &job.address)
        .map_err(|what| ProviderError::refused(codes::VOLUME_FOREIGN, what))?;
    let entries = std::fs::read_dir(root).map_err(|error| failed(root, error))?;
    for entry in entries {
        let path = entry.map_err(|error| failed(root, error))?.path();
        // The mark goes last: what is cut half way is still ours.
        if path.file_name().is_some_and(|name| name == MARK) {
            continue;
        }
        let removed = if path.is_dir() && !path.is_symlink() {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
        removed.map_err(|error| failed(&path, error))?;
    }
    std::fs::remove_file(root.join(MARK)).map_err(|error| failed(root, error))?;
    Ok(Attributes::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(text: &str) -> Folder {
        Folder::new(text).unwrap()
    }

    #[test]
    fn a_folder_of_somebody_else_is_refused_with_the_command_that_mends_it() {
        let path = folder("/srv/my pool");
        assert!(refuse_rights(&path, USER_ID, GROUP_ID, 0o40700).is_ok());
        for (user, group, mode, said) in [
            (0, 0, 0o40700, "belongs to 0:0"),
            (USER_ID, 0, 0o40700, "belongs to 10001:0"),
            (USER_ID, GROUP_ID, 0o40755, "has mode 0755"),
            (0, 0, 0o40777, "belongs to 0:0 and has mode 0777"),
        ] {
            let problem = refuse_rights(&path, user, group, mode).unwrap_err();
            assert_eq!(problem.code, "docker/volume-path");
            assert!(problem.summary.contains(said), "{problem:?}");
            let help = problem.help.unwrap();
            assert!(help.contains("sudo chmod 0700 '/srv/my pool'"), "{help}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_never_made() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("pool");
        let problem = inspect_folder(path.to_str().unwrap()).unwrap_err();
        assert_eq!(problem.code, "docker/volume-path");
        let help = problem.help.unwrap();
        assert!(
            help.contains("sudo install -d -o 10001 -g 10001 -m 0700"),
            "{help}"
        );
        assert!(!path.exists());
    }

    #[test]
    fn the_mark_of_another_state_or_volume_is_foreign() {
        let (path, address) = (folder("/srv/pool"), "volume.main".parse().unwrap());
        let text = mark_text("1a2b", &address);
        assert!(refuse_foreign(&path, text.as_bytes(), "1a2b", &address).is_ok());
        let other = "volume.other".parse().unwrap();
        for (bytes, said) in [
            (
                mark_text("ffff", &address),
                "of the state with lineage ffff",
            ),
            (mark_text("1a2b", &other), "`volume.other` of this state"),
            ("{".to_owned(), "does not name"),
        ] {
            let what = refuse_foreign(&path, bytes.as_bytes(), "1a2b", &address).unwrap_err();
            assert!(what.contains(said), "{what}");
            assert!(
                what.contains("sudo tee /srv/pool/.pospool-volume.json"),
                "{what}"
            );
        }
    }

    #[test]
    fn only_a_marked_folder_is_emptied() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("pos_db")).unwrap();
        std::fs::write(root.path().join("pos_db/a"), "a").unwrap();
        let address: Address = "volume.main".parse().unwrap();
        let job = FolderJob {
            docker: String::new(),
            folder: folder(root.path().to_str().unwrap()),
            lineage: "1a2b".to_owned(),
            address: address.clone(),
        };
        clear_folder(&job).unwrap();
        assert!(root.path().join("pos_db/a").exists(), "not ours");
        let foreign = mark_text("ffff", &address);
        std::fs::write(root.path().join(MARK), foreign).unwrap();
        assert_eq!(
            clear_folder(&job).unwrap_err().code(),
            "docker/volume-foreign"
        );
        std::fs::write(root.path().join(MARK), mark_text("1a2b", &address)).unwrap();
        clear_folder(&job).unwrap();
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
        assert!(root.path().exists());
        clear_folder(&job).unwrap();
    }
}
