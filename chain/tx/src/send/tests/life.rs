//! One node: sent, found, dropped, turned, replaced, expired, refused.

use super::nodes::{
    Knows, Node, Reply, Shown, executed, foreign, foreign_for_good, nothing, pending, refuse,
};
use super::scene::scene;
use crate::testing::core;
use crate::wait_level::WaitLevel;
use pospool_model::ProviderError;

#[tokio::test(start_paused = true)]
async fn a_fresh_one_is_sent_once_and_ends_where_it_was_executed() {
    let shows = [nothing(), pending(), pending(), executed("0x0")];
    let life = scene([Node::showing(shows)]).run().await;
    assert_eq!(*life.result.as_ref().unwrap(), 1000);
    assert_eq!((life.said_sent(), life.sends()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn one_that_is_done_already_is_found_and_not_sent() {
    let life = scene([Node::showing([executed("0x0")])])
        .settled()
        .run()
        .await;
    assert!(life.result.is_ok());
    assert_eq!((life.said_sent(), life.sends()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn one_that_was_dropped_is_handed_in_again_with_the_same_bytes() {
    // The last node that is asked before that does not know it either.
    let shows = [pending(), nothing(), nothing(), pending(), executed("0x0")];
    let life = scene([Node::showing(shows)]).run().await;
    assert!(life.result.is_ok() && life.says("it was dropped"));
    assert_eq!((life.said_sent(), life.sends()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn one_that_a_reorganisation_turned_goes_out_again() {
    let shows = [
        executed("0x0"),
        nothing(),
        nothing(),
        pending(),
        Shown {
            confirmed: 1000,
            ..executed("0x0")
        },
    ];
    let life = scene([Node::showing(shows)])
        .level(WaitLevel::Confirmed)
        .run()
        .await;
    assert!(life.result.is_ok() && life.says("a reorganisation turned it"));
    assert_eq!(life.sends(), 1);
}

#[tokio::test(start_paused = true)]
async fn it_has_ended_when_it_is_as_deep_as_the_step_asks_for() {
    for (level, confirmed, finalised) in [
        (WaitLevel::Confirmed, 1000, 600),
        (WaitLevel::Finalised, 1100, 1000),
    ] {
        for (status, ended) in [("0x0", None), ("0x1", Some("chain/reverted"))] {
            let early = executed(status);
            let deep = Shown {
                confirmed,
                finalised,
                ..executed(status)
            };
            let shows = [early.clone(), early.clone(), deep];
            let life = scene([Node::showing(shows)]).level(level).run().await;
            assert_eq!(
                life.result
                    .as_ref()
                    .err()
                    .map(|error| error.code().as_str()),
                ended
            );
            let life = scene([Node::showing([early])]).level(level).run().await;
            assert!(life.is_open() && life.says("executed in epoch 1000"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_has_it_already_counts_as_sent() {
    let node = Node::showing([nothing(), executed("0x0")]).answering([refuse("tx already exist")]);
    let life = scene([node]).run().await;
    assert!(life.result.is_ok());
    assert_eq!(life.said_sent(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_revert_is_told_in_the_contract_s_words() {
    let life = scene([Node::showing([executed("0x1")])]).run().await;
    assert_eq!(life.code(), "chain/reverted");
    let error = life.result.unwrap_err().to_string();
    assert!(error.contains("not the manager"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_skipped_one_was_not_executed() {
    let skipped = Shown {
        knows: Knows::Nothing,
        next_nonce: 5,
        ..executed("0x2")
    };
    let life = scene([Node::showing([skipped, executed("0x0")])])
        .run()
        .await;
    assert!(life.result.is_ok());
    assert_eq!(life.sends(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_foreign_transaction_in_its_place_ends_it_when_that_is_final() {
    let life = scene([Node::showing([foreign()])]).settled().run().await;
    assert!(life.is_open() && life.says("its nonce is used"));
    let shows = [foreign(), foreign(), foreign_for_good()];
    let life = scene([Node::showing(shows)]).settled().run().await;
    assert_eq!((life.code(), life.sends()), ("chain/nonce-taken", 0));
    // A receipt that comes late, from a node that was behind, is believed.
    let shows = [foreign(), foreign(), foreign(), executed("0x0")];
    let life = scene([Node::showing(shows)]).settled().run().await;
    assert!(life.result.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_a_pool_still_keeps_can_be_dead() {
    let shown = Shown {
        knows: Knows::Pooled,
        ..foreign_for_good()
    };
    let life = scene([Node::showing([shown])]).settled().run().await;
    assert_eq!(life.code(), "chain/nonce-taken");
}

#[tokio::test(start_paused = true)]
async fn a_contract_proves_a_creation_whose_receipt_is_forgotten() {
    let there = Shown {
        code: (true, true),
        ..foreign_for_good()
    };
    let mut creation = scene([Node::showing([there])]).settled();
    creation.signed.creates = Some(core(0x80).into());
    let life = creation.run().await;
    assert!(life.result.is_ok());
    assert_eq!(life.sends(), 0);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_too_old_expires_when_its_last_epoch_is_final() {
    let old = Shown {
        epoch: 101_001,
        finalised: 101_000,
        ..nothing()
    };
    let life = scene([Node::showing([old.clone()])]).settled().run().await;
    assert!(life.is_open() && life.says("too old to be packed"));
    assert_eq!(life.sends(), 0);
    let expired = Shown {
        epoch: 101_400,
        finalised: 101_001,
        ..old
    };
    let life = scene([Node::showing([expired])]).settled().run().await;
    assert_eq!((life.code(), life.sends()), ("chain/expired", 0));
}

/// A node that does not answer has not said "unknown".
#[tokio::test(start_paused = true)]
async fn a_refused_question_is_no_answer() {
    for method in [
        "cfx_getTransactionReceipt",
        "cfx_getTransactionByHash",
        "cfx_getNextNonce",
        "cfx_getStatus",
    ] {
        let silent = Shown {
            refuses: Some(method),
            ..foreign_for_good()
        };
        let life = scene([Node::showing([silent])]).settled().run().await;
        assert!(life.is_open(), "{method}");
        assert_eq!(life.sends(), 0, "{method}");
    }
    // Code that it does not show is not there.
    let no_code = Shown {
        refuses: Some("cfx_getAccount"),
        ..executed("0x0")
    };
    let mut creation = scene([Node::showing([no_code])]);
    creation.signed.creates = Some(core(0x80).into());
    assert!(creation.run().await.is_open());
}

#[tokio::test(start_paused = true)]
async fn a_stale_nonce_alone_proves_nothing() {
    let stale = refuse("Transaction 0xabcd is discarded due to a too stale nonce");
    let node = Node::showing([nothing(), nothing(), executed("0x0")]).answering([stale]);
    assert!(scene([node]).run().await.result.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_ends_only_what_was_never_sent() {
    for (why, code) in [
        (
            "Transaction 0x1 is discarded due to out of balance, needs 2 but account balance is 1",
            "chain/not-enough-balance",
        ),
        ("NotEnoughBaseGas", "chain/rejected"),
        ("ChainIdMismatch", "chain/wrong-network"),
        ("EpochHeightOutOfBound", "chain/expired"),
    ] {
        let node = || Node::showing([nothing()]).answering([refuse(why)]);
        let life = scene([node()]).run().await;
        assert!(matches!(life.result, Err(ProviderError::Refused { .. })));
        assert_eq!((life.code(), life.said_sent(), life.sends()), (code, 0, 1));
        // An earlier run may have sent it elsewhere, or this one has and heard no answer.
        assert!(scene([node()]).settled().run().await.is_open());
        let lost = Node::showing([nothing()]).answering([Reply::Hang, refuse(why)]);
        assert!(scene([lost]).run().await.is_open());
        let known = Node::showing([pending(), nothing()]).answering([refuse(why)]);
        assert!(scene([known]).run().await.is_open());
    }
}

#[tokio::test(start_paused = true)]
async fn why_the_pool_keeps_it_is_told() {
    for (reason, words) in [
        (
            "futureNonce",
            "an earlier transaction of the account is missing",
        ),
        ("notEnoughCash", "send CFX there"),
        ("oldEpochHeight", "the node calls it too old"),
        ("outdatedStatus", "the node must hear of the account again"),
    ] {
        let kept = Shown {
            reason: Some(reason),
            ..pending()
        };
        let life = scene([Node::showing([kept])]).run().await;
        assert!(life.is_open() && life.says(words), "{:?}", life.story);
        let again = usize::from(reason == "outdatedStatus");
        assert_eq!(life.sends() > 0, again > 0, "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_creation_must_be_where_the_plan_said() {
    let mut elsewhere = scene([Node::showing([executed("0x0")])]);
    elsewhere.signed.creates = Some(core(0x81).into());
    assert_eq!(elsewhere.run().await.code(), "chain/wrong-address");
    let no_code = Shown {
        code: (false, false),
        ..executed("0x0")
    };
    let shows = [no_code.clone(), no_code, executed("0x0")];
    let mut there = scene([Node::showing(shows)]);
    there.signed.creates = Some(core(0x80).into());
    assert!(there.run().await.result.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_user_who_stops_leaves_it_open() {
    let mut stopped = scene([Node::showing([pending()])]);
    stopped.stop = true;
    let life = stopped.run().await;
    assert!(matches!(life.result, Err(ProviderError::Cancelled)));
}
