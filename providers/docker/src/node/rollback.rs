//! When a node that replaces another one has had its time, and whether that one can run again.
//!
//! - Reads: the images before and after, the table of releases, how far the network is.
//! - Returns: the way back, and what a plan says of it before anything stops.
//! - Never: calls a way open that the table does not know to be.

use pospool_model::Attributes;
use pospool_model::provider::{ChangeRequest, PlanContext};

use super::standing::ReleaseOnNetwork;
use super::wish::DesiredNode;
use crate::names::ImageRef;
use crate::node::schema::NodeSpec;
use crate::render::release::Release;
use crate::render::releases::DataCompatibility;
use crate::workload::WayBack;

/// The way back of a node that replaces the one that is recorded, and what there is to say of it.
pub(super) fn plan_way_back(
    task: &ChangeRequest<'_>,
    desired: &DesiredNode,
    world: &PlanContext<'_>,
) -> (WayBack, String) {
    let closed = task.recorded.and_then(|recorded| {
        let network = ReleaseOnNetwork::of(desired, world.wanted, world.outputs);
        no_way_back(&recorded.attributes, desired, network.as_ref())
    });
    let bound = humantime::format_duration(desired.rollback_after);
    let said = match &closed {
        None => format!(
            "if the new node does not follow its chain within {bound} of its start, it is stopped and the container before it \
             runs again"
        ),
        Some(why) => format!(
            "there is no way back once the new node has run: {why}; if it does not get there, it is for you to mend it"
        ),
    };
    let way_back = WayBack {
        within: closed.is_none().then_some(desired.rollback_after.as_secs()),
        closed,
    };
    (way_back, said)
}

/// Why the node before must not run on what the new one has written; `None` where the table says that it can.
fn no_way_back(
    recorded: &Attributes,
    desired: &DesiredNode,
    network: Option<&ReleaseOnNetwork>,
) -> Option<String> {
    let block = NodeSpec::read(recorded);
    let Some(old) = block
        .image
        .known()
        .and_then(|image| ImageRef::parse(image).ok())
    else {
        return Some("it is not known which release ran before".to_owned());
    };
    // A tag that is moved is another matter, and shows as another digest.
    if old == desired.image {
        return None;
    }
    let form = block.release_form.known().and_then(Release::by_name);
    let before = Release::of_tag(&old).or(form);
    let after = Release::of_tag(&desired.image).or(desired.form);
    let (Some(before), Some(after)) = (before, after) else {
        let unknown = if before.is_none() {
            &old
        } else {
            &desired.image
        };
        return Some(format!(
            "this build does not know the release of {unknown}, and so not whether {old} reads what {} writes",
            desired.image
        ));
    };
    if before.reads(after) != DataCompatibility::AsItIs {
        return Some(format!(
            "release {} does not go on with what release {} writes",
            before.name(),
            after.name()
        ));
    }
    let passed = network.and_then(|network| network.past(Some(before)))?;
    (after >= passed.needs)
        .then(|| format!("the network has gone on without release {}", before.name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::tests::attributes;

    fn why(before: &str, after: &str) -> Option<String> {
        let recorded = attributes(&[("image", before.into())]);
        let desired = DesiredNode::read(&attributes(&[("image", after.into())])).unwrap();
        no_way_back(&recorded, &desired, None)
    }

    #[test]
    fn the_way_back_is_open_where_the_table_says_so() {
        assert_eq!(why("a/b:3.0.2", "a/b:3.0.2"), None);
        assert_eq!(why("a/b:3.0.2", "a/b:3.0.3"), None);
        assert_eq!(why("a/b:strange", "a/b:strange"), None);
        let forward = why("a/b:3.0.3", "a/b:3.1.0").unwrap();
        assert!(
            forward.contains("3.0 does not go on with what release 3.1"),
            "{forward}"
        );
        assert!(why("a/b:3.1.0", "a/b:3.0.3").is_some());
        for (before, after) in [("a/b:3.0.3", "a/b:9.9"), ("a/b:strange", "a/b:3.0.3")] {
            let unknown = why(before, after).unwrap();
            assert!(unknown.contains("does not know the release"), "{unknown}");
        }
    }
}
