//! Case plan-needs-keys: a plan needs addresses alone. Keys are read when a transaction is signed, and must be those of the
//! addresses that were planned with, whoever said them.

use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pospool_cli::exit::Exit;
use pospool_conflux::Key;
use pospool_model::Address;

use crate::example_world::{ExampleWorld, spec_of};

const NETWORK: u32 = 1234;
const OPERATOR: &str = "POSPOOL_OPERATOR_KEY";
const PASSWORD: &str = "POSPOOL_POS_KEY_PASSWORD";
/// `O_NONBLOCK` of Linux.
const AT_ONCE: i32 = 0o4000;

/// The pool of the demo; `edit` changes its spec before anything is made.
fn demo(edit: impl FnOnce(String) -> String) -> ExampleWorld {
    ExampleWorld::demo(edit(spec_of("private-network")))
}

fn made(edit: impl FnOnce(String) -> String) -> ExampleWorld {
    let pool = demo(edit);
    pool.ends(&["apply", "--auto-approve"], Exit::Done);
    pool
}

/// An apply that ends so signs nothing; returns what it says.
fn signs_nothing(pool: &ExampleWorld, exit: Exit) -> String {
    let before = pool.world.chain.handed_in().len();
    let run = pool.ends(&["apply", "--auto-approve"], exit);
    assert_eq!(pool.world.chain.handed_in().len(), before, "{}", run.err);
    run.err
}

/// A secret file that says whether somebody opened it.
struct Watched {
    path: PathBuf,
    is_opened: Arc<AtomicBool>,
    is_over: Arc<AtomicBool>,
}

impl Watched {
    /// In the place of a file.
    fn instead_of(path: PathBuf) -> Self {
        std::fs::remove_file(&path).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        let watched = Self {
            path,
            is_opened: Arc::default(),
            is_over: Arc::default(),
        };
        let path = watched.path.clone();
        let (opened, over) = (Arc::clone(&watched.is_opened), Arc::clone(&watched.is_over));
        std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                // It has a writer only where somebody reads it.
                let pipe = std::fs::OpenOptions::new()
                    .write(true)
                    .custom_flags(AT_ONCE)
                    .open(&path);
                if let Ok(mut pipe) = pipe {
                    opened.store(true, Ordering::Relaxed);
                    let _ = pipe.write_all("11".repeat(32).as_bytes());
                    drop(pipe);
                    // The reader comes to its end first.
                    std::thread::sleep(Duration::from_millis(100));
                }
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        watched
    }

    fn is_opened(&self) -> bool {
        self.is_opened.load(Ordering::Relaxed)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        let _ = std::fs::remove_file(&self.path);
    }
}

fn key(byte: u8) -> Key {
    Key::parse(&format!("{byte:02x}").repeat(32)).unwrap()
}

const SHARE: (&str, &str) = ("\"90%\"", "\"85%\"");

#[test]
fn case_plan_needs_keys_a_made_pool_is_planned_without_any_secret() {
    let pool = made(|spec| spec);
    for secret in [OPERATOR, PASSWORD, "operator-key"] {
        std::fs::remove_file(pool.world.path(secret)).unwrap();
    }
    pool.ends(&["validate"], Exit::Done);
    let plan = pool.ends(&["plan", "--detailed-exitcode"], Exit::Done);
    assert!(plan.out.contains("nothing to do"), "{}", plan.out);
    let shown = pool.world.run(&["show"], "");
    let address = key(0x11).core_address(NETWORK).to_string();
    assert!(
        shown
            .out
            .contains(&format!("account.operator: {address}, ")),
        "{}",
        shown.out
    );
    let plan = pool.ends(&["apply"], Exit::Done);
    assert!(plan.out.contains("nothing to do"), "{}", plan.out);
    pool.edit(SHARE.0, SHARE.1);
    let plan = pool.ends(&["plan", "--out", "saved"], Exit::Done);
    assert!(plan.out.contains("set `user_share_ratio`"), "{}", plan.out);
    // Who signs needs the key; the plan of before is still good when it is there.
    let said = signs_nothing(&pool, Exit::Error);
    assert!(said.contains("chain/no-key"), "{said}");
    pool.world.write_key(OPERATOR, 0x11);
    pool.ends(&["plan", "--out", "saved"], Exit::Done);
    pool.ends(&["apply", "saved"], Exit::Done);
}

#[test]
fn case_plan_needs_keys_a_plan_opens_no_key_file() {
    let pool = made(|spec| spec);
    pool.edit(SHARE.0, SHARE.1);
    let watched = Watched::instead_of(pool.world.path(OPERATOR));
    pool.ends(&["plan"], Exit::Done);
    assert!(!watched.is_opened());
    // Who signs opens it, and that is seen.
    let _ = pool.run(&["apply", "--auto-approve"]);
    assert!(watched.is_opened());
    drop(watched);
    pool.world.write_key(OPERATOR, 0x11);
    pool.ends(&["apply", "--auto-approve"], Exit::Done);
}

#[test]
fn a_first_plan_needs_no_key_where_the_spec_says_the_address() {
    let address = key(0x11).core_address(NETWORK).to_string();
    let with = |spec: String, address: &str| {
        let line = format!("account \"operator\" {{\n  address = \"{address}\"\n");
        spec.replacen("account \"operator\" {\n", &line, 1)
    };
    let pool = demo(|spec| with(spec, &address));
    let watched = Watched::instead_of(pool.world.path(OPERATOR));
    pool.ends(&["plan"], Exit::Done);
    assert!(!watched.is_opened());
    drop(watched);
    pool.world.write_key(OPERATOR, 0x11);
    pool.ends(&["apply", "--auto-approve"], Exit::Done);

    // The key of somebody else signs nothing.
    let other = key(0x22).core_address(NETWORK).to_string();
    let pool = demo(|spec| with(spec, &other));
    pool.ends(&["plan"], Exit::Done);
    let said = signs_nothing(&pool, Exit::Error);
    for part in ["chain/no-key", "account.operator", "known from its block"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn an_address_that_is_none_of_this_network_is_refused() {
    let testnet = key(0x11).core_address(1).to_string();
    let espace = key(0x22).espace_address().to_string();
    let ours = key(0x11).core_address(NETWORK).to_string();
    for (lines, part) in [
        (String::new(), "neither `private_key` nor `address`"),
        (
            format!("address = \"{testnet}\""),
            "is an address of network 1",
        ),
        ("address = \"cfx:no\"".to_owned(), "`cfx:no`"),
        (
            format!("address = \"{ours}\"\n  espace_address = \"{espace}\""),
            "are not those of one key",
        ),
    ] {
        let key = "private_key = env(\"POSPOOL_OPERATOR_KEY\")";
        let pool = demo(|spec| spec.replacen(key, &lines, 1));
        let run = pool.run(&["plan"]);
        assert_ne!(run.exit, Exit::Done, "{lines}: {}", run.out);
        assert!(run.err.contains("chain/bad-account"), "{}", run.err);
        assert!(run.err.contains(part), "{part}: {}", run.err);
    }
}

#[test]
fn an_account_without_a_key_signs_nothing() {
    let address = key(0x11).core_address(NETWORK).to_string();
    let line = format!("address = \"{address}\"");
    let key = "private_key = env(\"POSPOOL_OPERATOR_KEY\")";
    let pool = made(|spec| spec);
    pool.edit(key, &line);
    let plan = pool.ends(&["plan", "--detailed-exitcode"], Exit::Done);
    assert!(plan.out.contains("nothing to do"), "{}", plan.out);
    let spec = pool.spec.replacen(key, &line, 1);
    pool.world.write_spec(&spec.replacen(SHARE.0, SHARE.1, 1));
    let plan = pool.ends(&["plan"], Exit::Done);
    assert!(plan.out.contains("to be signed by"), "{}", plan.out);
    signs_nothing(&pool, Exit::Converging);
    // What makes something, or carries money, is looked at once more before it is signed, and so is signed here.
    let pool = demo(|spec| spec.replacen(key, &line, 1));
    let run = pool.run(&["plan"]);
    assert!(run.err.contains("chain/no-key"), "{}", run.err);
    assert!(run.err.contains("names no key"), "{}", run.err);
}

/// Who can write the state says that an account is theirs.
#[test]
fn an_address_that_only_the_state_says_is_proven_before_it_is_signed() {
    let second = "account \"second\" {\n  private_key = file(\"/run/secrets/second-key\")\n}\n\nhost \"local\" {}";
    let pool = demo(|spec| {
        let spec = spec.replacen("host \"local\" {}", second, 1);
        spec.replacen(
            "  proxy    = true",
            "  owner    = account.operator\n  proxy    = true",
            1,
        )
    });
    pool.world.write_key("second-key", 0x33);
    pool.ends(&["apply", "--auto-approve"], Exit::Done);
    let stranger = key(0x66);
    let name: Address = "account.second".parse().unwrap();
    let mut store = pool.world.store();
    let planted = store.update(|state| {
        let account = state.accounts.get_mut(&name).expect("it is kept");
        account.address = stranger.core_address(NETWORK).to_string();
        account.espace_address = stranger.espace_address().to_string();
    });
    planted.unwrap();
    drop(store);
    // The pool is to be given to it.
    let settings = "user_share_ratio = \"90%\" }";
    pool.edit(
        settings,
        "user_share_ratio = \"90%\", owner = account.second }",
    );
    let plan = pool.ends(&["plan"], Exit::Done);
    let theirs = stranger.core_address(NETWORK).to_string();
    assert!(plan.out.contains(&theirs), "a plan shows it: {}", plan.out);
    let said = signs_nothing(&pool, Exit::Error);
    for part in ["chain/no-key", "account.second", "from the state alone"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // Who has no key at hand writes the address.
    let address = key(0x33).core_address(NETWORK).to_string();
    let spec = pool.spec.replacen(
        settings,
        "user_share_ratio = \"90%\", owner = account.second }",
        1,
    );
    let secret = "private_key = file(\"/run/secrets/second-key\")";
    let spec = spec.replacen(secret, &format!("address = \"{address}\""), 1);
    pool.world.write_spec(&spec);
    // It has no key here, and so does not come back by itself.
    let plan = pool.ends(&["plan"], Exit::Protected);
    assert!(plan.out.contains(&address), "{}", plan.out);
}

#[test]
fn a_key_file_that_others_can_read_signs_nothing() {
    let pool = demo(|spec| spec);
    let path = pool.world.path(OPERATOR);
    let open_to = |mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&path, mode).unwrap();
    };
    open_to(0o644);
    let said = signs_nothing(&pool, Exit::Error);
    for part in ["chain/no-key", "can be read by everybody", "chmod 600"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    open_to(0o640);
    pool.ends(&["apply", "--auto-approve"], Exit::Done);
}

/// Who can never be asked again, or has another key than the block says, gets no pool by a slip.
#[test]
fn a_pool_is_given_to_no_account_that_has_not_said_who_it_is() {
    let second = |block: &str| format!("account \"second\" {{\n{block}}}\n\nhost \"local\" {{}}");
    let theirs = key(0x66).core_address(NETWORK).to_string();
    let pool = demo(|spec| {
        spec.replacen(
            "  proxy    = true",
            "  owner    = account.operator\n  proxy    = true",
            1,
        )
    });
    pool.world.write_key("second-key", 0x33);
    let settings = "user_share_ratio = \"90%\" }";
    let given = "user_share_ratio = \"90%\", owner = account.second }";
    let with = |block: &str| {
        let spec = pool.spec.replacen("host \"local\" {}", &second(block), 1);
        pool.world.write_spec(&spec);
        pool.ends(&["apply", "--auto-approve"], Exit::Done);
        pool.world.write_spec(&spec.replacen(settings, given, 1));
    };
    // An address without a key: it cannot come back.
    with(&format!("  address = \"{theirs}\"\n"));
    let said = signs_nothing(&pool, Exit::Protected);
    assert!(said.contains("irreversible"), "{said}");
    // An address beside the key of somebody else.
    let secret = "  private_key = file(\"/run/secrets/second-key\")\n";
    with(&format!("  address = \"{theirs}\"\n{secret}"));
    let said = signs_nothing(&pool, Exit::Error);
    for part in ["chain/no-key", "account.second", "its block"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

/// The key of 32 bytes `11`, as other programs wrote it (`chain/conflux/src/keystore/tests.rs`).
const KEYSTORE: &str = r#"{"version":3,"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"ffffffffffffffffffffffffffffffff"},
"ciphertext":"67faaa3700d27b1add95af49b9aaf0a4e6988f2b8cc5387e842137863f457f8d","kdf":"scrypt","kdfparams":{"dklen":32,"n":1024,"r":8,"p":2,
"salt":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"},"mac":"108316c9a6840aa863f6348cfc86fb3e7401a3697de897c58c3868cadc82c4f2"}}"#;

#[test]
fn a_keystore_signs_as_its_key_does_and_is_opened_only_then() {
    let pool = demo(|spec| {
        let plain = "private_key = env(\"POSPOOL_OPERATOR_KEY\")";
        assert!(spec.contains(plain));
        let store = "keystore = env(\"operator.json\")\n  password = env(\"operator-word\")";
        spec.replacen(plain, store, 1)
    });
    // Others may read what is encrypted.
    pool.world.write("operator.json", KEYSTORE);
    let word = pool.world.path("operator-word");
    let write_word = |text: &str| {
        std::fs::write(&word, text).unwrap();
        let owner_alone = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&word, owner_alone).unwrap();
    };
    write_word("hunter2-of-nobody");
    let run = pool.ends(&["plan"], Exit::Error);
    assert!(run.err.contains("does not open it"), "{}", run.err);
    assert!(!run.err.contains("hunter2"), "{}", run.err);
    write_word("p\u{e4}ssword of a wallet");
    pool.ends(&["apply", "--auto-approve"], Exit::Done);
    let state = std::fs::read_to_string(pool.world.path("pospool.state.json")).unwrap();
    assert!(
        !state.contains("operator-word"),
        "only what holds the key is an identity"
    );
    // From now on its address is known, and neither file is opened by a plan.
    for name in ["operator.json", "operator-word"] {
        std::fs::remove_file(pool.world.path(name)).unwrap();
    }
    pool.edit(SHARE.0, SHARE.1);
    pool.ends(&["plan"], Exit::Done);
    let said = signs_nothing(&pool, Exit::Error);
    assert!(said.contains("chain/no-key"), "{said}");
    pool.world.write("operator.json", KEYSTORE);
    write_word("p\u{e4}ssword of a wallet");
    pool.ends(&["apply", "--auto-approve"], Exit::Done);
    let plan = pool.ends(&["plan", "--detailed-exitcode"], Exit::Done);
    assert!(plan.out.contains("nothing to do"), "{}", plan.out);
}
