//! Labels of containers, networks and volumes: whose they are, and what they were made from.
//!
//! - Reads: a state's lineage, an address, normalised attributes.
//! - Returns: labels by name.
//! - Never: writes a secret, only its name.

use bollard::models::ContainerInspectResponse;
use pospool_model::{Address, Attributes};

use crate::client::Labels;
use crate::image::RELEASE;
use crate::names;

/// Labels that say whose an object is.
pub(crate) fn owner_labels(lineage: &str, address: &Address) -> Labels {
    Labels::from([
        (names::LINEAGE.to_owned(), lineage.to_owned()),
        (names::ADDRESS.to_owned(), address.to_string()),
    ])
}

/// Those of a container: whose it is, the digest of its image, and its attributes in normal form.
pub(crate) fn container_labels(
    lineage: &str,
    address: &Address,
    digest: &str,
    attributes: &Attributes,
) -> Labels {
    let mut labels = owner_labels(lineage, address);
    labels.insert(names::DIGEST.to_owned(), digest.to_owned());
    labels.insert(names::RELEASE.to_owned(), RELEASE.to_owned());
    // Wanted attributes have no unknown part here, and maps of text always have a JSON form.
    let attributes = serde_json::to_string(attributes).unwrap_or_default();
    labels.insert(names::ATTRIBUTES.to_owned(), attributes);
    labels
}

/// Whether an object has all of these.
pub(crate) fn labels_match(expected: &Labels, found: &Labels) -> bool {
    let mut expected = expected.iter();
    expected.all(|(name, value)| found.get(name) == Some(value))
}

/// All labels of a container.
pub(crate) fn labels_of(found: &ContainerInspectResponse) -> Labels {
    let labels = found.config.as_ref().and_then(|it| it.labels.clone());
    labels.unwrap_or_default().into_iter().collect()
}

/// One label of a container.
pub(crate) fn label_of<'a>(found: &'a ContainerInspectResponse, name: &str) -> Option<&'a str> {
    let labels = found.config.as_ref()?.labels.as_ref()?;
    labels.get(name).map(String::as_str)
}

/// The attributes that a container's label names.
pub(crate) fn labelled_attributes(found: &ContainerInspectResponse) -> Option<Attributes> {
    read_attributes(label_of(found, names::ATTRIBUTES)?)
}

/// The same, where all labels are at hand.
pub(crate) fn attributes_among(labels: &Labels) -> Option<Attributes> {
    read_attributes(labels.get(names::ATTRIBUTES)?)
}

fn read_attributes(label: &str) -> Option<Attributes> {
    serde_json::from_str(label).ok()
}
