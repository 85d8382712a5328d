//! Why a chain cannot be looked at, in words.

use pospool_conflux::Space;
use pospool_conflux_rpc::RpcError;
use pospool_conflux_tx::rpc_attribute;
use pospool_model::{Address, Problem, ProviderError};

use crate::codes;

pub(crate) fn chain_unreachable(chain: &Address, space: Space, error: RpcError) -> ProviderError {
    if let RpcError::Endpoint(error) = &error {
        let what = format!(
            "an endpoint in `{}` of `{chain}` cannot be used: {error}",
            rpc_attribute(space)
        );
        return ProviderError::refused(codes::BAD_RPC, what);
    }
    ProviderError::Unreachable {
        code: codes::UNREACHABLE,
        what: format!(
            "the {} RPC of `{chain}` (`{}`; a node that starts needs a moment)",
            space.title(),
            rpc_attribute(space)
        ),
        source: Some(Box::new(error)),
    }
}

/// A node that shows an older chain than the state knows would have everything made again.
pub(super) fn node_behind(chain: &Address, epoch: u64, known: u64) -> ProviderError {
    ProviderError::refused(
        codes::BEHIND,
        format!(
            "the RPC of `{chain}` is at epoch {epoch}, and the state knows of epoch {known}: wait until that node has caught up, or name another one first in `core_rpc`"
        ),
    )
}

pub(crate) fn not_a_node(chain: &Address, space: Space) -> ProviderError {
    let port = match space {
        Space::Core => 12537,
        Space::Espace => 8545,
    };
    ProviderError::refused(
        codes::NOT_A_NODE,
        format!(
            "what answers at `{}` of `{chain}` is not the {} RPC of a Conflux node; port {port} usually is",
            rpc_attribute(space),
            space.title()
        ),
    )
}

pub(super) fn no_rpc(chain: &Address, space: Space) -> ProviderError {
    let what = format!(
        "`{chain}` names no RPC of {}, and a private network has no public one: write `{} = \"http://127.0.0.1:8545\"`, or where its node listens",
        space.title(),
        rpc_attribute(space)
    );
    ProviderError::refused(codes::NO_RPC, what)
}

pub(super) fn other_chain(chain: &Address, space: Space) -> ProviderError {
    let what = format!(
        "the node at `{}` of `{chain}` is on another chain than the one at `core_rpc`",
        rpc_attribute(space)
    );
    ProviderError::refused(codes::WRONG_NETWORK, what)
}

/// Nothing can be said of what is on a chain that was not reached; why is said of the chain.
pub(super) fn chain_unseen(chain: &Address) -> Problem {
    let summary = format!("`{chain}` could not be looked at");
    Problem::new(codes::UNREACHABLE, &[], summary).needing(chain)
}
