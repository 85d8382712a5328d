//! Bounds of gas and storage that are known before a contract exists, and what a unit of gas may cost.
//!
//! - Reads: code, call data, and the fees that a look found.
//! - Returns: limits for transactions. What is not used is not paid, but for a quarter of the gas limit
//!   (conflux-rust `pre_checked_executive.rs`), and a storage limit only reserves.
//! - Never: asks a node.
//!
//! Measured on conflux-rust 3.0.2 with the reference contracts (facts/testbed.md §4), gas used and storage in bytes:
//! PoSPool 7,620,305 and 14,976; Proxy1967 with `initialize()` 1,064,784 and 2,304; PoolManager 1,582,556 and 3,136.

use pospool_conflux::Space;

use crate::fees::Fees;
use crate::signed::PriceForm;

/// The pool refuses a Core transaction above 9/10 of the target block, and one of eSpace above a half (conflux-rust
/// `parameters/src/lib.rs`).
pub const GAS_LIMIT: u64 = 27_000_000;
const ESPACE_GAS_LIMIT: u64 = 15_000_000;
/// In eSpace new storage and new code cost so many times the gas, since nobody pays collateral for them (conflux-rust
/// `evm_gas_ratio`; later hardforks make it 1).
const ESPACE_RATIO: u64 = 2;
/// Every transaction, and what a creation adds (conflux-rust `vm-types/src/spec.rs`).
const TRANSACTION: u64 = 21_000;
const CREATION: u64 = 32_000;
const ZERO_BYTE: u64 = 4;
const OTHER_BYTE: u64 = 68;
/// Gas for each byte of code that stays.
const CODE_BYTE: u64 = 200;
/// For each word of init code (EIP-3860).
const INIT_WORD: u64 = 2;
/// The node refuses a limit below this times the bytes of call data (CIP-130).
const BYTE_FLOOR: u64 = 100;
/// What a constructor may do, with the first call through a proxy: 40 new storage entries of 22,100 and some work. The
/// reference pool's needs 0.4 million.
const CONSTRUCTOR_GAS: u64 = 1_000_000;
const CONSTRUCTOR_KEYS: u64 = 40;
/// The way through a proxy, checks of the caller, an event.
const CALL_GAS: u64 = 60_000;
/// One storage entry that was empty before, and what belongs to it.
const KEY_GAS: u64 = 25_000;
/// Bytes that collateral is paid for: one storage entry (conflux-rust `parameters/src/lib.rs`).
const KEY_BYTES: u64 = 64;
/// Bytes for each KiB of code that was begun.
const CODE_KIB_BYTES: u64 = 512;
/// Registering: the pool's own bookkeeping, the staking deposit, and the register's proof of the key. Measured with the
/// reference pool on a devnet: 206,346 gas and 15 entries.
const REGISTER_KEYS: u64 = 32;
const REGISTER_GAS: u64 = 400_000;
/// A call into eSpace that makes an account there costs 50,000, and the call itself is given a tenth of the rest
/// (conflux-rust `cross_space.rs`, `parameters/src/lib.rs`).
const CROSSING_GAS: u64 = 400_000;
const CROSSING_KEYS: u64 = 4;
/// Collateral for 1 KiB is 1 CFX.
const DRIP_PER_BYTE: u128 = 1_000_000_000_000_000_000 / 1024;

/// Limits of one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GasLimits {
    /// Units of gas.
    pub gas: u64,
    /// Bytes of new storage.
    pub storage: u64,
}

/// Most gas that one transaction may have in a space.
#[must_use]
pub fn most_gas(space: Space) -> u64 {
    match space {
        Space::Core => GAS_LIMIT,
        Space::Espace => ESPACE_GAS_LIMIT,
    }
}

/// Limits for creating a contract: its init code with arguments, and how many bytes of code will stay.
#[must_use]
pub fn creation_limits(space: Space, init: &[u8], code_length: usize) -> GasLimits {
    let code = length(code_length);
    let words = length(init.len()).div_ceil(32);
    let limits = GasLimits {
        gas: floored(
            init,
            TRANSACTION
                + CREATION
                + data_gas(init)
                + INIT_WORD * words
                + CODE_BYTE * code
                + CONSTRUCTOR_GAS,
        ),
        storage: code.div_ceil(1024) * CODE_KIB_BYTES + CONSTRUCTOR_KEYS * KEY_BYTES,
    };
    limits.in_space(space, CODE_BYTE * code + CONSTRUCTOR_GAS)
}

impl GasLimits {
    /// Turns limits for Core Space into those of a space, where the part of the gas that pays for storage is dearer.
    fn in_space(self, space: Space, storing: u64) -> Self {
        match space {
            Space::Core => self,
            Space::Espace => Self {
                gas: self.gas + (ESPACE_RATIO - 1) * storing,
                storage: 0,
            },
        }
    }
}

/// Limits for a call that may fill `keys` new storage entries.
#[must_use]
pub fn call_limits(space: Space, data: &[u8], keys: u64) -> GasLimits {
    let limits = GasLimits {
        gas: floored(
            data,
            TRANSACTION + data_gas(data) + CALL_GAS + KEY_GAS * keys,
        ),
        storage: KEY_BYTES * keys,
    };
    limits.in_space(space, KEY_GAS * keys)
}

/// Limits for registering a PoS key. The data may not be known yet: it has 740 bytes.
#[must_use]
pub fn registration_limits() -> GasLimits {
    GasLimits {
        gas: TRANSACTION + OTHER_BYTE * 1024 + REGISTER_GAS + KEY_GAS * REGISTER_KEYS,
        storage: KEY_BYTES * REGISTER_KEYS,
    }
}

/// Limits for moving value to an account in eSpace, which may be new there.
#[must_use]
pub fn crossing_limits(data: &[u8]) -> GasLimits {
    GasLimits {
        gas: floored(data, TRANSACTION + data_gas(data) + CROSSING_GAS),
        storage: KEY_BYTES * CROSSING_KEYS,
    }
}

/// Collateral for a storage limit, in drip.
#[must_use]
pub fn collateral_for(storage: u64) -> u128 {
    u128::from(storage) * DRIP_PER_BYTE
}

/// Why a chain's gas is too dear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooDear {
    /// What a unit costs at least now.
    pub price: u128,
}

/// Chooses the price: twice the base fee leaves room for six full blocks, each of which raises it by an eighth.
pub fn choose_price(fees: Fees, ceiling: u128) -> Result<PriceForm, TooDear> {
    let Some(base) = fees.base else {
        let gas_price = fees.gas_price;
        return if gas_price > ceiling {
            Err(TooDear { price: gas_price })
        } else {
            Ok(PriceForm::Legacy { gas_price })
        };
    };
    if base > ceiling {
        return Err(TooDear { price: base });
    }
    // The pool also has a least price of its own, which `cfx_gasPrice` respects.
    let wish = (base.saturating_mul(2).saturating_add(fees.priority)).max(fees.gas_price);
    let max_fee = wish.min(ceiling);
    Ok(PriceForm::Market {
        max_fee,
        max_priority: fees.priority.min(max_fee),
    })
}

fn data_gas(data: &[u8]) -> u64 {
    let byte = |byte: &u8| if *byte == 0 { ZERO_BYTE } else { OTHER_BYTE };
    data.iter().map(byte).sum()
}

fn floored(data: &[u8], gas: u64) -> u64 {
    gas.max(BYTE_FLOOR * length(data.len()))
}

fn length(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GDRIP: u128 = 1_000_000_000;

    /// The measured values of the module's head; call data of the largest kind.
    #[test]
    fn the_bounds_hold_for_the_reference_contracts() {
        for (init, code, gas, storage) in [
            (29_284, 28_561, 7_620_305, 14_976),
            (5_515 + 128, 2_985, 1_064_784, 2_304),
            (6_039, 5_770, 1_582_556, 3_136),
            (16_711, 16_332, 4_367_774, 8_320),
        ] {
            // A fifth of the reference code is zeros.
            let zeros = init / 5;
            let bytes = [vec![0; zeros], vec![1; init - zeros]].concat();
            let limits = creation_limits(Space::Core, &bytes, code);
            assert!(limits.gas >= gas && limits.storage >= storage, "{limits:?}");
            assert!(limits.gas <= GAS_LIMIT);
        }
    }

    /// The reference's pool, its proxy, and `EVotingEscrow` in eSpace, measured on conflux-rust 3.0.2.
    #[test]
    fn the_bounds_hold_in_espace() {
        for (init, code, gas) in [
            (22_072, 21_447, 9_219_428),
            (5_515 + 128, 2_985, 1_633_530),
            (15_346, 15_070, 6_353_190),
        ] {
            let zeros = init / 5;
            let bytes = [vec![0; zeros], vec![1; init - zeros]].concat();
            let limits = creation_limits(Space::Espace, &bytes, code);
            assert!(limits.gas >= gas && limits.storage == 0, "{limits:?}");
            assert!(limits.gas <= most_gas(Space::Espace));
        }
        assert!(call_limits(Space::Espace, &[1; 68], 1).gas >= 72_714);
    }

    #[test]
    fn the_node_s_floor_for_call_data_is_kept() {
        let limits = call_limits(Space::Core, &[1; 10_000], 1);
        assert!(limits.gas >= 1_000_000);
    }

    #[test]
    fn the_price_has_room_and_a_ceiling() {
        let fees = Fees {
            gas_price: GDRIP,
            base: Some(3 * GDRIP),
            priority: 2 * GDRIP,
        };
        let market = |max_fee, max_priority| {
            Ok(PriceForm::Market {
                max_fee,
                max_priority,
            })
        };
        assert_eq!(
            choose_price(fees, 100 * GDRIP),
            market(8 * GDRIP, 2 * GDRIP)
        );
        assert_eq!(choose_price(fees, 5 * GDRIP), market(5 * GDRIP, 2 * GDRIP));
        assert_eq!(
            choose_price(fees, 2 * GDRIP),
            Err(TooDear { price: 3 * GDRIP })
        );
        let old = Fees { base: None, ..fees };
        assert_eq!(
            choose_price(old, GDRIP),
            Ok(PriceForm::Legacy { gas_price: GDRIP })
        );
        assert_eq!(choose_price(old, 1), Err(TooDear { price: GDRIP }));
    }

    #[test]
    fn a_kibibyte_of_storage_costs_one_cfx() {
        assert_eq!(collateral_for(1024), 1_000_000_000_000_000_000);
    }
}
