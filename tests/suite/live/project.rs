//! A spec, a state and an account on the test's network.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use pospool_devnet::FundedAccount;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::gateway::Endpoints;
pub(crate) use super::networks::network;

/// What every project of these tests uses as the password of its PoS key: marked, so
/// that it can be searched for.
pub(crate) const PASSWORD: &str = "marked-password-5f1c9ab2";

/// One operator's folder.
pub(crate) struct Project {
    folder: TempDir,
    operator: Operator,
    endpoints: Endpoints,
}

/// Who runs pospool, and what is in the environment of its process.
pub(crate) struct Operator {
    /// Deploys, owns and pays.
    pub(crate) account: FundedAccount,
    /// Password of the PoS key.
    pub(crate) password: String,
    /// More variables.
    pub(crate) variables: Vec<(&'static str, OsString)>,
}

/// What a command said.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Runs a command to its end.
    pub(crate) fn of(command: &mut Command) -> Self {
        let Output {
            status,
            stdout,
            stderr,
        } = command.output().unwrap();
        Self {
            code: status.code(),
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        }
    }
}

impl Project {
    /// A new folder with a spec from `pospool init`, for one of the funded accounts.
    pub(crate) fn new(account: usize) -> Self {
        Self::of(Operator {
            account: network().accounts[account].clone(),
            password: PASSWORD.to_owned(),
            variables: Vec::new(),
        })
    }

    /// The same for anybody.
    pub(crate) fn of(operator: Operator) -> Self {
        let project = Self {
            folder: tempfile::tempdir().unwrap(),
            operator,
            endpoints: Endpoints::of(network()),
        };
        let network = network();
        let source = contracts();
        project.ok(&[
            "init",
            "--network",
            "devnet",
            "--name",
            "Harbour pool",
            "--share-ratio",
            "90%",
            "--image",
            &network.image,
            "--core-rpc",
            &project.core_rpc(),
            "--node-files",
            network.node_files.to_str().unwrap(),
            "--bootnodes",
            &network.bootnode,
            "--docker-network",
            &network.docker_network,
            "--source",
            source.to_str().unwrap(),
            "--accept-irreversible",
        ]);
        project.has_a_source();
        project
    }

    /// The guard of the project's node asks the chain where its container reaches it.
    fn has_a_source(&self) {
        let node = "  pos_key_password = ";
        let source = format!("  core_rpc         = {:?}\n{node}", self.core_rpc_inside());
        self.edit(node, &source);
    }

    /// A new folder with a spec of its own, in which `CORE_RPC` and `ESPACE_RPC` stand for the project's endpoints, and
    /// `SOURCE_RPC` for the one that a container reaches.
    pub(crate) fn bare(operator: Operator, spec: &str) -> Self {
        let project = Self {
            folder: tempfile::tempdir().unwrap(),
            operator,
            endpoints: Endpoints::of(network()),
        };
        let mut spec = spec
            .replace("ESPACE_RPC", &project.espace_rpc())
            .replace("CORE_RPC", &project.core_rpc());
        if spec.contains("SOURCE_RPC") {
            spec = spec.replace("SOURCE_RPC", &project.core_rpc_inside());
        }
        std::fs::write(project.path("pool.hcl"), spec).unwrap();
        project
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What stands between pospool and the node.
    pub(crate) fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// Core RPC as pospool gets it: the gateway.
    pub(crate) fn core_rpc(&self) -> String {
        self.endpoints.here().core
    }

    /// The same in eSpace.
    pub(crate) fn espace_rpc(&self) -> String {
        self.endpoints.here().espace
    }

    /// The same gateway, as containers of the network reach it.
    pub(crate) fn core_rpc_inside(&self) -> String {
        self.endpoints.inside().core.clone()
    }

    /// The account that runs pospool.
    pub(crate) fn account(&self) -> &FundedAccount {
        &self.operator.account
    }

    /// Core address of the operator.
    pub(crate) fn operator(&self) -> String {
        self.operator.account.core_address.clone()
    }

    pub(crate) fn private_key(&self) -> String {
        self.operator.account.private_key.clone()
    }

    /// A run of pospool that has not begun.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.command_of(&binary(), arguments);
        if arguments.first() == Some(&"apply") {
            // A network goes from test to test with its accounts, each makes pools anew with them, and some sign by hand.
            command.args(["--new-pool", "--signed-by-hand"]);
        }
        command
    }

    /// A run of another program in the same folder and environment.
    pub(crate) fn command_of(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("POSPOOL_OPERATOR_KEY", self.private_key())
            .env("POSPOOL_POS_KEY_PASSWORD", &self.operator.password)
            .env("NO_COLOR", "1")
            .envs(self.operator.variables.iter().cloned())
            .stdin(Stdio::null());
        command
    }

    /// Runs pospool to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&mut self.command(arguments))
    }

    /// Runs pospool and expects success.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        self.ends(arguments, 0)
    }

    /// Runs pospool and expects an exit code.
    pub(crate) fn ends(&self, arguments: &[&str], code: i32) -> String {
        let ran = self.run(arguments);
        if code == 0 && is_retired_alone(&ran) {
            eprintln!(
                "  PoS has retired the key meanwhile: three epochs of this network are a minute or two"
            );
            return ran.stdout;
        }
        assert_eq!(
            ran.code,
            Some(code),
            "pospool {}\n{}\n{}",
            arguments.join(" "),
            ran.stdout,
            ran.stderr
        );
        ran.stdout
    }

    /// Starts pospool and does not wait; its output goes nowhere.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// The plan as JSON.
    pub(crate) fn plan(&self) -> Value {
        let text = self.ok(&["plan", "--json"]);
        serde_json::from_str::<Value>(&text).unwrap()["plan"].take()
    }

    /// What the state says of a resource.
    pub(crate) fn recorded(&self, address: &str) -> Value {
        let text = self.ok(&["show", "--json"]);
        serde_json::from_str::<Value>(&text).unwrap()["state"]["resources"][address].take()
    }

    /// The address of the pool's contract, which confirms that it is meant to go; `none` before there is one.
    pub(crate) fn confirmation(&self) -> String {
        let shown = self.run(&["show", "--json"]).stdout;
        let shown: Value = serde_json::from_str(&shown).unwrap_or_default();
        let outputs = &shown["state"]["resources"]["core_contract.pool"]["outputs"];
        outputs["address"].as_str().unwrap_or("none").to_owned()
    }

    /// Runs `destroy` as somebody who means it.
    pub(crate) fn destroy(&self, more: &[&str]) -> Ran {
        let confirmation = self.confirmation();
        let always = ["destroy", "--auto-approve", "--confirm", &confirmation];
        self.run(&[&always, more].concat())
    }

    /// Changes the spec by replacing text that must be there.
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let path = self.path("pool.hcl");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "`{from}` is not in the spec:\n{text}");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    /// Transactions that the operator has sent.
    pub(crate) fn nonce(&self) -> u64 {
        number(&rpc("cfx_getNextNonce", &json!([self.operator()])))
    }

    pub(crate) fn balance(&self) -> u128 {
        drip(&rpc("cfx_getBalance", &json!([self.operator()])))
    }
}

/// Whether all that a plan finds, or all that an apply leaves, is that PoS has retired the key and what brings its votes back. A machine
/// that has much to do may need longer for a stop and a start than three epochs of these networks take (three hours on the public
/// ones); tests of voters have looks of their own.
fn is_retired_alone(ran: &Ran) -> bool {
    const RETIRED: [&str; 2] = ["[chain/force-retired]", "[chain/no-votes]"];
    const REGISTRATION: &str = "pos_registration.main";
    let said = &ran.stdout;
    let is_told = RETIRED.iter().any(|code| said.contains(code)) || said.contains("restake_due:");
    // What an apply found changed, it has mended: such a line names a resource and no code.
    let mends = ran.code == Some(5) || said.contains("\nall done; ");
    let is_known = |line: &str| match line.strip_prefix("  ! ") {
        None | Some(REGISTRATION) => true,
        Some(finding) if mends && !finding.contains('[') => true,
        Some(finding) => RETIRED.iter().any(|code| finding.ends_with(code)),
    };
    let is_step = |line: &str| {
        ["~ ", "+ ", "- ", "= ", "± "]
            .iter()
            .any(|mark| line.starts_with(mark))
    };
    let mut steps = said.lines().filter(|line| is_step(line));
    let is_whole = match ran.code {
        // An apply that did all of its steps.
        Some(3) if said.contains("\nall done; ") => true,
        Some(3) => steps.all(|step| step.starts_with(&format!("~ update {REGISTRATION} "))),
        // Still in progress: the votes are not free yet.
        Some(5) => true,
        _ => false,
    };
    is_told && is_whole && said.lines().all(is_known)
}

#[test]
fn what_else_a_run_finds_is_not_taken_for_a_retirement() {
    let said = "wrong:\n  ! pos_registration.main: PoS retired the key [chain/force-retired]\n      see that\n\nchanged outside since \
                the last run:\n  ! pos_registration.main\n      restake_due: null\n\n~ update pos_registration.main (changed outside)\n";
    let ran = |code, more: &str| {
        let stdout = format!("{said}{more}");
        let stderr = String::new();
        is_retired_alone(&Ran {
            code: Some(code),
            stdout,
            stderr,
        })
    };
    assert!(ran(3, "") && ran(5, "+ create node.main (not there yet)\n"));
    assert!(ran(
        3,
        "+ create node.main (not there yet)\nall done; 4 effects done\n"
    ));
    assert!(!ran(1, "") && !ran(2, ""));
    assert!(!ran(3, "+ create node.main (not there yet)\n"));
    assert!(!ran(
        3,
        "  ! node.main: it does not vote [docker/not-in-sync]\n"
    ));
    assert!(!ran(
        3,
        "  ! pos_registration.main: two votes [chain/disputed]\n"
    ));
    assert!(!ran(3, "  ! node.main\n"));
    assert!(ran(5, "  ! node.main\n") && ran(3, "  ! node.main\nall done; 4 effects done\n"));
    assert!(!ran(
        5,
        "  ! node.main: it does not vote [docker/not-in-sync]\n"
    ));
}

impl Drop for Project {
    /// Takes down what the project made in Docker, whatever became of the test.
    fn drop(&mut self) {
        if self.path("pospool.state.json").exists() {
            drop(self.destroy(&["--delete", "volume.main"]));
        }
        eprintln!("through the gateway: {}", self.endpoints.counts());
    }
}

/// Asks the network's node.
pub(crate) fn rpc(method: &str, params: &Value) -> Value {
    rpc_all(method, vec![params.clone()]).remove(0)
}

/// Asks the network's node the same of many things, one after the other.
pub(crate) fn rpc_all(method: &str, params: Vec<Value>) -> Vec<Value> {
    ask_all(network().core_rpc.clone(), method.to_owned(), params)
}

/// Asks the network's node in eSpace.
pub(crate) fn espace_rpc(method: &str, params: &Value) -> Value {
    let url = network().espace_rpc.clone();
    ask_all(url, method.to_owned(), vec![params.clone()]).remove(0)
}

fn ask_all(url: String, method: String, params: Vec<Value>) -> Vec<Value> {
    let ask = move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let client = pospool_devnet::rpc::RpcClient::new(&url).unwrap();
            let mut answers = Vec::new();
            for params in params {
                answers.push(client.call(&method, params).await.unwrap());
            }
            answers
        })
    };
    std::thread::spawn(ask).join().unwrap()
}

/// A JSON-RPC quantity.
pub(crate) fn number(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

/// A number that a variable of the environment asks for.
pub(super) fn number_in(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{variable} is a number")))
}

/// A JSON-RPC amount.
pub(crate) fn drip(value: &Value) -> u128 {
    u128::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

/// Runs the Docker client.
pub(crate) fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "docker {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The program under test.
pub(crate) fn binary() -> PathBuf {
    // target/debug/deps/suite-... stands beside target/debug/pospool.
    let exe = std::env::current_exe().unwrap();
    let binary = exe.parent().unwrap().parent().unwrap().join("pospool");
    assert!(
        binary.exists(),
        "run `cargo build -p pospool-cli` before these tests"
    );
    binary
}

/// The contracts that projects deploy.
pub(crate) fn contracts() -> PathBuf {
    match std::env::var_os("POSPOOL_REFERENCE_DIR") {
        Some(folder) => folder.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("contracts"),
    }
}
