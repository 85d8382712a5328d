//! The file tree of the image that stands in for the official one.
//!
//! - Reads: programs and shared libraries of this machine (`ldd` names them).
//! - Returns: archive entries in the layout of the official image, and a hash over all that goes in.
//! - Never: puts in a package manager, certificates or `curl`: the official image has none either.

use std::{
    collections::BTreeMap,
    env,
    fmt::Write,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use ethers_core::utils::keccak256;
use tokio::process::Command;

use crate::{
    accounts::encode_hex,
    archive::{ArchiveContent, ArchiveEntry},
    error::{DevnetError, Result},
    settings::{NODE_VERSION, NPM_INTEGRITY},
};

/// Counted up when the tree changes in a way that its parts do not show.
const RECIPE: u32 = 1;
/// Where the addon lies; outside `/root`, so that a copy of the launcher works for every user.
const ADDON: &str = "/usr/lib/pospool-devnet/conflux.node";
/// Programs that must be there.
const PROGRAMS: [&str; 4] = ["node", "bash", "sh", "env"];
/// Programs that an Ubuntu has and that a `RUN` step may want; put in if this machine has them.
const EXTRAS: &str = "base64 basename cat chgrp chmod chown cp cut date dd df dirname du echo expr false find gawk \
    grep groupadd gzip head hostname id install kill ln ls mkdir mknod mktemp mv nproc openssl printf ps pwd \
    readlink realpath rm rmdir sed seq setpriv sha256sum sleep sort stat stty sync tail tar tee test timeout touch \
    tr true truncate tty uname uniq useradd wc which whoami xargs";

const PASSWD: &str =
    "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
const GROUP: &str = "root:x:0:\nnogroup:x:65534:\n";
const SHADOW: &str = "root:*:19000:0:99999:7:::\nnobody:*:19000:0:99999:7:::\n";
const OS_RELEASE: &str = "PRETTY_NAME=\"Ubuntu stand-in of pospool-devnet\"\nNAME=\"Ubuntu\"\nID=ubuntu\nID_LIKE=debian\n";

/// As in the official image, this file names the password of its keys: a trap that pospool has to know.
const CONFLUX_TOML: &str = "log_conf = \"log.yaml\"\njsonrpc_local_http_port = 12539\n\
    dev_pos_private_key_encryption_password = \"CFXV20\"\n";
const LOG_YAML: &str =
    "appenders:\n  stdout:\n    kind: console\nroot:\n  level: info\n  appenders: [stdout]\n";
const POS_CONFIG: &str = "base:\n  role: validator\nconsensus:\n  round_initial_timeout_ms: 60000\n\
    \x20 safety_rules:\n    service:\n      type: local\nexecution:\n  genesis_file_location: ./genesis_file\n\
    logger:\n  file: ./log/pos.log\n  level: INFO\n";

/// Host files that go into the image: path in the image to path on this machine.
pub(crate) struct HostFiles(BTreeMap<String, PathBuf>);

impl HostFiles {
    /// Finds the programs and the libraries that they and the addon need.
    pub(crate) async fn find() -> Result<Self> {
        let mut programs = Vec::new();
        for name in PROGRAMS {
            programs.push(which(name).ok_or_else(|| DevnetError::Tool {
                program: name.to_owned(),
                detail: "not found on this machine; the image is made with it".to_owned(),
            })?);
        }
        programs.extend(
            EXTRAS
                .split_whitespace()
                .filter_map(which)
                .filter(|path| is_elf(path)),
        );
        let mut files: BTreeMap<String, PathBuf> = BTreeMap::new();
        for library in libraries(&programs).await? {
            files.insert(in_image(&library), library);
        }
        files.extend(programs.into_iter().map(|path| (in_image(&path), path)));
        Ok(Self(files))
    }

    /// Returns the hash of everything that goes into the image; the npm package is named by its own hash.
    pub(crate) fn content_hash(&self) -> Result<String> {
        let mut text = format!("{RECIPE}\n{NPM_INTEGRITY}\n{}\n", launcher());
        for (path, source) in &self.0 {
            let found = fs::metadata(source)
                .map_err(DevnetError::io(format!("look at `{}`", source.display())))?;
            let _ = writeln!(text, "{path} {} {}", found.len(), found.mtime());
        }
        for part in [
            PASSWD,
            GROUP,
            SHADOW,
            OS_RELEASE,
            CONFLUX_TOML,
            LOG_YAML,
            POS_CONFIG,
        ] {
            text.push_str(part);
        }
        Ok(encode_hex(&keccak256(text)))
    }

    /// Returns the tree of the programs alone.
    pub(crate) fn programs(self) -> Vec<ArchiveEntry> {
        let mut entries = skeleton();
        entries.extend(self.0.into_iter().map(|(path, source)| ArchiveEntry {
            path: path.trim_start_matches('/').to_owned(),
            mode: 0o755,
            owner: 0,
            content: ArchiveContent::Copy(source),
        }));
        entries
    }

    /// Returns the whole tree with the addon in it.
    pub(crate) async fn tree(mut self, addon: &Path) -> Result<Vec<ArchiveEntry>> {
        for library in libraries(&[addon.to_path_buf()]).await? {
            self.0.insert(in_image(&library), library);
        }
        self.0.insert(ADDON.to_owned(), addon.to_path_buf());
        Ok(self.programs())
    }
}

fn skeleton() -> Vec<ArchiveEntry> {
    let folders = [
        "dev",
        "etc",
        "home",
        "opt",
        "proc",
        "run",
        "srv",
        "sys",
        "usr",
        "usr/bin",
        "usr/lib",
        "usr/lib64",
        "usr/sbin",
        "usr/local",
        "usr/local/bin",
        "var",
        "var/lib",
        "var/log",
    ];
    let mut entries: Vec<ArchiveEntry> = folders
        .iter()
        .map(|path| ArchiveEntry::folder(path))
        .collect();
    entries.extend(["tmp", "var/tmp"].map(|path| ArchiveEntry::folder(path).mode(0o1777)));
    for name in ["bin", "lib", "lib64", "sbin"] {
        entries.push(ArchiveEntry {
            content: ArchiveContent::Link(format!("usr/{name}")),
            ..ArchiveEntry::file(name, "")
        });
    }
    entries.extend([
        ArchiveEntry::file("etc/passwd", PASSWD),
        ArchiveEntry::file("etc/group", GROUP),
        ArchiveEntry::file("etc/shadow", SHADOW).mode(0o640),
        ArchiveEntry::file("etc/gshadow", "root:*::\nnogroup:*::\n").mode(0o640),
        ArchiveEntry::file("etc/os-release", OS_RELEASE),
        // As in the official image only root may enter here, which is why a hardened image has to copy the node.
        ArchiveEntry::folder("root").mode(0o700),
        ArchiveEntry::folder("root/run"),
        ArchiveEntry::folder("root/run/pos_config"),
        ArchiveEntry::file("root/run/conflux", launcher()).mode(0o755),
        ArchiveEntry::file("root/run/conflux.toml", CONFLUX_TOML),
        ArchiveEntry::file("root/run/log.yaml", LOG_YAML),
        ArchiveEntry::file("root/run/pos_config/pos_config.yaml", POS_CONFIG),
    ]);
    entries
}

fn launcher() -> String {
    include_str!("launcher.js")
        .replace("@VERSION@", NODE_VERSION)
        .replace("@ADDON@", ADDON)
}

/// Returns where a path of this machine lies in the image, whose `/bin` and `/lib` are links into `/usr`.
fn in_image(path: &Path) -> String {
    let text = path.display().to_string();
    let linked = ["/bin/", "/sbin/", "/lib/", "/lib64/"]
        .iter()
        .any(|top| text.starts_with(top));
    let text = if linked { format!("/usr{text}") } else { text };
    text.replacen("/usr/local/bin/", "/usr/bin/", 1)
}

fn which(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"].map(PathBuf::from);
    system
        .into_iter()
        .chain(env::split_paths(&path))
        .map(|dir| dir.join(name))
        .find(|path| path.is_file())
}

fn is_elf(path: &Path) -> bool {
    use std::io::Read;
    let mut head = [0; 4];
    fs::File::open(path)
        .and_then(|mut file| file.read_exact(&mut head))
        .is_ok()
        && head == *b"\x7fELF"
}

/// Asks `ldd` for the shared libraries of some files.
async fn libraries(files: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let out = Command::new("ldd")
        .args(files)
        .output()
        .await
        .map_err(DevnetError::io("run ldd"))?;
    parse_ldd(&String::from_utf8_lossy(&out.stdout))
}

fn parse_ldd(text: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for line in text
        .lines()
        .filter(|line| line.starts_with(char::is_whitespace))
    {
        let target = line
            .split_once("=>")
            .map_or(line, |(_, target)| target)
            .trim();
        if target == "not found" {
            let detail = format!("shared library missing on this machine: {}", line.trim());
            return Err(DevnetError::Tool {
                program: "ldd".to_owned(),
                detail,
            });
        }
        let path = target.split_whitespace().next().unwrap_or_default();
        if path.starts_with('/') {
            found.push(PathBuf::from(path));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_read_from_ldd() {
        let text = "/bin/a:\n\tlinux-vdso.so.1 (0x1)\n\tlibm.so.6 => /lib/x/libm.so.6 (0x2)\n\t/lib64/ld.so.2 (0x3)\n\
            /bin/b:\n\tstatically linked\n";
        let found = parse_ldd(text).unwrap();
        assert_eq!(
            found,
            [
                PathBuf::from("/lib/x/libm.so.6"),
                PathBuf::from("/lib64/ld.so.2")
            ]
        );
        assert!(parse_ldd("\tlibq.so => not found\n").is_err());
    }

    #[test]
    fn links_into_usr_are_followed_by_hand() {
        assert_eq!(in_image(Path::new("/lib64/ld.so.2")), "/usr/lib64/ld.so.2");
        assert_eq!(in_image(Path::new("/usr/bin/node")), "/usr/bin/node");
        assert_eq!(in_image(Path::new("/usr/local/bin/node")), "/usr/bin/node");
    }
}
