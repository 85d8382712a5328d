//! States of a node's container and of its machine: N1 to N15.

use pospool_model::status::{ContainerState, NodeStatus, PoolStatus};

use crate::state::{Check, Checked, Level, State, present_if};
use crate::words::{format_bytes, format_duration};

/// conflux opens some thousands of files.
const LEAST_FILES: u64 = 10_000;
/// A node's disk has to have so many percent free.
const FREE_PERCENT: u64 = 15;
/// So many starts of conflux within [`LOOP_TIME`] are a loop.
const LOOP_STARTS: u64 = 3;
const LOOP_TIME: u64 = 15 * 60;
/// Most seconds that a block may be in the future.
const FUTURE: i64 = -300;

/// The rows.
pub(crate) const STATES: &[State] = &[
    State {
        id: "N1",
        level: Level::Critical,
        title: "the node's container is gone, stopped or paused",
        evidence: "how Docker has the container",
        why: "it was stopped by hand, by a reboot, or by a fault; a paused node stays deaf when it goes on",
        remedy: "pospool start {node}",
        page: "guide/reboot.md",
        check: Check::Node(container_down),
    },
    State {
        id: "N2",
        level: Level::Critical,
        title: "the node waits for the password of its PoS key",
        evidence: "no guard in the running container, or its last words",
        why: "a node that does not start without a person needs one after each stop of its container",
        remedy: "pospool start {node}",
        page: "guide/reboot.md",
        check: Check::Node(waits_for_password),
    },
    State {
        id: "N3",
        level: Level::Critical,
        title: "the password does not open the PoS key",
        evidence: "conflux's last words",
        why: "the secret is another one than when the key was made; the key itself is as it was",
        remedy: "pospool start {node}    # after the right secret is where the spec says",
        page: "guide/lost-key.md",
        check: Check::Node(|node, _| failed_with(node, &["docker/wrong-password"])),
    },
    State {
        id: "N4",
        level: Level::Critical,
        title: "the PoS key is gone from the volume",
        evidence: "no key in the node where the state has one",
        why: "a node without its key would make another one, which no pool knows",
        remedy: "pospool key restore FILE --to {node} --identity file:PATH",
        page: "guide/lost-key.md",
        check: Check::Node(key_gone),
    },
    State {
        id: "N5",
        level: Level::Critical,
        title: "the node has another PoS key than the registered one",
        evidence: "the key of the node beside that of the state",
        why: "another volume, or somebody put another key on it: nobody votes for the pool",
        remedy: "pospool plan    # names both keys, and which volume belongs here",
        page: "guide/lost-key.md",
        check: Check::Node(other_key),
    },
    State {
        id: "N6",
        level: Level::Critical,
        title: "the node was killed for its memory",
        evidence: "what Docker says of the container's end",
        why: "a node needs 16 GB and more; one that is killed at each peak never catches up",
        remedy: "pospool apply    # after `memory` of {node} is larger in the spec",
        page: "guide/public-networks.md",
        check: Check::Node(out_of_memory),
    },
    State {
        id: "N7",
        level: Level::Critical,
        title: "conflux ends again and again",
        evidence: "starts that the guard has counted, or that it gave up",
        why: "what ends it is still there; the last lines of its log name it",
        remedy: "docker logs --tail 50 {container}",
        page: "reference/guard.md",
        check: Check::Node(restart_loop),
    },
    State {
        id: "N8",
        level: Level::Critical,
        title: "the disk of the node is full, or nearly",
        evidence: "free bytes where the data lies, or conflux's last words",
        why: "a full disk ends the node in the middle of a write; a full node grows by gigabytes a day",
        remedy: "docker exec {container} df -h /data    # make room, or move the volume to a larger disk",
        page: "guide/disks-and-snapshots.md",
        check: Check::Node(disk_full),
    },
    State {
        id: "N9",
        level: Level::Critical,
        title: "the database is marked as damaged",
        evidence: "conflux's last words",
        why: "a power cut, a bad disk, or a stop in the middle of a write",
        remedy: "pospool apply    # after a `snapshot` is in the volume's block; the key and its safety file stay",
        page: "guide/disks-and-snapshots.md",
        check: Check::Node(|node, _| failed_with(node, &["docker/data-damaged"])),
    },
    State {
        id: "N10",
        level: Level::Critical,
        title: "a second process has the node's data open",
        evidence: "conflux's or the guard's last words, or another container with its volume",
        why: "two processes with one PoS key must never vote",
        remedy: "docker ps    # find the other container with this volume, stop it, and see that it stays down",
        page: "reference/guard.md",
        check: Check::Node(data_in_use),
    },
    State {
        id: "N11",
        level: Level::Critical,
        title: "the node may not open enough files",
        evidence: "the limit in its container, or its last words",
        why: "the Docker service itself was started with a low limit",
        remedy: "systemctl edit docker    # [Service] LimitNOFILE=1048576, then restart the service",
        page: "guide/public-networks.md",
        check: Check::Node(few_files),
    },
    State {
        id: "N12",
        level: Level::Critical,
        title: "the release does not read its configuration",
        evidence: "conflux's last words",
        why: "the form of pos_config.yaml changed with release 3.1: image and configuration must be of one release",
        remedy: "pospool render {node}    # beside `image` and `release_form` in the spec",
        page: "guide/node-upgrade.md",
        check: Check::Node(|node, _| failed_with(node, &["docker/pos-config"])),
    },
    State {
        id: "N13",
        level: Level::Critical,
        title: "the data belongs to another network",
        evidence: "conflux's last words",
        why: "a volume or a snapshot of another network or release",
        remedy: "pospool plan    # after `data` of {node} names the volume of this network",
        page: "guide/disks-and-snapshots.md",
        check: Check::Node(|node, _| failed_with(node, &["docker/genesis-mismatch"])),
    },
    State {
        id: "N14",
        level: Level::Warning,
        title: "the machine's clock is wrong, or nothing keeps it",
        evidence: "the time of the newest block, and whether the kernel's clock is kept by a time source",
        why: "PoS takes no proposal from the future, and a clock that jumps looks like a dead network",
        remedy: "timedatectl set-ntp true    # or chrony; then `timedatectl` says `synchronized: yes`",
        page: "guide/public-networks.md",
        check: Check::Node(bad_clock),
    },
    State {
        id: "N15",
        level: Level::Critical,
        title: "the node may not write to its volume",
        evidence: "conflux's last words",
        why: "files on the volume belong to another user: they were copied in as root",
        remedy: "chown -R 10001:10001 FOLDER    # the folder of the volume",
        page: "guide/disks-and-snapshots.md",
        check: Check::Node(|node, _| failed_with(node, &["docker/permission"])),
    },
];

/// Whether the node runs, so that no word of an earlier end counts.
pub(crate) fn runs(node: &NodeStatus) -> bool {
    let container = node.container.known() == Some(&ContainerState::Running);
    let given_up = node.guard.known().is_some_and(|guard| guard.given_up);
    container && !given_up
}

/// Whether conflux ended for one of these reasons, and does not run.
fn failed_with(node: &NodeStatus, codes: &[&str]) -> Checked {
    if runs(node) {
        return Ok(None);
    }
    let failure = node.last_failure.need("why conflux ended")?;
    let found = failure.as_deref().filter(|code| codes.contains(code));
    Ok(found.map(|code| format!("the last lines of its log say so ({code})")))
}

fn container_down(node: &NodeStatus, _: &PoolStatus) -> Checked {
    let container = node.container.need("how the container is")?;
    let how = match container {
        ContainerState::Running | ContainerState::WaitingForPassword => return Ok(None),
        ContainerState::Paused => "paused",
        ContainerState::Stopped => "stopped",
        ContainerState::Gone => "not there",
    };
    Ok(present_if(node.wanted_running, || {
        let exit = node.exit_code.known().copied().flatten();
        let exit = exit.map_or_else(String::new, |code| format!(", with exit code {code}"));
        format!("its container is {how}{exit}")
    }))
}

fn waits_for_password(node: &NodeStatus, _: &PoolStatus) -> Checked {
    let container = node.container.need("how the container is")?;
    if *container == ContainerState::WaitingForPassword {
        return Ok(Some(
            "its container runs, and no guard in it has a password".to_owned(),
        ));
    }
    failed_with(node, &["docker/no-password", "docker/no-secret"])
}

fn key_gone(node: &NodeStatus, pool: &PoolStatus) -> Checked {
    let lost = ["docker/pos-key-lost", "docker/no-key"];
    if let Some(unseen) = pool
        .unseen
        .iter()
        .find(|one| one.address == node.address && lost.contains(&one.code.as_str()))
    {
        return Ok(Some(unseen.why.clone()));
    }
    // Whoever says a key has one.
    node.key.need("the key of the node")?;
    Ok(None)
}

fn other_key(node: &NodeStatus, pool: &PoolStatus) -> Checked {
    let codes = ["docker/pos-key-changed", "chain/other-key"];
    let mut unseen = pool.unseen.iter();
    if let Some(found) = unseen.find(|one| codes.contains(&one.code.as_str())) {
        return Ok(Some(found.why.clone()));
    }
    let runs = node.key.need("the key of the node")?;
    let recorded = node.recorded_key.need("the key that the state has")?;
    let same = plain(runs) == plain(recorded);
    Ok(present_if(!same, || {
        format!("it runs with {runs}, and {recorded} is recorded")
    }))
}

/// A PoS address without its prefix, in lower case.
pub(crate) fn plain(key: &str) -> String {
    key.trim_start_matches("0x").to_ascii_lowercase()
}

fn out_of_memory(node: &NodeStatus, _: &PoolStatus) -> Checked {
    let killed = *node
        .out_of_memory
        .need("whether it was killed for its memory")?;
    Ok(present_if(killed, || {
        let limit = node.memory_limit_bytes.known().copied().flatten();
        match limit {
            Some(limit) => format!(
                "Docker says that it was killed; it may use {}",
                format_bytes(limit)
            ),
            None => "Docker says that it was killed".to_owned(),
        }
    }))
}

fn restart_loop(node: &NodeStatus, _: &PoolStatus) -> Checked {
    let guard = node.guard.need("the word of the guard")?;
    if guard.given_up {
        return Ok(Some(format!("the guard has given up: {}", guard.why)));
    }
    let starts = *node.conflux_starts.need("the starts of conflux")?;
    if starts < LOOP_STARTS {
        return Ok(None);
    }
    let time = *node.running_seconds.need("since when the container runs")?;
    Ok(present_if(time < LOOP_TIME, || {
        format!(
            "conflux was started {starts} times in {}",
            format_duration(time)
        )
    }))
}

fn disk_full(node: &NodeStatus, _: &PoolStatus) -> Checked {
    if let Some(found) = failed_with(node, &["docker/disk-full"]).unwrap_or_default() {
        return Ok(Some(found));
    }
    let free = *node.disk_free_bytes.need("free bytes of the disk")?;
    let total = *node.disk_total_bytes.need("the size of the disk")?;
    let low = free.saturating_mul(100) < total.saturating_mul(FREE_PERCENT);
    Ok(present_if(low, || {
        format!("{} of {} are free", format_bytes(free), format_bytes(total))
    }))
}

fn data_in_use(node: &NodeStatus, pool: &PoolStatus) -> Checked {
    let codes = ["docker/volume-in-use", "docker/key-in-use"];
    let mut unseen = pool.unseen.iter();
    if let Some(found) =
        unseen.find(|one| one.address == node.address && codes.contains(&one.code.as_str()))
    {
        return Ok(Some(found.why.clone()));
    }
    failed_with(node, &["docker/data-in-use", "docker/volume-in-use"])
}

fn few_files(node: &NodeStatus, _: &PoolStatus) -> Checked {
    if let Some(found) = failed_with(node, &["docker/open-files"]).unwrap_or_default() {
        return Ok(Some(found));
    }
    let limit = *node.open_files_limit.need("how many files it may open")?;
    Ok(present_if(limit < LEAST_FILES, || {
        format!("it may have {limit} files open, and needs {LEAST_FILES}")
    }))
}

fn bad_clock(node: &NodeStatus, _: &PoolStatus) -> Checked {
    if let Some(age) = node.head_age_seconds.known().filter(|age| **age < FUTURE) {
        return Ok(Some(format!(
            "its newest block is {} s in the future",
            age.unsigned_abs()
        )));
    }
    let kept = *node
        .clock_synchronised
        .need("whether a time source keeps the clock")?;
    Ok(present_if(!kept, || {
        "the kernel says that no time source keeps its clock".to_owned()
    }))
}
