//! The pool's web page, opened in a real browser, with the pool of the private network in it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::project::{Project, Ran, contracts, docker};
use super::state_mv::case_state_mv;

/// The page that stands in for the reference interface.
fn stand_in() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("ui-stand-in")
}

/// A project whose page is taken down with it.
struct Site {
    project: Project,
    port: u16,
}

impl Site {
    /// A pool with a name, and a page made in some way.
    fn new(account: usize, pool: &str, share: &str, page: &str) -> Self {
        let project = Project::new(account);
        let port = free_port();
        let spec = format!(
            "{}\nui \"site\" {{\n  manager  = core_contract.manager.address\n  listen   = \"127.0.0.1:{port}\"\n{page}}}\n",
            base(&project.core_rpc(), pool, share)
        );
        std::fs::write(project.path("pool.hcl"), spec).unwrap();
        Self { project, port }
    }

    fn container(&self) -> String {
        let recorded = self.project.recorded("ui.site");
        recorded["outputs"]["container_id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    fn output(&self, name: &str) -> String {
        let recorded = self.project.recorded("ui.site");
        recorded["outputs"][name].as_str().unwrap().to_owned()
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(self.project.run(&["destroy", "--auto-approve"]));
    }
}

/// A pool without a node: a page needs only the chain.
fn base(core_rpc: &str, pool: &str, share: &str) -> String {
    format!(
        "chain \"conflux\" {{\n  network  = \"devnet\"\n  core_rpc = \"{core_rpc}\"\n}}\n\
         account \"operator\" {{\n  private_key = env(\"POSPOOL_OPERATOR_KEY\")\n}}\n\
         host \"main\" {{\n  docker = \"unix:///var/run/docker.sock\"\n}}\n\
         source \"contracts\" {{\n  path = \"{}\"\n}}\n\
         core_contract \"pool\" {{\n  code  = source.contracts.PoSPool\n  owner = account.operator\n  proxy = true\n  \
         settings = {{\n    name             = \"{pool}\"\n    user_share_ratio = \"{share}\"\n  }}\n}}\n\
         core_contract \"manager\" {{\n  code  = source.contracts.PoolManager\n  owner = account.operator\n  \
         settings = {{ pools = [core_contract.pool] }}\n}}\n",
        contracts().display(),
    )
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// What a browser shows of a page once its scripts have run.
fn opened(url: &str, arguments: &[&str]) -> String {
    let profile = tempfile::tempdir().unwrap();
    let mut command = Command::new("chromium");
    command
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .args([
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--virtual-time-budget=15000",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(arguments)
        .arg(url)
        .stdin(Stdio::null());
    let ran = Ran::of(&mut command);
    assert_eq!(ran.code, Some(0), "chromium: {}", ran.stderr);
    ran.stdout
}

/// The page as HTML.
fn shown(url: &str) -> String {
    opened(url, &["--dump-dom"])
}

/// Pictures of the page in `target/ui`, light, dark and on a telephone.
fn pictures(url: &str, name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/ui");
    std::fs::create_dir_all(&folder).unwrap();
    for (form, more) in [
        ("light", vec!["--window-size=1200,800"]),
        (
            "dark",
            vec![
                "--window-size=1200,800",
                "--blink-settings=preferredColorScheme=0",
            ],
        ),
        ("narrow", vec!["--window-size=500,1000"]),
    ] {
        let picture = folder.join(format!("{name}-{form}.png"));
        let picture = format!("--screenshot={}", picture.display());
        let arguments: Vec<&str> = more.into_iter().chain([picture.as_str()]).collect();
        opened(url, &arguments);
    }
}

/// Name and share ratio of the one pool that a page shows.
fn pool_of(page: &str) -> (String, String) {
    let between = |class: &str| {
        let begin = format!("class=\"{class}\">");
        let start = page
            .find(&begin)
            .unwrap_or_else(|| panic!("no {class} in:\n{page}"))
            + begin.len();
        let end = start + page[start..].find('<').unwrap();
        page[start..end].to_owned()
    };
    assert_eq!(page.matches("<article").count(), 1, "{page}");
    (between("name"), between("share"))
}

/// One request without a browser.
fn get(port: u16, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}\r\n"
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn built(folder: &Path) {
    let ran = Ran::of(
        Command::new("node")
            .arg(stand_in().join("build.js"))
            .arg(folder),
    );
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}

#[test]
fn live_ui_given_files_show_the_pool_of_the_chain() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("site");
    built(&files);
    let page = |files: &Path| format!("  built    = \"{}\"\n", files.display());
    let site = Site::new(6, "Harbour pool", "90%", &page(&files));
    site.project.ok(&["apply", "--auto-approve"]);
    site.project.ends(&["plan", "--detailed-exitcode"], 0);
    let said = pool_of(&shown(&site.url()));
    assert_eq!(said, ("Harbour pool".to_owned(), "90%".to_owned()));
    pictures(&site.url(), "given");

    another_pool_is_another_page(&files);
    is_hardened(&site);
    is_served_with_care(&site);
    drift_is_mended(&site);
    changes_make_it_again(&site, &files);
    case_state_mv(&site.project, "ui.site", None);

    let (container, image) = (site.container(), site.output("image"));
    site.project.ok(&["destroy", "--auto-approve"]);
    let left = format!("id={container}");
    assert_eq!(docker(&["ps", "-aq", "--filter", &left]), "");
    assert_eq!(docker(&["images", "-q", &image]), "");
}

/// The same files with the pool of somebody else: it is the chain that the page shows.
fn another_pool_is_another_page(files: &Path) {
    let page = format!("  built    = \"{}\"\n", files.display());
    let site = Site::new(7, "Lagoon pool", "72.5%", &page);
    site.project.ok(&["apply", "--auto-approve"]);
    let said = pool_of(&shown(&site.url()));
    assert_eq!(said, ("Lagoon pool".to_owned(), "72.5%".to_owned()));
}

fn is_hardened(site: &Site) {
    let text = docker(&["inspect", &site.container()]);
    let inspected: Value = serde_json::from_str(&text).unwrap();
    let (config, host) = (&inspected[0]["Config"], &inspected[0]["HostConfig"]);
    assert_eq!(config["User"], "10001:10001");
    assert_eq!(host["ReadonlyRootfs"], true);
    assert_eq!(host["CapDrop"], serde_json::json!(["ALL"]));
    assert_eq!(
        host["SecurityOpt"],
        serde_json::json!(["no-new-privileges:true"])
    );
    assert_eq!(host["PidsLimit"], 64);
    assert_eq!(host["RestartPolicy"]["Name"], "always");
    let ports = &inspected[0]["NetworkSettings"]["Ports"]["8080/tcp"];
    assert_eq!(ports.as_array().unwrap().len(), 1);
    assert_eq!(ports[0]["HostIp"], "127.0.0.1");
    assert_eq!(inspected[0]["State"]["Health"]["Status"], "healthy");
    assert!(!text.contains(site.project.private_key().trim_start_matches("0x")));
}

fn is_served_with_care(site: &Site) {
    let page = get(site.port, "/pool/anything", "");
    assert!(page.starts_with("HTTP/1.1 200 OK"), "{page}");
    let rpc = site.project.core_rpc();
    for line in [
        format!("connect-src 'self' {rpc}"),
        "frame-ancestors 'none'".to_owned(),
        "x-content-type-options: nosniff".to_owned(),
        "cache-control: no-cache".to_owned(),
    ] {
        assert!(page.contains(&line), "no `{line}` in:\n{page}");
    }
    let script = page
        .split("src=\"")
        .nth(2)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let packed = get(site.port, script, "accept-encoding: gzip\r\n");
    for line in ["content-encoding: gzip", "immutable"] {
        assert!(packed.contains(line), "no `{line}` for {script}");
    }
    assert!(get(site.port, "/../etc/passwd", "").starts_with("HTTP/1.1 400"));
    let log = docker(&["logs", &site.container()]);
    assert!(log.contains("GET /pool/anything 200"), "{log}");
}

fn drift_is_mended(site: &Site) {
    let before = site.container();
    // Case network-pruned: who prunes networks while it stands still takes its own.
    docker(&["stop", &before]);
    let network = docker(&[
        "inspect",
        "--format",
        "{{.HostConfig.NetworkMode}}",
        &before,
    ]);
    docker(&["network", "rm", &network]);
    site.project.ends(&["plan", "--detailed-exitcode"], 3);
    site.project.ok(&["apply", "--auto-approve"]);
    assert_eq!(
        site.container(),
        before,
        "it is started again, not made again"
    );
    pool_of(&shown(&site.url()));
    site.project.ends(&["plan", "--detailed-exitcode"], 0);
    case_heavy_repair(site, &before);
    case_stop_before_proof(site);
    docker(&["rm", "--force", &before]);
    site.project.ends(&["plan", "--detailed-exitcode"], 3);
    site.project.ok(&["apply", "--auto-approve"]);
    site.project.ends(&["plan", "--detailed-exitcode"], 0);
    assert_ne!(site.container(), before);
    pool_of(&shown(&site.url()));
}

/// What Docker can change on the running container is changed there.
fn case_heavy_repair(site: &Site, container: &str) {
    let process = || {
        docker(&[
            "inspect",
            "--format",
            "{{.Id}} {{.State.StartedAt}}",
            container,
        ])
    };
    let before = process();
    docker(&[
        "update",
        "--memory",
        "64m",
        "--memory-swap",
        "64m",
        container,
    ]);
    site.project.ends(&["plan", "--detailed-exitcode"], 3);
    site.project.ok(&["apply", "--auto-approve"]);
    site.project.ends(&["plan", "--detailed-exitcode"], 0);
    assert_eq!(process(), before);
}

/// A port that somebody else has: the page goes on where it is.
fn case_stop_before_proof(site: &Site) {
    let before = site.container();
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap();
    let own = format!("127.0.0.1:{}", site.port);
    site.project.edit(&own, &taken.to_string());
    let ran = site.project.run(&["apply", "--auto-approve"]);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains("docker/port-taken"), "{said}");
    site.project.edit(&taken.to_string(), &own);
    let state = docker(&["inspect", "--format", "{{.State.Running}}", &before]);
    assert_eq!(state, "true");
    site.project.ok(&["apply", "--auto-approve"]);
    assert_eq!(site.container(), before, "it is the same container");
    pool_of(&shown(&site.url()));
    site.project.ends(&["plan", "--detailed-exitcode"], 0);
}

/// Files, an address and an RPC make another page; a setting of the contract does not.
fn changes_make_it_again(site: &Site, files: &Path) {
    let digest = site.output("digest");
    site.project.edit("\"90%\"", "\"85%\"");
    site.project.ok(&["apply", "--auto-approve"]);
    assert_eq!(site.output("digest"), digest);
    let said = pool_of(&shown(&site.url()));
    assert_eq!(said.1, "85%", "the page reads the chain");

    let index = files.join("index.html");
    let text = std::fs::read_to_string(&index).unwrap();
    std::fs::write(&index, text.replace("earn with the network", "sleep well")).unwrap();
    let plan = site.project.plan();
    let steps: Vec<&Value> = plan["steps"].as_array().unwrap().iter().collect();
    assert_eq!(steps.len(), 1, "{steps:#?}");
    assert_eq!(steps[0]["address"], "ui.site");
    // Case own-edit-called-drift: the files are the operator's own.
    assert_eq!(steps[0]["reason"], "differs");
    site.project.ends(&["plan", "--detailed-exitcode"], 2);
    site.project.ok(&["apply", "--auto-approve"]);
    assert_ne!(site.output("digest"), digest);
    assert!(shown(&site.url()).contains("sleep well"));
    site.project.ends(&["plan", "--detailed-exitcode"], 0);
}

#[test]
fn live_ui_sources_are_built_in_a_container() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    copy(&stand_in(), &tree);
    let site = Site::new(6, "Harbour pool", "90%", &sources(&tree));
    site.project.ok(&["apply", "--auto-approve"]);
    site.project.ends(&["plan", "--detailed-exitcode"], 0);
    let page = shown(&site.url());
    let said = pool_of(&page);
    assert_eq!(said, ("Harbour pool".to_owned(), "90%".to_owned()));
    pictures(&site.url(), "built");
    let manager = site.project.recorded("core_contract.manager")["outputs"]["address"].take();
    let script = page
        .split("<script src=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let script = get(site.port, script, "");
    assert!(
        script.contains(manager.as_str().unwrap()),
        "the address is compiled in"
    );

    another_port_builds_nothing(&site);
    other_sources_are_another_page(&site, &tree);
    a_build_that_fails_says_why(&site, &tree);
    assert_eq!(
        docker(&["ps", "-aq", "--filter", "name=pospool-build-"]),
        ""
    );
}

/// A page that is built from a folder, in an image that has Node.js and npm.
fn sources(tree: &Path) -> String {
    let make = || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let engine = pospool_devnet::docker::DevnetEngine::connect()
                .await
                .unwrap();
            pospool_devnet::npm_image::ensure_npm_image(&engine)
                .await
                .unwrap()
        })
    };
    let image = std::thread::spawn(make).join().unwrap();
    format!(
        "  tree         = \"{}\"\n  build_image  = \"{}@{}\"\n  build_memory = \"1g\"\n",
        tree.display(),
        image.reference,
        image.id
    )
}

fn another_port_builds_nothing(site: &Site) {
    let (page, image) = (site.output("digest"), site.output("image_id"));
    let port = free_port();
    site.project.edit(
        &format!("127.0.0.1:{}\"\n  tree", site.port),
        &format!("127.0.0.1:{port}\"\n  tree"),
    );
    site.project.ok(&["apply", "--auto-approve"]);
    assert_eq!(
        (site.output("digest"), site.output("image_id")),
        (page, image)
    );
    pool_of(&shown(&format!("http://127.0.0.1:{port}/")));
}

fn other_sources_are_another_page(site: &Site, tree: &Path) {
    let before = site.output("digest");
    let index = tree.join("src/index.html");
    let text = std::fs::read_to_string(&index).unwrap();
    std::fs::write(&index, text.replace("earn with the network", "sleep well")).unwrap();
    // Case own-edit-called-drift: the sources are the operator's own.
    site.project.ends(&["plan", "--detailed-exitcode"], 2);
    site.project.ok(&["apply", "--auto-approve"]);
    assert_ne!(site.output("digest"), before);
    assert!(shown(&site.output("url")).contains("sleep well"));
}

/// The old page is served on while the new one cannot be built.
fn a_build_that_fails_says_why(site: &Site, tree: &Path) {
    let script = tree.join("build.js");
    let text = std::fs::read_to_string(&script).unwrap();
    std::fs::write(
        &script,
        format!("throw new Error('the tide is out');\n{text}"),
    )
    .unwrap();
    let ran = site.project.run(&["apply", "--auto-approve"]);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.code, Some(1), "{said}");
    for part in ["docker/page-build", "exit code 1", "the tide is out"] {
        assert!(said.contains(part), "no `{part}` in:\n{said}");
    }
    assert!(shown(&site.output("url")).contains("sleep well"));
    std::fs::write(&script, text).unwrap();
    site.project.ok(&["apply", "--auto-approve"]);
    site.project.ends(&["plan", "--detailed-exitcode"], 0);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The real interface, unmodified. Its own lock file is behind its packages, so one is made beside it once.
#[test]
fn live_ui_the_reference_interface_shows_the_pool() {
    let Some(reference) = std::env::var_os("POSPOOL_REFERENCE_DIR").map(PathBuf::from) else {
        eprintln!("POSPOOL_REFERENCE_DIR names no checkout of the reference: nothing to build");
        return;
    };
    let lock = reference_lock(&reference.join("interface/package.json"));
    let more = format!(
        "  folder       = \"interface\"\n  lock         = \"{}\"\n  package_mirror = \"{}\"\n{}  \
         build_environment = {{\n    NODE_OPTIONS = \"--openssl-legacy-provider\"\n    \
         NPM_CONFIG_LEGACY_PEER_DEPS = \"true\"\n  }}\n",
        lock.display(),
        said(Command::new("npm").args(["config", "get", "registry"])),
        std::env::var("NODE_EXTRA_CA_CERTS")
            .map(|path| format!("  ca_bundle = \"{path}\"\n"))
            .unwrap_or_default(),
    );
    let page = sources(&reference).replace("\"1g\"", "\"4g\"") + &more;
    let site = Site::new(7, "Harbour pool", "90%", &page);
    site.project
        .ok(&["apply", "--auto-approve", "--wait", "30m"]);
    let page = shown(&site.url());
    assert!(page.contains("Harbour pool"), "{page}");
    assert!(page.contains(">10%<"), "its performance fee, in:\n{page}");
    pictures(&site.url(), "reference");
    site.project.ends(&["plan", "--detailed-exitcode"], 0);
}

/// A lock file for the reference's packages, kept in the cache by what it is made for.
fn reference_lock(package: &Path) -> PathBuf {
    use sha3::{Digest, Keccak256};
    let bytes = std::fs::read(package).unwrap();
    let digest = Keccak256::digest(&bytes);
    let name = u64::from_be_bytes(digest[..8].try_into().unwrap());
    let folder = pospool_cli::wiring::find_cache_folder().join(format!("interface-{name:016x}"));
    let lock = folder.join("package-lock.json");
    if !lock.exists() {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("package.json"), bytes).unwrap();
        let arguments = [
            "install",
            "--package-lock-only",
            "--legacy-peer-deps",
            "--no-audit",
            "--no-fund",
        ];
        said(Command::new("npm").args(arguments).current_dir(&folder));
    }
    lock
}

fn said(command: &mut Command) -> String {
    let ran = Ran::of(command);
    assert_eq!(ran.code, Some(0), "{command:?}: {}", ran.stderr);
    ran.stdout.trim().to_owned()
}
