//! One look at a signed transaction, in one round trip to one endpoint.
//!
//! - Reads: receipts and pool by the hashes of all its forms; nonces, epochs, genesis, the code that it creates.
//! - Returns: a [`Sight`]; a closer look also the fees and why the pool keeps it.
//! - Never: takes a refusal for an answer: "null" means unknown, an error means nothing.
//!
//! What is asked, and how the answers are read, is a matter of the space: `core`, `espace`.

mod core;
mod espace;
mod parts;

use pospool_conflux::Space;
use pospool_conflux_rpc::{Batch, Rpc, RpcError};

use self::parts::LookAnswer;
pub(crate) use self::parts::{Closeness, TransactionLook};
use crate::flight::Ours;
use crate::signed::{EPOCH_BOUND, SignedWork};

/// Why a look found nothing.
#[derive(Debug)]
pub(crate) enum Blind {
    /// The node is on another chain.
    OtherChain,
    /// No answer, or not to what matters.
    Silent(RpcError),
}

/// What the table must know of a transaction.
pub(crate) fn view_of(signed: &SignedWork) -> Ours {
    Ours {
        nonce: signed.nonce,
        last: signed
            .epoch_height
            .map(|height| height.saturating_add(EPOCH_BOUND)),
        level: signed.level,
    }
}

/// Looks once.
pub(crate) async fn look_once(
    rpc: &Rpc,
    signed: &SignedWork,
    closeness: Closeness,
) -> Result<TransactionLook, Blind> {
    let mut batch = Batch::default();
    let read = match signed.space() {
        Space::Core => {
            let asked = core::ask_core(&mut batch, signed, closeness);
            let answers = batch.send(rpc).await.map_err(Blind::Silent)?;
            core::read_core(&asked, signed, &answers)
        }
        Space::Espace => {
            let asked = espace::ask_espace(&mut batch, signed, closeness);
            let answers = batch.send(rpc).await.map_err(Blind::Silent)?;
            espace::read_espace(&asked, signed, &answers)
        }
    };
    match read {
        LookAnswer::Seen(look) => Ok(look),
        LookAnswer::Foreign => Err(Blind::OtherChain),
        LookAnswer::Nothing => {
            let what = format!(
                "{} does not answer what is asked of a transaction",
                rpc.names()
            );
            Err(Blind::Silent(RpcError::Unreachable { tried: vec![what] }))
        }
    }
}

#[cfg(test)]
mod espace_tests;
#[cfg(test)]
mod tests;
