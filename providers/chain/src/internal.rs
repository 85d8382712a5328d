//! Contracts of the chain's own, which are part of conflux-rust (`internal_contract_addresses.rs`).
//!
//! - Reads: a network id.
//! - Returns: addresses in Core Space.
//! - Never: says what they do; that is with those who call them.

use pospool_conflux::CoreAddress;

/// Keeps an admin for each contract.
pub(crate) fn admin_control(network: u32) -> CoreAddress {
    internal_contract(0, network)
}

/// Binds PoS keys to accounts and contracts, and counts their votes.
pub(crate) fn pos_register(network: u32) -> CoreAddress {
    internal_contract(5, network)
}

/// Acts in eSpace for accounts of Core Space, and knows what has arrived for them.
pub(crate) fn cross_space_call(network: u32) -> CoreAddress {
    internal_contract(6, network)
}

fn internal_contract(number: u8, network: u32) -> CoreAddress {
    let mut bytes = [0; 20];
    bytes[..2].copy_from_slice(&[0x08, 0x88]);
    bytes[19] = number;
    CoreAddress::new(bytes, network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_register_has_its_address_on_each_network() {
        let text = |network| pos_register(network).to_string();
        assert_eq!(text(1029), "cfx:aaejuaaaaaaaaaaaaaaaaaaaaaaaaaaaayf993ufd7");
        assert_eq!(
            text(1),
            "cfxtest:aaejuaaaaaaaaaaaaaaaaaaaaaaaaaaaaytypk0th1"
        );
    }
}
