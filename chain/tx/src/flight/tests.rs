//! All situations against the table, and looks against situations.

use super::refusal::{Answer, Then, row_after};
use super::situation::{
    Age, Depth, Endpoints, History, Made, Nonce, Pool, Price, Receipt, Situation,
};
use super::table::{Next, TABLE, decide_row};
use super::*;
use crate::wait_level::WaitLevel;

/// Calls with every situation there is.
fn every(mut call: impl FnMut(Situation)) {
    for &receipt in Receipt::ALL {
        for &depth in Depth::ALL {
            for &pool in Pool::ALL {
                for &nonce in Nonce::ALL {
                    for &age in Age::ALL {
                        for &price in Price::ALL {
                            for &made in Made::ALL {
                                for &endpoints in Endpoints::ALL {
                                    for &history in History::ALL {
                                        call(Situation {
                                            receipt,
                                            depth,
                                            pool,
                                            nonce,
                                            age,
                                            price,
                                            made,
                                            endpoints,
                                            history,
                                        });
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn is_executed(case: &Situation) -> bool {
    matches!(case.receipt, Receipt::Succeeded | Receipt::Failed)
}

#[test]
fn every_situation_has_a_row_and_every_row_a_situation() {
    let (mut reached, mut count) = (vec![0_u32; TABLE.len()], 0_u32);
    every(|case| {
        count += 1;
        let row = decide_row(&case);
        let first = TABLE.iter().position(|row| row.matches(&case));
        let first = first.unwrap_or_else(|| panic!("no row for {case:?}"));
        assert!(std::ptr::eq(row, &raw const TABLE[first]));
        reached[first] += 1;
    });
    assert_eq!(count, 4 * 2 * 7 * 4 * 3 * 3 * 2 * 4 * 4);
    for (row, times) in TABLE.iter().zip(reached) {
        assert!(times > 0, "never reached: {row:?}");
        assert!(!row.why.contains(';'), "{}", row.why);
    }
}

/// A transaction is given up only on what is final, and only if no endpoint contradicts.
#[test]
fn nothing_is_given_up_that_may_still_be_executed() {
    every(|case| match decide_row(&case).next {
        Next::Replaced => {
            assert_eq!(case.nonce, Nonce::UsedFinally, "{case:?}");
            assert_eq!(case.endpoints, Endpoints::Agree, "{case:?}");
            assert!(!is_executed(&case) && case.made == Made::Unseen, "{case:?}");
        }
        Next::Expired => {
            assert_eq!(case.age, Age::Expired, "{case:?}");
            assert_eq!(case.endpoints, Endpoints::Agree, "{case:?}");
            assert!(!is_executed(&case), "{case:?}");
        }
        Next::Failed => {
            assert_eq!((case.receipt, case.depth), (Receipt::Failed, Depth::Deep));
            assert!(
                matches!(case.endpoints, Endpoints::Agree | Endpoints::Behind),
                "{case:?}"
            );
        }
        _ => {}
    });
}

#[test]
fn done_is_what_is_deep_enough_or_there_for_good() {
    every(|case| {
        if decide_row(&case).next == Next::Done {
            let receipt = case.receipt == Receipt::Succeeded && case.depth == Depth::Deep;
            let made = case.made == Made::Final && case.nonce == Nonce::UsedFinally;
            assert!(receipt || (made && !is_executed(&case)), "{case:?}");
        }
    });
}

#[test]
fn bytes_go_out_only_where_they_can_help() {
    every(|case| {
        let next = decide_row(&case).next;
        if matches!(next, Next::Send | Next::Raise) {
            assert!(!is_executed(&case), "{case:?}");
            assert_eq!(case.age, Age::Fresh, "{case:?}");
            assert_ne!(case.pool, Pool::InBlock, "{case:?}");
            assert_ne!(case.pool, Pool::OldEpochHeight, "{case:?}");
            // What was seen executed, or dropped, goes out again only after all endpoints were asked.
            let was_known = matches!(case.history, History::Sent | History::Executed);
            let asked = case.endpoints != Endpoints::Unasked || case.pool != Pool::Unknown;
            assert!(asked || !was_known, "{case:?}");
        }
        if next == Next::Raise {
            assert_eq!(case.price, Price::TooLow, "{case:?}");
            assert!(
                matches!(case.nonce, Nonce::Missing | Nonce::Next),
                "{case:?}"
            );
            assert_ne!(case.pool, Pool::NotEnoughCash, "{case:?}");
        }
    });
}

#[test]
fn others_are_asked_once_and_what_was_seen_before_ends_nothing() {
    every(|case| {
        let next = decide_row(&case).next;
        assert!(next != Next::Ask || case.endpoints == Endpoints::Unasked);
        if matches!(
            next,
            Next::Replaced | Next::Expired | Next::Failed | Next::Done
        ) {
            for &history in History::ALL {
                for &price in Price::ALL {
                    let other = Situation {
                        price,
                        history,
                        ..case
                    };
                    assert_eq!(decide_row(&other).next, next, "{case:?}");
                }
            }
        }
    });
}

#[test]
fn every_answer_has_a_row_and_only_unsent_bytes_are_given_up() {
    let rows = refusal::TABLE;
    let mut reached = vec![0_u32; rows.len()];
    for &answer in Answer::ALL {
        for &history in History::ALL {
            for &price in Price::ALL {
                let found = rows
                    .iter()
                    .position(|row| row.matches(answer, history, price))
                    .unwrap_or_else(|| panic!("{answer:?} {history:?} {price:?}"));
                reached[found] += 1;
                let then = row_after(answer, history, price).then;
                assert!(!matches!(then, Then::Never(_)) || history == History::Unsent);
                assert!(then != Then::Raise || price == Price::TooLow);
            }
        }
    }
    assert!(reached.iter().all(|times| *times > 0), "{reached:?}");
}

const OURS: Ours = Ours {
    nonce: 5,
    last: Some(1000),
    level: WaitLevel::Finalised,
};

fn sight() -> Sight {
    Sight {
        heads: Heads {
            newest: 900,
            confirmed: 850,
            finalised: 500,
        },
        receipt: None,
        pool: Pool::Unknown,
        next_nonce: 5,
        final_nonce: Some(5),
        shown: true,
        made: false,
    }
}

fn executed(outcome: Receipt, height: Option<u64>) -> Sight {
    let receipt = Executed {
        outcome,
        height,
        reason: None,
        created: None,
    };
    Sight {
        receipt: Some(receipt),
        next_nonce: 6,
        ..sight()
    }
}

fn case(sight: &Sight, ours: Ours) -> Situation {
    sight.situation(ours, Price::Enough, Endpoints::Agree, History::Sent)
}

#[test]
fn done_never_comes_before_the_level_that_was_asked_for() {
    let table = [
        (WaitLevel::Executed, 900, Next::Done),
        (WaitLevel::Confirmed, 850, Next::Done),
        (WaitLevel::Confirmed, 851, Next::Wait),
        (WaitLevel::Finalised, 500, Next::Done),
        (WaitLevel::Finalised, 501, Next::Wait),
    ];
    for (level, height, expected) in table {
        let ours = Ours { level, ..OURS };
        let next = |outcome, height| decide_row(&case(&executed(outcome, height), ours)).next;
        assert_eq!(
            next(Receipt::Succeeded, Some(height)),
            expected,
            "{level:?}"
        );
        let failed = if expected == Next::Done {
            Next::Failed
        } else {
            Next::Wait
        };
        assert_eq!(next(Receipt::Failed, Some(height)), failed, "{level:?}");
        let unknown = level == WaitLevel::Executed;
        assert_eq!(next(Receipt::Succeeded, None) == Next::Done, unknown);
    }
}

#[test]
fn nonces_and_epochs_become_words() {
    for (next_nonce, final_nonce, expected) in [
        (4, Some(4), Nonce::Missing),
        (5, None, Nonce::Next),
        (6, Some(5), Nonce::Used),
        (6, None, Nonce::Used),
        (6, Some(6), Nonce::UsedFinally),
    ] {
        let seen = Sight {
            next_nonce,
            final_nonce,
            ..sight()
        };
        assert_eq!(case(&seen, OURS).nonce, expected);
    }
    for (newest, finalised, expected) in [
        (1000, 900, Age::Fresh),
        (1001, 1000, Age::Old),
        (1100, 1001, Age::Expired),
    ] {
        let seen = Sight {
            heads: Heads {
                newest,
                confirmed: newest,
                finalised,
            },
            ..sight()
        };
        assert_eq!(case(&seen, OURS).age, expected);
        assert_eq!(case(&seen, Ours { last: None, ..OURS }).age, Age::Fresh);
    }
}

fn at(finalised: u64, seen: Sight) -> Sight {
    let heads = Heads {
        finalised,
        ..seen.heads
    };
    Sight { heads, ..seen }
}

fn used_for_good() -> Sight {
    Sight {
        next_nonce: 6,
        final_nonce: Some(6),
        ..sight()
    }
}

#[test]
fn the_endpoint_with_the_most_to_say_is_believed() {
    let in_pool = Sight {
        pool: Pool::Ready,
        ..sight()
    };
    let in_block = Sight {
        pool: Pool::InBlock,
        ..sight()
    };
    let done = executed(Receipt::Succeeded, Some(800));
    let best = |sights: &[Sight]| best_sight(sights, OURS).unwrap().0;
    assert_eq!(best(&[at(600, sight()), in_pool.clone()]), 1);
    assert_eq!(best(&[in_pool.clone(), in_block.clone()]), 1);
    assert_eq!(best(&[used_for_good(), in_block, done]), 2);
    assert_eq!(best(&[sight(), at(600, sight()), at(600, sight())]), 1);
    assert_eq!(best_sight(&[], OURS), None);
}

#[test]
fn an_endpoint_contradicts_only_with_what_it_has_seen() {
    let words = |sights: &[Sight]| best_sight(sights, OURS).unwrap().1;
    assert_eq!(words(&[used_for_good()]), Endpoints::Agree);
    assert_eq!(words(&[used_for_good(), used_for_good()]), Endpoints::Agree);
    // The other one has not finalised as much: its free nonce is no denial, and no support.
    assert_eq!(
        words(&[used_for_good(), at(400, sight())]),
        Endpoints::Behind
    );
    assert_eq!(words(&[used_for_good(), sight()]), Endpoints::Disagree);
    let used = Sight {
        next_nonce: 6,
        ..sight()
    };
    assert_eq!(
        words(&[at(501, used.clone()), sight()]),
        Endpoints::Disagree
    );
    let older = Sight {
        heads: Heads {
            newest: 899,
            ..sight().heads
        },
        ..sight()
    };
    assert_eq!(words(&[used, older]), Endpoints::Behind);
    let expired = at(1001, sight());
    assert_eq!(
        words(&[expired.clone(), at(1000, sight())]),
        Endpoints::Behind
    );
    assert_eq!(words(&[expired.clone(), expired]), Endpoints::Agree);
    // Nodes forget receipts, so one that has none says nothing; another outcome does.
    let done = executed(Receipt::Succeeded, Some(800));
    assert_eq!(words(&[done.clone(), used_for_good()]), Endpoints::Agree);
    let failed = executed(Receipt::Failed, Some(801));
    assert_eq!(words(&[done, failed]), Endpoints::Disagree);
}
