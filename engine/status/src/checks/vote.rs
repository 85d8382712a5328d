//! States of a key and its votes: V1 to V13.

use pospool_model::guard::{PosLoop, Voting};
use pospool_model::status::{
    Budget, KeyStatus, Missing, NodeStatus, PoolStatus, QueuedVotes, Unknown,
};

use super::node::{plain, runs};
use crate::state::{Check, Checked, Level, State, present_if};
use crate::words::format_duration;

/// So many blocks in a row without a vote of an elected key are no accident.
const MISSED: u64 = 5;
/// With less time than this a key is near its retirement.
const NEAR: u64 = 150 * 60;

/// The rows.
pub(crate) const STATES: &[State] = &[
    State {
        id: "V1",
        level: Level::Critical,
        title: "the key is elected and does not vote",
        evidence: "the last committed blocks of PoS have no signature of it",
        why: "V2 to V6 and N1 to S9 say why; after three PoS epochs without a vote the key is retired",
        remedy: "pospool doctor    # the other states that are present name the cause",
        page: "reference/findings.md",
        check: Check::Key(elected_and_silent),
    },
    State {
        id: "V2",
        level: Level::Critical,
        title: "no node votes with the key",
        evidence: "what the guards of all nodes say",
        why: "each guard has a condition that is not met, or none runs",
        remedy: "pospool status    # names the condition; docs/reference/guard.md says what helps",
        page: "reference/guard.md",
        check: Check::Key(nobody_votes),
    },
    State {
        id: "V3",
        level: Level::Critical,
        title: "the safety file of the key is missing or damaged",
        evidence: "what the guard finds on the volume",
        why: "without it conflux would forget what the key has signed; two votes for one round are punished for months",
        remedy: "docker exec {container} pospool guard --report    # wait for PoS; restore the file, never make or delete one",
        page: "reference/guard.md",
        check: Check::Node(|node, _| held_by(node, &["no-safety-file", "bad-safety-file"])),
    },
    State {
        id: "V4",
        level: Level::Critical,
        title: "the safety file belongs to another key",
        evidence: "its owner beside the node's key",
        why: "it came with somebody else's snapshot",
        remedy: "docker exec {container} pospool guard --report    # put back the node's own file, never delete one",
        page: "reference/guard.md",
        check: Check::Node(|node, _| held_by(node, &["other-owner"])),
    },
    State {
        id: "V5",
        level: Level::Warning,
        title: "the safety file is of an earlier PoS epoch",
        evidence: "its epoch beside that of PoS, while the key is elected",
        why: "a copy or a backup was put back: the node stays silent until an epoch begins",
        remedy: "pospool status --watch 30    # wait for the next PoS epoch, an hour at most",
        page: "reference/guard.md",
        check: Check::Node(|node, _| held_by(node, &["old-safety-file"])),
    },
    State {
        id: "V6",
        level: Level::Note,
        title: "the node goes through what every start goes through",
        evidence: "the condition of its guard",
        why: "a node never starts as a voter: it catches up, and is watched where that is needed",
        remedy: "pospool status --watch 30    # wait",
        page: "reference/guard.md",
        check: Check::Node(|node, _| {
            held_by(
                node,
                &[
                    "starting",
                    "two-blocks",
                    "epoch-to-end",
                    "reading",
                    "watching",
                ],
            )
        }),
    },
    State {
        id: "V7",
        level: Level::Warning,
        title: "the node does not stand for election",
        evidence: "it votes, its votes work, and it is elected neither now nor for any term that is known",
        why: "somebody stopped its elections, which only a restart puts back; a key with few votes may also have no luck",
        remedy: "docker restart {container} && pospool start {node}",
        page: "reference/findings.md",
        check: Check::Key(no_elections),
    },
    State {
        id: "V8",
        level: Level::Note,
        title: "the key has no vote that can be elected yet",
        evidence: "what PoS counts for it",
        why: "votes are still locking, leave, or were never registered",
        remedy: "pospool status    # has the dates",
        page: "reference/findings.md",
        check: Check::Key(no_working_votes),
    },
    State {
        id: "V9",
        level: Level::Critical,
        title: "two nodes vote with one key",
        evidence: "the guard saw signatures that are not its node's, or two nodes of the spec vote with one key",
        why: "the key is on two machines; two different votes for one round hold all stake for months",
        remedy: "docker stop {container}    # of the one that should not vote; then find the other copy of the key",
        page: "reference/guard.md",
        check: Check::Node(two_voters),
    },
    State {
        id: "V10",
        level: Level::Critical,
        title: "the key is disputed",
        evidence: "no vote works, and votes are held for longer than any way out, or were forfeited",
        why: "two different votes of the key for one round were proven",
        remedy: "docker stop NODE    # every one with this key; then tell the users. `pospool status` has the dates",
        page: "reference/findings.md",
        check: Check::Key(disputed),
    },
    State {
        id: "V11",
        level: Level::Critical,
        title: "the key is near its retirement",
        evidence: "the end of the first PoS epoch in which it is elected and has no vote in three",
        why: "an elected key without a vote in three PoS epochs is retired: its votes leave, and earn nothing for days",
        remedy: "pospool start {node}    # whatever keeps it from voting comes first: see the other states",
        page: "reference/findings.md",
        check: Check::Node(near_retirement),
    },
    State {
        id: "V12",
        level: Level::Critical,
        title: "PoS has retired the key",
        evidence: "`forceRetired` of its account",
        why: "it was elected and did not vote for three PoS epochs",
        remedy: "pospool apply    # once the node votes again and the view in `pospool status` has come: it stakes again what is free",
        page: "guide/retired.md",
        check: Check::Key(retired),
    },
    State {
        id: "V13",
        level: Level::Critical,
        title: "the node's inner RPC can be reached from outside of its container",
        evidence: "each published port is asked a question of the inner RPC",
        why: "who reaches it can stop the voting, or make the key sign",
        remedy: "pospool plan    # take the port out of `ports` and `config` of {node}, and close it at the firewall now",
        page: "security.md",
        check: Check::Node(inner_rpc_open),
    },
];

/// Whether the guard holds the node for one of these conditions.
fn held_by(node: &NodeStatus, holds: &[&str]) -> Checked {
    let guard = node.guard.need("the word of the guard")?;
    let held = guard
        .hold
        .as_deref()
        .is_some_and(|hold| holds.contains(&hold));
    Ok(present_if(held && guard.voting == Voting::Off, || {
        guard.why.clone()
    }))
}

fn elected_and_silent(key: &KeyStatus, _: &PoolStatus) -> Checked {
    if !*key.elected.need("whether the key is elected")? {
        return Ok(None);
    }
    let missed = *key.missed.need("its votes in the last blocks")?;
    Ok(present_if(missed.in_a_row >= MISSED, || {
        format!(
            "it has no vote in the last {} blocks of PoS ({} of the last {} are without)",
            missed.in_a_row, missed.missed, missed.blocks
        )
    }))
}

fn nobody_votes(key: &KeyStatus, pool: &PoolStatus) -> Checked {
    let mut missing = None;
    let mut said = Vec::new();
    for node in &pool.nodes {
        match node.guard.need("the word of the guard") {
            // It only stands for election: that is what it has to do.
            Ok(guard) if runs(node) && guard.voting != Voting::Off => return Ok(None),
            Ok(guard) => said.push(format!("{}: {}", node.address, guard.why)),
            Err(lacks) if node.container.known().is_some() && !runs(node) => {
                said.push(format!("{}: {}", node.address, lacks.why.why()));
            }
            Err(lacks) => missing = Some(lacks),
        }
    }
    if let Some(missing) = missing {
        return Err(missing);
    }
    if pool.nodes.is_empty() {
        return Err(Missing {
            what: "the nodes with the key",
            why: Unknown::NotCollected("the spec has none: they are run elsewhere".to_owned()),
        });
    }
    // Who has no vote has nothing to vote with: that is V8.
    let votes = key.votes.need("what PoS counts for the key")?;
    Ok(present_if(votes.working > 0, || said.join("; ")))
}

fn no_elections(key: &KeyStatus, pool: &PoolStatus) -> Checked {
    let votes = key.votes.need("what PoS counts for the key")?;
    // Votes that are still locking may be too young for the terms that are known.
    if votes.locked == 0 || *key.elected.need("whether the key is elected")? {
        return Ok(None);
    }
    let mut nodes = pool.nodes.iter();
    let Some(node) = nodes.find(|node| node.pos_loop.known() == Some(&PosLoop::Voting)) else {
        for node in &pool.nodes {
            node.pos_loop.need("what the PoS loop says")?;
        }
        return Ok(None);
    };
    let terms = node.coming_terms.need("the coming terms")?;
    let in_no_term = terms.len() >= 2 && terms.iter().all(|term| !term.elected);
    Ok(present_if(in_no_term, || {
        format!(
            "{} votes, and the key with {} votes is elected for none of {} terms",
            node.address,
            votes.working,
            terms.len() + 1
        )
    }))
}

fn no_working_votes(key: &KeyStatus, _: &PoolStatus) -> Checked {
    let votes = key.votes.need("what PoS counts for the key")?;
    // These have states of their own.
    let other = votes.disputed || votes.retired_at.is_some();
    Ok(present_if(votes.working == 0 && !other, || {
        let sum = |queue: &[QueuedVotes]| queue.iter().map(|one| one.votes).sum::<u64>();
        format!(
            "no vote works: {} are locking, {} are leaving, {} ever became free",
            sum(&votes.locking),
            sum(&votes.leaving),
            votes.unlocked
        )
    }))
}

fn two_voters(node: &NodeStatus, pool: &PoolStatus) -> Checked {
    if let Some(found) = pool.find(&node.address, &["docker/two-voters"]) {
        return Ok(Some(found.reason.clone()));
    }
    if let Some(evidence) = held_by(node, &["other-voter", "held"])? {
        return Ok(Some(evidence));
    }
    let votes = |node: &NodeStatus| {
        let guard = node.guard.known();
        runs(node) && guard.is_some_and(|guard| guard.voting == Voting::On)
    };
    if !votes(node) {
        return Ok(None);
    }
    let key = plain(node.key.need("the key of the node")?);
    let mut others = pool.nodes.iter().filter(|other| {
        other.address != node.address
            && votes(other)
            && other.key.known().map(|other| plain(other)) == Some(key.clone())
    });
    Ok(others
        .next()
        .map(|other| format!("{} votes with the same key", other.address)))
}

fn disputed(key: &KeyStatus, _: &PoolStatus) -> Checked {
    let votes = key.votes.need("what PoS counts for the key")?;
    Ok(present_if(votes.disputed && votes.working == 0, || {
        let last = votes.leaving.iter().map(|one| one.view).max();
        match last {
            Some(view) => format!("all of its votes are held until view {view}"),
            None => format!("{} of its votes are forfeited", votes.forfeited),
        }
    }))
}

fn near_retirement(node: &NodeStatus, _: &PoolStatus) -> Checked {
    match *node
        .budget
        .need("how long the key may stay without a vote")?
    {
        Budget::NotElected | Budget::Left { voted: true, .. } => Ok(None),
        Budget::Left {
            epoch,
            blocks,
            seconds,
            ..
        } => {
            let near = seconds.is_none_or(|seconds| seconds < NEAR);
            Ok(present_if(near, || {
                let time = seconds.map_or_else(String::new, |seconds| {
                    format!(", about {}", format_duration(seconds))
                });
                format!(
                    "without a vote it is retired at the end of PoS epoch {epoch}: in {blocks} blocks{time}"
                )
            }))
        }
    }
}

fn retired(key: &KeyStatus, _: &PoolStatus) -> Checked {
    let votes = key.votes.need("what PoS counts for the key")?;
    Ok(votes.retired_at.map(|view| {
        format!(
            "PoS retired it at view {view}; it is at view {} now",
            votes.view
        )
    }))
}

fn inner_rpc_open(node: &NodeStatus, _: &PoolStatus) -> Checked {
    let open = node
        .open_inner_ports
        .need("an answer at its published ports")?;
    Ok(present_if(!open.is_empty(), || {
        let ports: Vec<String> = open.iter().map(ToString::to_string).collect();
        format!("it answers at port {}", ports.join(" and "))
    }))
}
