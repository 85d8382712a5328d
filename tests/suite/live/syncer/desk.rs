//! Syncers as processes, with what they say.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use pospool_conflux::CoreAddress;
use pospool_devnet::FundedAccount;
use serde_json::Value;
use tempfile::TempDir;

use crate::live::espace_ground::ground::Bytes20;
use crate::live::project::{Ran, binary, network};

/// A folder with a spec, and the key of whoever runs it.
pub(super) struct Desk {
    folder: TempDir,
    core_rpc: String,
    bridge: Bytes20,
    private_key: String,
    /// Arguments beside the usual ones.
    more: &'static [&'static str],
}

/// What a test has no time for otherwise.
const HASTE: &str = "  claim_every = blocks(40)\n  claim_from  = drip(\"1\")\n";

/// A syncer that runs; it is killed when it is dropped.
pub(super) struct Running {
    child: Child,
    folder: PathBuf,
    said: PathBuf,
    /// Bytes that others of its name had said before it.
    before: usize,
}

impl Desk {
    /// A syncer in haste.
    pub(super) fn new(core_rpc: &str, account: &FundedAccount, bridge: Bytes20) -> Self {
        Self::with(core_rpc, account, bridge, HASTE, &["--every", "2s"])
    }

    /// One with its defaults.
    pub(super) fn usual(core_rpc: &str, account: &FundedAccount, bridge: Bytes20) -> Self {
        Self::with(core_rpc, account, bridge, "", &[])
    }

    fn with(
        core_rpc: &str,
        account: &FundedAccount,
        bridge: Bytes20,
        lines: &str,
        more: &'static [&'static str],
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = CoreAddress::new(bridge, network().chain_id);
        let spec = format!(
            r#"chain "devnet" {{
  network  = "devnet"
  core_rpc = "{core_rpc}"
}}

account "syncer" {{
  private_key = file("/dev/stdin")
}}

bridge_service "main" {{
  bridge      = "{address}"
{lines}}}
"#
        );
        std::fs::write(folder.path().join("sync.hcl"), spec).unwrap();
        Self {
            folder,
            core_rpc: core_rpc.to_owned(),
            bridge,
            private_key: account.private_key.clone(),
            more,
        }
    }

    /// The same for another account.
    pub(super) fn of(&self, account: &FundedAccount) -> Self {
        Self::new(&self.core_rpc, account, self.bridge)
    }

    /// Starts a syncer with a state of its own by name; its key comes over standard input.
    pub(super) fn start(&self, name: &str) -> Running {
        let said = self.path(&format!("{name}.log"));
        let out = File::options()
            .create(true)
            .append(true)
            .open(&said)
            .unwrap();
        let before = usize::try_from(out.metadata().unwrap().len()).unwrap();
        let mut child = Command::new(binary())
            .args(["sync", "--json", "--spec", "sync.hcl"])
            .args(self.more)
            .args(["--state", &format!("{name}.state.json")])
            .args(["--status", &format!("{name}.status.json")])
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stderr(out.try_clone().unwrap())
            .stdout(out)
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        writeln!(input, "{}", self.private_key).unwrap();
        Running {
            child,
            folder: self.folder.path().to_owned(),
            said,
            before,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Whether a transaction stands in the journal that has not ended.
    pub(super) fn is_sending(&self, name: &str) -> bool {
        let journal = std::fs::read_to_string(self.path(&format!("{name}.state.json.journal")));
        journal.is_ok_and(|journal| journal.contains("\"ticket\""))
    }

    /// Everything that a syncer said.
    pub(super) fn said(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(&format!("{name}.log"))).unwrap()
    }

    /// Transactions that it says it has sent.
    pub(super) fn sent(&self, name: &str) -> u64 {
        let said = self.said(name);
        let reports = said
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let sent = reports.map(|report| report["sent"].as_array().map_or(0, Vec::len));
        sent.map(|sent| sent as u64).sum()
    }
}

impl Running {
    /// Whether it ever said this.
    pub(super) fn desk_says(&self, text: &str) -> bool {
        let said = std::fs::read_to_string(&self.said).unwrap();
        said.contains(text)
    }

    /// Whether it found nothing to do in its last round.
    pub(super) fn rests(&self) -> bool {
        let said = std::fs::read_to_string(&self.said).unwrap();
        said[self.before..]
            .lines()
            .next_back()
            .is_some_and(|line| line.contains("\"conduct\":\"idle\""))
    }

    /// SIGKILL: it can do nothing more.
    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; returns the exit code. Health is looked at before.
    pub(super) fn stop(mut self) -> Option<i32> {
        let status = self.said.with_extension("status.json");
        assert_eq!(health(&self.folder, &status), Some(0));
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let said = std::fs::read_to_string(&self.said).unwrap_or_default();
            let last: Vec<&str> = said.lines().rev().take(3).collect();
            eprintln!("{} ended with: {last:#?}", self.said.display());
        }
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn health(folder: &Path, status: &Path) -> Option<i32> {
    let mut command = Command::new(binary());
    command.args(["sync", "--health", "--status"]).arg(status);
    Ran::of(command.current_dir(folder)).code
}
