//! Whose an account is: which addresses it has, and who says so.
//!
//! - Reads: the block; what its key said in an earlier run; the key itself where neither is enough.
//! - Returns: addresses in both spaces, and where they are from.
//! - Never: keeps a key, or reads one that is not needed: a plan needs addresses alone.

use pospool_conflux::{CoreAddress, EspaceAddress, PublicKey};
use pospool_model::state::AccountIdentity;
use pospool_model::{Attributes, Problem};

use super::key::{check_key, key_of, public_key};
use super::schema::AccountSpec;
use crate::codes;

/// Addresses of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AccountAddresses {
    /// In Core Space.
    pub(crate) core: [u8; 20],
    /// In eSpace, if that is known: it does not follow from the other one.
    pub(crate) espace: Option<[u8; 20]>,
}

/// Who says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressSource {
    /// The block.
    Spec,
    /// The key, just now.
    Key,
    /// The state: a hint where to look, which is proven before anything is signed.
    State,
}

/// Brings a block into its normal form: it says whose account it is, in addresses that belong together.
pub(crate) fn normalise_account(attributes: Attributes) -> Result<Attributes, Vec<Problem>> {
    let block = AccountSpec::read(&attributes);
    let says_nothing = block.private_key.is_absent()
        && block.keystore.is_absent()
        && block.password.is_absent()
        && block.address.is_absent()
        && block.espace_address.is_absent();
    if says_nothing {
        let problem = Problem::new(
            codes::BAD_ACCOUNT,
            &[],
            "neither `private_key` nor `address` says whose account it is",
        );
        return Err(vec![problem.help(
            "write `private_key = env(\"NAME\")`, or `address = \"cfx:…\"` where nobody signs for it here",
        )]);
    }
    match check_key(&attributes).and_then(|()| written_addresses(&attributes)) {
        Ok(_) => Ok(attributes),
        Err(problem) => Err(vec![problem]),
    }
}

/// The addresses of an account, by the first of block, state and key that says them.
pub(crate) fn find_addresses(
    wanted: &Attributes,
    recorded: Option<&AccountIdentity>,
) -> Result<(AccountAddresses, AddressSource), Problem> {
    match known_addresses(wanted, recorded)? {
        Some(known) => Ok(known),
        None => Ok((addresses_of_key(&public_key(wanted)?), AddressSource::Key)),
    }
}

/// The same without a look at the key; `None` where only the key says it.
pub(crate) fn known_addresses(
    wanted: &Attributes,
    recorded: Option<&AccountIdentity>,
) -> Result<Option<(AccountAddresses, AddressSource)>, Problem> {
    if let Some(addresses) = written_addresses(wanted)? {
        return Ok(Some((addresses, AddressSource::Spec)));
    }
    let recorded = recorded.and_then(|recorded| recorded_addresses(wanted, recorded));
    Ok(recorded.map(|addresses| (addresses, AddressSource::State)))
}

/// The addresses that a key has.
pub(crate) fn addresses_of_key(key: &PublicKey) -> AccountAddresses {
    AccountAddresses {
        // The bytes are the same on every network.
        core: CoreAddress::of_public_key(key, 0).bytes(),
        espace: Some(EspaceAddress::of_public_key(key).bytes()),
    }
}

/// What the block says; `None` where it leaves that to the key.
fn written_addresses(wanted: &Attributes) -> Result<Option<AccountAddresses>, Problem> {
    let block = AccountSpec::read(wanted);
    let bad = |attribute: &'static str, summary: String| {
        Problem::new(codes::BAD_ACCOUNT, &[attribute], summary)
    };
    let core = block.address.known().map(|text| {
        let parsed = text.parse::<CoreAddress>();
        parsed.map_err(|error| {
            bad("address", format!("`{text}`: {error}"))
                .help("write a Core Space address in base32, such as `cfx:aak…`")
        })
    });
    let espace = block.espace_address.known().map(|text| {
        let parsed = text.parse::<EspaceAddress>();
        parsed.map_err(|error| {
            bad("espace_address", format!("`{text}`: {error}"))
                .help("write an eSpace address in hex, `0x…`")
        })
    });
    let (core, espace) = (core.transpose()?, espace.transpose()?);
    let of_same_key = espace.map(|it| it.same_key_in_core());
    match (core.map(|it| it.bytes()), of_same_key) {
        (Some(core), Some(other)) if core != other => Err(bad(
            "espace_address",
            "`address` and `espace_address` are not those of one key".to_owned(),
        )
        .help("take one of them out; of a contract write `address` alone")),
        (Some(core), _) | (None, Some(core)) => Ok(Some(AccountAddresses {
            core,
            espace: espace.map(|it| it.bytes()),
        })),
        (None, None) => Ok(None),
    }
}

/// What the state says, where it was said by the secret that the block names.
fn recorded_addresses(wanted: &Attributes, recorded: &AccountIdentity) -> Option<AccountAddresses> {
    if key_of(wanted)?.holder() != &recorded.secret {
        return None;
    }
    Some(AccountAddresses {
        core: recorded.address.parse::<CoreAddress>().ok()?.bytes(),
        espace: Some(
            recorded
                .espace_address
                .parse::<EspaceAddress>()
                .ok()?
                .bytes(),
        ),
    })
}

/// Whether the key that a block names has these addresses; why not, for a person.
pub(crate) fn prove_addresses(
    wanted: &Attributes,
    addresses: AccountAddresses,
) -> Result<(), String> {
    let key = public_key(wanted).map_err(|problem| problem.summary)?;
    let own = addresses_of_key(&key);
    let is_same_in_espace = addresses.espace.is_none() || addresses.espace == own.espace;
    if own.core == addresses.core && is_same_in_espace {
        return Ok(());
    }
    let reference = key_of(wanted).map(|key| key.holder().to_string());
    let reference = reference.unwrap_or_default();
    Err(format!("`{reference}` holds another key"))
}
