//! What the guard says of itself and its node, as a file that is replaced as a whole.
//!
//! - Reads: what the last look found.
//! - Returns: the report.
//! - Never: puts a secret, or an endpoint of a source, into it.

use std::io;
use std::path::Path;

use pospool_model::guard::{GuardReport, MachineFacts, PosRound, SyncFacts, Voting};

use crate::door::{Hold, Verdict};
use crate::network::Network;
use crate::observe::LocalView;

/// What a report is made from.
pub(crate) struct ReportFacts<'a> {
    pub(crate) at: u64,
    pub(crate) key: Option<&'a str>,
    pub(crate) voting: Voting,
    pub(crate) verdict: Option<&'a Verdict>,
    pub(crate) given_up: bool,
    pub(crate) starts: u64,
    pub(crate) view: Option<&'a LocalView>,
    pub(crate) network: &'a Network,
    pub(crate) signed: Option<PosRound>,
    pub(crate) sync: SyncFacts,
    pub(crate) machine: MachineFacts,
}

/// Makes the report.
pub(crate) fn make_report(facts: ReportFacts<'_>) -> GuardReport {
    let (view, heads) = (facts.view, facts.network.heads());
    let hold = match facts.verdict {
        Some(Verdict::Hold(hold)) if facts.voting == Voting::Off => Some(hold),
        _ => None,
    };
    let pos = view.and_then(|view| view.pos);
    GuardReport {
        at: facts.at,
        key: facts.key.map(str::to_owned),
        voting: facts.voting,
        hold: hold.map(|hold| hold.id().to_owned()),
        why: describe(&facts),
        running: !facts.given_up,
        given_up: facts.given_up,
        starts: facts.starts,
        phase: view.map(|view| view.phase.clone()),
        head_time: view.and_then(|view| view.head_time),
        peers: view.map(|view| view.live_peers),
        pos_epoch: pos.map(|pos| pos.epoch),
        pos_height: pos.map(|pos| pos.height),
        source_height: heads.iter().map(|head| head.height).max(),
        sources: (heads.len(), facts.network.sources().len()),
        elected: view
            .and_then(|view| view.committee)
            .map(|(_, elected)| elected),
        signed: facts.signed,
        seen_signed: facts.network.seen_signed(),
        sync: facts.sync,
        machine: facts.machine,
    }
}

fn describe(facts: &ReportFacts<'_>) -> String {
    match (facts.voting, facts.verdict) {
        (_, Some(Verdict::Hold(hold))) if facts.given_up => {
            format!("conflux ended too often, and {hold}")
        }
        _ if facts.given_up => "conflux ended too often; `pospool start` starts it again, and so does `pospool guard --clear` \
                                in the container"
            .to_owned(),
        (Voting::On, _) => "it votes when its key is in the committee".to_owned(),
        (Voting::Candidate, _) => {
            "it stands for election, and is watched before its first vote".to_owned()
        }
        (Voting::Off, Some(Verdict::Hold(hold))) => hold.to_string(),
        (Voting::Off, Some(_)) => "it is let in".to_owned(),
        (Voting::Off, None) => Hold::Starting.to_string(),
    }
}

/// Writes the report.
pub(crate) fn write_report(report: &GuardReport, path: &Path) -> io::Result<()> {
    let new = path.with_extension("new");
    std::fs::write(&new, serde_json::to_string(report)?)?;
    std::fs::rename(new, path)
}

/// Reads the report of the guard in this container.
pub fn read_report(path: &Path) -> io::Result<GuardReport> {
    Ok(serde_json::from_str(&std::fs::read_to_string(path)?)?)
}
