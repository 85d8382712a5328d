//! States of contracts, services and money around the node: C1 to C6.

use pospool_model::status::{
    AccountStatus, ContainerState, KeyStatus, NodeStatus, PoolStatus, SyncerStatus,
};

use crate::state::{Check, Checked, Level, State, present_if};
use crate::words::format_duration;

/// An account that can pay for fewer calls needs money.
const FEW_CALLS: u64 = 20;
/// A duty that is open for longer is stale.
const STALE: u64 = 3600;
/// A syncer whose balance lasts for fewer days is poor.
const FEW_DAYS: u64 = 7;
/// A drill that is older proves little.
const MONTH: u64 = 31 * 86_400;

/// The rows.
pub(crate) const STATES: &[State] = &[
    State {
        id: "C1",
        level: Level::Warning,
        title: "stake of a retired key is free and does not work",
        evidence: "votes that have left, beside what users want back",
        why: "the pool earns nothing for it until it is staked again",
        remedy: "pospool apply",
        page: "guide/retired.md",
        check: Check::Key(restake_due),
    },
    State {
        id: "C2",
        level: Level::Critical,
        title: "the service between the spaces is down, late, or poor",
        evidence: "its container, its own report, its balance",
        why: "users of eSpace wait: nothing is staked or paid back for them",
        remedy: "pospool start {node}    # or send CFX to its account, which `pospool status` names",
        page: "guide/syncer.md",
        check: Check::Syncer(syncer_unwell),
    },
    State {
        id: "C3",
        level: Level::Warning,
        title: "an account that signs has hardly money for gas",
        evidence: "its balance beside what a usual call costs now",
        why: "an apply, or the service between the spaces, stops in the middle",
        remedy: "pospool status    # send CFX to the address of {node} that it shows",
        page: "guide/first-pool.md",
        check: Check::Account(little_gas),
    },
    State {
        id: "C4",
        level: Level::Warning,
        title: "the page or the chain's RPC does not answer",
        evidence: "the page's own health check; whether the chain could be looked at",
        why: "a container that ended, an endpoint that is down, a certificate that has expired",
        remedy: "pospool plan    # says what did not answer, and why",
        page: "guide/web-page.md",
        check: Check::Pool(services_down),
    },
    State {
        id: "C5",
        level: Level::Warning,
        title: "something is not as the last apply left it",
        evidence: "a plan of now: what differs, and not by the spec",
        why: "somebody changed a contract's settings, an image or a container by hand",
        remedy: "pospool plan",
        page: "guide/recovery.md",
        check: Check::Pool(drift),
    },
    State {
        id: "C6",
        level: Level::Warning,
        title: "the key has no bundle, or nobody tried one lately",
        evidence: "what `key backup` and `key drill` have noted",
        why: "without its volume a key without a bundle is lost, and the stake with it for as long as it takes to leave",
        remedy: "pospool key backup {node} --to FILE --recipient age1…    # then `pospool key drill FILE --identity file:PATH`",
        page: "guide/lost-host.md",
        check: Check::Node(no_backup),
    },
];

fn restake_due(key: &KeyStatus, _: &PoolStatus) -> Checked {
    let due = *key.restake_due.need("votes that can be staked again")?;
    Ok(present_if(due > 0, || {
        format!("{due} votes can be staked again now")
    }))
}

fn syncer_unwell(syncer: &SyncerStatus, _: &PoolStatus) -> Checked {
    let container = *syncer.container.need("how the container is")?;
    if container != ContainerState::Running {
        return Ok(Some("its container does not run".to_owned()));
    }
    if let Some(trouble) = syncer.trouble.need("its own report")? {
        return Ok(Some(trouble.clone()));
    }
    let lag = *syncer.lag_seconds.need("its lag")?;
    if lag > STALE {
        return Ok(Some(format!(
            "its oldest duty is open for {}",
            format_duration(lag)
        )));
    }
    let poor = syncer.balance_days.known().filter(|days| **days < FEW_DAYS);
    Ok(poor.map(|days| format!("its balance lasts for {days} days")))
}

fn little_gas(account: &AccountStatus, _: &PoolStatus) -> Checked {
    if !account.signs {
        return Ok(None);
    }
    let calls = *account.calls_left.need("how many calls it can pay for")?;
    Ok(present_if(calls < FEW_CALLS, || {
        format!(
            "{} in {} can pay for {calls} more calls",
            account.account, account.space
        )
    }))
}

fn services_down(pool: &PoolStatus) -> Checked {
    let mut down = Vec::new();
    let mut missing = None;
    for page in &pool.pages {
        match page.container.need("how the page's container is") {
            Ok(ContainerState::Running) => {}
            Ok(_) => {
                down.push(format!("{} does not run", page.address));
                continue;
            }
            Err(lacks) => {
                missing = Some(lacks);
                continue;
            }
        }
        match page.answers.need("whether the page answers") {
            Ok(true) => {}
            Ok(false) => down.push(format!("{} does not answer", page.address)),
            Err(lacks) => missing = Some(lacks),
        }
    }
    let chains = pool.unseen.iter();
    let chains = chains.filter(|one| one.address.kind() == "chain");
    down.extend(chains.map(|one| format!("{}: {}", one.address, one.why)));
    match (down.is_empty(), missing) {
        (false, _) => Ok(Some(down.join("; "))),
        (true, Some(missing)) => Err(missing),
        (true, None) => Ok(None),
    }
}

fn drift(pool: &PoolStatus) -> Checked {
    let changes = pool.changes.need("a plan of now")?;
    let drifted: Vec<String> = changes
        .iter()
        .filter(|change| change.is_drift)
        .map(|change| match change.changed.as_slice() {
            [] => change.address.to_string(),
            paths => format!("{} ({})", change.address, paths.join(", ")),
        })
        .collect();
    Ok(present_if(!drifted.is_empty(), || drifted.join("; ")))
}

fn no_backup(node: &NodeStatus, pool: &PoolStatus) -> Checked {
    // A key that no pool depends on can be made again.
    if pool.keys.is_empty() {
        return Ok(None);
    }
    let made = *node.backup_age_seconds.need("when a bundle was made")?;
    if made.is_none() {
        return Ok(Some("no bundle of its key was made".to_owned()));
    }
    let drill = *node.drill_age_seconds.need("when a bundle was tried")?;
    Ok(match drill {
        None => Some("the bundle of its key was never opened to see whether it helps".to_owned()),
        Some(age) if age > MONTH => Some(format!(
            "the bundle of its key was last tried {} ago",
            format_duration(age)
        )),
        Some(_) => None,
    })
}
