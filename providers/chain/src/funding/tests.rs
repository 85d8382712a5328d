//! How money goes to eSpace.

use pospool_conflux::MAINNET;
use pospool_conflux::hex::hex_text;
use pospool_conflux_tx::WaitLevel;
use pospool_model::plan::Level;

use super::*;
use crate::bench::{Bench, attributes, espace, names, resource, transaction};
use crate::provider::ChainPlanner;

const CFX: u128 = Drip::PER_CFX;

fn wanted(cfx: u128) -> Attributes {
    let block = attributes([
        ("amount", Value::Amount(Drip(cfx * CFX))),
        ("from", resource("account.operator")),
    ]);
    normalise_funding(block)
}

fn bench(cfx: u128) -> Bench {
    let mut bench = Bench::new();
    bench
        .wanted
        .insert("funding.espace".parse().unwrap(), wanted(cfx));
    bench
}

#[test]
fn the_call_is_the_one_that_the_chain_has() {
    let to = espace(7);
    assert_eq!(hex_text(&transfer_data(to)[..4]), "0xda8d5daf");
    assert_eq!(transfer_data(to).len(), 36);
    assert_eq!(
        cross_space_call(MAINNET).to_string(),
        "cfx:aaejuaaaaaaaaaaaaaaaaaaaaaaaaaaaa2sn102vjv"
    );
}

#[test]
fn only_what_is_missing_is_moved_and_its_end_is_final() {
    // The operator has 3 CFX in eSpace.
    let mut bench = bench(50);
    let design = bench
        .design("funding.espace", Action::Create, &Observed::Absent, &[])
        .unwrap();
    assert_eq!(names(&design), ["transfer"]);
    let work = transaction(&design.effects[0]);
    assert_eq!(work.value, 47 * CFX);
    assert_eq!(work.level, WaitLevel::Finalised);
    let crossing = design
        .costs
        .iter()
        .find(|cost| cost.purpose == Purpose::Crossing);
    assert_eq!(crossing.unwrap().amount, Drip(47 * CFX));
}

#[test]
fn who_has_enough_is_given_nothing() {
    let mut bench = bench(3);
    let design = bench
        .design("funding.espace", Action::Create, &Observed::Absent, &[])
        .unwrap();
    assert!(design.effects.is_empty() && design.costs.is_empty());
    assert_eq!(
        design.outputs["address"],
        Value::Text(espace(1).to_string())
    );
}

#[test]
fn what_needs_the_money_waits_until_it_is_there() {
    let mut bench = bench(50);
    bench.want_espace_pool(&[]);
    let pool = "espace_contract.pool";
    let create =
        |bench: &mut Bench, name: &str| bench.design(name, Action::Create, &Observed::Absent, &[]);
    // 3 CFX are not enough for the gas at its ceiling.
    bench
        .facts
        .espace_accounts
        .values_mut()
        .for_each(|account| account.balance = 0);
    let refused = create(&mut bench, pool).unwrap_err();
    assert_eq!(refused[0].code, "chain/not-enough-balance");
    assert!(refused[0].help.as_ref().unwrap().contains("`funding`"));

    bench.planner = ChainPlanner::default();
    create(&mut bench, "funding.espace").unwrap();
    let design = create(&mut bench, pool).unwrap();
    for effect in &design.effects {
        let waits = effect.needs.iter().any(|need| {
            need.effect.to_string().starts_with("funding.espace") && need.level == Level::Done
        });
        assert!(waits, "{}", effect.name);
    }
}

/// Found by a kill right after the transfer: its chain seemed to have changed.
#[test]
fn a_run_that_was_cut_off_is_gone_on_with() {
    let (wanted, outputs) = (wanted(50), attributes([("epoch", Value::Integer(3))]));
    let cut_off = Recorded {
        outputs: outputs.clone(),
        ..Recorded::default()
    };
    let seen = observe_funding(&cut_off, Some(&wanted));
    assert_eq!(
        seen,
        Observed::Present {
            attributes: wanted.clone(),
            outputs
        }
    );
    let whole = Recorded {
        attributes: wanted.clone(),
        ..Recorded::default()
    };
    let less = super::tests::wanted(20);
    let nothing = Observed::Present {
        attributes: Attributes::new(),
        outputs: Attributes::new(),
    };
    assert_eq!(
        observe_funding(&whole, Some(&less)),
        nothing,
        "a new amount is a change"
    );
}

#[test]
fn a_block_that_goes_away_takes_no_money_back() {
    let mut bench = bench(50);
    let design = bench
        .design("funding.espace", Action::Delete, &Observed::Absent, &[])
        .unwrap();
    assert!(design.forget && design.effects.is_empty());
}
