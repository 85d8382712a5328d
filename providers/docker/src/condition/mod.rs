//! How hosts and containers are, for people who watch them.
//!
//! - Reads: what a look has found; each container once more, and a node's published ports.
//! - Returns: parts of a status, in which each figure says its source, or why it is not known.
//! - Never: changes anything, or takes what does not answer for well.

mod node;
mod ports;
mod seen;
mod services;

use std::collections::BTreeMap;

use futures_util::future::join_all;
use pospool_model::Address;
use pospool_model::provider::{StatusContext, Target};
use pospool_model::status::StatusPart;

use self::seen::SeenContainer;
use crate::client::Engine;
use crate::facts::DockerFacts;

/// Says how everything is that this provider looks after.
pub(crate) async fn collect_status(
    targets: &[Target<'_>],
    context: &StatusContext<'_>,
) -> Vec<StatusPart> {
    let facts = DockerFacts::of(context.facts);
    let asked = targets
        .iter()
        .map(|target| collect_one(target, context, &facts));
    join_all(asked).await.into_iter().flatten().collect()
}

async fn collect_one(
    target: &Target<'_>,
    context: &StatusContext<'_>,
    facts: &DockerFacts,
) -> Option<StatusPart> {
    // What the spec does not have any more is taken down, and watched by nobody.
    target.wanted?;
    Some(match target.address.kind() {
        "host" => StatusPart::Host(services::host_status(target, context, facts)),
        "node" => {
            let seen = SeenContainer::look(target, context, facts).await;
            StatusPart::Node(Box::new(node::node_status(&seen).await))
        }
        "syncer" => {
            let seen = SeenContainer::look(target, context, facts).await;
            StatusPart::Syncer(Box::new(services::syncer_status(&seen)))
        }
        "ui" => {
            let seen = SeenContainer::look(target, context, facts).await;
            StatusPart::Page(services::page_status(&seen))
        }
        _ => return None,
    })
}

/// The last lines of each container that the look has found.
pub(crate) async fn collect_logs(
    context: &StatusContext<'_>,
    lines: usize,
) -> BTreeMap<Address, Vec<String>> {
    let facts = DockerFacts::of(context.facts);
    let asked = facts
        .containers
        .iter()
        .map(|(address, container)| async move {
            let engine = Engine::connect(&container.docker).ok()?;
            let said = engine.last_lines(&container.id, lines).await;
            Some((address.clone(), said))
        });
    join_all(asked).await.into_iter().flatten().collect()
}
