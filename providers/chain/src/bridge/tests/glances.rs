//! Glances against a small node, and the number of calls of looks and glances.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use pospool_model::Provider;
use pospool_model::provider::Facts as AnyFacts;
use pospool_rpcstub::StubNode;

use super::{Node, QUIET, look, look_at};
use crate::{ChainProvider, ChainSettings};

/// A glance is one call where the endpoint takes that, else two; it costs a round trip in any case.
#[tokio::test]
async fn daily_budget_a_glance_finds_what_is_new() {
    for folds in [true, false] {
        let now = Arc::new(Mutex::new(Node { folds, ..QUIET }));
        let asked = Arc::new(AtomicUsize::new(0));
        let (node, counter) = (Arc::clone(&now), Arc::clone(&asked));
        let server = StubNode::start(move |method, params| {
            counter.fetch_add(1, Ordering::SeqCst);
            let node = *node.lock().unwrap();
            node.answer(method, params)
        })
        .await;
        let looked = look_at(&server).await;
        let facts = &looked.found.facts;
        let before = asked.swap(0, Ordering::SeqCst);
        assert_eq!(before, if folds { 11 } else { 11 + 11 });
        assert!(looked.provider.still(facts).await);
        let calls = asked.swap(0, Ordering::SeqCst);
        assert_eq!(calls, if folds { 1 } else { 2 });
        let node = *now.lock().unwrap();
        *now.lock().unwrap() = Node {
            crossing: 1,
            ..node
        };
        assert!(!looked.provider.still(facts).await, "votes were bought");
        *now.lock().unwrap() = Node {
            unlocked: 1,
            ..node
        };
        assert_eq!(looked.provider.still(facts).await, !folds);
        *now.lock().unwrap() = Node {
            is_bridge: false,
            ..node
        };
        assert!(!looked.provider.still(facts).await, "nothing answers");
        *now.lock().unwrap() = Node {
            folds: !folds,
            ..node
        };
        // What the look could do and the glance cannot is a reason to look; more than is needed is not.
        assert_eq!(looked.provider.still(facts).await, !folds);
    }
}

/// Where a view fails that all depends on, each is asked alone: the others must not suffer.
#[tokio::test]
async fn views_are_asked_alone_where_an_endpoint_takes_no_other_way() {
    let node = Node {
        crossing: 2,
        folds: false,
        ..QUIET
    };
    let looked = look(node).await;
    assert_eq!(looked.texts().0, ["cross_stake 2"]);
    // The look at what is given; at what is made, with all views in one call beside it; each view alone; the call tried.
    assert_eq!(looked.provider.round_trips(), 5);
}

#[tokio::test]
async fn a_look_without_services_is_never_still() {
    let nothing = AnyFacts::new(crate::facts::ChainProviderFacts::default());
    let provider = ChainProvider::new(ChainSettings::default());
    assert!(!provider.still(&nothing).await);
    assert!(!provider.still(&AnyFacts::default()).await);
}
