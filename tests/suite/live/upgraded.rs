//! Contracts that get other code in place, in both spaces: stakers and settings stay.

use std::path::{Path, PathBuf};
use std::time::Duration;

use pospool_conflux::CoreAddress;
use pospool_devnet::FundedAccount;
use pospool_devnet::sender::{DevnetSender, DevnetTransaction, SenderSpace as Side};
use pospool_devnet::words::{encode_address, encode_call, encode_number};
use pospool_explorer::{Explorer, ExplorerConfig, ExplorerSpace, Match};
use pospool_tests::stand_ins;
use tokio::runtime::Runtime;

use super::project::{Project, contracts, network};

/// Without money in eSpace: the plan moves some there.
const OPERATOR: usize = 8;
const USER: usize = 3;
const VOTE: u128 = 1_000_000_000_000_000_000_000;
const CORE_POOL: &str = "core_contract.pool";
const ESPACE_POOL: &str = "espace_contract.pool";

type Bytes20 = [u8; 20];

/// A pool in both spaces, with one staker in each.
struct Stage {
    runtime: Runtime,
    explorer: Explorer,
    project: Project,
    user: DevnetSender,
    /// The folder that the spec names.
    source: PathBuf,
}

#[test]
fn live_upgraded_contracts_keep_stakers_and_settings() {
    // Before the stage, which takes its project down at its end and needs the named folder for that.
    let changes = ["comment", "incompatible", "compatible"];
    let [comment, incompatible, compatible] = changes.map(stand_ins::copy_with_change);
    let mut stage = Stage::new();
    for (pool, side) in POOLS {
        let data = encode_call("increaseStake(uint64)", &[encode_number(1)]);
        stage.user_pays(pool, *side, &data, VOTE);
    }
    let before = stage.seen();
    assert!(
        before
            .iter()
            .all(|seen| seen.summary.iter().any(|byte| *byte != 0)),
        "nobody has staked"
    );

    stage.other_comments(comment.path());
    assert_eq!(stage.seen(), before);
    stage.refused(incompatible.path());
    assert_eq!(stage.seen(), before);
    stage.upgraded(compatible.path(), &before);
    stage.verified_elsewhere();
    stage.refused(incompatible.path());
}

const POOLS: &[(&str, Side)] = &[(CORE_POOL, Side::Core), (ESPACE_POOL, Side::ESpace)];

/// When applies of the upgrade are killed: about when the implementations, the proxies, and the verification are on
/// their way.
const KILLS: [Duration; 3] = [
    Duration::from_millis(1500),
    Duration::from_millis(2500),
    Duration::from_secs(4),
];

/// What a user sees of a pool.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    address: String,
    implementation: String,
    summary: Vec<u8>,
    name: Vec<u8>,
    owner: Vec<u8>,
}

impl Stage {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let explorer = explorer(&runtime);
        let project = Project::new(OPERATOR);
        let user = DevnetSender::new(network(), user()).unwrap();
        let mut stage = Self {
            runtime,
            explorer,
            project,
            user,
            source: contracts(),
        };
        stage.name_source(&stand_ins::stand_ins_folder());
        stage.add_espace();
        stage.project.ok(&["apply", "--auto-approve"]);
        stage.project.ends(&["plan", "--detailed-exitcode"], 0);
        stage
    }

    /// Names another folder in the spec.
    fn name_source(&mut self, folder: &Path) {
        let quoted = |path: &Path| format!("\"{}\"", path.display());
        self.project.edit(&quoted(&self.source), &quoted(folder));
        folder.clone_into(&mut self.source);
    }

    fn add_espace(&self) {
        let (core, espace) = (self.project.core_rpc(), self.project.espace_rpc());
        self.project.edit(
            &format!("\"{core}\""),
            &format!("\"{core}\"\n  espace_rpc = \"{espace}\""),
        );
        let path = self.project.path("pool.hcl");
        let spec = std::fs::read_to_string(&path).unwrap();
        let more = format!(
            r#"
funding "espace" {{
  amount = cfx(50)
}}

espace_contract "pool" {{
  code  = source.reference.ESpacePoSPool
  proxy = true
  settings = {{
    name   = "Harbour in eSpace"
    bridge = core_contract.bridge
  }}
}}

core_contract "bridge" {{
  code  = source.reference.CoreBridge
  proxy = true
  settings = {{
    pool        = core_contract.pool
    espace_pool = espace_contract.pool
  }}
}}

verification "pools" {{
  contracts = [core_contract.pool, espace_contract.pool]
  explorer  = {{ core = "{}", espace = "{}" }}
}}
"#,
            self.explorer.core_url(),
            self.explorer.espace_url(),
        );
        std::fs::write(path, spec + &more).unwrap();
    }

    fn output(&self, resource: &str, name: &str) -> String {
        let recorded = self.project.recorded(resource);
        recorded["outputs"][name].as_str().unwrap().to_owned()
    }

    fn place(&self, pool: &str) -> Bytes20 {
        bytes(&self.output(pool, "address"))
    }

    fn user_pays(&self, pool: &str, side: Side, data: &[u8], value: u128) {
        let draft = DevnetTransaction {
            to: Some(self.place(pool)),
            value,
            data: data.to_vec(),
        };
        self.runtime.block_on(self.user.send(side, &draft)).unwrap();
    }

    fn ask(&self, pool: &str, side: Side, data: &[u8]) -> Vec<u8> {
        let answer = self.user.ask(side, self.place(pool), data);
        self.runtime.block_on(answer).unwrap()
    }

    fn seen(&self) -> Vec<Seen> {
        let seen = |(pool, side): &(&str, Side)| {
            let own = match side {
                Side::Core => bytes(&user().core_address),
                Side::ESpace => bytes(&user().espace_address),
            };
            let ask = |signature: &str, words: &[_]| {
                self.ask(pool, *side, &encode_call(signature, words))
            };
            Seen {
                address: self.output(pool, "address"),
                implementation: self.output(pool, "implementation"),
                summary: ask("userSummary(address)", &[encode_address(own)]),
                name: ask("poolName()", &[]),
                owner: ask("owner()", &[]),
            }
        };
        POOLS.iter().map(seen).collect()
    }

    /// The same code but for its metadata: shown, and nothing is sent.
    fn other_comments(&mut self, folder: &Path) {
        self.name_source(folder);
        let said = self.project.ends(&["plan", "--detailed-exitcode"], 2);
        assert!(said.contains("nothing is sent"), "{said}");
        let nonce = self.project.nonce();
        self.project.ok(&["apply", "--auto-approve"]);
        assert_eq!(self.project.nonce(), nonce, "it costs nothing");
        self.project.ends(&["plan", "--detailed-exitcode"], 0);
    }

    /// Storage that would be misread: refused at plan, with the slots.
    fn refused(&mut self, folder: &Path) {
        let good = self.source.clone();
        self.name_source(folder);
        let nonce = self.project.nonce();
        let ran = self.project.run(&["apply", "--auto-approve"]);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.code, Some(1), "{said}");
        assert!(
            said.contains("chain/storage-clash") && said.contains("votingEscrow"),
            "{said}"
        );
        for (pool, _) in POOLS {
            assert!(said.contains(pool), "{said}");
        }
        assert_eq!(self.project.nonce(), nonce, "nothing is sent");
        self.name_source(&good);
    }

    /// SIGKILL, unless it ended before.
    fn killed_after(&self, moment: Duration) {
        let mut child = self.project.spawn(&["apply", "--auto-approve"]);
        std::thread::sleep(moment);
        child.kill().unwrap();
        child.wait().unwrap();
        println!("killed after {moment:?} at nonce {}", self.project.nonce());
    }

    fn upgraded(&mut self, folder: &Path, before: &[Seen]) {
        self.name_source(folder);
        let said = self.project.run(&["plan"]).stdout;
        for old in before {
            assert!(
                said.contains(&format!("instead of {}", old.implementation)),
                "{said}"
            );
        }
        let nonce = self.project.nonce();
        for moment in KILLS {
            self.killed_after(moment);
        }
        self.project.ok(&["apply", "--auto-approve"]);
        assert_eq!(
            self.project.nonce(),
            nonce + 2,
            "the implementation and `upgradeTo` in Core Space"
        );
        self.project.ends(&["plan", "--detailed-exitcode"], 0);
        let after = self.seen();
        for ((old, new), (pool, side)) in before.iter().zip(&after).zip(POOLS) {
            assert_ne!(old.implementation, new.implementation);
            let kept = |seen: &Seen| {
                (
                    seen.address.clone(),
                    seen.summary.clone(),
                    seen.name.clone(),
                    seen.owner.clone(),
                )
            };
            assert_eq!(kept(old), kept(new), "{pool}");
            // What only the new code has.
            assert_eq!(
                self.ask(pool, *side, &encode_call("notice()", &[])).len(),
                64,
                "an empty text"
            );
            let verified = self.explorer.verified(space(*side), &new.implementation);
            let runtime = verified.unwrap().runtime;
            assert_eq!(runtime, Some(Match::Exact), "verified again");
        }
    }

    /// An explorer that knows nothing of the upgrade compares what each proxy was made with.
    fn verified_elsewhere(&mut self) {
        let other = explorer(&self.runtime);
        for (old, new) in [
            (self.explorer.core_url(), other.core_url()),
            (self.explorer.espace_url(), other.espace_url()),
        ] {
            let quoted = |url: &str| format!("\"{url}\"");
            self.project.edit(&quoted(&old), &quoted(&new));
        }
        self.project.ok(&["apply", "--auto-approve"]);
        self.project.ends(&["plan", "--detailed-exitcode"], 0);
        for (pool, side) in POOLS {
            let proxy = other.verified(space(*side), &self.output(pool, "address"));
            let proxy = proxy.unwrap();
            assert_eq!(proxy.runtime, Some(Match::Exact), "{pool}");
            // Of a base32 address the explorer never finds the creation.
            let creation = matches!(side, Side::ESpace).then_some(Match::Exact);
            assert_eq!(proxy.creation, creation, "{pool}");
        }
        self.explorer = other;
    }
}

fn explorer(runtime: &Runtime) -> Explorer {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("explorer-cache");
    let cache = pospool_explorer::shared_cache(cache);
    let config = ExplorerConfig::new(&network().core_rpc, &network().espace_rpc, cache);
    runtime.block_on(Explorer::start(config)).unwrap()
}

fn space(side: Side) -> ExplorerSpace {
    match side {
        Side::Core => ExplorerSpace::Core,
        Side::ESpace => ExplorerSpace::Espace,
    }
}

fn user() -> &'static FundedAccount {
    &network().accounts[USER]
}

fn bytes(text: &str) -> Bytes20 {
    match text.strip_prefix("0x") {
        Some(digits) => {
            let digit = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
            std::array::from_fn(|nth| digit(nth * 2))
        }
        None => text.parse::<CoreAddress>().unwrap().bytes(),
    }
}
