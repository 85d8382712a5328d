//! How the chain of a pool is asked, before there is a spec.
//!
//! - Reads: the block of a chain, and what its node says of itself.
//! - Returns: a way into each space.
//! - Never: takes an answer for that of a node of Conflux that is none.

use pospool_conflux::Space;
use pospool_conflux_rpc::{Batch, CountingTransport, Rpc, RpcError};
use pospool_model::{Address, Attributes, ProviderError};

use crate::chain;
use crate::observe::{chain_unreachable, not_a_node};

/// A chain, and how each of its spaces is asked.
pub(super) struct Around<'a> {
    pub(super) chain: &'a Address,
    pub(super) network: u32,
    pub(super) core: Rpc,
    /// Where the spec names none, eSpace is left out.
    pub(super) espace: Option<Rpc>,
}

/// Asks which chain it is.
pub(super) async fn ask_around<'a>(
    link: &CountingTransport,
    chain: &'a Address,
    wanted: &Attributes,
) -> Result<Around<'a>, ProviderError> {
    let failed = |error| chain_unreachable(chain, Space::Core, error);
    let core = Rpc::over(link, &chain::endpoints_of(wanted, Space::Core)).map_err(failed)?;
    let mut batch = Batch::default();
    let asked = chain::ask_chain(&mut batch);
    let answers = batch.send(&core).await.map_err(failed)?;
    if let Some((method, refusal)) = asked.trouble(&answers) {
        return Err(failed(RpcError::refused(method, refusal)));
    }
    let seen = chain::read_chain(&asked, &answers);
    let seen = seen.ok_or_else(|| not_a_node(chain, Space::Core))?;
    let espace = chain::endpoints_of(wanted, Space::Espace);
    let espace = (!espace.is_empty()).then(|| Rpc::over(link, &espace));
    Ok(Around {
        chain,
        network: seen.network,
        core,
        espace: espace
            .transpose()
            .map_err(|error| chain_unreachable(chain, Space::Espace, error))?,
    })
}
