//! A node as the spec wants it, in types.
//!
//! - Reads: normalised attributes.
//! - Returns: a [`DesiredNode`], or the first thing that is not known yet.
//! - Never: holds a secret, only its name.

use std::collections::BTreeMap;
use std::time::Duration;

use pospool_model::{Address, Attributes, Problem, SecretRef, Value};

use crate::attributes::require_attribute;
use crate::codes;
use crate::memory::parse_memory;
use crate::names::{ImageRef, Name};
use crate::node::bound;
use crate::node::schema::NodeSpec;
use crate::render::release::Release;

/// One node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DesiredNode {
    pub(crate) host: Address,
    pub(crate) chain: Address,
    pub(crate) image: ImageRef,
    pub(crate) data: Address,
    pub(crate) password: SecretRef,
    pub(crate) config: BTreeMap<String, Value>,
    pub(crate) docker_network: Option<Name>,
    pub(crate) bootnodes: Option<String>,
    pub(crate) running: bool,
    pub(crate) memory: Option<i64>,
    pub(crate) publish_p2p: Option<u16>,
    /// Form of its files, where the spec says it.
    pub(crate) form: Option<Release>,
    /// Whether a release may be run that the network has gone on without.
    pub(crate) old_release: bool,
    /// How long it may take to follow its chain before the container that it replaced runs again.
    pub(crate) rollback_after: Duration,
}

impl DesiredNode {
    /// Reads attributes that `normalise` let through.
    pub(crate) fn read(attributes: &Attributes) -> Result<Self, Problem> {
        if let Some((name, _)) = attributes.iter().find(|(_, value)| value.has_unknown()) {
            return Err(Problem::new(
                codes::UNKNOWN_VALUE,
                &[name],
                format!(
                    "`{name}` is not known before the apply, and a node's image is made from it"
                ),
            )
            .help("write the value, or a reference to something that is there already"));
        }
        let block = NodeSpec::read(attributes);
        let image = require_attribute("image", block.image)?;
        let network = block.docker_network.known().map(Name::new).transpose();
        Ok(Self {
            host: require_attribute("host", block.host)?.clone(),
            chain: require_attribute("chain", block.chain)?.clone(),
            image: ImageRef::parse(image)
                .map_err(|what| Problem::new(codes::BAD_IMAGE, &["image"], what))?,
            data: require_attribute("data", block.data)?.clone(),
            password: require_attribute("pos_key_password", block.pos_key_password)?.clone(),
            config: block
                .config
                .known()
                .and_then(Value::as_map)
                .cloned()
                .unwrap_or_default(),
            docker_network: network.map_err(|error| error.problem(&["docker_network"]))?,
            bootnodes: block.bootnodes.known().map(str::to_owned),
            running: block.state.known() != Some("stopped"),
            memory: block.memory.known().and_then(parse_memory),
            publish_p2p: block
                .publish_p2p
                .known()
                .and_then(|port| u16::try_from(port).ok()),
            form: block.release_form.known().and_then(Release::by_name),
            old_release: !block.old_release.is_absent(),
            rollback_after: bound::read_bound(block.rollback_after.known()),
        })
    }
}
