//! Which of the known states a pool is in.

use pospool_model::Address;
use pospool_model::status::PoolStatus;
use serde::Serialize;

use crate::checks::{node, pool, sync, vote};
use crate::state::{Check, Checked, State};

/// What is known of one state of one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// It is there.
    Present {
        /// By what that was told.
        evidence: String,
    },
    /// It is not there.
    Absent,
    /// A figure is missing.
    CannotTell {
        /// Which one.
        missing: String,
        /// Why it is missing.
        why: String,
        /// Whether somebody looked for it and did not see it. Else this version does not collect it.
        looked: bool,
    },
}

/// One state of one thing.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// The state.
    pub state: &'static State,
    /// What it is about; `None` for the pool as a whole.
    pub address: Option<Address>,
    /// What a remedy is carried out on: the thing itself, or the node of a key.
    pub acts_on: Option<Address>,
    /// Name of the container of that, if it has one.
    pub container: String,
    /// What is known.
    pub answer: Answer,
}

impl Diagnosis {
    /// What to do, with the names of the thing in it.
    #[must_use]
    pub fn remedy(&self) -> String {
        let name = self.acts_on.as_ref().map_or("NAME", Address::as_str);
        let remedy = self.state.remedy.replace("{node}", name);
        let container = match self.container.as_str() {
            "" => "CONTAINER",
            container => container,
        };
        remedy.replace("{container}", container)
    }
}

/// All states, in the order of the table.
pub fn states() -> impl Iterator<Item = &'static State> {
    let tables = [node::STATES, sync::STATES, vote::STATES, pool::STATES];
    tables.into_iter().flatten()
}

/// The state with this id, however it is written.
#[must_use]
pub fn find_state(id: &str) -> Option<&'static State> {
    states().find(|state| state.id.eq_ignore_ascii_case(id))
}

/// Checks every state of everything that it could be about.
#[must_use]
pub fn diagnose(status: &PoolStatus) -> Vec<Diagnosis> {
    states().flat_map(|state| check(state, status)).collect()
}

fn check(state: &'static State, status: &PoolStatus) -> Vec<Diagnosis> {
    let of = |address: Option<&Address>, container: &str, checked: Checked| Diagnosis {
        state,
        address: address.cloned(),
        acts_on: address.cloned(),
        container: container.to_owned(),
        answer: answer(checked),
    };
    match state.check {
        Check::Node(check) => {
            let nodes = status.nodes.iter();
            let checked = nodes.map(|node| {
                of(
                    Some(&node.address),
                    &node.container_name,
                    check(node, status),
                )
            });
            checked.collect()
        }
        Check::Key(check) => {
            let keys = status.keys.iter();
            let checked = keys.map(|key| {
                let mut nodes = status.nodes.iter();
                let node = nodes.find(|node| Some(&node.address) == key.node.as_ref());
                let container = node.map_or("", |node| node.container_name.as_str());
                Diagnosis {
                    acts_on: key.node.clone(),
                    ..of(Some(&key.address), container, check(key, status))
                }
            });
            checked.collect()
        }
        Check::Syncer(check) => {
            let syncers = status.syncers.iter();
            let checked = syncers.map(|syncer| {
                let name = &syncer.container_name;
                of(Some(&syncer.address), name, check(syncer, status))
            });
            checked.collect()
        }
        Check::Account(check) => {
            let accounts = status.accounts.iter();
            let checked =
                accounts.map(|account| of(Some(&account.address), "", check(account, status)));
            checked.collect()
        }
        Check::Pool(check) => vec![of(None, "", check(status))],
    }
}

fn answer(checked: Checked) -> Answer {
    match checked {
        Ok(Some(evidence)) => Answer::Present { evidence },
        Ok(None) => Answer::Absent,
        Err(missing) => Answer::CannotTell {
            missing: missing.what.to_owned(),
            why: missing.why.why().to_owned(),
            looked: missing.why.is_trouble(),
        },
    }
}
