//! A contract that is there and that no state knows: what it was made from.
//!
//! - Reads: the code behind its address, and what the spec's sources compile to.
//! - Returns: outputs as if an earlier run had made it, and what its reader should know.
//! - Never: wants other code because of that. What is there is taken up as it is; another source later on is an upgrade.

use pospool_conflux::hex::hex_text;
use pospool_conflux::{ChainAddress, keccak256};
use pospool_conflux_rpc::{At, Batch, BatchAnswers, Slot};
use pospool_model::provider::{ObserveContext, Target};
use pospool_model::{Attributes, Problem};

use super::{CodeName, ContractSpec, artifact, upgrade};
use crate::codes;
use crate::verification::{Likeness, compare_code, read_runtime};

/// Asks for the code that runs, wherever its proxy points.
pub(crate) fn ask_running_code(batch: &mut Batch, running: ChainAddress, at: At) -> Slot {
    batch.whole_code(running, at)
}

/// What is found out of the code of a contract that is taken up.
pub(crate) struct TakenCode {
    /// Its name and digest, and where it keeps its variables if that is known.
    pub(crate) outputs: Attributes,
    /// The code is not that of the spec's source.
    pub(crate) warning: Option<Problem>,
}

/// Compares the code that runs with what the spec names.
pub(crate) fn read_running_code(
    target: Target<'_>,
    scene: &ObserveContext<'_>,
    answers: &BatchAnswers,
    slot: Slot,
) -> Result<TakenCode, Problem> {
    let code = target.wanted.map(ContractSpec::read);
    let code = code.and_then(|block| CodeName::read(block.code.known()?));
    let code = code.ok_or_else(|| {
        Problem::new(
            codes::NO_CODE,
            &["code"],
            "the code of the source is not known",
        )
    })?;
    let value = artifact::artifact_value(scene.outputs, &code)?;
    let chain = answers.bytes(slot).unwrap_or_default();
    let other = match read_runtime(value) {
        None => Some("nobody can tell whether its code is that of this source".to_owned()),
        Some((runtime, holes)) => match compare_code(&runtime, &holes, &chain) {
            Likeness::Different { at, length } => Some(format!(
                "its code is not what `{}` of this source compiles to (it differs from byte {at} on, and the chain has {length} bytes)",
                code.contract
            )),
            Likeness::Exact | Likeness::ButForMetadata => None,
        },
    };
    let Some(other) = other else {
        let mut outputs = Attributes::from([("code".to_owned(), code.value())]);
        let storage = upgrade::storage_of(value);
        outputs.extend(storage.map(|it| (upgrade::STORAGE.to_owned(), it.record())));
        return Ok(TakenCode {
            outputs,
            warning: None,
        });
    };
    let own = CodeName {
        contract: code.contract.clone(),
        digest: hex_text(&keccak256(&chain)),
    };
    let warning = Problem::new(codes::OTHER_CODE, &["code"], format!("{other}: it is taken up as it is")).help(
        "name the source that it was made from, if you have it: verification and upgrades need it. Nothing is sent because of this",
    );
    Ok(TakenCode {
        outputs: Attributes::from([("code".to_owned(), own.value())]),
        warning: Some(warning),
    })
}
