//! What an engine has that was made for a resource of the spec under another state.
//!
//! - Reads: the labels of containers and volumes.
//! - Returns: the first of each other state, for a resource of which nothing is recorded.
//! - Never: says whose it is: another project on the same engine may have the same addresses.

use pospool_model::Address;
use pospool_model::provider::{EarlierSign, Target};

use crate::client::Labels;
use crate::names;
use crate::view::EngineView;

/// Finds the first of each other state; nothing if something is recorded.
pub(crate) fn find_earlier(
    target: &Target<'_>,
    lineage: &str,
    view: &EngineView,
) -> Vec<EarlierSign> {
    if target.recorded.is_some() {
        return Vec::new();
    }
    let theirs = |labels| find_other_lineage(labels, target.address, lineage);
    let containers = view.containers.iter();
    let containers = containers.filter_map(|it| Some(("container", &it.name, theirs(&it.labels)?)));
    let volumes = view.volumes.iter();
    let volumes = volumes.filter_map(|it| Some(("volume", &it.name, theirs(&it.labels)?)));
    let mut signs: Vec<EarlierSign> = Vec::new();
    for (what, name, theirs) in containers.chain(volumes) {
        if signs
            .iter()
            .any(|sign| sign.lineage.as_deref() == Some(theirs))
        {
            continue;
        }
        signs.push(EarlierSign {
            address: target.address.clone(),
            what: say(what, name, theirs),
            lineage: Some(theirs.to_owned()),
            place: None,
        });
    }
    signs
}

/// The lineage of another state whose labels name this address.
fn find_other_lineage<'a>(labels: &'a Labels, address: &Address, lineage: &str) -> Option<&'a str> {
    let label = |name| labels.get(name).map(String::as_str);
    let theirs = label(names::LINEAGE).filter(|theirs| *theirs != lineage)?;
    (label(names::ADDRESS) == Some(address.as_str())).then_some(theirs)
}

fn say(what: &str, name: &str, lineage: &str) -> String {
    let short = lineage.get(..8).unwrap_or(lineage);
    format!("{what} `{name}` was made for it by the state of lineage {short}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_lost_state_only_the_same_address_of_another_state_is_a_sign() {
        let address: Address = "node.main".parse().unwrap();
        let found = |labels: &[(&str, &str)]| {
            let labels = labels.iter();
            let labels: Labels = labels
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect();
            find_other_lineage(&labels, &address, "ours").map(str::to_owned)
        };
        let (theirs, ours) = ((names::LINEAGE, "theirs"), (names::LINEAGE, "ours"));
        let (same, other) = ((names::ADDRESS, "node.main"), (names::ADDRESS, "node.b"));
        assert_eq!(found(&[theirs, same]).as_deref(), Some("theirs"));
        for labels in [&[ours, same][..], &[theirs, other], &[theirs], &[same], &[]] {
            assert_eq!(found(labels), None, "{labels:?}");
        }
    }
}
