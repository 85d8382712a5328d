//! What the bytes of a ticket prove. Who can write a journal can write a ticket, and so only its signatures are believed.
//!
//! - Reads: a ticket as it was found.
//! - Returns: what its bytes say, and who signed them; or why they prove nothing.
//! - Never: takes a field of the ticket for what the bytes say.

use pospool_conflux::hex::{hex_bytes, hex_text};
use pospool_conflux::{ChainAddress, PublicKey, Space, UnsignedTransaction, keccak256};
use pospool_model::Attributes;

use crate::signed::{SignedForm, SignedWork};
use crate::signer::KeyRef;
use crate::wait_level::WaitLevel;

/// A transaction with all of its signed forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenTransaction {
    /// Who signed every form.
    pub signer: PublicKey,
    /// Their account on the chain that the bytes are for.
    pub from: ChainAddress,
    /// What was signed first.
    pub unsigned: UnsignedTransaction,
    first: SignedForm,
    raised: Vec<SignedForm>,
}

/// What the current spec says of a transaction of one of its accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecTerms {
    /// Who signs again if the price must rise.
    pub key: KeyRef,
    /// Most that a unit of gas may cost.
    pub ceiling: u128,
    /// How deep what has no value must be in the chain.
    pub level: WaitLevel,
}

/// Reads all forms of a ticket; the error says why it proves nothing.
pub fn prove_signed(signed: &SignedWork) -> Result<ProvenTransaction, &'static str> {
    let (first, unsigned, who) = read_form(signed.space(), &signed.first)?;
    if unsigned.chain_id() != u64::from(signed.chain.network) {
        return Err("its bytes are for another chain than the one that it names");
    }
    let mut raised = Vec::new();
    for form in &signed.raised {
        let (form, other, also) = read_form(signed.space(), form)?;
        if also != who || other.with_price(unsigned.price()) != unsigned {
            return Err("its forms are not one transaction with several prices");
        }
        raised.push(form);
    }
    Ok(ProvenTransaction {
        signer: who,
        from: unsigned.account_of(&who, signed.chain.network),
        unsigned,
        first,
        raised,
    })
}

fn read_form(
    space: Space,
    form: &SignedForm,
) -> Result<(SignedForm, UnsignedTransaction, PublicKey), &'static str> {
    let raw = hex_bytes(&form.raw);
    let raw = raw.ok_or("its bytes are not hex text")?;
    let read = UnsignedTransaction::read_signed(space, &raw);
    let (unsigned, signer) = read.ok_or("its bytes are no signed transaction")?;
    let form = SignedForm {
        raw: hex_text(&raw),
        hash: hex_text(&keccak256(&raw)),
        price: unsigned.price().into(),
    };
    Ok((form, unsigned, signer))
}

impl ProvenTransaction {
    /// Where it puts a contract, if it creates one.
    #[must_use]
    pub fn creates(&self) -> Option<ChainAddress> {
        self.unsigned.creates(self.from)
    }

    /// The ticket with nothing in it but what the bytes and the spec say. Its ceiling is the lower one, since a plan is a
    /// promise; its chain is the one that it names, which must be reached and have the first block that it says.
    #[must_use]
    pub fn trusted(self, claimed: SignedWork, terms: SpecTerms, outputs: Attributes) -> SignedWork {
        SignedWork {
            creates: self.creates(),
            chain: claimed.chain,
            from: self.from,
            key: terms.key,
            nonce: self.unsigned.nonce(),
            epoch_height: self.unsigned.epoch_height(),
            first: self.first,
            raised: self.raised,
            ceiling: claimed.ceiling.min(terms.ceiling),
            level: if self.unsigned.value() > 0 {
                WaitLevel::Finalised
            } else {
                terms.level
            },
            outputs,
        }
    }
}

#[cfg(test)]
mod tests;
