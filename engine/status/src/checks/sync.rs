//! States of a node's synchronisation: S1 to S10.

use pospool_model::guard::PosLoop;
use pospool_model::status::{Missing, NodeStatus, PoolStatus};

use super::node::runs;
use crate::state::{Check, Checked, Level, State, present_if};
use crate::words::format_duration;

/// A node that is behind by more has not caught up.
const BEHIND: u64 = 100;
/// What stands for longer does not move.
const STANDS: u64 = 10 * 60;
/// The newest block of a node that hears of new ones is younger.
const OLD_HEAD: i64 = 120;
/// Blocks of PoS that a node may be behind other sources.
const POS_BEHIND: u64 = 10;
/// The phase in which a node follows its chain.
const NORMAL: &str = "NormalSyncPhase";

/// The rows.
pub(crate) const STATES: &[State] = &[
    State {
        id: "S1",
        level: Level::Critical,
        title: "no live peers, or too few",
        evidence: "sessions from which something was read in the last minute",
        why: "a firewall, a port that is not open, or bootnodes of another network",
        remedy: "docker exec {container} pospool guard --report    # `peers`; open 32323 TCP and UDP, set `public_address`",
        page: "guide/public-networks.md",
        check: Check::Node(few_peers),
    },
    State {
        id: "S2",
        level: Level::Note,
        title: "the node catches up, and moves",
        evidence: "its phase, how far it is behind the network, and when its epoch last moved",
        why: "every start does that; a new node needs days from nothing, and hours from a snapshot",
        remedy: "pospool status --watch 30    # wait",
        page: "guide/disks-and-snapshots.md",
        check: Check::Node(catches_up),
    },
    State {
        id: "S3",
        level: Level::Note,
        title: "the epoch stands, and the node works",
        evidence: "the epoch stands for ten minutes while counters of headers, bodies or states grow",
        why: "some phases fetch for hours before the epoch moves",
        remedy: "pospool status --watch 60    # wait",
        page: "guide/disks-and-snapshots.md",
        check: Check::Node(works_unseen),
    },
    State {
        id: "S4",
        level: Level::Critical,
        title: "the synchronisation is stuck",
        evidence: "epoch and counters stand for ten minutes",
        why: "peers that have nothing to give, or a database that does not go on",
        remedy: "docker restart {container} && pospool start {node}    # the guard starts it as a non-voter; twice in vain: a snapshot",
        page: "guide/disks-and-snapshots.md",
        check: Check::Node(stuck),
    },
    State {
        id: "S5",
        level: Level::Warning,
        title: "the node never catches up",
        evidence: "epochs that it gains on the network over half an hour",
        why: "the disk is too slow: a node needs an SSD",
        remedy: "pospool doctor --host    # speed of the disk",
        page: "guide/public-networks.md",
        check: Check::Node(too_slow),
    },
    State {
        id: "S6",
        level: Level::Critical,
        title: "the node is deaf: its network thread is dead",
        evidence: "sessions without a word for a minute, an old head, and the phase says normal",
        why: "conflux was paused or stopped by a signal and went on: its network thread does not survive that",
        remedy: "docker restart {container} && pospool start {node}    # never pause a node",
        page: "reference/guard.md",
        check: Check::Node(deaf),
    },
    State {
        id: "S7",
        level: Level::Critical,
        title: "PoS is dead in a node that answers",
        evidence: "its PoS loop says that its task has ended, or the guard ended conflux for that in the last hour",
        why: "a panic in the PoS task does not end the process",
        remedy: "docker logs --tail 50 {container}    # the guard restarts it; twice: a snapshot of pos_db without its safety file",
        page: "reference/guard.md",
        check: Check::Node(dead_pos),
    },
    State {
        id: "S8",
        level: Level::Critical,
        title: "the PoS loop hangs",
        evidence: "it does not say within five seconds whether it votes",
        why: "a disk that does not answer, or a deadlock",
        remedy: "docker logs --tail 50 {container}    # the guard kills and restarts it",
        page: "reference/guard.md",
        check: Check::Node(hung_pos),
    },
    State {
        id: "S9",
        level: Level::Critical,
        title: "PoS stands here, or everywhere",
        evidence: "the height of PoS here beside that of other sources, and whether that moves",
        why: "here alone: the node is cut off or dead. Everywhere: the network stands, and nothing helps but waiting",
        remedy: "docker exec {container} pospool guard --report    # `pos_height` beside `source_height`",
        page: "reference/guard.md",
        check: Check::Node(pos_stands),
    },
    State {
        id: "S10",
        level: Level::Critical,
        title: "the release does not follow a fork of its network",
        evidence: "the table of forks, the node's release, and the network's epoch",
        why: "the network went on without this release",
        remedy: "pospool apply    # after a newer `image` is in the spec; past the fork with a snapshot",
        page: "guide/node-upgrade.md",
        check: Check::Node(past_fork),
    },
];

/// Whether the node has not caught up.
fn is_behind(node: &NodeStatus) -> Result<bool, Missing> {
    let phase = node.phase.need("the phase of the synchronisation")?;
    if phase != NORMAL {
        return Ok(true);
    }
    let behind = node
        .behind_epochs
        .need("how far it is behind the network")?;
    Ok(*behind > BEHIND)
}

fn few_peers(node: &NodeStatus, _: &PoolStatus) -> Checked {
    let peers = *node.live_peers.need("live peers")?;
    Ok(present_if(runs(node) && peers < node.least_peers, || {
        format!(
            "{peers} peers said something in the last minute, and {} are needed",
            node.least_peers
        )
    }))
}

fn catches_up(node: &NodeStatus, _: &PoolStatus) -> Checked {
    if !is_behind(node)? {
        return Ok(None);
    }
    let stands = *node
        .epoch_stands_seconds
        .need("when its epoch last moved")?;
    Ok(present_if(stands < STANDS, || {
        let phase = node.phase.known().map_or("", String::as_str);
        match node.behind_epochs.known() {
            Some(behind) => format!("it is {behind} epochs behind its network, in phase {phase}"),
            None => format!("it is in phase {phase}"),
        }
    }))
}

/// For how long the epoch of a node that has not caught up stands; `None` where it moves or has caught up.
fn standing(node: &NodeStatus) -> Result<Option<u64>, Missing> {
    if !is_behind(node)? {
        return Ok(None);
    }
    let stands = *node
        .epoch_stands_seconds
        .need("when its epoch last moved")?;
    Ok((stands >= STANDS).then_some(stands))
}

fn works_unseen(node: &NodeStatus, _: &PoolStatus) -> Checked {
    let Some(stands) = standing(node)? else {
        return Ok(None);
    };
    let counters = *node
        .counters_stand_seconds
        .need("the counters of the synchronisation")?;
    Ok(present_if(counters < STANDS, || {
        format!(
            "its epoch stands for {}, and its counters moved {} ago",
            format_duration(stands),
            format_duration(counters)
        )
    }))
}

fn stuck(node: &NodeStatus, _: &PoolStatus) -> Checked {
    let Some(stands) = standing(node)? else {
        return Ok(None);
    };
    let counters = *node
        .counters_stand_seconds
        .need("the counters of the synchronisation")?;
    Ok(present_if(counters >= STANDS, || {
        format!(
            "nothing moved for {}",
            format_duration(stands.min(counters))
        )
    }))
}

fn too_slow(node: &NodeStatus, _: &PoolStatus) -> Checked {
    if !is_behind(node)? {
        return Ok(None);
    }
    let gained = *node
        .gained_epochs_per_hour
        .need("its speed over half an hour")?;
    Ok(present_if(gained <= 0, || {
        format!("it gained {gained} epochs on the network in an hour")
    }))
}

fn deaf(node: &NodeStatus, _: &PoolStatus) -> Checked {
    let phase = node.phase.need("the phase of the synchronisation")?;
    let live = *node.live_peers.need("live peers")?;
    if phase != NORMAL || live > 0 {
        return Ok(None);
    }
    let sessions = *node.sessions.need("sessions with peers")?;
    let age = *node.head_age_seconds.need("the age of its newest block")?;
    Ok(present_if(sessions > 0 && age > OLD_HEAD, || {
        format!("{sessions} sessions and no word in any, and its newest block is {age} s old")
    }))
}

fn ended_for(node: &NodeStatus, fault: &str) -> bool {
    let last = node.last_fault.known();
    last.and_then(Option::as_deref) == Some(fault)
}

fn dead_pos(node: &NodeStatus, _: &PoolStatus) -> Checked {
    if ended_for(node, "dead-pos") {
        let what = "the guard ended conflux in the last hour because its PoS task had ended";
        return Ok(Some(what.to_owned()));
    }
    let says = *node.pos_loop.need("what the PoS loop says")?;
    Ok(present_if(says == PosLoop::Dead, || {
        "its PoS loop says `Disconnected`: the task has ended".to_owned()
    }))
}

fn hung_pos(node: &NodeStatus, _: &PoolStatus) -> Checked {
    if ended_for(node, "hung-pos") {
        let what = "the guard ended conflux in the last hour because its PoS loop gave no answer";
        return Ok(Some(what.to_owned()));
    }
    let says = *node.pos_loop.need("what the PoS loop says")?;
    Ok(present_if(says == PosLoop::Hung, || {
        "its PoS loop gave no answer in five seconds".to_owned()
    }))
}

fn pos_stands(node: &NodeStatus, pool: &PoolStatus) -> Checked {
    let local = *node.pos_height.need("the height of PoS here")?;
    let Some(local) = local else {
        // It has not started: the phases before that are S2 to S4.
        return Ok(None);
    };
    let source = *node
        .source_height
        .need("the height of PoS at other sources")?;
    if source > local.saturating_add(POS_BEHIND) {
        return Ok(Some(format!(
            "PoS is at height {local} here and at {source} elsewhere: it stands here alone"
        )));
    }
    let mut chains = pool.chains.iter();
    let stands = chains.find_map(|chain| chain.pos_stands_seconds.known().copied());
    Ok(stands.filter(|stands| *stands > STANDS).map(|stands| {
        format!(
            "PoS stands everywhere since {}: the network stands",
            format_duration(stands)
        )
    }))
}

fn past_fork(node: &NodeStatus, pool: &PoolStatus) -> Checked {
    let codes = ["docker/release-past-fork", "docker/node-epoch"];
    if let Some(found) = pool.find(&node.address, &codes) {
        return Ok(Some(found.reason.clone()));
    }
    // Without the network's epoch nobody can say that no fork was passed.
    node.network_epoch.need("the epoch of the network")?;
    Ok(None)
}
