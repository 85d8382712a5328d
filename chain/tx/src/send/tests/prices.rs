//! Prices that are too low: signed again within the ceiling, journalled before it is sent.

use pospool_conflux::GasPrice;
use pospool_conflux::hex::hex_bytes;

use super::nodes::{Happened, Knows, Node, Reply, Shown, executed, nothing, pending, refuse};
use super::scene::{PRICE, scene};
use pospool_conflux::CoreTransaction;

fn cheap(knows: Knows) -> Shown {
    Shown {
        knows,
        base_fee: 2 * PRICE,
        ..nothing()
    }
}

/// The highest price of each form that came to a node, and what was journalled, in order.
fn prices(story: &[Happened]) -> Vec<(&'static str, u128)> {
    let price = |raw: &str| match CoreTransaction::read(&hex_bytes(raw).unwrap())
        .unwrap()
        .price
    {
        GasPrice::Legacy { gas_price } => gas_price,
        GasPrice::Market { max_fee, .. } => max_fee,
    };
    let read = |happened: &Happened| match happened {
        Happened::Bytes(_, raw) => Some(("sent", price(raw))),
        Happened::Amended(raw) => Some(("journalled", price(raw))),
        _ => None,
    };
    story.iter().filter_map(read).collect()
}

#[tokio::test(start_paused = true)]
async fn a_price_below_the_base_fee_rises_after_a_while() {
    let mut shows = vec![nothing()];
    // Its first close look is the tenth.
    shows.extend(vec![cheap(Knows::Pooled); 11]);
    shows.push(executed("0x0"));
    let life = scene([Node::showing(shows)]).run().await;
    assert!(life.result.is_ok());
    // Twice the base fee, and a hundredth of it for the miner.
    let twice = 4 * PRICE + 20;
    assert_eq!(
        prices(&life.story),
        [("sent", PRICE), ("journalled", twice), ("sent", twice)]
    );
    assert!(life.says("the base fee has risen above its price"));
}

#[tokio::test(start_paused = true)]
async fn a_refused_price_rises_at_once() {
    let cheap = refuse("transaction gas price 1000 less than the minimum value 1050");
    let node =
        Node::showing([nothing(), nothing(), executed("0x0")]).answering([cheap, Reply::Take]);
    let life = scene([node]).run().await;
    assert!(life.result.is_ok(), "{:?}", life.result);
    assert_eq!(
        prices(&life.story),
        [("sent", 1000), ("journalled", 1100), ("sent", 1100)]
    );
}

#[tokio::test(start_paused = true)]
async fn the_pool_s_own_demand_is_met() {
    let shows = vec![cheap(Knows::First); 30];
    let shows = shows.into_iter().chain([executed("0x0")]);
    let more = refuse(
        "Tx with same nonce already inserted. To replace it, you need to specify a gas price > 5000",
    );
    let node = Node::showing(shows).answering([more, Reply::Take]);
    let life = scene([node]).run().await;
    assert!(life.result.is_ok());
    let forms = prices(&life.story);
    assert_eq!(forms[..2], [("journalled", 4020), ("sent", 4020)]);
    assert_eq!(forms[2..4], [("journalled", 5000), ("sent", 5000)]);
}

#[tokio::test(start_paused = true)]
async fn nobody_bids_against_a_foreign_transaction() {
    let more = refuse(
        "Tx with same nonce already inserted. To replace it, you need to specify a gas price > 1020",
    );
    let life = scene([Node::showing([nothing()]).answering([more])])
        .run()
        .await;
    assert!(life.is_open() && life.says("another transaction with its nonce"));
    assert!(prices(&life.story).iter().all(|(_, price)| *price == PRICE));
}

#[tokio::test(start_paused = true)]
async fn the_ceiling_of_the_plan_is_never_passed() {
    let mut poor = scene([Node::showing([cheap(Knows::Pooled)])]);
    poor.signed.ceiling = PRICE + 19;
    let life = poor.run().await;
    assert!(life.is_open() && life.says("its price cannot rise any more"));
    assert_eq!(prices(&life.story), []);
    let mut tight = scene([Node::showing([cheap(Knows::Pooled)])]);
    tight.signed.ceiling = PRICE + 20;
    let life = tight.run().await;
    let ceiling = PRICE + 20;
    assert_eq!(
        prices(&life.story),
        [("journalled", ceiling), ("sent", ceiling)]
    );
    // Nobody has it, so the user may plan again with a higher ceiling.
    let refused = refuse("transaction gas price 1000 less than the minimum value 2000");
    let mut unsent = scene([Node::showing([nothing()]).answering([refused])]);
    unsent.signed.ceiling = PRICE;
    assert_eq!(unsent.run().await.code(), "chain/gas-price");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_on_the_disk_is_not_sent() {
    let mut full = scene([Node::showing([cheap(Knows::Pooled)])]);
    full.disk_is_full = true;
    let life = full.run().await;
    assert!(life.result.is_err());
    assert_eq!(prices(&life.story), []);
}

#[tokio::test(start_paused = true)]
async fn without_its_key_it_waits_as_it_is() {
    let mut keyless = scene([Node::showing([cheap(Knows::Pooled)])]);
    keyless.signed.key = pospool_model::SecretRef::Env("POSPOOL_NO_SUCH_KEY".to_owned()).into();
    let life = keyless.run().await;
    assert!(
        life.is_open() && life.says("cannot rise"),
        "{:?}",
        life.story
    );
    assert_eq!(prices(&life.story), []);
}

#[tokio::test(start_paused = true)]
async fn any_form_may_be_the_one_that_is_executed() {
    // The dearer form was refused for want of money, and the cheaper one, which was dropped, goes out again.
    let poor = refuse("out of balance");
    let mut shows = vec![cheap(Knows::Pooled); 10];
    shows.extend([
        cheap(Knows::Nothing),
        cheap(Knows::Nothing),
        pending(),
        executed("0x0"),
    ]);
    let node = Node::showing(shows).answering([poor.clone(), Reply::Take, poor, Reply::Take]);
    let mut tight = scene([node]);
    tight.signed.ceiling = PRICE + 20;
    let life = tight.run().await;
    assert!(life.result.is_ok());
    let sent: Vec<_> = prices(&life.story)
        .into_iter()
        .filter(|(what, _)| *what == "sent")
        .collect();
    assert_eq!(sent[..2], [("sent", PRICE + 20), ("sent", PRICE)]);
}
