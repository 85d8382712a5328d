//! Prices that rise, and what stays as it was.

use pospool_conflux::Space;
use pospool_model::{Attributes, SecretRef};

use super::*;
use crate::testing::{NETWORK, chain_ref, core};
use crate::wait_level::WaitLevel;
use pospool_conflux::{CoreTransaction, Key};

const GDRIP: u128 = 1_000_000_000;
const KEY: &str = "0x0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn market(max_fee: u128, max_priority: u128) -> PriceForm {
    PriceForm::Market {
        max_fee,
        max_priority,
    }
}

fn fees(base: u128) -> Fees {
    Fees {
        gas_price: GDRIP,
        base: Some(base),
        priority: 5,
    }
}

#[test]
fn a_price_is_too_low_below_the_base_fee_or_when_it_was_refused() {
    let signed = signed(std::path::Path::new("none"));
    let bid = |base| Bid {
        fees: Some(fees(base)),
        ..Bid::default()
    };
    assert_eq!(Bid::default().price(&signed), Price::Enough);
    assert_eq!(bid(100).price(&signed), Price::Enough);
    assert_eq!(bid(101).price(&signed), Price::TooLow);
    let refused = Bid {
        refused: true,
        ..bid(100)
    };
    assert_eq!(refused.price(&signed), Price::TooLow);
    let keyless = Bid {
        keyless: true,
        ..refused
    };
    assert_eq!(keyless.price(&signed), Price::AtCeiling);
    let dear = Bid {
        demanded: Some(201),
        ..refused
    };
    assert_eq!(dear.price(&signed), Price::AtCeiling);
}

#[test]
fn a_price_rises_to_what_is_asked_for_and_never_above_the_ceiling() {
    let next =
        |base, demanded, ceiling| next_price(market(100, 10), Some(fees(base)), demanded, ceiling);
    let old = |price| PriceForm::Legacy { gas_price: price };
    // Twice the base fee, as in a plan.
    let rich = 100 * GDRIP;
    assert_eq!(next(2 * GDRIP, None, rich), Some(market(4 * GDRIP + 5, 11)));
    // What nobody asked for is still a tenth more, and what the pool asks for is given.
    assert_eq!(
        next_price(market(100, 10), None, None, rich),
        Some(market(110, 11))
    );
    assert_eq!(next_price(old(100), None, Some(130), rich), Some(old(130)));
    // The ceiling, as long as that is a step that a pool takes.
    assert_eq!(next(GDRIP, None, 105), Some(market(105, 11)));
    assert_eq!(next(GDRIP, None, 102), Some(market(102, 11)));
    for ceiling in [101, 100, 99, 0] {
        assert_eq!(next(GDRIP, None, ceiling), None, "{ceiling}");
    }
    assert_eq!(next(GDRIP, Some(131), 130), None);
    // A base fee above the ceiling: as near as can be.
    assert_eq!(next(rich + 1, None, rich), Some(market(rich, 11)));
}

fn signed(path: &std::path::Path) -> SignedWork {
    let unsigned = UnsignedTransaction::Core(CoreTransaction {
        nonce: 5,
        price: market(100, 10).into(),
        gas: 100_000,
        to: Some([0x80; 20]),
        value: 7,
        storage_limit: 64,
        epoch_height: 1000,
        chain_id: NETWORK.into(),
        data: vec![1, 2, 3],
    });
    SignedWork {
        chain: chain_ref(&[]),
        from: Key::parse(KEY).unwrap().core_address(NETWORK).into(),
        key: SecretRef::File(path.to_owned()).into(),
        nonce: 5,
        epoch_height: Some(1000),
        first: SignedForm::of(&unsigned, market(100, 10), &Key::parse(KEY).unwrap()),
        raised: Vec::new(),
        ceiling: 200,
        creates: None,
        level: WaitLevel::Executed,
        outputs: Attributes::new(),
    }
}

#[test]
fn only_the_price_differs_between_two_forms() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, KEY).unwrap();
    let owner_alone = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&path, owner_alone).unwrap();
    let signed = signed(&path);
    let form = sign_bump(&signed, market(150, 15)).unwrap();
    let read = |form: &SignedForm| {
        UnsignedTransaction::read(Space::Core, &hex_bytes(&form.raw).unwrap()).unwrap()
    };
    let (first, raised) = (read(&signed.first), read(&form));
    assert_ne!(form.hash, signed.first.hash);
    assert_ne!(raised, first);
    assert_eq!(raised, first.clone().with_price(market(150, 15).into()));
    assert_eq!(raised.with_price(market(100, 10).into()), first);
}

#[test]
fn another_key_or_none_signs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let signed = signed(&path);
    assert!(sign_bump(&signed, market(150, 15)).is_err());
    std::fs::write(&path, KEY).unwrap();
    let owner_alone = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&path, owner_alone).unwrap();
    let other = SignedWork {
        from: core(0x11).into(),
        ..signed
    };
    let error = sign_bump(&other, market(150, 15)).unwrap_err();
    assert!(
        error.contains("holds another key") && !error.contains(&KEY[2..]),
        "{error}"
    );
}
