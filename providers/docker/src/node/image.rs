//! The hardened image: a recipe, its digest, and the context that Docker builds it from.
//!
//! - Reads: a recipe; the bytes of a private network's files.
//! - Returns: a name made from the content, and a tar archive.
//! - Never: puts in anything that the digest does not cover, or a secret of the operator.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use async_trait::async_trait;
use pospool_model::provider::Progress;
use pospool_model::{Attributes, ProviderError};
use serde::{Deserialize, Serialize};

use crate::client::Engine;
use crate::codes;
use crate::image::{
    BuildContext, Buildable, add_file, archive_error, hash_bytes, image_outputs, pull_base_image,
};
use crate::names::{self, ImageRef};
use crate::program::{Program, inside_digest};
use crate::render::layout::{CONFIG_DIR, DATA_DIR};
use crate::render::node_files::read_bounded;
use crate::syncer::image::read_certificates;
use crate::user::USER;

/// Placeholder for the base image in the digest: its id is not known in a plan.
const BASE_BLANK: &str = "@BASE@";
/// What the container starts.
const ENTRYPOINT: &str = include_str!("entrypoint.sh");
/// How the guard's program is called in there.
const PROGRAM: &str = include_str!("pospool.sh");
/// Placeholder for the program in it. Which program it is, is not in the digest: a new pospool is no reason to stop a voter.
/// It is in a label of the image ([`names::INSIDE`]).
const GUARD_BLANK: &str = "@GUARD@";
/// Counted up where an older guard must not go on.
const GUARD_FORM: u32 = 1;

/// Everything that goes into a hardened image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NodeImageBuild {
    /// The image that it is made from.
    pub(crate) image: ImageRef,
    /// Texts for `/etc/conflux`, by name.
    pub(crate) texts: BTreeMap<String, String>,
    /// Files of this machine for `/etc/conflux`, by name.
    pub(crate) copies: BTreeMap<String, CopiedFile>,
    /// Files that are taken from the image itself.
    pub(crate) taken: Vec<TakenFile>,
    /// Whether the bootnodes are taken from the image's own configuration.
    pub(crate) image_bootnodes: bool,
}

/// A file of this machine, bound to its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CopiedFile {
    /// Where it is.
    pub(crate) path: String,
    /// [`hash_bytes`] of its bytes when the plan was made.
    pub(crate) digest: String,
}

/// A file of the image, with the hash that it must have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakenFile {
    /// Its name.
    pub(crate) name: String,
    /// SHA-256 in hex; the build checks it inside the image.
    pub(crate) sha256: String,
}

impl NodeImageBuild {
    /// Makes the archive that Docker builds from; `base` is the id of the image to start with.
    fn archive(
        &self,
        base: &str,
        copies: &BTreeMap<String, Vec<u8>>,
        guard: &Program,
        certificates: &[u8],
    ) -> io::Result<Vec<u8>> {
        let mut archive = tar::Builder::new(Vec::new());
        add_file(
            &mut archive,
            "Dockerfile",
            dockerfile(base).as_bytes(),
            0o644,
        )?;
        for (path, bytes) in &guard.files {
            add_file(&mut archive, path, bytes, 0o755)?;
        }
        add_file(
            &mut archive,
            "pospool/certificates.crt",
            certificates,
            0o644,
        )?;
        let program = PROGRAM.replace(GUARD_BLANK, &guard.entry.join(" "));
        add_file(&mut archive, "opt/pospool", program.as_bytes(), 0o755)?;
        add_file(&mut archive, "opt/entrypoint", ENTRYPOINT.as_bytes(), 0o755)?;
        add_file(
            &mut archive,
            "opt/build",
            self.build_script().as_bytes(),
            0o755,
        )?;
        for (name, text) in &self.texts {
            add_file(&mut archive, &format!("etc/{name}"), text.as_bytes(), 0o644)?;
        }
        for (name, bytes) in copies {
            add_file(&mut archive, &format!("etc/{name}"), bytes, 0o644)?;
        }
        archive.into_inner()
    }

    /// The script of the only build step; it runs in the base image, without a network.
    fn build_script(&self) -> String {
        let mut script = BUILD_HEAD.to_owned();
        for TakenFile { name, sha256 } in &self.taken {
            // The official image has lost the folder pos_config/ in one of its forms.
            let _ = write!(
                script,
                "for dir in /root/run/pos_config /root/run; do\n  \
                   if [ -f \"$dir/{name}\" ]; then cp \"$dir/{name}\" {CONFIG_DIR}/{name}; break; fi\ndone\n\
                 [ -f {CONFIG_DIR}/{name} ] || fail 'the image has no {name}'\n\
                 echo '{sha256}  {CONFIG_DIR}/{name}' | sha256sum -c - \
                 || fail 'the {name} of the image is not the one of this network'\n"
            );
        }
        if self.image_bootnodes {
            let _ = write!(
                script,
                "line=$(cd /root/run && grep -h '^ *bootnodes' conflux.toml hydra.toml testnet.toml 2>/dev/null | head -n 1)\n\
                 case $line in *cfxnode://*) echo \"$line\" >> {CONFIG_DIR}/conflux.toml ;; \
                 *) fail 'the image names no bootnodes; write `bootnodes` in the node' ;; esac\n"
            );
        }
        script.push_str(BUILD_TAIL);
        script
    }
}

#[async_trait]
impl Buildable for NodeImageBuild {
    fn repository(&self) -> &'static str {
        NODES
    }

    fn digest(&self) -> String {
        let copies: BTreeMap<_, _> = self
            .copies
            .iter()
            .map(|(name, file)| (name, &file.digest))
            .collect();
        let parts = serde_json::json!([
            self.image,
            self.texts,
            copies,
            self.taken,
            self.image_bootnodes,
            ENTRYPOINT,
            PROGRAM,
            GUARD_FORM,
            self.build_script(),
            dockerfile(BASE_BLANK),
        ]);
        hash_bytes(parts.to_string().as_bytes())
    }

    fn check(&self) -> Result<(), ProviderError> {
        read_copies(self).map(drop)
    }

    fn inside(&self) -> Result<Option<String>, ProviderError> {
        inside_digest(&guard_certificates()?).map(Some)
    }

    async fn context(
        &self,
        engine: &Engine,
        progress: &dyn Progress,
    ) -> Result<BuildContext, ProviderError> {
        let copies = read_copies(self)?;
        let base = pull_base_image(engine, &self.image, progress).await?;
        let (guard, certificates) = (Program::for_image()?, guard_certificates()?);
        let archive = self
            .archive(&base, &copies, &guard, &certificates)
            .map_err(archive_error)?;
        Ok(BuildContext {
            archive,
            labels: vec![(names::BASE, base)],
        })
    }

    fn outputs(&self, tag: String, id: String) -> Attributes {
        image_outputs("hardened_image", tag, id)
    }
}

/// The guard asks other sources over TLS.
fn guard_certificates() -> Result<Vec<u8>, ProviderError> {
    read_certificates(None).map_err(|what| ProviderError::refused(codes::NO_CERTIFICATES, what))
}

/// Reads the files that the recipe names; they must be what they were when the plan was made.
fn read_copies(recipe: &NodeImageBuild) -> Result<BTreeMap<String, Vec<u8>>, ProviderError> {
    let mut copies = BTreeMap::new();
    for (name, file) in &recipe.copies {
        if names::Name::new(name.as_str()).is_err() {
            return Err(ProviderError::refused(
                codes::BAD_PAYLOAD,
                format!("`{name}` is not a file name"),
            ));
        }
        let bytes =
            read_bounded(Path::new(&file.path)).map_err(|error| ProviderError::Refused {
                code: codes::NODE_FILES,
                what: format!("`{}` of the chain cannot be read", file.path),
                source: Some(Box::new(error)),
            })?;
        if hash_bytes(&bytes) != file.digest {
            return Err(ProviderError::refused(
                codes::NODE_FILES,
                format!(
                    "`{}` has changed since the plan was made; plan again",
                    file.path
                ),
            ));
        }
        copies.insert(name.clone(), bytes);
    }
    Ok(copies)
}
fn dockerfile(base: &str) -> String {
    format!(
        "FROM {base}\n\
         USER 0:0\n\
         COPY pospool/ /pospool/\n\
         COPY etc/ {CONFIG_DIR}/\n\
         COPY opt/ /opt/pospool/\n\
         RUN [\"/bin/bash\", \"/opt/pospool/build\"]\n\
         USER {USER}\n\
         WORKDIR {DATA_DIR}\n\
         ENTRYPOINT [\"/opt/pospool/entrypoint\"]\n\
         CMD []\n"
    )
}

const BUILD_HEAD: &str = "\
#!/bin/bash
set -eu
fail() { echo \"pospool: $1\" >&2; exit 1; }
[ -x /root/run/conflux ] || fail 'the image has no /root/run/conflux'
# Only root may enter /root, so the node has to lie elsewhere.
mkdir -p /opt/conflux
cp -a /root/run/. /opt/conflux/
# Its own configuration names a public password for the PoS key.
rm -f /opt/conflux/conflux.toml /opt/conflux/hydra.toml /opt/conflux/testnet.toml
";

const BUILD_TAIL: &str = "\
rm -f /opt/pospool/build
ln -s /opt/pospool/pospool /usr/local/bin/pospool
chown -R 0:0 /opt/conflux /opt/pospool /pospool /etc/conflux
chmod -R a+rX,go-w /opt/conflux /opt/pospool /pospool /etc/conflux
# A new volume takes over owner and mode of the folder that it is mounted on.
mkdir -p /data
chown 10001:10001 /data
chmod 0700 /data
";

/// Hardened nodes.
pub(crate) const NODES: &str = "pospool/node";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::{GROUP_ID, USER_ID};

    fn recipe() -> NodeImageBuild {
        NodeImageBuild {
            image: ImageRef::parse("a/b:3.0.2").unwrap(),
            texts: [("conflux.toml".to_owned(), "a = 1\n".to_owned())].into(),
            copies: [(
                "genesis_file".to_owned(),
                CopiedFile {
                    path: "x/genesis_file".to_owned(),
                    digest: "01".to_owned(),
                },
            )]
            .into(),
            taken: vec![TakenFile {
                name: "initial_nodes.json".to_owned(),
                sha256: "00".to_owned(),
            }],
            image_bootnodes: true,
        }
    }

    #[test]
    fn the_name_changes_with_the_content_and_with_nothing_else() {
        let one = recipe();
        let mut moved = recipe();
        moved.copies.get_mut("genesis_file").unwrap().path = "elsewhere/genesis_file".to_owned();
        assert_eq!(one.tag(), moved.tag());
        assert!(crate::builds::is_of(&[NODES], &one.tag()));

        let mut other = recipe();
        other.copies.get_mut("genesis_file").unwrap().digest = "02".to_owned();
        assert_ne!(one.tag(), other.tag());
        let mut other = recipe();
        other.image = ImageRef::parse("a/b:3.0.3").unwrap();
        assert_ne!(one.tag(), other.tag());
        let mut other = recipe();
        other
            .texts
            .insert("conflux.toml".to_owned(), "a = 2\n".to_owned());
        assert_ne!(one.tag(), other.tag());
    }

    #[test]
    fn the_context_is_the_same_each_time() {
        let copies = [("genesis_file".to_owned(), vec![0, 255])].into();
        let guard = Program {
            files: vec![("pospool/pospool".to_owned(), vec![1])],
            entry: vec![
                "/pospool/lib/ld.so".to_owned(),
                "/pospool/pospool".to_owned(),
            ],
        };
        let archive = || {
            recipe()
                .archive("sha256:aa", &copies, &guard, b"CA")
                .unwrap()
        };
        let context = archive();
        assert_eq!(context, archive());
        let text = String::from_utf8_lossy(&context);
        assert!(text.contains("\nexec /pospool/lib/ld.so /pospool/pospool \"$@\"\n"));
        let names: Vec<String> = tar::Archive::new(&context[..])
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().display().to_string())
            .collect();
        assert_eq!(
            names,
            [
                "Dockerfile",
                "pospool/pospool",
                "pospool/certificates.crt",
                "opt/pospool",
                "opt/entrypoint",
                "opt/build",
                "etc/conflux.toml",
                "etc/genesis_file"
            ]
        );
    }

    #[test]
    fn the_last_user_is_not_root() {
        let text = dockerfile("x");
        let last = text.lines().rfind(|line| line.starts_with("USER")).unwrap();
        assert_eq!(last, "USER 10001:10001");
        assert_eq!(USER, format!("{USER_ID}:{GROUP_ID}"));
    }
}
