//! One commit of a repository, as a folder.
//!
//! - Reads: a url and a full commit hash; the `git` program does the talking.
//! - Returns: the folder of the checked-out commit, `git/<hash>` of the cache.
//! - Never: runs git in a folder of the cache that it has not just made, follows a branch or tag, takes submodules, runs a hook, makes a symbolic link, asks for
//!   a password.

use std::{ffi::OsString, fs, path::Path, path::PathBuf, time::Duration};

use crate::{
    error::{SourceError, io_error},
    run::{Environment, Finished, ToolRun, name_of},
    seal::SealKey,
    text::shorten_text,
};

const TIME_LIMIT: Duration = Duration::from_mins(10);
const OUTPUT_LIMIT: usize = 1 << 20;

/// Settings that hold for every call: what is checked out are the bytes of the repository, and
/// nothing of it is run or followed.
const SETTINGS: &[&str] = &[
    "advice.detachedHead=false",
    "core.autocrlf=false",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.symlinks=false",
    "gc.auto=0",
    "submodule.recurse=false",
];
const VARIABLES: &[(&str, &str)] = &[
    // Without `ext`, which runs any command that a url names.
    ("GIT_ALLOW_PROTOCOL", "file:git:http:https:ssh"),
    ("GIT_LFS_SKIP_SMUDGE", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("LC_ALL", "C"),
    // ssh asks at the terminal, whatever git was told. It is not in the terminal's foreground, where only one who is may
    // read: it would wait until the time is up. With this its question gets no answer.
    ("SSH_ASKPASS", "false"),
    ("SSH_ASKPASS_REQUIRE", "force"),
];

/// A repository and a commit, both checked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Commit {
    url: String,
    rev: String,
}

impl Commit {
    /// Checks the url and the hash.
    pub(crate) fn new(url: &str, rev: &str) -> Result<Self, SourceError> {
        if rev.len() != 40 || !rev.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(invalid(format!(
                "`rev` must be a full commit hash of 40 hex digits, found `{rev}`; \
                 `git ls-remote` prints the hash of a branch or tag"
            )));
        }
        if url.is_empty()
            || url.starts_with('-')
            || url.contains("::")
            || url.contains(char::is_control)
        {
            return Err(invalid(format!(
                "`git` must be the url of a repository, found `{url}`"
            )));
        }
        let authority = url
            .split_once("://")
            .map_or("", |(_, rest)| rest.split('/').next().unwrap_or(""));
        if authority
            .rsplit_once('@')
            .is_some_and(|(user, _)| user.contains(':'))
        {
            // It would stand in the list of processes; the url is not repeated for the same reason.
            return Err(invalid(
                "`git` must not hold a password; give it by git's own credential helper".into(),
            ));
        }
        let local = Path::new(url)
            .canonicalize()
            .ok()
            .filter(|path| path.is_dir());
        let url = local.map_or_else(
            || url.to_owned(),
            |path| path.to_string_lossy().into_owned(),
        );
        Ok(Self {
            url,
            rev: rev.to_ascii_lowercase(),
        })
    }

    /// Returns the folder of the commit, fetching it at the first time, and where it is not as it was fetched. Git is not
    /// asked whether it is: a folder that somebody else filled has settings of its own, which say what git runs.
    pub(crate) fn checkout(
        &self,
        cache: &Path,
        git: &Path,
        seals: &SealKey,
    ) -> Result<PathBuf, SourceError> {
        let store = cache.join("git");
        fs::create_dir_all(&store).map_err(io_error("create", &store))?;
        let target = store.join(&self.rev);
        if seals.holds(&target) {
            return Ok(target);
        }
        let fresh = tempfile::tempdir_in(&store).map_err(io_error("create a folder in", &store))?;
        self.fetch(fresh.path(), git)?;
        seals.replace(&target, &fresh.keep(), "move the checkout to")?;
        Ok(target)
    }

    fn head(&self, dir: &Path, git: &Path) -> Result<String, SourceError> {
        let head = self.call(dir, git, "look at", &["rev-parse", "--verify", "HEAD"])?;
        Ok(String::from_utf8_lossy(&head.stdout).trim().to_owned())
    }

    fn fetch(&self, dir: &Path, git: &Path) -> Result<(), SourceError> {
        let init = self.call(dir, git, "prepare for", &["init", "--quiet", "--template="])?;
        self.expect(&init, "prepare for", git)?;
        let fetch = ["fetch", "--quiet", "--no-recurse-submodules"];
        let one = [
            &fetch[..],
            &["--depth=1", "--no-tags", "--", &self.url, &self.rev],
        ]
        .concat();
        let fetched = self.call(dir, git, "fetch", &one)?;
        if !fetched.success {
            if is_unreachable(&fetched.stderr) {
                return self.expect(&fetched, "fetch", git);
            }
            // Some servers hand out branches and tags only.
            let refs = [
                "+refs/heads/*:refs/remotes/origin/*",
                "+refs/tags/*:refs/tags/*",
            ];
            let all = [&fetch[..], &["--", &self.url], &refs].concat();
            self.expect(&self.call(dir, git, "fetch", &all)?, "fetch", git)?;
        }
        let object = format!("{}^{{commit}}", self.rev);
        if !self
            .call(dir, git, "look at", &["cat-file", "-e", &object])?
            .success
        {
            return Err(SourceError::RevisionMissing {
                url: self.url.clone(),
                rev: self.rev.clone(),
            });
        }
        let checkout = ["checkout", "--quiet", "--detach", &self.rev, "--"];
        self.expect(
            &self.call(dir, git, "check out", &checkout)?,
            "check out",
            git,
        )?;
        let found = self.head(dir, git)?;
        if found == self.rev {
            return Ok(());
        }
        Err(SourceError::RevisionMismatch {
            wanted: self.rev.clone(),
            found,
        })
    }

    fn call(
        &self,
        dir: &Path,
        git: &Path,
        verb: &str,
        args: &[&str],
    ) -> Result<Finished, SourceError> {
        let settings = SETTINGS.iter().flat_map(|setting| ["-c", setting]);
        ToolRun {
            tool: git,
            doing: format!("{verb} commit {}", self.rev),
            args: settings
                .chain(args.iter().copied())
                .map(OsString::from)
                .collect(),
            dir,
            environment: Environment::Network,
            variables: VARIABLES,
            input: Vec::new(),
            output_limit: OUTPUT_LIMIT,
            time_limit: TIME_LIMIT,
        }
        .run()
    }

    fn expect(&self, finished: &Finished, verb: &str, git: &Path) -> Result<(), SourceError> {
        if finished.success {
            return Ok(());
        }
        let tool = name_of(git);
        let doing = format!("{verb} commit {} of `{}`", self.rev, self.url);
        let said = shorten_text(&finished.stderr, 600);
        Err(if is_unreachable(&finished.stderr) {
            SourceError::Unreachable { tool, doing, said }
        } else {
            SourceError::Tool { tool, doing, said }
        })
    }
}

fn is_unreachable(said: &str) -> bool {
    [
        "unable to access",
        "Could not resolve",
        "unable to connect",
        "Connection",
        "timed out",
    ]
    .iter()
    .any(|sign| said.contains(sign))
}

fn invalid(problem: String) -> SourceError {
    SourceError::Request { problem }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    const REV: &str = "8d144489b18bd924ae34186420b45f95849ff8f1";

    fn refused(url: &str, rev: &str) -> String {
        Commit::new(url, rev).unwrap_err().to_string()
    }

    #[test]
    fn only_a_full_hash_is_a_commit() {
        for rev in [
            "main",
            "8d14448",
            "--upload-pack=x",
            &"g".repeat(40),
            &REV[1..],
        ] {
            assert!(
                refused("https://example.org/x", rev).contains("full commit hash"),
                "{rev}"
            );
        }
        let commit = Commit::new("https://example.org/x", &REV.to_uppercase()).unwrap();
        assert_eq!(commit.rev, REV);
    }

    #[test]
    fn a_url_is_neither_an_option_nor_a_command_nor_a_secret() {
        for url in ["", "--upload-pack=touch x", "ext::sh -c x", "https://a\n"] {
            assert!(refused(url, REV).contains("url of a repository"), "{url}");
        }
        let message = refused("https://me:hunter2@example.org/x", REV);
        assert!(
            message.contains("password") && !message.contains("hunter2"),
            "{message}"
        );
        assert!(Commit::new("ssh://git@example.org:22/x", REV).is_ok());
        assert!(Commit::new("git@example.org:x/y.git", REV).is_ok());
    }

    fn git(dir: &Path, args: &[&str]) -> String {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
        let out = Command::new("git")
            .current_dir(dir)
            .args(identity)
            .args(args)
            .output()
            .unwrap();
        assert!(out.status.success(), "{out:?}");
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    }

    /// A repository with two commits, the first of them reachable only through the second.
    fn repository() -> (tempfile::TempDir, String) {
        let dir = tempfile::tempdir().unwrap();
        git(dir.path(), &["init", "-q", "-b", "main"]);
        fs::write(dir.path().join("a.txt"), "one").unwrap();
        git(dir.path(), &["add", "."]);
        git(dir.path(), &["commit", "-q", "-m", "one"]);
        let first = git(dir.path(), &["rev-parse", "HEAD"]);
        fs::write(dir.path().join("a.txt"), "two").unwrap();
        git(dir.path(), &["commit", "-q", "-a", "-m", "two"]);
        (dir, first)
    }

    #[test]
    fn case_poisoned_cache_a_changed_checkout_is_made_again() {
        let (repository, rev) = repository();
        let cache = tempfile::tempdir().unwrap();
        let seals = SealKey::open(None).unwrap();
        let commit = Commit::new(&repository.path().to_string_lossy(), &rev).unwrap();
        let checkout = || commit.checkout(cache.path(), Path::new("git"), &seals);
        let dir = checkout().unwrap();
        let content = || fs::read_to_string(dir.join("a.txt")).unwrap();
        assert_eq!(content(), "one");

        fs::write(dir.join("a.txt"), "not one").unwrap();
        fs::write(dir.join("b.txt"), "new").unwrap();
        assert_eq!(checkout().unwrap(), dir);
        assert_eq!(content(), "one");
        assert!(!dir.join("b.txt").exists());

        // What git itself would not see, and what it would run.
        fs::write(dir.join("a.txt"), "not one").unwrap();
        git(&dir, &["update-index", "--skip-worktree", "a.txt"]);
        git(&dir, &["config", "filter.x.clean", "touch ran; cat"]);
        fs::create_dir_all(dir.join(".git/info")).unwrap();
        fs::write(dir.join(".git/info/attributes"), "* filter=x").unwrap();
        assert_eq!(checkout().unwrap(), dir);
        assert_eq!(content(), "one");
        assert!(!dir.join("ran").exists());

        // What is there needs no repository; what is not can only be refused without one.
        drop(repository);
        assert!(checkout().is_ok());
        fs::write(dir.join("a.txt"), "not one").unwrap();
        assert!(checkout().is_err());
    }

    #[test]
    fn a_commit_that_is_not_there_is_named() {
        let (repository, _) = repository();
        let cache = tempfile::tempdir().unwrap();
        let commit = Commit::new(&repository.path().to_string_lossy(), REV).unwrap();
        let seals = SealKey::open(None).unwrap();
        let error = commit.checkout(cache.path(), Path::new("git"), &seals);
        let error = error.unwrap_err();
        assert_eq!(error.code(), "source/revision-missing", "{error}");
        assert_eq!(
            fs::read_dir(cache.path().join("git")).unwrap().count(),
            0,
            "nothing is left over"
        );
    }

    #[test]
    fn a_missing_git_is_named() {
        let cache = tempfile::tempdir().unwrap();
        let commit = Commit::new("https://example.org/x", REV).unwrap();
        let error = commit
            .checkout(
                cache.path(),
                Path::new("/nowhere/git"),
                &SealKey::open(None).unwrap(),
            )
            .unwrap_err();
        assert_eq!(error.code(), "source/tool-missing");
    }
}
