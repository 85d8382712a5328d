//! Several endpoints: behind, silent, catching up, lying, on another chain.

use super::nodes::{
    Happened, Node, Shown, catching_up, executed, foreign, foreign_for_good, nothing, pending,
    refuse,
};
use super::scene::scene;
use crate::wait_level::WaitLevel;

#[tokio::test(start_paused = true)]
async fn a_node_that_catches_up_sends_nothing_and_another_one_does() {
    let behind = Shown {
        epoch: 10,
        confirmed: 5,
        finalised: 0,
        ..nothing()
    };
    let first = Node::showing([behind]).answering([catching_up()]);
    let second = Node::showing([pending(), executed("0x0")]);
    let life = scene([first, second]).run().await;
    assert!(life.result.is_ok());
    let to: Vec<_> = life
        .story
        .iter()
        .filter_map(|happened| match happened {
            Happened::Bytes(index, _) => Some(*index),
            _ => None,
        })
        .collect();
    assert_eq!((to, life.said_sent()), (vec![0, 1], 1));
}

#[tokio::test(start_paused = true)]
async fn a_lie_about_a_used_nonce_gives_nothing_up() {
    // The first endpoint says that it is over; the second one knows better.
    let liar = || {
        Node::showing([Shown {
            finalised: 700,
            ..foreign_for_good()
        }])
        .answering([refuse("discarded due to a too stale nonce")])
    };
    let honest = Node::showing([nothing(), pending(), executed("0x0")]);
    let life = scene([liar(), honest]).settled().run().await;
    // "Another nonce is final there" against "mine is free, and I am behind": nobody is believed.
    assert!(life.result.is_ok(), "{:?}", life.result);
    // If nobody ever has it, it stays open.
    let life = scene([liar(), Node::showing([nothing()])])
        .settled()
        .run()
        .await;
    assert!(life.is_open(), "{:?}", life.result);
}

#[tokio::test(start_paused = true)]
async fn one_that_contradicts_at_the_same_height_gets_the_same_bytes() {
    let honest = Node::showing([nothing(), pending(), executed("0x0")]);
    let liar = Node::showing([foreign_for_good()])
        .answering([refuse("discarded due to a too stale nonce")]);
    let life = scene([liar, honest]).settled().run().await;
    assert!(life.result.is_ok(), "{:?}", life.story);
    assert_eq!(life.sends(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_receipt_at_another_endpoint_is_found() {
    for shown in [nothing(), foreign(), foreign_for_good()] {
        let first = Node::showing([pending(), shown]);
        let second = Node::showing([executed("0x0")]);
        let life = scene([first, second]).run().await;
        assert!(life.result.is_ok());
        assert_eq!(life.sends(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_always_says_pending_is_not_asked_alone_for_ever() {
    let first = Node::showing([pending()]);
    let second = Node::showing([executed("0x0")]);
    assert!(scene([first, second]).run().await.result.is_ok());
}

#[tokio::test(start_paused = true)]
async fn no_single_endpoint_is_believed_in_a_failure() {
    let first = || Node::showing([executed("0x1")]);
    let other = |status| scene([first(), Node::showing([executed(status)])]).run();
    assert!(other("0x0").await.is_open());
    assert_eq!(other("0x1").await.code(), "chain/reverted");
    // One that has forgotten the receipt says nothing.
    let life = scene([first(), Node::showing([foreign_for_good()])])
        .run()
        .await;
    assert_eq!(life.code(), "chain/reverted");
}

#[tokio::test(start_paused = true)]
async fn a_silent_endpoint_is_left_out() {
    let node = || Node::showing([nothing(), pending(), executed("0x0")]);
    assert!(scene([Node::down(), node()]).run().await.result.is_ok());
    assert!(scene([node(), Node::down()]).run().await.result.is_ok());
    let for_good = Node::showing([foreign_for_good()]);
    let life = scene([Node::down(), for_good]).settled().run().await;
    assert_eq!(life.code(), "chain/nonce-taken");
    assert!(scene([Node::down(), Node::down()]).run().await.is_open());
}

#[tokio::test(start_paused = true)]
async fn one_on_another_chain_is_left_out_and_named() {
    let other = || {
        Node::showing([Shown {
            genesis: "0x02",
            ..foreign_for_good()
        }])
    };
    let shows = [
        nothing(),
        pending(),
        executed("0x0"),
        Shown {
            confirmed: 1000,
            ..executed("0x0")
        },
    ];
    let life = scene([other(), Node::showing(shows)])
        .level(WaitLevel::Confirmed)
        .run()
        .await;
    assert!(life.result.is_ok());
    assert_eq!(life.sends(), 1);
    assert!(
        life.says("left out, as on another chain: 0.example"),
        "{:?}",
        life.story
    );
    let life = scene([other()]).run().await;
    assert!(life.is_open());
    assert_eq!((life.code(), life.sends()), ("chain/wrong-network", 0));
}

#[tokio::test(start_paused = true)]
async fn one_endpoint_s_refusal_is_not_that_of_all() {
    let poor = Node::showing([nothing()]).answering([refuse("out of balance")]);
    let rich = Node::showing([pending(), executed("0x0")]);
    let life = scene([poor, rich]).run().await;
    assert!(life.result.is_ok(), "{:?}", life.result);
    // One that cannot be reached has not taken it either.
    let poor = Node::showing([nothing()]).answering([refuse("out of balance")]);
    let life = scene([poor, Node::down()]).run().await;
    assert_eq!(life.code(), "chain/not-enough-balance");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_takes_now_stays_open() {
    for why in ["txpool is full", "Tx with same nonce already inserted."] {
        let node = Node::showing([nothing()]).answering([refuse(why)]);
        assert!(scene([node]).run().await.is_open());
    }
    let node = Node::showing([nothing()]).answering([catching_up()]);
    let life = scene([node]).run().await;
    assert!(life.is_open() && life.says("no node takes transactions now"));
}
