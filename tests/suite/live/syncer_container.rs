//! A `syncer` block on a real network: its container carries what users ask for, keeps its key to itself, and is mended
//! when somebody stops it.
//!
//! What a syncer survives is the business of `syncer`; here it is the container around it.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

use pospool_devnet::sender::SenderSpace;
use pospool_devnet::words::{encode_address, encode_number};
use pospool_devnet::{FundedAccount, accounts};
use serde_json::{Value, json};

use super::espace_ground::ground::Ground;
use super::espace_ground::{
    ACCOUNT, BRIDGE, ESCROW, ESPACE_ESCROW, ESPACE_POOL, ORACLE, PROXY, TwoSpaces, VOTE,
    pool_of_core_space,
};
use super::first_pool::votes;
use super::fund;
use super::project::{Project, docker, network};
use super::state_mv::case_state_mv;
use pospool_conflux::CoreAddress;

/// A key in the URL of its RPC, marked so that it can be searched for.
const RPC_KEY: &str = "marked-rpc-key-7d21";

/// CFX of the syncer's account.
const MONEY: u64 = 20;

#[test]
fn live_syncer_container_carries_stake_and_is_kept_well() {
    let project = pool_of_core_space();
    let ground = Ground::new(&[PROXY, BRIDGE, ESCROW, ESPACE_POOL, ESPACE_ESCROW], ORACLE);
    let two_spaces = TwoSpaces::wired(&ground, &project);
    let desk = Desk::new(&project, &two_spaces);
    desk.is_refused_what_it_could_not_reach();
    project.ok(&["apply", "--auto-approve"]);
    ground.note("the syncer runs");
    assert_eq!(project.plan()["steps"], json!([]));
    desk.is_hardened();
    desk.keeps_its_key();
    desk.asks_the_gateway();
    desk.carries_stake();
    desk.stands_still_and_is_mended();
    case_state_mv(&project, "syncer.main", Some("docker/key-in-use"));
    desk.comes_back_alone();
    desk.goes();
}

struct Desk<'a> {
    project: &'a Project,
    two_spaces: &'a TwoSpaces<'a>,
    account: FundedAccount,
}

impl<'a> Desk<'a> {
    /// The bridge gets an owner of its own, and the spec a block for it.
    fn new(project: &'a Project, two_spaces: &'a TwoSpaces<'a>) -> Self {
        let chain_id = network().chain_id;
        let seed = format!(
            "syncer of {}",
            project.recorded("node.main")["outputs"]["container_id"]
        );
        let account = accounts::funded_accounts(&seed, 1, chain_id)
            .unwrap()
            .remove(0);
        fund::transfer(&network().accounts[ACCOUNT], &account, MONEY);
        let owner = account.core_address.parse::<CoreAddress>().unwrap();
        two_spaces.ground.call(
            &two_spaces.operator,
            SenderSpace::Core,
            two_spaces.bridge,
            "transferOwnership(address)",
            &[encode_address(owner.bytes())],
        );
        let file = project.path("syncer.key");
        std::fs::write(&file, format!("{}\n", account.private_key)).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let bridge = CoreAddress::new(two_spaces.bridge, chain_id);
        let block = format!(
            "\nsyncer \"main\" {{\n  bridge         = \"{bridge}\"\n  private_key    = file(\"{}\")\n  \
             docker_network = \"{}\"\n  every          = \"2s\"\n}}\n",
            file.display(),
            network().docker_network
        );
        let spec = project.path("pool.hcl");
        let text = std::fs::read_to_string(&spec).unwrap();
        std::fs::write(spec, text + &block).unwrap();
        Self {
            project,
            two_spaces,
            account,
        }
    }

    /// The RPC of the pool's spec is on this machine, where the container is not.
    fn is_refused_what_it_could_not_reach(&self) {
        let ran = self.project.run(&["plan"]);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains("docker/inner-rpc"), "{said}");
        let inside = self
            .project
            .core_rpc_inside()
            .replace("://", &format!("://me:{RPC_KEY}@"));
        let inside = format!("{inside}/{RPC_KEY}?key={RPC_KEY}");
        let line = format!("\"2s\"\n  core_rpc       = \"{inside}\"\n");
        self.project.edit("\"2s\"\n", &line);
    }

    fn output(&self, name: &str) -> Value {
        self.project.recorded("syncer.main")["outputs"][name].take()
    }

    fn container(&self) -> String {
        self.output("container_id").as_str().unwrap().to_owned()
    }

    fn is_hardened(&self) {
        let text = docker(&["inspect", &self.container()]);
        let inspected: Value = serde_json::from_str(&text).unwrap();
        let (config, host) = (&inspected[0]["Config"], &inspected[0]["HostConfig"]);
        assert_eq!(config["User"], "10001:10001");
        assert_eq!(host["ReadonlyRootfs"], true);
        assert_eq!(host["CapDrop"], json!(["ALL"]));
        assert_eq!(host["SecurityOpt"], json!(["no-new-privileges:true"]));
        assert_eq!(host["PidsLimit"], 64);
        assert_eq!(host["Memory"], 256 << 20);
        assert_eq!(host["RestartPolicy"]["Name"], "no");
        assert!(host["PortBindings"].is_null(), "nothing is published");
        assert_eq!(self.output("health"), "well");
        assert_eq!(self.output("signer"), self.account.core_address.as_str());
    }

    /// Its rounds go through the gateway, as this machine's runs do.
    fn asks_the_gateway(&self) {
        let mark = self.project.endpoints().counts();
        let end = Instant::now() + Duration::from_mins(1);
        let since = || self.project.endpoints().counts().since(&mark);
        while since().calls == 0 {
            assert!(Instant::now() < end, "no round came through the gateway");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// The key is in nothing that Docker or pospool shows.
    fn keeps_its_key(&self) {
        let key = self
            .account
            .private_key
            .trim_start_matches("0x")
            .to_lowercase();
        let container = self.container();
        let image = docker(&["inspect", "--format", "{{.Image}}", &container]);
        let seen = [
            docker(&["inspect", &container]),
            docker(&["inspect", &image]),
            docker(&["history", "--no-trunc", &image]),
            docker(&["logs", &container]),
            docker(&["top", &container, "-eo", "pid,args"]),
            docker(&["cp", &format!("{container}:/etc/pospool/sync.hcl"), "-"]),
            std::fs::read_to_string(self.project.path("pospool.state.json")).unwrap(),
            self.project.ok(&["show", "--json"]),
            self.project.ok(&["plan", "--json"]),
        ];
        for text in seen {
            assert!(!text.to_lowercase().contains(&key), "the key is in: {text}");
            assert!(!text.contains(RPC_KEY), "the RPC's key is in: {text}");
        }
    }

    /// A user of eSpace buys a vote, and PoS counts it.
    fn carries_stake(&self) {
        let two = self.two_spaces;
        let (function, to) = ("increaseStake(uint64)", two.espace_pool);
        let vote = [encode_number(1)];
        two.ground
            .pay(&two.staker, SenderSpace::ESpace, to, function, &vote, VOTE);
        two.ground.wait("the container has carried the stake", || {
            let there = two.asks_bridge("queryUserSummary()")[0] == 1;
            (there && two.asks_bridge("queryCrossingVotes()") == [0]).then_some(())
        });
        two.ground.wait("PoS counts the vote", || {
            (votes(&two.pos_address) == 2).then_some(())
        });
    }

    fn stands_still_and_is_mended(&self) {
        let before = self.container();
        let state = || {
            let plan = self.project.plan();
            let steps = plan["steps"].as_array().unwrap().clone();
            assert_eq!(steps.len(), 1, "{steps:#?}");
            assert_eq!(steps[0]["address"], "syncer.main");
            let change = &steps[0]["changes"][0];
            (change["path"].clone(), change["before"].clone())
        };
        docker(&["stop", &before]);
        let code = docker(&["inspect", "--format", "{{.State.ExitCode}}", &before]);
        assert!(["0", "5"].contains(&code.as_str()), "it ended with {code}");
        assert_eq!(state(), (json!("state"), json!("stopped")));
        docker(&["start", &before]);
        assert_eq!(state(), (json!("state"), json!("waiting for its key")));
        self.project.ok(&["apply", "--auto-approve"]);
        self.project.ends(&["plan", "--detailed-exitcode"], 0);
        assert_eq!(
            self.container(),
            before,
            "it is started again, not made again"
        );

        docker(&["rm", "--force", &before]);
        self.project.ends(&["plan", "--detailed-exitcode"], 3);
        self.project.edit("\"2s\"", "\"3s\"");
        self.project.ok(&["apply", "--auto-approve"]);
        self.project.ends(&["plan", "--detailed-exitcode"], 0);
        assert_ne!(self.container(), before);
        self.two_spaces.ground.note("the syncer is mended");

        // Case key-in-url: another key is another wish, and no drift.
        let last = self.container();
        self.project
            .edit(&format!("?key={RPC_KEY}"), "?key=another");
        self.project.ends(&["plan", "--detailed-exitcode"], 2);
        self.project.ok(&["apply", "--auto-approve"]);
        self.project.ends(&["plan", "--detailed-exitcode"], 0);
        assert_ne!(self.container(), last);
    }

    /// Case reboot: with a mounted key Docker starts it again, and it goes on.
    fn comes_back_alone(&self) {
        let file = self.project.path("syncer.key");
        self.project.edit(
            &format!("file(\"{}\")", file.display()),
            &format!("mount(\"{}\")", file.display()),
        );
        let refused = self.project.ends(&["plan", "--json"], 1);
        assert!(refused.contains("docker/bad-value"), "{refused}");
        let spec = std::fs::read_to_string(self.project.path("pool.hcl")).unwrap();
        let keyed = spec
            .lines()
            .rfind(|line| line.starts_with("  core_rpc       = "))
            .unwrap();
        let plain = format!("  core_rpc       = \"{}\"", self.project.core_rpc_inside());
        self.project.edit(keyed, &plain);
        let refused = self.project.ends(&["apply", "--auto-approve", "--json"], 1);
        assert!(refused.contains("docker/no-secret"), "{refused}");
        std::os::unix::fs::chown(&file, Some(10001), None).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o400)).unwrap();
        self.project.ok(&["apply", "--auto-approve"]);
        self.project.ends(&["plan", "--detailed-exitcode"], 0);
        let of = |field: &str| docker(&["inspect", "--format", field, &self.container()]);
        let started = of("{{.State.StartedAt}}");
        let killed = Command::new("kill")
            .args(["-9", &of("{{.State.Pid}}")])
            .status();
        assert!(killed.unwrap().success());
        self.two_spaces
            .ground
            .wait("Docker starts it again, and it is well", || {
                let again = of("{{.State.StartedAt}}") != started;
                (again && self.project.run(&["plan", "--detailed-exitcode"]).code == Some(0))
                    .then_some(())
            });
        assert_eq!(self.output("health"), "well");
    }

    /// The block goes, and everything that was made for it.
    fn goes(&self) {
        let (container, volume) = (self.container(), self.output("volume"));
        let spec = self.project.path("pool.hcl");
        let text = std::fs::read_to_string(&spec).unwrap();
        let (rest, _) = text.split_once("\nsyncer ").unwrap();
        std::fs::write(spec, rest).unwrap();
        self.project.ok(&["apply", "--auto-approve"]);
        let containers = docker(&["ps", "-aq", "--no-trunc"]);
        assert!(!containers.contains(&container), "{containers}");
        let volumes = docker(&["volume", "ls", "-q"]);
        assert!(!volumes.contains(volume.as_str().unwrap()), "{volumes}");
    }
}
