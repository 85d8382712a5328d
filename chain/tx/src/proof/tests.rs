use pospool_conflux::{CoreTransaction, GasPrice, Key};
use pospool_model::SecretRef;

use super::*;
use crate::signed::PriceForm;
use crate::testing::{NETWORK, chain_ref, core};

fn key(byte: u8) -> Key {
    Key::parse(&format!("{byte:02x}").repeat(32)).unwrap()
}

fn transfer(nonce: u64, gas_price: u128) -> UnsignedTransaction {
    UnsignedTransaction::Core(CoreTransaction {
        nonce,
        price: GasPrice::Legacy { gas_price },
        gas: 21_000,
        to: Some([0x80; 20]),
        value: 7,
        storage_limit: 0,
        epoch_height: 9,
        chain_id: NETWORK.into(),
        data: Vec::new(),
    })
}

fn form(unsigned: &UnsignedTransaction, key: &Key) -> SignedForm {
    SignedForm::of(unsigned, unsigned.price().into(), key)
}

fn work(forms: [SignedForm; 2]) -> SignedWork {
    let [first, raised] = forms;
    SignedWork {
        chain: chain_ref(&[]),
        from: core(0x11).into(),
        key: SecretRef::Env("ANY".to_owned()).into(),
        nonce: 77,
        epoch_height: None,
        first,
        raised: vec![raised],
        ceiling: 50,
        creates: Some(core(1).into()),
        level: WaitLevel::Executed,
        outputs: Attributes::new(),
    }
}

fn terms(ceiling: u128) -> SpecTerms {
    SpecTerms {
        key: SecretRef::Env("OWN".to_owned()).into(),
        ceiling,
        level: WaitLevel::Executed,
    }
}

#[test]
fn nothing_but_the_bytes_and_the_spec_is_believed() {
    let own = key(1);
    let mut claimed = work([1, 2].map(|price| form(&transfer(5, price), &own)));
    claimed.first.hash = "0x00".to_owned();
    claimed.raised[0].price = PriceForm::Legacy { gas_price: 1 << 60 };
    let proven = prove_signed(&claimed).unwrap();
    assert_eq!(proven.signer, own.public());
    let trusted = proven
        .clone()
        .trusted(claimed.clone(), terms(40), Attributes::new());
    assert_eq!(trusted.from, own.core_address(NETWORK).into());
    assert_eq!((trusted.nonce, trusted.epoch_height), (5, Some(9)));
    assert_eq!(trusted.creates, None);
    assert_eq!(trusted.level, WaitLevel::Finalised, "it has a value");
    assert_eq!(trusted.key, SecretRef::Env("OWN".to_owned()).into());
    assert_eq!(trusted.ceiling, 40);
    assert_eq!(trusted.first, form(&transfer(5, 1), &own));
    assert_eq!(trusted.newest(), &form(&transfer(5, 2), &own));
    let lower = proven.trusted(claimed, terms(60), Attributes::new());
    assert_eq!(lower.ceiling, 50, "a plan is a promise");
}

#[test]
fn forms_that_are_not_one_transaction_prove_nothing() {
    let own = key(1);
    let first = form(&transfer(5, 1), &own);
    let refused = |other| prove_signed(&work([first.clone(), other])).unwrap_err();
    for other in [form(&transfer(6, 2), &own), form(&transfer(5, 2), &key(2))] {
        assert!(refused(other).contains("not one transaction"));
    }
    for (raw, why) in [
        ("0x", "no signed"),
        ("nonsense", "not hex"),
        ("0xf8", "no signed"),
    ] {
        let raw = raw.to_owned();
        let other = SignedForm {
            raw,
            ..first.clone()
        };
        assert!(refused(other).contains(why), "{why}");
    }
    let mut elsewhere = work([first.clone(), first]);
    elsewhere.chain.network = 1029;
    assert!(
        prove_signed(&elsewhere)
            .unwrap_err()
            .contains("another chain")
    );
}
