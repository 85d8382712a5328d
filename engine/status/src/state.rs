//! One state that a pool can be in, as a row of the doctor's table.

use pospool_model::status::{
    AccountStatus, KeyStatus, Missing, NodeStatus, PoolStatus, SyncerStatus,
};
use serde::Serialize;

/// How bad a state is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// It ends by itself, or is only worth to know.
    Note,
    /// It gets worse if nobody does anything.
    Warning,
    /// The key does not vote, or soon will not; or money or the key is in danger.
    Critical,
}

impl Level {
    /// It in one word, as in its JSON form.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// What a check finds: evidence that the state is present, `None` that it is absent, or which figure is missing to tell.
pub type Checked = Result<Option<String>, Missing>;

/// A check, which sees all of the status beside the thing that it is about. Pure.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// Of each node.
    Node(fn(&NodeStatus, &PoolStatus) -> Checked),
    /// Of each registered key.
    Key(fn(&KeyStatus, &PoolStatus) -> Checked),
    /// Of each syncer.
    Syncer(fn(&SyncerStatus, &PoolStatus) -> Checked),
    /// Of each account and space.
    Account(fn(&AccountStatus, &PoolStatus) -> Checked),
    /// Of the pool as a whole.
    Pool(fn(&PoolStatus) -> Checked),
}

/// A row.
#[derive(Clone, Copy, Debug)]
pub struct State {
    /// Its id: a promise, never given another meaning.
    pub id: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What it is.
    pub title: &'static str,
    /// By what it is told.
    pub evidence: &'static str,
    /// Why it happens, or what follows from it.
    pub why: &'static str,
    /// What to do: a command, with `{node}` and `{container}` for the names of the thing.
    pub remedy: &'static str,
    /// The page that says more, from the folder of documents.
    pub page: &'static str,
    /// How it is told.
    pub check: Check,
}

impl State {
    /// What to do about it, where no thing has it.
    #[must_use]
    pub fn plain_remedy(&self) -> String {
        let remedy = self.remedy.replace("{node}", "NAME");
        remedy.replace("{container}", "CONTAINER")
    }
}

/// Evidence, if a condition holds.
pub(crate) fn present_if(holds: bool, evidence: impl FnOnce() -> String) -> Option<String> {
    holds.then(evidence)
}
