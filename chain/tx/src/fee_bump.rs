//! A higher price for a transaction that waits for one.
//!
//! - Reads: its forms, what gas costs now, what a pool asks for, and the key at the moment of signing.
//! - Returns: another form with the same nonce, receiver, value, data, limits and epoch height.
//! - Never: goes above the ceiling of the plan, and never sends.

use pospool_conflux::UnsignedTransaction;
use pospool_conflux::hex::hex_bytes;

use crate::fees::Fees;
use crate::flight::Price;
use crate::gas::choose_price;
use crate::signed::{PriceForm, SignedForm, SignedWork};
use crate::signer::read_account_key;

/// A pool exchanges a transaction for one that pays this part more (conflux-rust `nonce_pool/mod.rs`: 2 %).
const LEAST_STEP: u128 = 50;
/// The step that is taken where the ceiling allows it: 10 %, since other pools and gateways ask for more.
const STEP: u128 = 10;

/// What is known of a transaction's price.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bid {
    /// What gas cost at the last close look.
    pub(crate) fees: Option<Fees>,
    /// A node refused the price of the newest form.
    pub(crate) refused: bool,
    /// The least price that a pool takes instead of what it has.
    pub(crate) demanded: Option<u128>,
    /// Its key could not be read.
    pub(crate) keyless: bool,
}

impl Bid {
    /// The price of the newest form, as far as is known.
    pub(crate) fn price(&self, signed: &SignedWork) -> Price {
        let base = self.fees.and_then(|fees| fees.base);
        let too_low = base.is_some_and(|base| base > signed.newest().price.highest());
        if self.refused || too_low {
            self.room(signed)
        } else {
            Price::Enough
        }
    }

    /// Whether the price could rise.
    pub(crate) fn room(&self, signed: &SignedWork) -> Price {
        if self.next(signed).is_some() && !self.keyless {
            Price::TooLow
        } else {
            Price::AtCeiling
        }
    }

    /// The next price; `None` if the ceiling leaves no room for one that a pool would take.
    pub(crate) fn next(&self, signed: &SignedWork) -> Option<PriceForm> {
        let now = signed.newest().price;
        next_price(now, self.fees, self.demanded, signed.ceiling)
    }
}

fn next_price(
    now: PriceForm,
    fees: Option<Fees>,
    demanded: Option<u128>,
    ceiling: u128,
) -> Option<PriceForm> {
    let highest = now.highest();
    let step = |part: u128| highest.saturating_add(highest.div_ceil(part).max(1));
    let wish = match fees.map(|fees| choose_price(fees, ceiling)) {
        Some(Ok(price)) => price.highest(),
        // Dearer than the ceiling: as near as can be.
        Some(Err(_)) => ceiling,
        None => 0,
    };
    let target = wish
        .max(step(STEP))
        .max(demanded.unwrap_or_default())
        .min(ceiling);
    let least = step(LEAST_STEP).max(demanded.unwrap_or_default());
    if target < least {
        return None;
    }
    Some(match now {
        PriceForm::Legacy { .. } => PriceForm::Legacy { gas_price: target },
        PriceForm::Market { max_priority, .. } => {
            let proposed = fees.map(|fees| fees.priority).unwrap_or_default();
            let more = max_priority.saturating_add(max_priority.div_ceil(STEP));
            PriceForm::Market {
                max_fee: target,
                max_priority: more.max(proposed).min(target),
            }
        }
    })
}

/// Signs the newest form again with another price; the error says why that cannot be.
pub(crate) fn sign_bump(signed: &SignedWork, price: PriceForm) -> Result<SignedForm, String> {
    let newest = signed.newest();
    let raw = hex_bytes(&newest.raw);
    let unsigned = raw.and_then(|raw| UnsignedTransaction::read(signed.space(), &raw));
    let unsigned = unsigned.ok_or("the journalled transaction cannot be read")?;
    let key = read_account_key(&signed.key, signed.from)?;
    let dearer = unsigned.with_price(price.into());
    Ok(SignedForm::of(&dearer, price, &key))
}

#[cfg(test)]
mod tests;
