//! One other program, run with limits.
//!
//! - Reads: a [`ToolRun`]: program, arguments, folder, input.
//! - Returns: how it ended and what it wrote, or why it could not run.
//! - Never: uses a shell, hands on an environment variable that is not listed here (a signing key
//!   may be in one), waits longer or keeps more output than the job allows, or leaves behind what the program started.

use std::{
    env,
    ffi::OsString,
    io::{self, Read, Write},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use crate::error::SourceError;
use crate::group::{ToolGroup, start_group};

/// What is kept of the error stream.
const STDERR_LIMIT: usize = 1 << 20;
/// How long the pipes of an ended program may stay open, held by a child of its own.
const PIPE_GRACE: Duration = Duration::from_secs(2);

/// Variables that find programs and the user's settings.
const HOME: &[&str] = &["PATH", "HOME", "USERPROFILE", "SYSTEMROOT"];
/// Variables that decide how the network is reached and how a user is known there.
const NETWORK: &[&str] = &[
    "ALL_PROXY",
    "APPDATA",
    "CURL_CA_BUNDLE",
    "GIT_ASKPASS",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSH_VARIANT",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LOGNAME",
    "NODE_AUTH_TOKEN",
    "NODE_EXTRA_CA_CERTS",
    "NO_PROXY",
    "NPM_TOKEN",
    "SSH_AUTH_SOCK",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "USER",
];
/// The same for families of variables.
const NETWORK_PREFIXES: &[&str] = &["GIT_CONFIG_", "GIT_SSL_", "NPM_CONFIG_", "XDG_"];

/// Which variables a program sees.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Environment {
    /// Those to find itself.
    Bare,
    /// Those to reach the network too.
    Network,
}

/// One run of one program.
pub(crate) struct ToolRun<'a> {
    /// Program.
    pub(crate) tool: &'a Path,
    /// What it is to do, for messages: "fetch commit …".
    pub(crate) doing: String,
    /// Arguments.
    pub(crate) args: Vec<OsString>,
    /// Folder to run in.
    pub(crate) dir: &'a Path,
    /// Inherited variables.
    pub(crate) environment: Environment,
    /// Variables of our own.
    pub(crate) variables: &'a [(&'a str, &'a str)],
    /// Standard input.
    pub(crate) input: Vec<u8>,
    /// Most bytes of standard output.
    pub(crate) output_limit: usize,
    /// Most time.
    pub(crate) time_limit: Duration,
}

/// What a program left.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Whether it ended with status 0.
    pub(crate) success: bool,
    /// Standard output, complete.
    pub(crate) stdout: Vec<u8>,
    /// Error stream, as far as kept.
    pub(crate) stderr: String,
}

impl ToolRun<'_> {
    /// Runs the program to its end.
    pub(crate) fn run(self) -> Result<Finished, SourceError> {
        let (mut child, group) =
            start_group(&mut self.command()).map_err(|error| self.not_started(&error))?;
        let stdout = child
            .stdout
            .take()
            .map(|pipe| read(pipe, self.output_limit));
        let stderr = child.stderr.take().map(|pipe| read(pipe, STDERR_LIMIT));
        if let Some(mut pipe) = child.stdin.take() {
            let input = self.input.clone();
            // A program that does not read all of its input says why on its error stream.
            thread::spawn(move || drop(pipe.write_all(&input)));
        }
        let outcome = self.wait(&group, stdout.as_ref());
        // Also after a good end: what the program has started has no business beyond it.
        let ended = group.end(&mut child);
        let early = outcome?;
        let success = ended.map_err(|error| self.not_started(&error))?.success();
        let Some(out) = early.or_else(|| collect(stdout)) else {
            let said = "its output stayed open after its end".to_owned();
            return Err(SourceError::Tool {
                tool: self.name(),
                doing: self.doing,
                said,
            });
        };
        if out.over {
            return Err(self.too_large());
        }
        let stderr =
            String::from_utf8_lossy(&collect(stderr).unwrap_or_default().bytes).into_owned();
        Ok(Finished {
            success,
            stdout: out.bytes,
            stderr,
        })
    }

    /// Waits for the end, or for the time or output limit.
    fn wait(
        &self,
        group: &ToolGroup,
        stdout: Option<&Receiver<Piped>>,
    ) -> Result<Option<Piped>, SourceError> {
        let start = Instant::now();
        let mut pause = Duration::from_millis(1);
        let mut early = None;
        loop {
            match group.leader_ended() {
                Ok(true) => return Ok(early),
                Ok(false) => {}
                Err(error) => return Err(self.not_started(&error)),
            }
            early = early.or_else(|| stdout.and_then(|pipe| pipe.try_recv().ok()));
            if early.as_ref().is_some_and(|piped| piped.over) {
                return Err(self.too_large());
            }
            if start.elapsed() > self.time_limit {
                let (tool, doing) = (self.name(), self.doing.clone());
                return Err(SourceError::Timeout {
                    tool,
                    doing,
                    seconds: self.time_limit.as_secs(),
                });
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.tool);
        command.args(&self.args).current_dir(self.dir).env_clear();
        let inherited =
            env::vars_os().filter(|(name, _)| passes(&name.to_string_lossy(), self.environment));
        command.envs(inherited).envs(self.variables.iter().copied());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn name(&self) -> String {
        name_of(self.tool)
    }

    fn not_started(&self, error: &io::Error) -> SourceError {
        let (tool, doing) = (self.name(), self.doing.clone());
        if error.kind() == io::ErrorKind::NotFound {
            return SourceError::ToolMissing { tool, doing };
        }
        SourceError::Tool {
            tool,
            doing,
            said: error.to_string(),
        }
    }

    fn too_large(&self) -> SourceError {
        SourceError::OutputTooLarge {
            tool: self.name(),
            doing: self.doing.clone(),
            limit: self.output_limit,
        }
    }
}

/// Returns what messages call a program.
pub(crate) fn name_of(tool: &Path) -> String {
    let name = tool.file_name().unwrap_or(tool.as_os_str());
    name.to_string_lossy().into_owned()
}

fn passes(name: &str, environment: Environment) -> bool {
    let name = name.to_ascii_uppercase();
    HOME.contains(&name.as_str())
        || environment == Environment::Network
            && (NETWORK.contains(&name.as_str())
                || NETWORK_PREFIXES
                    .iter()
                    .any(|prefix| name.starts_with(prefix)))
}

#[derive(Default)]
struct Piped {
    bytes: Vec<u8>,
    over: bool,
}

/// Reads a pipe up to a limit, in a thread of its own.
fn read(mut pipe: impl Read + Send + 'static, limit: usize) -> Receiver<Piped> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        // A broken pipe ends the text as its end does.
        drop(pipe.by_ref().take(most).read_to_end(&mut bytes));
        let over = bytes.len() > limit;
        // Nobody listens any more after a time limit.
        drop(sender.send(Piped { bytes, over }));
    });
    receiver
}

fn collect(pipe: Option<Receiver<Piped>>) -> Option<Piped> {
    pipe?.recv_timeout(PIPE_GRACE).ok()
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> ToolRun<'_> {
        ToolRun {
            tool: Path::new("sh"),
            doing: "try".into(),
            args: vec!["-c".into(), script.into()],
            dir: Path::new("/"),
            environment: Environment::Bare,
            variables: &[],
            input: Vec::new(),
            output_limit: 1000,
            time_limit: Duration::from_secs(20),
        }
    }

    #[test]
    fn output_input_and_status_come_back() {
        let finished = ToolRun {
            input: b"hello".to_vec(),
            ..shell("cat; echo why >&2; exit 3")
        }
        .run();
        let finished = finished.unwrap();
        assert!(!finished.success);
        assert_eq!(
            (finished.stdout.as_slice(), finished.stderr.as_str()),
            (&b"hello"[..], "why\n")
        );
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let start = Instant::now();
        let error = ToolRun {
            time_limit: Duration::from_millis(50),
            ..shell("exec sleep 60")
        }
        .run();
        assert!(matches!(error, Err(SourceError::Timeout { .. })));
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    /// Runs a script that starts a `sleep` of its own, whose process id it writes down; returns that id.
    fn with_grandchild(
        rest: &str,
        limit: Duration,
    ) -> (Result<Finished, SourceError>, Option<String>) {
        let folder = tempfile::tempdir().unwrap();
        let note = folder.path().join("id");
        let script = format!("sleep 600 & echo $! > {}; {rest}", note.display());
        let ran = ToolRun {
            time_limit: limit,
            ..shell(&script)
        }
        .run();
        let id = std::fs::read_to_string(note).unwrap_or_default();
        let id = Some(id.trim().to_owned()).filter(|id| !id.is_empty());
        (ran, id)
    }

    /// Waits until a process has ended; one that nobody has buried yet counts. If it does not end, this does not either
    /// before the grandchild's ten minutes are over, and then it fails.
    fn await_end(id: &str) {
        let begun = Instant::now();
        let stat = Path::new("/proc").join(id).join("stat");
        while let Ok(stat) = std::fs::read_to_string(&stat) {
            let state = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
            if state.starts_with(['Z', 'X']) {
                return;
            }
            assert!(begun.elapsed() < Duration::from_mins(1), "{stat}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn what_a_program_started_ends_with_it_when_its_time_is_up() {
        let mut limit = Duration::from_millis(200);
        let id = loop {
            let (ran, id) = with_grandchild("sleep 600", limit);
            assert!(matches!(ran, Err(SourceError::Timeout { .. })), "{ran:?}");
            // On a busy machine it had not come so far.
            limit *= 2;
            if let Some(id) = id {
                break id;
            }
        };
        await_end(&id);
    }

    #[test]
    fn what_a_program_left_running_ends_after_it() {
        let (ran, id) = with_grandchild("echo made", Duration::from_mins(1));
        let ran = ran.unwrap();
        assert_eq!((ran.success, ran.stdout.as_slice()), (true, &b"made\n"[..]));
        await_end(&id.unwrap());
    }

    #[test]
    fn a_program_that_writes_without_end_is_ended() {
        let error = shell("while :; do echo 0123456789; done").run();
        assert!(
            matches!(error, Err(SourceError::OutputTooLarge { limit: 1000, .. })),
            "{error:?}"
        );
    }

    #[test]
    fn output_that_is_too_large_is_refused_when_the_program_has_ended() {
        let error = shell("head -c 1001 /dev/zero").run();
        assert!(
            matches!(error, Err(SourceError::OutputTooLarge { .. })),
            "{error:?}"
        );
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = ToolRun {
            tool: Path::new("/nowhere/npm"),
            ..shell("")
        }
        .run()
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "`npm` was not found and is needed to try"
        );
    }

    #[test]
    fn secrets_of_the_environment_stay_here() {
        assert!(!passes("POSPOOL_OPERATOR_KEY", Environment::Network));
        assert!(passes("https_proxy", Environment::Network));
        assert!(passes("npm_config_registry", Environment::Network));
        assert!(!passes("npm_config_registry", Environment::Bare));
        let finished = shell("env").run().unwrap();
        let seen = String::from_utf8(finished.stdout).unwrap();
        assert!(!seen.contains("CARGO_MANIFEST_DIR"), "{seen}");
    }
}
