//! Conflux as a process of the guard.
//!
//! - Reads: how it is started; the password of the key.
//! - Returns: a process, and how it ended.
//! - Never: starts it as a voter, or lets it live on after the guard: the kernel ends a container's processes with its PID 1.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use pospool_model::Secret;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::Instant;

use pospool_model::guard::GuardSettings;

/// The environment variable in which conflux takes the password of its key: only its own process has it.
const PASSWORD: &str = "CFX_POS_KEY_ENCRYPTION_PASSWORD";
/// What makes it a node that does not vote, whatever its configuration says.
const SILENT: [&str; 2] = ["--pos-started-as-voter", "false"];

/// A running conflux.
#[derive(Debug)]
pub(crate) struct Conflux {
    child: Child,
    pub(crate) started: Instant,
}

impl Conflux {
    /// Starts it.
    pub(crate) fn start(settings: &GuardSettings, password: &Secret) -> io::Result<Self> {
        let (program, words) = settings
            .command
            .split_first()
            .ok_or_else(|| io::Error::other("the settings name no program"))?;
        let child = Command::new(program)
            .args(words)
            .args(SILENT)
            .env(PASSWORD, password.expose())
            // A place for what is written outside of the volume's own folders; the volume survives, /tmp does not.
            .env("HOME", &settings.data)
            .env("TMPDIR", settings.data.join("tmp"))
            .current_dir(&settings.data)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self {
            child,
            started: Instant::now(),
        })
    }

    /// Waits until it ends.
    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Ends it at once: it must not sign anything more.
    pub(crate) async fn kill(&mut self) -> io::Result<ExitStatus> {
        self.child.start_kill()?;
        self.child.wait().await
    }

    /// Asks it to close its databases and end, and kills it when it takes longer than that.
    pub(crate) async fn stop(&mut self, limit: Duration) -> io::Result<ExitStatus> {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(pid) = id.and_then(Pid::from_raw) {
            // One that has ended meanwhile needs no signal.
            let _ = kill_process(pid, Signal::TERM);
        }
        match tokio::time::timeout(limit, self.child.wait()).await {
            Ok(ended) => ended,
            Err(_) => self.kill().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt as _;

    fn settings(script: &str) -> (tempfile::TempDir, GuardSettings) {
        let folder = tempfile::tempdir().unwrap();
        let settings = GuardSettings {
            command: ["/bin/sh", "-c", script, "conflux"]
                .map(str::to_owned)
                .into(),
            ..crate::volume::tests::settings(folder.path())
        };
        (folder, settings)
    }

    fn start(script: &str) -> (tempfile::TempDir, Conflux) {
        let (folder, settings) = settings(script);
        let conflux = Conflux::start(&settings, &Secret::new("hunter2".to_owned()));
        (folder, conflux.unwrap())
    }

    #[tokio::test]
    async fn it_never_starts_as_a_voter_and_has_its_password() {
        let script = "test \"$*\" = '--pos-started-as-voter false' && test $CFX_POS_KEY_ENCRYPTION_PASSWORD = hunter2";
        let (_folder, mut conflux) = start(script);
        assert_eq!(conflux.ended().await.unwrap().code(), Some(0));
    }

    #[tokio::test]
    async fn it_is_asked_first_and_killed_when_it_does_not_end() {
        let (_folder, mut conflux) =
            start("trap 'exit 7' TERM; echo; while :; do sleep 0.05; done");
        // The trap is set before the first wait.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let ended = conflux.stop(Duration::from_secs(30)).await.unwrap();
        assert_eq!(ended.code(), Some(7));
        let (_folder, mut conflux) = start("trap '' TERM; while :; do sleep 0.05; done");
        tokio::time::sleep(Duration::from_millis(300)).await;
        let ended = conflux.stop(Duration::from_millis(100)).await.unwrap();
        assert_eq!(ended.signal(), Some(9));
    }
}
