//! The kinds of this provider: what each one is, how its blocks become normal, how its changes are planned.
//!
//! What is there is looked at for all kinds together (`observe`): one round trip for what is given, one for what is made.

use pospool_conflux::Space;
use pospool_model::{Attributes, KindSchema, Problem};

use crate::draft::ChangeDraft;
use crate::{account, bridge, chain, contract, funding, registration, verification};

/// One kind.
pub(crate) struct KindHandler {
    /// The kind as a table.
    schema: &'static KindSchema,
    /// Brings a block into its normal form, and checks what a table cannot say.
    pub(crate) normalise: fn(Attributes) -> Result<Attributes, Vec<Problem>>,
    /// Plans one change; of what is there already, none is ever asked for.
    pub(crate) design: fn(&mut ChangeDraft<'_>) -> Result<(), Problem>,
}

static KINDS: [KindHandler; 8] = [
    KindHandler {
        schema: &chain::CHAIN,
        normalise: chain::normalise_chain,
        design: |_| Ok(()),
    },
    KindHandler {
        schema: &account::ACCOUNT,
        normalise: account::normalise_account,
        design: |_| Ok(()),
    },
    KindHandler {
        schema: &contract::CORE_CONTRACT,
        normalise: |block| contract::normalise_contract(Space::Core, block),
        design: contract::design::design_contract,
    },
    KindHandler {
        schema: &contract::ESPACE_CONTRACT,
        normalise: |block| contract::normalise_contract(Space::Espace, block),
        design: contract::design::design_contract,
    },
    KindHandler {
        schema: &funding::FUNDING,
        normalise: |block| Ok(funding::normalise_funding(block)),
        design: funding::design_funding,
    },
    KindHandler {
        schema: &registration::POS_REGISTRATION,
        normalise: registration::normalise_registration,
        design: registration::design::design_registration,
    },
    KindHandler {
        schema: &verification::VERIFICATION,
        normalise: verification::normalise_verification,
        design: verification::design::design_verification,
    },
    KindHandler {
        schema: &bridge::BRIDGE_SERVICE,
        normalise: bridge::normalise_bridge,
        design: bridge::design::design_bridge,
    },
];

/// The tables of all kinds.
pub(crate) static SCHEMAS: [KindSchema; 8] = {
    let mut schemas = [KindSchema::EMPTY; 8];
    let mut at = 0;
    while at < KINDS.len() {
        schemas[at] = *KINDS[at].schema;
        at += 1;
    }
    schemas
};

/// A kind by its name, which is one of [`SCHEMAS`]: the engine asks a provider for no other.
pub(crate) fn kind_named(name: &str) -> &'static KindHandler {
    let found = KINDS.iter().find(|kind| kind.schema.kind == name);
    found.expect("the engine asks a provider for its own kinds alone")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_identities_are_outputs() {
        for kind in SCHEMAS {
            let names: BTreeSet<_> = kind.attributes.iter().map(|a| a.name).collect();
            assert_eq!(names.len(), kind.attributes.len(), "{}", kind.kind);
            if let Some(identity) = kind.identity {
                assert!(kind.outputs.iter().any(|output| output.name == identity));
            }
        }
    }
}
