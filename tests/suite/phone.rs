//! The page that stands in for the reference interface, on a phone, in a real browser.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use pospool_conflux::abi::{self, Argument};
use serde_json::Value as Json;

/// Width of a common phone, in pixels of CSS.
const WIDTH: u64 = 390;

/// What the list of pools answers: one pool, with a long name.
fn answer() -> String {
    let word = |number: u128| abi::encode_arguments(&[Argument::Number(number)]);
    let name = abi::encode_arguments(&[Argument::Text(
        "Harbour pool with a rather long name".into(),
    )]);
    let pool = [
        word(1250),
        word(9000),
        word(1043),
        abi::encode_arguments(&[Argument::Address([0x8a; 20])]),
        word(160),
        // A text begins with its place, which the list of fields has said.
        name[32..].to_vec(),
    ];
    let bytes = [word(32), word(1), word(32), pool.concat()].concat();
    pospool_conflux::hex::hex_text(&bytes)
}

/// Builds the page, with a chain that answers inside of it, and one that measures it.
fn build(folder: &Path) {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui-stand-in/build.js");
    let built = Command::new("node").arg(tool).arg(folder).output().unwrap();
    assert!(built.status.success(), "{built:?}");
    let page = fs::read_to_string(folder.join("index.html")).unwrap();
    let chain = format!(
        "<script>window.poolConfig = {{ mainnet: {{ core: {{ name: 'Conflux Core Space', networkId: 1029, RPC: 'x' }}, poolManagerAddress: 'x' }} }};\
         window.fetch = async (_, asked) => ({{ json: async () => ({{ result: JSON.parse(asked.body).method === 'cfx_epochNumber' ? '0x9184e72' : '{}' }}) }});</script><script src",
        answer()
    );
    // From a file there is no root.
    let page = page
        .replace("\"/static", "\"static")
        .replace("\"/mark", "\"mark")
        .replacen("<script src", &chain, 1);
    fs::write(folder.join("index.html"), page).unwrap();
    let measure = format!(
        "<!doctype html><iframe id=page src=index.html style='width:{WIDTH}px;height:1200px;border:0'></iframe><pre id=seen></pre><script>\
         setTimeout(() => {{ const page = document.getElementById('page').contentDocument;\
         const size = (what) => {{ const it = page.querySelector(what).getBoundingClientRect(); return [Math.round(it.width), Math.round(it.height)]; }};\
         document.getElementById('seen').textContent = 'seen:' + JSON.stringify({{ scroll: page.documentElement.scrollWidth, brand: size('.brand span'),\
         chip: size('.network'), ring: size('.ring'), notice: page.querySelector('.stand-in').textContent }}) + ':end'; }}, 1500)</script>"
    );
    fs::write(folder.join("measure.html"), measure).unwrap();
}

#[test]
fn case_phone_the_stand_in_page_fits_and_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("site");
    build(&site);
    let profile = folder.path().join("profile");
    let run = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
        ])
        .args(["--disable-dev-shm-usage", "--disable-background-networking"])
        .args([
            "--allow-file-access-from-files",
            "--virtual-time-budget=5000",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg("--dump-dom")
        .arg(format!("file://{}/measure.html", site.display()))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&run.stdout).into_owned();
    let seen = shown
        .split_once("seen\">seen:")
        .and_then(|(_, rest)| rest.split_once(":end"));
    let (seen, _) = seen.unwrap_or_else(|| panic!("{shown}\n{run:?}"));
    let seen: Json = serde_json::from_str(&seen.replace("&amp;", "&")).unwrap();
    let pixels = |what: &str, at: usize| seen[what][at].as_u64().unwrap();
    assert_eq!(
        seen["scroll"].as_u64(),
        Some(WIDTH),
        "nothing sticks out: {seen}"
    );
    // One line each, and the ring is beside the figures and not above them.
    for what in ["brand", "chip"] {
        assert!(pixels(what, 1) < 40, "{seen}");
    }
    assert!(pixels("ring", 0) < WIDTH / 4, "{seen}");
    let notice = seen["notice"].as_str().unwrap();
    assert!(
        notice.contains("stands in") && notice.contains("cannot stake"),
        "{seen}"
    );
}
