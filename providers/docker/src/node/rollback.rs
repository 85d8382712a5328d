//! When a node that replaces another one has had its time, and whether that one can run again.
//!
//! - Reads: how the container that is kept was made, what is made now, the table of releases, how far the network is.
//! - Returns: the way back, and what a plan says of it before anything stops.
//! - Never: calls a way open that the table does not know to be.

use pospool_model::Attributes;
use pospool_model::plan::Action;
use pospool_model::provider::{ChangeRequest, PlanContext};

use super::standing::ReleaseOnNetwork;
use super::wish::DesiredNode;
use crate::facts::Container;
use crate::names::ImageRef;
use crate::node::schema::NodeSpec;
use crate::render::release::Release;
use crate::render::releases::DataCompatibility;
use crate::workload::WayBack;
use crate::workload::labels::attributes_among;

/// The way back to the container that a change of a node keeps, and what there is to say of it; `None` where it keeps none
/// that ran.
pub(super) fn plan_way_back(
    task: &ChangeRequest<'_>,
    desired: &DesiredNode,
    old: Option<&Container>,
    world: &PlanContext<'_>,
) -> Option<(WayBack, String)> {
    let old = old?;
    let network = ReleaseOnNetwork::of(desired, world.wanted, world.outputs);
    let closed_by = |before: Option<&Attributes>, after: Option<&Attributes>| {
        no_way_back(before, after, network.as_ref())
    };
    // Labels say how a container was made; what is recorded may be of another one, where a run was cut.
    let own = attributes_among(&old.labels);
    let aside = old.aside.as_ref();
    let aside = aside.map(|aside| attributes_among(&aside.labels));
    let is_replaced = task.action == Action::Replace;
    let (already, closed) = match (&aside, is_replaced) {
        // A run was cut that replaced the one aside by this one, which stays.
        (Some(before), false) => (None, closed_by(before.as_ref(), own.as_ref())),
        // This one goes as well, but what it has written stays.
        (Some(before), true) => {
            let ran = old.started_at.is_some();
            let already = ran.then(|| closed_by(before.as_ref(), own.as_ref()));
            (
                already.flatten(),
                closed_by(before.as_ref(), Some(task.wanted)),
            )
        }
        (None, true) if old.running => (None, closed_by(own.as_ref(), Some(task.wanted))),
        (None, _) => return None,
    };
    let written = already.is_some();
    let closed = already.or(closed);
    let said = describe_way_back(closed.as_deref(), written, desired);
    let way_back = WayBack {
        within: closed.is_none().then_some(desired.rollback_after.as_secs()),
        closed,
        written,
    };
    Some((way_back, said))
}

fn describe_way_back(closed: Option<&str>, written: bool, desired: &DesiredNode) -> String {
    let Some(why) = closed else {
        let bound = humantime::format_duration(desired.rollback_after);
        return format!(
            "if the new node does not follow its chain within {bound} of its start, it is stopped and the container before it \
             runs again"
        );
    };
    let since = if written {
        ""
    } else {
        " once the new node has run"
    };
    format!(
        "there is no way back{since}: {why}; if it does not get there, it is for you to mend it"
    )
}

/// An image of a node, and its release as far as anybody knows it.
struct NodeImage {
    image: ImageRef,
    release: Option<Release>,
}

impl NodeImage {
    fn read(attributes: &Attributes) -> Option<Self> {
        let block = NodeSpec::read(attributes);
        let image = ImageRef::parse(block.image.known()?).ok()?;
        let form = block.release_form.known().and_then(Release::by_name);
        Some(Self {
            release: Release::of_tag(&image).or(form),
            image,
        })
    }
}

/// Why the node before must not run on what the one after it has written; `None` where the table says that it can.
fn no_way_back(
    before: Option<&Attributes>,
    after: Option<&Attributes>,
    network: Option<&ReleaseOnNetwork>,
) -> Option<String> {
    let (before, after) = (
        before.and_then(NodeImage::read),
        after.and_then(NodeImage::read),
    );
    let (Some(before), Some(after)) = (before, after) else {
        return Some("it is not known which release ran before".to_owned());
    };
    // A tag that is moved is another matter, and shows as another digest.
    if before.image == after.image {
        return None;
    }
    let (Some(old), Some(new)) = (before.release, after.release) else {
        let unknown = match before.release {
            None => &before.image,
            Some(_) => &after.image,
        };
        return Some(format!(
            "this build does not know the release of {unknown}, and so not whether {} reads what {} writes",
            before.image, after.image
        ));
    };
    if old.reads(new) != DataCompatibility::AsItIs {
        return Some(format!(
            "release {} does not go on with what release {} writes",
            old.name(),
            new.name()
        ));
    }
    let passed = network.and_then(|network| network.past(Some(old)))?;
    (new >= passed.needs).then(|| format!("the network has gone on without release {}", old.name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::tests::attributes;

    fn why(before: &str, after: &str) -> Option<String> {
        let of = |image: &str| attributes(&[("image", image.into())]);
        no_way_back(Some(&of(before)), Some(&of(after)), None)
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
        let node = attributes(&[]);
        assert!(no_way_back(None, Some(&node), None).is_some());
        assert!(no_way_back(Some(&node), None, None).is_some());
    }
}
