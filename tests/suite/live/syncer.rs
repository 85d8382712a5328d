//! `pospool sync` on a real network: what users of eSpace ask for is carried, and nothing that happens to the syncer
//! makes it happen twice.
//!
//! Nonces are the judge: an account has sent exactly what the syncer says it sent.

mod bench;
mod desk;
mod proxy;

use std::time::{Duration, Instant};

use pospool_devnet::accounts;
use pospool_devnet::sender::SenderSpace;
use pospool_devnet::words::{encode_address, encode_number};
use serde_json::json;

use super::espace_ground::ground::Ground;
use super::espace_ground::{
    ACCOUNT, BRIDGE, CFX, ESCROW, ESPACE_ESCROW, ESPACE_POOL, ORACLE, PROXY, QUARTER, TwoSpaces,
    VOTE, pool_of_core_space,
};
use super::first_pool::votes;
use super::fund;
use super::project::{network, number as quantity, rpc};
use desk::{Desk, Running};
use proxy::Proxy;

#[test]
fn live_syncer_carries_and_survives() {
    let project = pool_of_core_space();
    let ground = Ground::new(&[PROXY, BRIDGE, ESCROW, ESPACE_POOL, ESPACE_ESCROW], ORACLE);
    let two_spaces = TwoSpaces::wired(&ground, &project);
    let proxy = Proxy::start(&project.core_rpc());
    let operator = network().accounts[ACCOUNT].clone();
    let desk = Desk::new(&proxy.url(), &operator, two_spaces.bridge);
    let test = Test {
        two_spaces: &two_spaces,
        ground: &ground,
        first_nonce: nonce(&operator.core_address),
        operator: operator.core_address.clone(),
    };

    let syncer = desk.start("first");
    test.carries_stake();
    test.asks_stake_back();
    let syncer = test.survives_a_kill(&desk, syncer);
    test.survives_silence(&proxy, &syncer);
    let second = desk.start("second");
    test.carries_governance();
    test.carries_interest();
    test.pays_stake_out();
    let firsts = desk.sent("first");
    let seconds = desk.sent("second");
    ground.note(&format!(
        "sent: {firsts} by the first, {seconds} by the second"
    ));
    let stopped = [second.stop(), syncer.stop()];
    assert!(
        stopped.iter().all(|code| matches!(code, Some(0 | 5))),
        "{stopped:?}"
    );
    // A killed process may have sent what it could not report any more, and so may one that leaves an open journal.
    let open = stopped.iter().filter(|code| **code == Some(5)).count() as u64;
    let used = nonce(&test.operator) - test.first_nonce;
    let (firsts, seconds) = (desk.sent("first"), desk.sent("second"));
    // Two that sign the same for the same nonce at the same epoch make one transaction, which both of them see executed:
    // their reports may meet, and none of them may report what was not executed.
    let told = firsts.max(seconds)..=firsts + seconds + 1 + open;
    assert!(
        told.contains(&used),
        "{used} nonces, {firsts} and {seconds} reported"
    );
    for name in ["first", "second"] {
        let said = desk.said(name);
        assert!(!said.contains("chain/reverted"), "{said}");
    }
    test.says_that_it_is_poor(&desk);
    ground.print_table();
}

struct Test<'a> {
    two_spaces: &'a TwoSpaces<'a>,
    ground: &'a Ground,
    operator: String,
    first_nonce: u64,
}

impl Test<'_> {
    /// Stake of two users comes over, and PoS counts it.
    fn carries_stake(&self) {
        let two = self.two_spaces;
        for user in [&two.staker, &two.voter] {
            let function = "increaseStake(uint64)";
            let to = two.espace_pool;
            self.ground.pay(
                user,
                SenderSpace::ESpace,
                to,
                function,
                &[encode_number(1)],
                VOTE,
            );
        }
        self.becomes("the syncer has carried the stake", || {
            two.asks_bridge("queryUserSummary()")[1] == 2
        });
        self.becomes("PoS counts the votes", || votes(&two.pos_address) == 3);
        assert_eq!(two.asks_bridge("queryCrossingVotes()"), [0]);
    }

    fn asks_stake_back(&self) {
        let two = self.two_spaces;
        two.wait("the lock period of eSpace is over", || two.of_staker()[2]);
        two.pool_of(&two.staker, "decreaseStake(uint64)", &[encode_number(1)]);
    }

    /// The process is killed when a transaction is in its journal, and started again.
    fn survives_a_kill(&self, desk: &Desk, syncer: Running) -> Running {
        let end = Instant::now() + Duration::from_mins(5);
        while !desk.is_sending("first") {
            assert!(Instant::now() < end, "nothing was sent");
        }
        syncer.kill();
        assert!(desk.is_sending("first"), "it was killed too late");
        self.ground.note("the syncer is killed");
        let again = desk.start("first");
        let two = self.two_spaces;
        self.becomes("PoS was told of the unstake", || {
            two.asks_bridge("queryUnstakeLen()") == [0]
        });
        again
    }

    /// No RPC for a while: it says so, and goes on.
    fn survives_silence(&self, proxy: &Proxy, syncer: &Running) {
        self.becomes("the syncer rests", || syncer.rests());
        proxy.silence(true);
        // It may just have sent a claim, and then wonders what became of it.
        self.becomes("the syncer says that the RPC is gone", || {
            syncer.desk_says("chain/unreachable") || syncer.desk_says("chain/outcome-unknown")
        });
        proxy.silence(false);
        let two = self.two_spaces;
        let function = "increaseStake(uint64)";
        let to = two.espace_pool;
        self.ground.pay(
            &two.voter,
            SenderSpace::ESpace,
            to,
            function,
            &[encode_number(1)],
            VOTE,
        );
        self.becomes("stake is carried again", || {
            two.asks_bridge("queryCrossingVotes()") == [0]
                && two.asks_bridge("queryUserSummary()")[1] == 2
        });
    }

    /// Locks of eSpace are passed on.
    fn carries_governance(&self) {
        let two = self.two_spaces;
        let lock = [encode_number(500 * CFX), encode_number(2 * QUARTER)];
        two.votes("createLock(uint256,uint256)", &lock);
        self.becomes("the lock is passed on", || {
            two.asks_bridge("isLockInfoChanged()") == [0]
        });
    }

    fn carries_interest(&self) {
        let two = self.two_spaces;
        let own = [encode_address(two.voter.espace_address)];
        self.becomes("interest has reached a user of eSpace", || {
            two.asks_espace_pool("userInterest(address)", &own)[0] > 0
        });
        // The first reward alone has no rate yet.
        self.becomes("the rate has reached eSpace", || {
            two.asks_espace_pool("poolAPY()", &[])[0] > 0
        });
    }

    fn pays_stake_out(&self) {
        let two = self.two_spaces;
        self.becomes("the stake is back in eSpace", || {
            two.asks_espace_pool("withdrawableCfx()", &[])[0] >= VOTE
        });
        two.wait("the unlock period of eSpace is over", || two.of_staker()[3]);
        two.pool_of(&two.staker, "withdrawStake(uint64)", &[encode_number(1)]);
    }

    /// An account without money says so, and goes on after a top-up. Governance is for anybody.
    fn says_that_it_is_poor(&self, desk: &Desk) {
        let chain_id = network().chain_id;
        let poor = accounts::funded_accounts(&self.operator, 1, chain_id)
            .unwrap()
            .remove(0);
        let two = self.two_spaces;
        let poor_desk = desk.of(&poor);
        let syncer = poor_desk.start("poor");
        let function = "increaseLock(uint256)";
        two.votes(function, &[encode_number(100 * CFX)]);
        self.becomes("the syncer says that it is poor", || {
            syncer.desk_says("chain/not-enough-balance") && syncer.desk_says(&poor.core_address)
        });
        fund::transfer(&network().accounts[ACCOUNT], &poor, 20);
        self.becomes("the lock is passed on after a top-up", || {
            two.asks_bridge("isLockInfoChanged()") == [0]
        });
        self.becomes("it rests", || syncer.rests());
        assert_eq!(syncer.stop(), Some(0));
        assert_eq!(nonce(&poor.core_address), poor_desk.sent("poor"));
    }

    fn becomes(&self, what: &str, look: impl Fn() -> bool) {
        self.ground.wait(what, || look().then_some(()));
    }
}

fn nonce(of: &str) -> u64 {
    quantity(&rpc("cfx_getNextNonce", &json!([of])))
}
