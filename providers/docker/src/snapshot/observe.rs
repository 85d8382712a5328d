//! Observing the snapshot that a new node is created from.
//!
//! - Reads: one byte of the archive, and the free space of two disks; only when a plan needs them.
//! - Returns: facts for the plan.
//! - Never: asks a server about a node that has its data.

use std::path::{Path, PathBuf};

use pospool_model::provider::{ObserveContext, Observed, Target};
use pospool_model::state::Recorded;
use pospool_model::{Attributes, Problem};

use super::source::find_archive;
use super::{space, spec};
use crate::facts::{DockerFacts, SnapshotFacts};
use crate::node::wish::DesiredNode;
use crate::place::{DataLocation, Folder};
use crate::render::DesiredChain;
use crate::view::EngineView;
use crate::volume;

/// Whether a plan for this node fills its volume.
pub(crate) fn is_planned(
    wanted: &Attributes,
    observed: &Observed,
    recorded: Option<&Recorded>,
) -> bool {
    if !wanted.contains_key("snapshot") {
        return false;
    }
    let (is_absent, before) = match observed {
        Observed::Absent => (true, recorded.and_then(|it| it.attributes.get("refill"))),
        Observed::Present { attributes, .. } => (false, attributes.get("refill")),
    };
    let is_new = is_absent && recorded.is_none_or(|recorded| !recorded.complete);
    let refill = wanted.get("refill");
    is_new || (refill.is_some() && refill != before)
}

/// Observes the archive and the disks.
pub(crate) async fn observe_snapshot(
    target: &Target<'_>,
    scene: &ObserveContext<'_>,
    view: &EngineView,
    facts: &DockerFacts,
    observed: &Observed,
) -> Result<Option<SnapshotFacts>, Problem> {
    let wanted = target
        .wanted
        .filter(|wanted| is_planned(wanted, observed, target.recorded));
    let Some(wanted) = wanted else {
        return Ok(None);
    };
    let Some(desired) = spec::read_snapshot(wanted)? else {
        return Ok(None);
    };
    let node = DesiredNode::read(wanted)?;
    let chain = scene.wanted.get(&node.chain).map(DesiredChain::read);
    let network = chain.unwrap_or_default().network;
    let data = volume::data_location(
        scene.lineage,
        &node.data,
        scene.wanted.get(&node.data),
        None,
        &facts.folders,
    )?;
    let disk = match &data {
        DataLocation::Volume(_) => PathBuf::from(&view.facts.root),
        DataLocation::Folder(folder) => folder.as_path().to_owned(),
    };
    let spool = desired.spool.clone().or_else(default_spool);
    Ok(Some(SnapshotFacts {
        found: find_archive(&desired, &network).await?,
        spool_free: spool
            .as_ref()
            .and_then(|spool| space::free_space(spool.as_path())),
        data_free: Some(disk)
            .filter(|disk| disk.is_absolute())
            .and_then(|disk| space::free_space(&disk)),
        spool,
    }))
}

/// `pospool/snapshots` in the user's cache folder.
fn default_spool() -> Option<Folder> {
    let variable = |name: &str| {
        std::env::var(name)
            .ok()
            .filter(|it| Path::new(it).is_absolute())
    };
    let cache =
        variable("XDG_CACHE_HOME").or_else(|| Some(format!("{}/.cache", variable("HOME")?)));
    Folder::new(&format!("{}/pospool/snapshots", cache?)).ok()
}

#[cfg(test)]
mod tests {
    use pospool_model::Value;

    use super::*;

    #[test]
    fn a_volume_is_filled_once_and_again_only_for_a_new_word() {
        let with = |refill: Option<&str>| {
            let mut map =
                Attributes::from([("snapshot".to_owned(), Value::Map(Attributes::new()))]);
            if let Some(word) = refill {
                map.insert("refill".to_owned(), word.into());
            }
            map
        };
        let recorded = |refill, complete| Recorded {
            attributes: with(refill),
            complete,
            ..Recorded::default()
        };
        let there = |refill| Observed::Present {
            attributes: with(refill),
            outputs: Attributes::new(),
        };
        let absent = Observed::Absent;
        // New, cut, gone by hand.
        assert!(is_planned(&with(None), &absent, None));
        assert!(is_planned(
            &with(None),
            &absent,
            Some(&recorded(None, false))
        ));
        assert!(!is_planned(
            &with(None),
            &absent,
            Some(&recorded(None, true))
        ));
        assert!(!is_planned(
            &with(Some("a")),
            &absent,
            Some(&recorded(Some("a"), true))
        ));
        // There.
        assert!(!is_planned(
            &with(None),
            &there(None),
            Some(&recorded(None, true))
        ));
        assert!(!is_planned(
            &with(None),
            &there(Some("a")),
            Some(&recorded(Some("a"), true))
        ));
        assert!(!is_planned(&with(Some("a")), &there(Some("a")), None));
        assert!(is_planned(
            &with(Some("b")),
            &there(Some("a")),
            Some(&recorded(Some("a"), true))
        ));
        assert!(!is_planned(&Attributes::new(), &absent, None));
    }
}
