//! A bridge that is served: who calls what on which chain.

use pospool_conflux::{CoreAddress, Space};
use pospool_conflux_rpc::RpcError;
use pospool_model::provider::{ObserveContext, Target};
use pospool_model::{Address, Attributes, Endpoint, Problem, ProviderError, Value};

use super::views::Subject;
use super::{BridgeServiceSpec, claim_every};
use crate::chain;
use crate::codes;
use crate::observe::chain_of;
use crate::resolve::address_of;

pub(super) const OUTPUT_EPOCH: &str = "epoch";

/// Who calls what on which chain.
pub(super) struct BridgeService<'a> {
    pub(super) wanted: &'a Attributes,
    pub(super) subject: Subject,
    pub(super) address: &'a Address,
    pub(super) chain: &'a Address,
    pub(super) endpoints: Vec<Endpoint>,
    /// The epoch that the first look pinned.
    pub(super) epoch: u64,
}

impl<'a> BridgeService<'a> {
    /// `None` while there is nothing to look at.
    pub(super) fn find(
        target: &Target<'a>,
        scene: &ObserveContext<'a>,
    ) -> Result<Option<Self>, Problem> {
        // One that left the spec leaves nothing outside.
        let (Some(wanted), Some(chain)) = (target.wanted, chain_of(target.wanted, scene)) else {
            return Ok(None);
        };
        let Some((network, epoch)) = pinned(scene.outputs.get(chain)) else {
            return Ok(None);
        };
        let Some(bridge) = bridge_of(wanted, scene, network)? else {
            return Ok(None);
        };
        let account = wanted.get("account").unwrap_or(&Value::Null);
        let endpoints = scene.wanted.get(chain);
        let endpoints = endpoints.map(|wanted| chain::endpoints_of(wanted, Space::Core));
        Ok(Some(Self {
            wanted,
            subject: Subject {
                bridge,
                signer: address_of(account, scene.outputs, network, &["account"])?,
                network,
                claimed_block: claimed_block(target),
                claim_every: claim_every(wanted),
            },
            address: target.address,
            chain,
            endpoints: endpoints.unwrap_or_default(),
            epoch,
        }))
    }

    pub(super) fn unreachable(&self, error: RpcError) -> ProviderError {
        ProviderError::Unreachable {
            code: codes::UNREACHABLE,
            what: format!("the Core Space RPC of `{}` (`core_rpc`)", self.chain),
            source: Some(Box::new(error)),
        }
    }
}

/// Block of the last claim.
fn claimed_block(target: &Target<'_>) -> Option<u64> {
    let recorded = target.recorded?.outputs.get("claimed_block")?;
    recorded.as_integer()?.try_into().ok()
}

fn pinned(chain: Option<&Attributes>) -> Option<(u32, u64)> {
    let number = |name: &str| chain?.get(name)?.as_integer();
    let network = number("core_chain_id")?.try_into().ok()?;
    Some((network, number(OUTPUT_EPOCH)?.try_into().ok()?))
}

/// The bridge; `None` while this state has not made it.
fn bridge_of(
    wanted: &Attributes,
    scene: &ObserveContext<'_>,
    network: u32,
) -> Result<Option<CoreAddress>, Problem> {
    let Some(value) = BridgeServiceSpec::read(wanted).bridge.known() else {
        return Ok(None);
    };
    if let Value::Resource(resource) = value
        && !scene
            .outputs
            .get(resource)
            .is_some_and(|it| it.contains_key("address"))
    {
        return Ok(None);
    }
    address_of(value, scene.outputs, network, &["bridge"]).map(Some)
}
