//! `pospool key`, as far as it needs no engine.

use std::os::unix::fs::PermissionsExt as _;

use pospool_engine::store::{Mode, Store};
use pospool_keys::age::{AgeIdentity, Lock};
use pospool_keys::testing::{make_pos_key, make_safety_file};
use pospool_keys::{KeyBundle, Manifest, PosKey};
use pospool_model::state::Recorded;
use pospool_model::{Address, Attributes, Secret};

use super::*;

const SPEC: &str = r#"
host "main" {}
chain "net" { network = "testnet" }
volume "main" {}
node "main" {
  image            = "confluxchain/conflux-rust:3.0.3-testnet@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  data             = volume.main
  pos_key_password = file("password")
}
"#;
const PASSWORD: &str = "marked-password";
/// Lineage of the state that the bundles are made under.
const OURS: &str = "0a1b2c3d-0000";

/// A project with a bundle of the key 5, made under the state [`OURS`] for who holds `identity.txt`.
struct Kept {
    world: World,
    address: String,
}

fn password() -> Secret {
    Secret::new(PASSWORD.to_owned())
}

impl Kept {
    fn new() -> Self {
        let world = World::real();
        world.write("pool.hcl", SPEC);
        let path = world.path("password");
        let named = format!("file({:?})", path.to_str().unwrap());
        world.write("pool.hcl", &SPEC.replace("file(\"password\")", &named));
        world.write("password", PASSWORD);
        let made = world.run("key identity --to identity.txt");
        assert_eq!(made.exit, Exit::Done, "{made:?}");
        let file = make_pos_key(5, &password());
        let address = PosKey::open(&file, &password()).unwrap().pos_address_text();
        let node: Address = "node.main".parse().unwrap();
        let manifest = Manifest::new(OURS.to_owned(), node, address.clone());
        let safety = Some(make_safety_file(&address, 43, 6));
        let bundle = KeyBundle::seal(manifest, file, password(), safety).unwrap();
        let identity = AgeIdentity::parse_all(&world.read("identity.txt")).unwrap();
        let lock = Lock::Recipients(vec![identity[0].recipient()]);
        std::fs::write(world.path("bundle"), bundle.lock(&lock).unwrap()).unwrap();
        let lock = Lock::Passphrase(Secret::new("marked-phrase".to_owned()), 4);
        std::fs::write(world.path("phrased"), bundle.lock(&lock).unwrap()).unwrap();
        world.write("phrase", "marked-phrase\n");
        Self { world, address }
    }

    /// Gives the project a state in which the node has a key.
    fn with_state(self, lineage: &str, key: &str) -> Self {
        let path = self.world.path("pospool.state.json");
        let mut store = Store::open(&path, Mode::Write, "test").unwrap();
        let outputs = Attributes::from([("pos_address".to_owned(), key.into())]);
        let recorded = Recorded {
            outputs,
            complete: true,
            ..Recorded::default()
        };
        store
            .update(|state| {
                lineage.clone_into(&mut state.lineage);
                let node = "node.main".parse().unwrap();
                state.resources.insert(node, recorded);
            })
            .unwrap();
        self
    }

    /// The code of a command that must fail; nothing that it says holds a secret.
    fn fails(&self, line: &str) -> String {
        let ran = self.world.run(&format!("{line} --json"));
        assert_eq!(ran.exit, Exit::Error, "{line}: {ran:?}");
        assert!(!format!("{ran:?}").contains("marked-"), "{ran:?}");
        let said: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        said["error"]["code"].as_str().unwrap().to_owned()
    }

    fn ok(&self, line: &str) -> Ran {
        let ran = self.world.run(line);
        assert_eq!(ran.exit, Exit::Done, "{line}: {ran:?}");
        assert!(!format!("{ran:?}").contains("marked-"), "{ran:?}");
        ran
    }
}

#[test]
fn an_identity_is_made_once_for_its_owner_alone() {
    let kept = Kept::new();
    let file = kept.world.path("identity.txt");
    let rights = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(rights & 0o777, 0o600);
    assert_eq!(kept.fails("key identity --to identity.txt"), "cli/exists");
    let text = kept.world.read("identity.txt");
    let made = kept.ok("key identity --to other.txt --json");
    let said: serde_json::Value = serde_json::from_str(&made.out).unwrap();
    let recipient = said["recipient"].as_str().unwrap();
    assert!(kept.world.read("other.txt").contains(recipient));
    assert!(!made.out.contains("SECRET"), "{made:?}");
    assert_eq!(kept.world.read("identity.txt"), text);
}

#[test]
fn inspect_says_what_needs_no_secret_and_with_one_the_rest() {
    let kept = Kept::new();
    let said = kept.ok("key inspect bundle").out;
    assert!(said.contains("locked for 1 recipient"), "{said}");
    assert!(!said.contains(&kept.address), "{said}");
    let said = kept.ok("key inspect phrased").out;
    assert!(said.contains("locked with a passphrase"), "{said}");
    let said = kept
        .ok("key inspect bundle --identity file:identity.txt")
        .out;
    assert!(
        said.contains(&kept.address) && said.contains("round 6 of PoS epoch 43"),
        "{said}"
    );
    let said = kept.ok("key inspect phrased --passphrase file:phrase").out;
    assert!(said.contains("node.main"), "{said}");
}

#[test]
fn what_opens_a_bundle_or_its_key_is_not_read_where_everybody_can_read_it() {
    let kept = Kept::new().with_state(OURS, "");
    let open = |name: &str, mode: u32| {
        let rights = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(kept.world.path(name), rights).unwrap();
    };
    let restore = "key restore bundle --to volume.main --identity file:identity.txt";
    for (file, line) in [
        (
            "identity.txt",
            "key inspect bundle --identity file:identity.txt",
        ),
        ("identity.txt", restore),
        ("phrase", "key inspect phrased --passphrase file:phrase"),
        (
            "phrase",
            "key backup node.main --to new --passphrase file:phrase",
        ),
    ] {
        open(file, 0o644);
        assert_eq!(kept.fails(line), "key/no-secret", "{line}");
        let ran = kept.world.run(line);
        assert!(ran.err.contains("chmod 600"), "{line}: {}", ran.err);
        // Those of a group are its own matter, as with keys of accounts.
        open(file, 0o640);
    }
    kept.ok("key inspect bundle --identity file:identity.txt");
    kept.ok("key inspect phrased --passphrase file:phrase");
    assert!(!kept.world.path("new").exists());
}

#[test]
fn what_does_not_open_a_bundle_is_said_by_its_code() {
    let kept = Kept::new();
    kept.ok("key identity --to other.txt");
    kept.world.write("wrong", "another phrase");
    let whole = std::fs::read(kept.world.path("bundle")).unwrap();
    std::fs::write(kept.world.path("cut"), &whole[..whole.len() - 9]).unwrap();
    for (line, code) in [
        ("bundle --identity file:other.txt", "key/wrong-recipient"),
        ("phrased --passphrase file:wrong", "key/wrong-passphrase"),
        ("phrased --identity file:identity.txt", "key/wrong-lock"),
        ("bundle --passphrase file:phrase", "key/wrong-lock"),
        ("bundle --identity file:phrase", "key/bad-identity"),
        ("cut --identity file:identity.txt", "key/damaged"),
        ("pool.hcl --identity file:identity.txt", "key/not-a-bundle"),
        ("none --identity file:identity.txt", "cli/file"),
        ("bundle --identity file:none.txt", "key/no-secret"),
        ("bundle", "key/no-opener"),
        // Somebody wrote the secret itself.
        ("phrased --passphrase marked-phrase", "key/no-secret"),
    ] {
        assert_eq!(kept.fails(&format!("key drill {line}")), code, "{line}");
    }
}

#[test]
fn case_backup_a_drill_compares_with_the_state_and_notes_its_date() {
    const DRILL: &str = "key drill bundle --identity file:identity.txt";
    let kept = Kept::new();
    let said = kept.ok(DRILL).out;
    assert!(
        said.contains(&kept.address) && said.contains("no date"),
        "{said}"
    );
    assert!(!kept.world.path("pospool.state.json").exists());
    let address = kept.address.clone();
    let kept = kept.with_state(OURS, &address);
    let said = kept.ok(DRILL).out;
    assert!(said.contains("the date is noted"), "{said}");
    let state = kept.world.read("pospool.state.json");
    assert!(
        state.contains("key_drill") && !state.contains("marked-"),
        "{state}"
    );
    let kept = Kept::new().with_state(OURS, "0xcd");
    assert_eq!(kept.fails(DRILL), "key/other-key");
    let kept = Kept::new().with_state("9f8e7d6c-0000", "0xcd");
    assert!(kept.ok(DRILL).out.contains("no date"));
}

#[test]
fn case_backup_a_bundle_never_takes_the_place_of_a_file() {
    let kept = Kept::new().with_state(OURS, "0xab");
    let line = "key backup node.main --to bundle --recipient";
    assert_eq!(kept.fails(&format!("{line} age1x")), "key/bad-recipient");
    let made = kept.ok("key identity --to other.txt --json");
    let said: serde_json::Value = serde_json::from_str(&made.out).unwrap();
    let recipient = said["recipient"].as_str().unwrap();
    assert_eq!(kept.fails(&format!("{line} {recipient}")), "cli/exists");
    let line = format!("key backup node.other --to new --recipient {recipient}");
    assert_eq!(kept.fails(&line), "docker/no-node");
    assert!(!kept.world.path("new").exists());
}

/// All of it before an engine is asked.
#[test]
fn case_backup_a_bundle_is_restored_into_its_own_pool_alone() {
    const RESTORE: &str = "key restore bundle --to volume.main --identity file:identity.txt";
    let kept = Kept::new().with_state("9f8e7d6c-0000", "0xcd");
    assert_eq!(kept.fails(RESTORE), "key/other-pool");
    let kept = Kept::new().with_state(OURS, "0xcd");
    assert_eq!(kept.fails(RESTORE), "key/other-key");
    let other = RESTORE.replace("volume.main", "volume.other");
    assert_eq!(kept.fails(&other), "docker/no-node");
    let kept = Kept::new();
    kept.world.write("password", "marked-other");
    assert_eq!(kept.fails(RESTORE), "key/wrong-password");
    std::fs::remove_file(kept.world.path("password")).unwrap();
    let ran = kept.world.run(RESTORE);
    assert!(ran.err.contains("--password-to"), "{ran:?}");
    let there = format!("{RESTORE} --password-to pool.hcl");
    assert_eq!(kept.fails(&there), "cli/exists");
}

#[test]
fn an_imported_key_must_be_the_one_that_all_of_it_names() {
    let kept = Kept::new();
    let file = make_pos_key(5, &password());
    std::fs::write(kept.world.path("pos_key"), &file).unwrap();
    std::fs::write(kept.world.path("cut"), &file[..99]).unwrap();
    kept.world.write(
        "data",
        include_str!("../../../../tests/suite/register_data.hex"),
    );
    let import = |rest: &str| kept.fails(&format!("key import --to node.main --pos-key {rest}"));
    assert_eq!(import("cut"), "key/pos-key-damaged");
    assert_eq!(
        import("pos_key --register-data pool.hcl"),
        "chain/bad-register-data"
    );
    assert_eq!(import("pos_key --register-data data"), "key/other-key");
    kept.world.write("password", "marked-other");
    assert_eq!(import("pos_key"), "key/wrong-password");
}
