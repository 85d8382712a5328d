//! Both images of a page: recipes, digests, and the contexts that Docker builds them from.
//!
//! - Reads: a recipe, files, the program that serves them.
//! - Returns: names made from the content, and tar archives.
//! - Never: puts anything in that its digest does not cover, but the program of the release that it names: that is covered by
//!   a label ([`crate::names::INSIDE`]).

use std::io::{self, Write};

use async_trait::async_trait;
use flate2::{Compression, GzBuilder};
use pospool_model::provider::Progress;
use pospool_model::{Attributes, ProviderError};
use serde::{Deserialize, Serialize};

use super::build;
use super::config::DATA;
use super::files::PageFiles;
use crate::client::Engine;
use crate::image::{
    BuildContext, Buildable, add_file, archive_error, hash_bytes, image_tag, require_image,
};
use crate::program::{Program, inside_digest};
use crate::ui::sources::{PageImageBuild, PinnedPageSource};
use crate::user::USER;

/// The files of a page.
pub(crate) const PAGES: &str = "pospool/page";
/// The same with the server.
pub(crate) const SERVERS: &str = "pospool/ui";
/// Port of the server in its container.
pub(crate) const PORT: u16 = 8080;
/// Counted up when an image changes in a way that its parts do not show.
const FORM: u32 = 1;
/// Ends of names whose bytes are compressed already.
const PACKED: [&str; 9] = [
    "gz", "png", "jpg", "jpeg", "gif", "webp", "woff", "woff2", "ico",
];
/// Smallest file that is worth a compressed form.
const WORTH: usize = 512;

impl PageImageBuild {
    /// The archive from which Docker makes the page's image.
    fn archive(&self, mut files: PageFiles) -> io::Result<Vec<u8>> {
        files
            .entry(DATA.to_owned())
            .or_insert_with(|| format!("{:#}\n", self.config).into_bytes());
        let mut archive = tar::Builder::new(Vec::new());
        add_file(
            &mut archive,
            "Dockerfile",
            b"FROM scratch\nCOPY site/ /site/\n",
            0o644,
        )?;
        for (path, bytes) in &files {
            add_file(&mut archive, &format!("site/{path}"), bytes, 0o644)?;
            let packed = compressed(path, bytes)?;
            let beside = format!("{path}.gz");
            if let Some(packed) = packed.filter(|_| !files.contains_key(&beside)) {
                add_file(&mut archive, &format!("site/{beside}"), &packed, 0o644)?;
            }
        }
        archive.into_inner()
    }
}

/// Everything that goes into the image with the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServerRecipe {
    /// Digest of the page.
    pub(crate) page: String,
    /// Origins that the page may talk to.
    pub(crate) connect: Vec<String>,
    /// Release of the server.
    pub(crate) server: String,
}

impl ServerRecipe {
    /// Name of the image of the page.
    pub(crate) fn page_tag(&self) -> String {
        image_tag(PAGES, &self.page)
    }

    /// The archive from which Docker makes the image; `page` is the id of the page's own.
    fn archive(&self, page: &str, program: &Program) -> io::Result<Vec<u8>> {
        let mut archive = tar::Builder::new(Vec::new());
        let file = self.dockerfile(page, program);
        add_file(&mut archive, "Dockerfile", file.as_bytes(), 0o644)?;
        for (path, bytes) in &program.files {
            add_file(&mut archive, path, bytes, 0o755)?;
        }
        archive.into_inner()
    }

    fn dockerfile(&self, page: &str, program: &Program) -> String {
        let words = |words: &[String]| serde_json::to_string(words).unwrap_or_default();
        let mut command: Vec<String> = ["serve", "/site", "--listen"].map(str::to_owned).into();
        command.push(format!("0.0.0.0:{PORT}"));
        for origin in &self.connect {
            command.extend(["--connect".to_owned(), origin.clone()]);
        }
        let mut probe = program.entry.clone();
        probe.extend(["serve", "--probe"].map(str::to_owned));
        probe.push(format!("127.0.0.1:{PORT}"));
        format!(
            "FROM {page}\nCOPY pospool/ /pospool/\nUSER {USER}\nWORKDIR /site\nEXPOSE {PORT}\n\
             ENTRYPOINT {}\nCMD {}\n\
             HEALTHCHECK --interval=5s --timeout=4s --start-period=15s --retries=3 CMD {}\n",
            words(&program.entry),
            words(&command),
            words(&probe),
        )
    }
}

#[async_trait]
impl Buildable for PageImageBuild {
    fn repository(&self) -> &'static str {
        PAGES
    }

    fn digest(&self) -> String {
        let parts = serde_json::json!([FORM, self.from.digest(), self.config]);
        hash_bytes(parts.to_string().as_bytes())
    }

    fn check(&self) -> Result<(), ProviderError> {
        self.from.files().map(drop)
    }

    async fn context(
        &self,
        engine: &Engine,
        progress: &dyn Progress,
    ) -> Result<BuildContext, ProviderError> {
        let files = match &self.from {
            PinnedPageSource::Built { .. } => self.from.files()?,
            PinnedPageSource::Tree(tree) => build::build_page(engine, tree, self, progress).await?,
        };
        self.archive(files)
            .map(BuildContext::from)
            .map_err(archive_error)
    }

    fn outputs(&self, _: String, _: String) -> Attributes {
        Attributes::from([("digest".to_owned(), self.digest().into())])
    }
}

#[async_trait]
impl Buildable for ServerRecipe {
    fn repository(&self) -> &'static str {
        SERVERS
    }

    fn digest(&self) -> String {
        let parts = serde_json::json!([FORM, self.page, self.connect, self.server]);
        hash_bytes(parts.to_string().as_bytes())
    }

    fn inside(&self) -> Result<Option<String>, ProviderError> {
        inside_digest(&[]).map(Some)
    }

    async fn context(
        &self,
        engine: &Engine,
        _: &dyn Progress,
    ) -> Result<BuildContext, ProviderError> {
        let page = require_image(engine, &self.page_tag(), &self.page).await?;
        let program = Program::for_image()?;
        self.archive(&page, &program)
            .map(BuildContext::from)
            .map_err(archive_error)
    }
}

/// The compressed form of a file, if it is smaller.
fn compressed(path: &str, bytes: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let extension = path.rsplit_once('.').map_or("", |(_, end)| end);
    if bytes.len() < WORTH || PACKED.contains(&extension.to_ascii_lowercase().as_str()) {
        return Ok(None);
    }
    // No time in it: the same page has the same bytes.
    let mut encoder = GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    let packed = encoder.finish()?;
    Ok(Some(packed).filter(|packed| packed.len() < bytes.len()))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::names::ImageRef;
    use crate::ui::sources::PageBuild;

    fn page() -> PageImageBuild {
        PageImageBuild {
            from: PinnedPageSource::Built {
                path: "./site".to_owned(),
                digest: "01".to_owned(),
            },
            config: serde_json::json!({ "mainnet": {} }),
        }
    }

    fn build() -> PageBuild {
        PageBuild {
            path: "/cache/tree".to_owned(),
            digest: "01".to_owned(),
            folder: "interface".to_owned(),
            lock: Some(("pool.lock".to_owned(), "02".to_owned())),
            image: ImageRef::parse("node:20").unwrap(),
            environment: [].into(),
            mirror: None,
            ca_bundle: None,
            memory: 1,
        }
    }

    fn names(context: &[u8]) -> Vec<String> {
        tar::Archive::new(context)
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().display().to_string())
            .collect()
    }

    #[test]
    fn a_page_is_made_again_for_its_content_and_for_nothing_else() {
        let tree = |change: &dyn Fn(&mut PageBuild)| {
            let mut build = build();
            change(&mut build);
            let from = PinnedPageSource::Tree(Box::new(build));
            PageImageBuild { from, ..page() }.digest()
        };
        let same = tree(&|_| {});
        let nothing: [&dyn Fn(&mut PageBuild); 4] = [
            &|build| build.path = "/elsewhere".to_owned(),
            &|build| build.mirror = Some("https://mirror.example".to_owned()),
            &|build| build.ca_bundle = Some("/etc/ca.pem".to_owned()),
            &|build| build.memory = 2,
        ];
        for change in nothing {
            assert_eq!(tree(change), same);
        }
        let content: [&dyn Fn(&mut PageBuild); 5] = [
            &|build| build.digest = "02".to_owned(),
            &|build| build.folder = "other".to_owned(),
            &|build| build.lock = None,
            &|build| build.image = ImageRef::parse("node:22").unwrap(),
            &|build| build.environment = [("A".to_owned(), "1".to_owned())].into(),
        ];
        for change in content {
            assert_ne!(tree(change), same);
        }
        let mut other = page();
        other.config = serde_json::json!({ "mainnet": { "poolManagerAddress": "cfx:a" } });
        assert_ne!(other.digest(), page().digest());
    }

    #[test]
    fn a_new_server_is_another_image_of_the_same_page() {
        let recipe = ServerRecipe {
            page: page().digest(),
            connect: vec!["https://a.example".to_owned()],
            server: "1".to_owned(),
        };
        let other = ServerRecipe {
            server: "2".to_owned(),
            ..recipe.clone()
        };
        assert_ne!(recipe.tag(), other.tag());
        assert_eq!(recipe.page_tag(), other.page_tag());
        assert_eq!(recipe.page_tag(), page().tag());
    }

    #[test]
    fn the_page_s_archive_has_the_configuration_and_compressed_forms() {
        let files: PageFiles = [
            ("index.html", "<p></p>".to_owned()),
            ("static/a.js", "let a = 1;\n".repeat(200)),
            ("static/b.png", "x".repeat(2000)),
        ]
        .map(|(path, text)| (path.to_owned(), text.into_bytes()))
        .into();
        let context = page().archive(files.clone()).unwrap();
        assert_eq!(
            names(&context),
            [
                "Dockerfile",
                "site/index.html",
                "site/pool.config.json",
                "site/static/a.js",
                "site/static/a.js.gz",
                "site/static/b.png",
            ]
        );
        assert_eq!(
            context,
            page().archive(files).unwrap(),
            "the same bytes each time"
        );
    }

    #[test]
    fn the_server_s_image_ends_as_a_user_without_rights() {
        let program = Program {
            files: vec![("pospool/pospool".to_owned(), vec![1])],
            entry: vec!["/pospool/pospool".to_owned()],
        };
        let recipe = ServerRecipe {
            page: "0a".to_owned(),
            connect: vec!["https://a.example".to_owned()],
            server: "1".to_owned(),
        };
        let text = recipe.dockerfile("sha256:aa", &program);
        assert!(text.starts_with("FROM sha256:aa\n"), "{text}");
        assert!(text.contains("\nUSER 10001:10001\n"), "{text}");
        assert!(
            text.contains("\nCMD [\"serve\",\"/site\",\"--listen\",\"0.0.0.0:8080\",\"--connect\",\"https://a.example\"]\n"),
            "{text}"
        );
        assert!(
            text.contains(" CMD [\"/pospool/pospool\",\"serve\",\"--probe\",\"127.0.0.1:8080\"]\n")
        );
    }
}
