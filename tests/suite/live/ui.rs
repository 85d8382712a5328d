//! The pool's web page, opened in a real browser, with the pool of the private network in it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::project::{Project, Ran, contracts, docker, network};

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
            base(pool, share)
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
fn base(pool: &str, share: &str) -> String {
    let network = network();
    format!(
        "chain \"conflux\" {{\n  network  = \"devnet\"\n  core_rpc = \"{}\"\n}}\n\
         account \"operator\" {{\n  private_key = env(\"POSPOOL_OPERATOR_KEY\")\n}}\n\
         host \"main\" {{\n  docker = \"unix:///var/run/docker.sock\"\n}}\n\
         source \"contracts\" {{\n  path = \"{}\"\n}}\n\
         core_contract \"pool\" {{\n  code  = source.contracts.PoSPool\n  owner = account.operator\n  proxy = true\n  \
         settings = {{\n    name             = \"{pool}\"\n    user_share_ratio = \"{share}\"\n  }}\n}}\n\
         core_contract \"manager\" {{\n  code  = source.contracts.PoolManager\n  owner = account.operator\n  \
         settings = {{ pools = [core_contract.pool] }}\n}}\n",
        network.core_rpc,
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
    assert_eq!(host["RestartPolicy"]["Name"], "unless-stopped");
    let ports = &inspected[0]["NetworkSettings"]["Ports"]["8080/tcp"];
    assert_eq!(ports.as_array().unwrap().len(), 1);
    assert_eq!(ports[0]["HostIp"], "127.0.0.1");
    assert_eq!(inspected[0]["State"]["Health"]["Status"], "healthy");
    assert!(!text.contains(site.project.private_key().trim_start_matches("0x")));
}

fn is_served_with_care(site: &Site) {
    let page = get(site.port, "/pool/anything", "");
    assert!(page.starts_with("HTTP/1.1 200 OK"), "{page}");
    let rpc = &network().core_rpc;
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
    docker(&["stop", &before]);
    site.project.ends(&["plan", "--detailed-exitcode"], 3);
    site.project.ok(&["apply", "--auto-approve"]);
    assert_eq!(
        site.container(),
        before,
        "it is started again, not made again"
    );
    docker(&["update", "--memory", "64m", "--memory-swap", "64m", &before]);
    site.project.ends(&["plan", "--detailed-exitcode"], 3);
    docker(&["rm", "--force", &before]);
    site.project.ends(&["plan", "--detailed-exitcode"], 3);
    site.project.ok(&["apply", "--auto-approve"]);
    site.project.ends(&["plan", "--detailed-exitcode"], 0);
    assert_ne!(site.container(), before);
    pool_of(&shown(&site.url()));
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
    site.project.ok(&["apply", "--auto-approve"]);
    assert_ne!(site.output("digest"), digest);
    assert!(shown(&site.url()).contains("sleep well"));
    site.project.ends(&["plan", "--detailed-exitcode"], 0);
}
