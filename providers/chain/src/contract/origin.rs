//! Whether an account of the spec made a contract.
//!
//! - Reads: what the spec says of the contract and what its sources compile to; accounts and their next nonces.
//! - Returns: nothing, or why nothing must go there.
//! - Never: believes an address because a state says it. An address of Core Space is the hash of sender, nonce and init code, so
//!   whoever finds these three has proven it, and nobody can make a contract of their own lie there.

use std::collections::BTreeMap;

use pospool_conflux::hex::hex_bytes;
use pospool_conflux::{ChainAddress, CoreAddress, Space, keccak256};
use pospool_model::provider::{ObserveContext, PlanContext, Target};
use pospool_model::{Address, Attributes, Problem, Value};

use super::creation::{PROXY_ARGUMENTS, creation, find_recorded_maker};
use super::place::stated_address;
use super::{CodeName, ContractSpec, artifact, is_proxied};
use crate::codes;

/// How many of an account's nonces are tried, the newest first: a tenth of a second.
const TRIED: u64 = 1 << 17;

/// Refuses a contract that no account of the spec has made, by all that is known. `makers` are accounts with their next
/// nonces.
pub(crate) fn check_origin(
    contract: &Address,
    at: CoreAddress,
    world: &PlanContext<'_>,
    makers: &[(CoreAddress, u64)],
) -> Result<(), Problem> {
    let init = init_hash(contract, at.network(), (world.wanted, world.outputs))?;
    let is_of = |(maker, next): &(CoreAddress, u64), init: &[u8; 32]| {
        let mut nonces = next.saturating_sub(TRIED)..*next;
        nonces.any(|nonce| CoreAddress::of_creation_of(*maker, nonce, init) == at)
    };
    if init.is_some_and(|init| makers.iter().any(|maker| is_of(maker, &init))) {
        return Ok(());
    }
    let summary = format!(
        "nothing shows that an account of the spec made `{contract}` at {at}, and 1,000 CFX would go there"
    );
    Err(Problem::new(codes::UNPROVEN_POOL, &["pool"], summary).help(
        "an address in a state may be anybody's: see in an explorer who made it. If the source was changed since, register \
         with the one that it was made from",
    ))
}

/// Refuses a contract of the state at an address that no account of the spec gave it, unless its block says that it is there.
/// `makers` are accounts in its space with their next nonces. Returns the account that is the proof, where one is needed.
pub(crate) fn check_record(
    target: Target<'_>,
    scene: &ObserveContext<'_>,
    makers: &[(ChainAddress, u64)],
) -> Result<Option<ChainAddress>, Problem> {
    let (Some(wanted), Some(recorded)) = (target.wanted, target.recorded) else {
        return Ok(None);
    };
    let at = recorded.outputs.get("address").and_then(Value::as_text);
    let Some(at) = at.and_then(|text| text.parse::<ChainAddress>().ok()) else {
        return Ok(None);
    };
    if stated_address(wanted) == Some(at) {
        return Ok(None);
    }
    if let Some(maker) = find_recorded_maker(recorded, at, makers) {
        return Ok(Some(maker));
    }
    // An older pospool recorded no creation: then what the source gives now is tried.
    let init = match at {
        ChainAddress::Core(core) => init_hash(
            target.address,
            core.network(),
            (scene.wanted, scene.outputs),
        )
        .unwrap_or_default(),
        ChainAddress::Espace(_) => Some([0; 32]),
    };
    if let Some(maker) = init.and_then(|init| find_maker(at, &init, makers)) {
        return Ok(Some(maker));
    }
    let contract = target.address;
    let summary = format!("nothing shows that an account of the spec made `{contract}` at {at}");
    Err(Problem::new(codes::UNPROVEN_PLACE, &[], summary).help(format!(
        "an address in a state may be anybody's: see in an explorer who made it. If it is the right one, write `address = \"{at}\"` into its block"
    ))
    // Others take its address into their settings, containers and pages.
    .against_everything())
}

/// The one of some accounts, with their next nonces, that made what is at an address.
pub(super) fn find_maker(
    at: ChainAddress,
    init: &[u8; 32],
    makers: &[(ChainAddress, u64)],
) -> Option<ChainAddress> {
    let is_of = |(maker, next): &&(ChainAddress, u64)| {
        let mut nonces = (next.saturating_sub(TRIED)..*next).rev();
        nonces.any(|nonce| creation(*maker, nonce, init) == at)
    };
    makers.iter().find(is_of).map(|(maker, _)| *maker)
}

type Blocks = BTreeMap<Address, Attributes>;

/// Hash of the init code that the contract was made with, if that can be known.
fn init_hash(
    contract: &Address,
    network: u32,
    (wanted, outputs): (&Blocks, &Blocks),
) -> Result<Option<[u8; 32]>, Problem> {
    let no_code = || {
        let summary = format!("the code of `{contract}` is not known");
        Problem::new(codes::NO_CODE, &["pool"], summary)
    };
    let wanted = wanted.get(contract).ok_or_else(no_code)?;
    let block = ContractSpec::read(wanted);
    let code = block.code.known().and_then(CodeName::read);
    let code = code.ok_or_else(no_code)?;
    let found = artifact::find_artifact(outputs, &code)?;
    if !is_proxied(wanted) {
        let init = found.wanted_init(wanted, Space::Core, outputs, network)?;
        return Ok(Some(keccak256(init)));
    }
    let proxy = artifact::find_proxy(outputs, &code)?;
    let output = |name: &str| outputs.get(contract)?.get(name)?.as_text();
    let arguments = output(PROXY_ARGUMENTS).and_then(hex_bytes);
    // Earlier versions did not record them: its first implementation, and the call that begins it.
    let arguments = arguments.or_else(|| {
        let implementation = output("implementation")?.parse::<CoreAddress>().ok()?;
        Some(found.proxy_arguments(implementation.bytes()))
    });
    Ok(arguments.map(|arguments| keccak256([proxy.init, arguments].concat())))
}
