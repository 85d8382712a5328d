//! When a node that replaces another one has had its time, and whether that one can run again.
//!
//! - Reads: the images before and after, the table of releases, how far the network is.
//! - Returns: the way back, and what a plan says of it before anything stops.
//! - Never: calls a way open that the table does not know to be.

use std::time::Duration;

use pospool_model::provider::{ChangeRequest, PlanContext};
use pospool_model::{Attributes, Problem};

use super::standing::ReleaseOnNetwork;
use super::wish::DesiredNode;
use crate::attributes::attribute_text;
use crate::codes;
use crate::names::ImageRef;
use crate::node::schema::NodeSpec;
use crate::render::release::Release;
use crate::render::releases::DataCompatibility;
use crate::workload::WayBack;

/// A restart on mainnet takes up to half an hour, and PoS waits for a vote for one hour at least.
pub(crate) const DEFAULT_BOUND: &str = "45m";
/// Less is no time for any node, and more is no bound.
const LEAST: Duration = Duration::from_secs(10);
const MOST: Duration = Duration::from_hours(24);

/// Checks the bound of a spec.
pub(crate) fn check_bound(attributes: &Attributes, problems: &mut Vec<Problem>) {
    let Some(text) = attribute_text(attributes, "rollback_after") else {
        return;
    };
    let bound = humantime::parse_duration(text).ok();
    if !bound.is_some_and(|bound| (LEAST..=MOST).contains(&bound)) {
        let what = format!("`rollback_after` is \"{text}\", and not a time between 10s and 24h");
        let problem = Problem::new(codes::BAD_VALUE, &["rollback_after"], what);
        problems.push(problem.help(format!("write a time such as `{DEFAULT_BOUND}`")));
    }
}

/// Reads a bound that [`check_bound`] let through.
pub(crate) fn read_bound(text: Option<&str>) -> Duration {
    humantime::parse_duration(text.unwrap_or(DEFAULT_BOUND)).unwrap_or(MOST)
}

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

    #[test]
    fn a_bound_is_a_time_of_a_sensible_length() {
        for (text, good) in [
            ("45m", true),
            ("1h 30m", true),
            ("5s", false),
            ("2d", false),
            ("soon", false),
        ] {
            let attributes = Attributes::from([("rollback_after".to_owned(), text.into())]);
            let mut problems = Vec::new();
            check_bound(&attributes, &mut problems);
            assert_eq!(problems.is_empty(), good, "{text}");
        }
        assert_eq!(read_bound(None), Duration::from_mins(45));
        assert_eq!(read_bound(Some("90s")), Duration::from_secs(90));
    }
}
