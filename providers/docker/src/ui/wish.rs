//! A page as the spec wants it, in normal form and in types.
//!
//! - Reads: attributes of one `ui`.
//! - Returns: the normal form; a [`DesiredPage`], or the first thing that is not known yet.
//! - Never: does I/O.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use pospool_model::{Address, Attributes, Endpoint, Problem, Value};

use super::AS_GIVEN;
use crate::attributes::{attribute_text, require_attribute};
use crate::codes;
use crate::memory::{format_memory, parse_memory};
use crate::names::{ImageRef, Name};
use crate::rows::AS_MADE;
use crate::ui::schema::UiSpec;

/// Where the page is published while the spec does not say it.
const LISTEN: &str = "127.0.0.1:8080";
/// Memory of a build while the spec does not say it.
const BUILD_MEMORY: &str = "4g";
/// Attributes that only a build has a use for.
const BUILD_ONLY: [&str; 6] = [
    "build_environment",
    "build_memory",
    "ca_bundle",
    "folder",
    "lock",
    "package_mirror",
];

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DesiredPage {
    pub(crate) chain: Address,
    pub(crate) manager: String,
    pub(crate) core_rpc: Option<String>,
    pub(crate) espace_rpc: Option<String>,
    pub(crate) listen: SocketAddr,
    pub(crate) from: PageSource,
}

/// What the page is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PageSource {
    /// A folder of built files.
    Built(PathBuf),
    /// A folder of sources.
    Tree(SourceTree),
}

/// Sources, and how they are built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourceTree {
    pub(crate) path: PathBuf,
    pub(crate) folder: String,
    pub(crate) image: ImageRef,
    pub(crate) lock: Option<PathBuf>,
    pub(crate) mirror: Option<String>,
    pub(crate) ca_bundle: Option<PathBuf>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) memory: i64,
}

impl DesiredPage {
    /// Reads attributes that `normalise` let through.
    pub(crate) fn read(attributes: &Attributes) -> Result<Self, Problem> {
        if let Some((name, _)) = attributes.iter().find(|(_, value)| value.has_unknown()) {
            return Err(Problem::new(
                codes::UNKNOWN_VALUE,
                &[name],
                format!(
                    "`{name}` is not known before the apply, and the page's image is made from it"
                ),
            )
            .help("write the value, or a reference to something that is known in the plan"));
        }
        let block = UiSpec::read(attributes);
        let manager = require_attribute("manager", block.manager)?;
        let listen = block.listen.known().unwrap_or(LISTEN);
        Ok(Self {
            chain: require_attribute("chain", block.chain)?.clone(),
            manager: manager.to_owned(),
            core_rpc: block.core_rpc.known().map(str::to_owned),
            espace_rpc: block.espace_rpc.known().map(str::to_owned),
            listen: address(listen)
                .map_err(|what| Problem::new(codes::BAD_PORT, &["listen"], what))?,
            from: PageSource::read(attributes)?,
        })
    }
}

impl PageSource {
    /// Reads what the page is made from; the rest of the page may be unknown yet.
    pub(crate) fn read(attributes: &Attributes) -> Result<Self, Problem> {
        match UiSpec::read(attributes).built.known() {
            Some(folder) => Ok(Self::Built(folder.into())),
            None => SourceTree::read(attributes).map(Self::Tree),
        }
    }
}

impl SourceTree {
    fn read(attributes: &Attributes) -> Result<Self, Problem> {
        let block = UiSpec::read(attributes);
        let image = require_attribute("build_image", block.build_image)?;
        let image = ImageRef::parse(image)
            .map_err(|what| Problem::new(codes::BAD_IMAGE, &["build_image"], what))?;
        let memory = block.build_memory.known().unwrap_or(BUILD_MEMORY);
        Ok(Self {
            path: require_attribute("tree", block.tree)?.into(),
            folder: block.folder.known().unwrap_or_default().to_owned(),
            image,
            lock: block.lock.known().map(PathBuf::from),
            mirror: block.package_mirror.known().map(str::to_owned),
            ca_bundle: block.ca_bundle.known().map(PathBuf::from),
            environment: variables(attributes).unwrap_or_default(),
            memory: parse_memory(memory).unwrap_or(4 << 30),
        })
    }
}

/// Brings a page's attributes into their normal form.
pub(crate) fn normalise_ui(attributes: &mut Attributes, problems: &mut Vec<Problem>) {
    for (name, value) in [
        ("listen", LISTEN),
        ("state", "running"),
        ("hardening", AS_MADE),
        ("content", AS_GIVEN),
    ] {
        attributes
            .entry(name.to_owned())
            .or_insert_with(|| value.into());
    }
    for (name, only) in [
        ("state", "running"),
        ("hardening", AS_MADE),
        ("content", AS_GIVEN),
    ] {
        if attribute_text(attributes, name).is_some_and(|found| found != only) {
            problems.push(Problem::new(
                codes::BAD_VALUE,
                &[name],
                format!("`{name}` may only be `{only}`: it only shows drift"),
            ));
        }
    }
    source(attributes, problems);
    listen(attributes, problems);
    manager(attributes, problems);
    for name in ["core_rpc", "espace_rpc"] {
        if let Some(url) = attribute_text(attributes, name)
            && let Err(what) = may_be_read(url, attributes.get(PUBLIC_RPC))
        {
            let problem = Problem::new(codes::BAD_URL, &[name], what);
            problems.push(problem.help(NO_KEY.replace("core_rpc", name)));
        }
    }
    if let Some(url) = UiSpec::read(attributes).package_mirror.known()
        && let Err(what) = url_origin(url)
    {
        problems.push(Problem::new(codes::BAD_URL, &["package_mirror"], what));
    }
    build_memory(attributes, problems);
    if attributes
        .get("build_environment")
        .is_some_and(|it| *it != Value::Unknown)
        && variables(attributes).is_none()
    {
        problems.push(Problem::new(
            codes::BAD_VALUE,
            &["build_environment"],
            "`build_environment` is a map of variables and texts: `{ NODE_OPTIONS = \"--openssl-legacy-provider\" }`",
        ));
    }
}

fn build_memory(attributes: &mut Attributes, problems: &mut Vec<Problem>) {
    let Some(memory) = UiSpec::read(attributes).build_memory.known() else {
        return;
    };
    match parse_memory(memory) {
        Some(bytes) => {
            attributes.insert("build_memory".to_owned(), format_memory(bytes).into());
        }
        None => problems.push(Problem::new(
            codes::BAD_MEMORY,
            &["build_memory"],
            format!("`{memory}` is not an amount of memory: write `4g`"),
        )),
    }
}

/// Either built files or sources with an image that builds them.
fn source(attributes: &Attributes, problems: &mut Vec<Problem>) {
    let has = |name: &str| attributes.contains_key(name);
    let mut refuse = |path: &str, what: String| {
        problems.push(Problem::new(codes::BAD_PAGE, &[path], what));
    };
    match (has("built"), has("tree")) {
        (true, true) => refuse(
            "built",
            "`built` and `tree` are both there: built files are not built again".to_owned(),
        ),
        (false, false) => refuse(
            "built",
            "neither `built` nor `tree` says what the page is made from".to_owned(),
        ),
        (true, false) => {
            for name in BUILD_ONLY
                .into_iter()
                .chain(["build_image"])
                .filter(|name| has(name))
            {
                refuse(
                    name,
                    format!("`{name}` has no use for files that are built already"),
                );
            }
        }
        (false, true) if !has("build_image") => {
            refuse(
                "tree",
                "`tree` needs `build_image`, the image in which the page is built".to_owned(),
            );
        }
        (false, true) => {}
    }
    if UiSpec::read(attributes)
        .folder
        .known()
        .is_some_and(|folder| !is_inner(folder))
    {
        refuse(
            "folder",
            "`folder` is a path inside of the tree, such as `interface`".to_owned(),
        );
    }
    match UiSpec::read(attributes).build_image.known().map(ImageRef::parse) {
        Some(Err(what)) => problems.push(Problem::new(codes::BAD_IMAGE, &["build_image"], what)),
        Some(Ok(image)) if image.digest().is_none() => problems.push(
            Problem::new(
                codes::UNPINNED,
                &["build_image"],
                format!("`{image}` is not pinned: whoever can move its tag writes the page that users sign with"),
            )
            .help("write `name:tag@sha256:…`; `docker inspect --format '{{.RepoDigests}}' IMAGE` shows the digest"),
        ),
        _ => {}
    }
}

/// Whether a path stays inside of the folder that it starts at.
fn is_inner(path: &str) -> bool {
    !path.is_empty() && path.split('/').all(|part| Name::new(part).is_ok())
}

fn listen(attributes: &mut Attributes, problems: &mut Vec<Problem>) {
    let Some(written) = UiSpec::read(attributes).listen.known() else {
        return;
    };
    match address(written) {
        Ok(address) => {
            attributes.insert("listen".to_owned(), address.to_string().into());
        }
        Err(what) => problems.push(Problem::new(codes::BAD_PORT, &["listen"], what)),
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .ok()
        .filter(|address: &SocketAddr| address.port() != 0)
        .ok_or_else(|| format!("`{text}` is not an address and a port such as `127.0.0.1:8080`"))
}

fn manager(attributes: &Attributes, problems: &mut Vec<Problem>) {
    let manager = UiSpec::read(attributes).manager.known();
    if let Some(manager) = manager.filter(|manager| !is_core_address(manager)) {
        problems.push(
            Problem::new(
                codes::BAD_VALUE,
                &["manager"],
                format!("`{manager}` is not a Core Space address"),
            )
            .help("write `core_contract.manager.address`"),
        );
    }
}

/// Whether a text is a Core Space address in base32; its checksum is checked where it is made.
pub(crate) fn is_core_address(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.split_once(':').is_some_and(|(prefix, rest)| {
        let network = matches!(prefix, "cfx" | "cfxtest")
            || prefix
                .strip_prefix("net")
                .is_some_and(|id| id.parse::<u32>().is_ok());
        network
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b':' || byte == b'.')
    })
}

/// Environment of the build, in texts.
fn variables(attributes: &Attributes) -> Option<BTreeMap<String, String>> {
    let map = attributes.get("build_environment")?.as_map()?;
    let one = |(name, value): (&String, &Value)| {
        let ok = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        Some((name.clone(), value.as_text().filter(|_| ok)?.to_owned()))
    };
    map.iter().map(one).collect()
}

/// The attribute that says that a path is no key.
pub(crate) const PUBLIC_RPC: &str = "public_rpc";
/// The way out for an RPC that must not be published.
pub(crate) const NO_KEY: &str = "write `core_rpc` in the page's block, as browsers may reach it without a key; if everybody may know its path, write `public_rpc = true` too";

/// Whether a URL may be in a page, which everybody reads. A path or a query may be a key, unless the spec says
/// otherwise; a user or a password always is one.
fn may_be_read(url: &str, public: Option<&Value>) -> Result<(), String> {
    url_origin(url)?;
    let endpoint = Endpoint::parse(url).map_err(|error| format!("the URL is {error}"))?;
    if endpoint.is_secret() && public != Some(&Value::Bool(true)) {
        return Err(
            "the URL has a path or a query, which may be a key, and a page is read by everybody"
                .to_owned(),
        );
    }
    Ok(())
}

/// Scheme, host and port of a URL that every visitor may read. What is refused is not repeated: it may hold a key.
pub(crate) fn url_origin(url: &str) -> Result<String, String> {
    let wrong = |why: &str| format!("the URL {why}");
    let (scheme, rest) = url
        .split_once("://")
        .filter(|(scheme, _)| matches!(*scheme, "http" | "https"))
        .ok_or_else(|| wrong("is not an http or https URL"))?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(
            "the URL holds a user or a password, and a page is read by everybody".to_owned(),
        );
    }
    let ok = !authority.is_empty()
        && authority
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte));
    if ok {
        Ok(format!("{scheme}://{authority}"))
    } else {
        Err(wrong("names no host"))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Attributes of a page from built files, in normal form.
    pub(crate) fn attributes(extra: &[(&str, Value)]) -> Attributes {
        let resource = |text: &str| Value::Resource(text.parse().unwrap());
        let mut attributes = Attributes::from([
            ("host".to_owned(), resource("host.main")),
            ("chain".to_owned(), resource("chain.net")),
            (
                "manager".to_owned(),
                Value::from("cfxtest:acaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            ),
            ("built".to_owned(), Value::from("./site")),
        ]);
        for (name, value) in extra {
            attributes.insert((*name).to_owned(), value.clone());
        }
        attributes.retain(|_, value| *value != Value::Null);
        attributes
    }

    pub(crate) fn desired(extra: &[(&str, Value)]) -> DesiredPage {
        let mut attributes = attributes(extra);
        let mut problems = Vec::new();
        normalise_ui(&mut attributes, &mut problems);
        assert_eq!(problems, []);
        DesiredPage::read(&attributes).unwrap()
    }

    fn codes(extra: &[(&str, Value)]) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        normalise_ui(&mut attributes(extra), &mut problems);
        problems
            .into_iter()
            .map(|problem| (problem.code.as_str(), problem.path.concat()))
            .collect()
    }

    #[test]
    fn every_problem_is_named_at_its_place() {
        let found = codes(&[
            ("manager", "0x12".into()),
            ("listen", "8080".into()),
            ("core_rpc", "https://me:secret@rpc.example".into()),
            ("espace_rpc", "rpc.example".into()),
            ("lock", "pool.lock".into()),
            ("content", "other".into()),
        ]);
        let expected = [
            ("docker/bad-value", "content"),
            ("docker/bad-page", "lock"),
            ("docker/bad-port", "listen"),
            ("docker/bad-value", "manager"),
            ("docker/bad-url", "core_rpc"),
            ("docker/bad-url", "espace_rpc"),
        ];
        assert_eq!(found, expected.map(|(code, path)| (code, path.to_owned())));
    }

    #[test]
    fn case_key_in_url_no_page_gets_a_key() {
        for (url, public, ok) in [
            ("https://rpc.example", false, true),
            ("https://rpc.example/hunter2", false, false),
            ("https://rpc.example/?k=hunter2", false, false),
            ("https://rpc.example/v2", true, true),
            ("https://me:hunter2@rpc.example", true, false),
            ("https://rpc.example#0a1b2c3d", true, false),
        ] {
            let mut problems = Vec::new();
            let mut page = attributes(&[("core_rpc", url.into()), (PUBLIC_RPC, public.into())]);
            normalise_ui(&mut page, &mut problems);
            assert_eq!(problems.is_empty(), ok, "{url}");
            for problem in problems {
                assert_eq!(problem.code, "docker/bad-url");
                assert!(!problem.summary.contains("hunter2"), "{problem:?}");
                assert!(problem.help.unwrap().contains("`core_rpc`"));
            }
        }
    }

    #[test]
    fn a_page_is_built_by_a_pinned_image_only() {
        let tree = |image: &str| {
            [
                ("built", Value::Null),
                ("tree", "./page".into()),
                ("build_image", Value::from(image)),
            ]
        };
        assert_eq!(codes(&tree("node:20"))[0].0, "docker/unpinned");
        let pinned = format!("node:20@sha256:{}", "0a".repeat(32));
        assert_eq!(codes(&tree(&pinned)), []);
        assert!(
            matches!(desired(&tree(&pinned)).from, PageSource::Tree(tree) if tree.memory == 4 << 30)
        );
        let both = [("tree", Value::from("./page"))];
        assert_eq!(codes(&both)[0].0, "docker/bad-page");
        assert_eq!(codes(&[("built", Value::Null)])[0].0, "docker/bad-page");
    }

    #[test]
    fn a_folder_stays_inside_of_its_tree() {
        for (path, ok) in [
            ("interface", true),
            ("a/b", true),
            ("..", false),
            ("/a", false),
            ("a/../b", false),
        ] {
            assert_eq!(is_inner(path), ok, "{path}");
        }
    }

    #[test]
    fn a_manager_that_is_not_known_yet_is_no_problem_before_the_plan() {
        let unknown = [("manager", Value::Unknown)];
        assert_eq!(codes(&unknown), []);
        let error = DesiredPage::read(&attributes(&unknown)).unwrap_err();
        assert_eq!(error.code, "docker/unknown-value");
    }

    #[test]
    fn origins_are_scheme_host_and_port() {
        assert_eq!(
            url_origin("http://127.0.0.1:12537").as_deref(),
            Ok("http://127.0.0.1:12537")
        );
        assert_eq!(
            url_origin("https://a.example/x?y=z#w").as_deref(),
            Ok("https://a.example")
        );
        for wrong in ["", "a", "ws://a", "https://", "https:// a", "https://a;b"] {
            assert!(url_origin(wrong).is_err(), "{wrong}");
        }
        assert!(
            !url_origin("https://u:secret@a")
                .unwrap_err()
                .contains("secret")
        );
    }
}
