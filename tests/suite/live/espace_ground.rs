//! The ground of a pool's eSpace half: what the bridge does across spaces, done by hand on a real network.
//!
//! pospool brings up the pool of Core space and its node. The rest is wired here as the reference's documents say, with
//! its contracts where `POSPOOL_REFERENCE_DIR` names them, which proves that the stand-ins are called as they are.

pub(crate) mod ground;

use pospool_conflux::CoreAddress;
use pospool_devnet::sender::{
    CROSS_SPACE_CALL, DevnetSender, PARAMS_CONTROL, STAKING, SenderSpace, map_address,
};
use pospool_devnet::words::{Word, encode_address, encode_bytes20, encode_number};
use serde_json::json;

use super::first_pool::votes;
use super::project::{Project, network, number as quantity, rpc};
use ground::{Bytes20, Ground};

pub(super) const PROXY: &str = "contracts/utils/Proxy1967.sol:Proxy1967";
pub(super) const BRIDGE: &str = "contracts/eSpacePoolBridge.sol:CoreBridge";
pub(super) const ESCROW: &str = "contracts/VotingEscrow.sol:VotingEscrow";
pub(super) const ESPACE_POOL: &str = "contracts/eSpace/eSpacePoSPool.sol:ESpacePoSPool";
pub(super) const ESPACE_ESCROW: &str = "contracts/eSpace/VotingEscrow.sol:EVotingEscrow";
pub(super) const ORACLE: &str = "contracts/eSpace/CoreSpaceInfo.sol:CoreSpaceInfo";

pub(super) const CFX: u128 = 1_000_000_000_000_000_000;
pub(super) const VOTE: u128 = 1000 * CFX;
/// Blocks of a quarter of a year on public networks: the step of locks for governance.
pub(super) const QUARTER: u128 = 15_768_000;

/// The first of the accounts that this test uses; the operator, then users.
pub(super) const ACCOUNT: usize = 4;

/// Periods of the contracts, in blocks of a quarter of a second.
const LOCK_PERIOD: u128 = 40;
const UNLOCK_PERIOD: u128 = 40;
const ESPACE_PERIOD: u128 = 40;

#[test]
fn live_espace_ground_carries_stake_interest_and_votes_both_ways() {
    let project = pool_of_core_space();
    let ground = Ground::new(&[PROXY, BRIDGE, ESCROW, ESPACE_POOL, ESPACE_ESCROW], ORACLE);
    let two_spaces = TwoSpaces::wired(&ground, &project);
    two_spaces.carries_stake();
    two_spaces.asks_stake_back();
    two_spaces.carries_governance();
    two_spaces.carries_interest();
    two_spaces.pays_stake_out();
    ground.print_table();
}

/// The pool of Core space and its node, with periods that a test can wait for.
pub(super) fn pool_of_core_space() -> Project {
    let project = Project::new(ACCOUNT);
    project.edit(
        "# lock_period   = blocks(2250000)",
        &format!("lock_period   = blocks({LOCK_PERIOD})"),
    );
    project.edit(
        "# unlock_period = blocks(176400)",
        &format!("unlock_period = blocks({UNLOCK_PERIOD})"),
    );
    project.ok(&["apply", "--auto-approve"]);
    project
}

/// A key with money in Core space only gets as far as eSpace on its own.
#[test]
fn live_espace_ground_moves_money_across() {
    let poor = network().accounts.iter().find(|one| !one.funded_in_espace);
    let poor = Ground::sender(poor.unwrap());
    let ground = Ground::new(&[], ORACLE);
    assert_eq!(ground.balance(&poor), 0);
    let (function, to) = (
        "transferEVM(bytes20)",
        [encode_bytes20(poor.espace_address)],
    );
    let value = 50 * CFX;
    ground.pay(
        &poor,
        SenderSpace::Core,
        CROSS_SPACE_CALL,
        function,
        &to,
        value,
    );
    assert_eq!(ground.balance(&poor), value);
    ground.create(&poor, SenderSpace::ESpace, ORACLE);
    ground.print_table();
}

/// A pool in both spaces.
pub(super) struct TwoSpaces<'a> {
    pub(super) ground: &'a Ground,
    pub(super) operator: DevnetSender,
    pub(super) staker: DevnetSender,
    pub(super) voter: DevnetSender,
    pub(super) pos_address: String,
    pool: Bytes20,
    pub(super) bridge: Bytes20,
    pub(super) espace_pool: Bytes20,
    espace_escrow: Bytes20,
}

impl<'a> TwoSpaces<'a> {
    /// Creates and wires everything that pospool has not made.
    pub(super) fn wired(ground: &'a Ground, project: &Project) -> Self {
        let accounts = &network().accounts[ACCOUNT..];
        let [operator, staker, voter] = [0, 1, 2].map(|nth| Ground::sender(&accounts[nth]));
        let recorded = |resource: &str| {
            let resource = project.recorded(resource);
            let text = resource["outputs"]["address"].as_str().unwrap().to_owned();
            text.parse::<CoreAddress>().unwrap().bytes()
        };
        let (pool, manager) = (
            recorded("core_contract.pool"),
            recorded("core_contract.manager"),
        );
        let node = project.recorded("pos_registration.main");

        let core = |name| ground.create_behind(&operator, SenderSpace::Core, name, PROXY);
        let espace = |name| ground.create_behind(&operator, SenderSpace::ESpace, name, PROXY);
        let two_spaces = Self {
            bridge: core(BRIDGE),
            espace_pool: espace(ESPACE_POOL),
            espace_escrow: espace(ESPACE_ESCROW),
            pos_address: node["outputs"]["pos_address"].as_str().unwrap().to_owned(),
            ground,
            operator,
            staker,
            voter,
            pool,
        };
        two_spaces.wire_stake(manager);
        two_spaces.wire_governance();
        ground.note("all is wired");
        two_spaces
    }

    fn wire_stake(&self, manager: Bytes20) {
        let (pool, espace_pool) = (encode_address(self.pool), encode_address(self.espace_pool));
        self.core(self.bridge, "setPoolAddress(address)", &[pool]);
        self.core(self.bridge, "setESpacePoolAddress(address)", &[espace_pool]);
        self.core(
            manager,
            "setEspacePool(address,address)",
            &[pool, espace_pool],
        );
        let bridge = encode_address(map_address(self.bridge));
        self.espace(self.espace_pool, "setBridge(address)", &[bridge]);
        for function in ["setLockPeriod(uint64)", "setUnlockPeriod(uint64)"] {
            self.espace(self.espace_pool, function, &[encode_number(ESPACE_PERIOD)]);
        }
    }

    fn wire_governance(&self) {
        let escrow = self
            .ground
            .create_behind(&self.operator, SenderSpace::Core, ESCROW, PROXY);
        let oracle = self
            .ground
            .create(&self.operator, SenderSpace::ESpace, ORACLE);
        let espace_escrow = encode_address(self.espace_escrow);
        self.core(escrow, "setPosPool(address)", &[encode_address(self.pool)]);
        self.core(
            escrow,
            "setESpaceBridge(address)",
            &[encode_address(self.bridge)],
        );
        self.core(
            self.pool,
            "setVotingEscrow(address)",
            &[encode_address(escrow)],
        );
        self.core(
            self.bridge,
            "setESpaceVotingEscrow(address)",
            &[espace_escrow],
        );
        let espace_pool = encode_address(self.espace_pool);
        self.espace(self.espace_escrow, "setPosPool(address)", &[espace_pool]);
        let function = "setCoreSpaceInfoOracle(address)";
        self.espace(self.espace_escrow, function, &[encode_address(oracle)]);
        self.espace(
            self.espace_pool,
            "setVotingEscrow(address)",
            &[espace_escrow],
        );
    }

    /// Stake of two users comes over, and PoS counts it.
    fn carries_stake(&self) {
        for user in [&self.staker, &self.voter] {
            let function = "increaseStake(uint64)";
            let to = self.espace_pool;
            self.ground.pay(
                user,
                SenderSpace::ESpace,
                to,
                function,
                &[encode_number(1)],
                VOTE,
            );
        }
        assert_eq!(self.asks_bridge("queryCrossingVotes()"), [2]);
        self.core(self.bridge, "crossStake()", &[]);
        assert_eq!(self.asks_bridge("queryCrossingVotes()"), [0]);
        // Votes and available votes; none is past the lock period.
        assert_eq!(self.asks_bridge("queryUserSummary()")[..4], [2, 2, 0, 0]);
        self.ground.wait("PoS counts the votes", || {
            (votes(&self.pos_address) == 3).then_some(())
        });
    }

    /// What a user locks and votes in eSpace, the pool locks and votes in Core space.
    fn carries_governance(&self) {
        let (amount, end) = (500 * CFX, 2 * QUARTER);
        let lock = [encode_number(amount), encode_number(end)];
        self.votes("createLock(uint256,uint256)", &lock);
        assert_eq!(self.asks_bridge("isLockInfoChanged()"), [1]);
        self.core(self.bridge, "syncLockInfo()", &[]);
        assert_eq!(self.asks_bridge("isLockInfoChanged()"), [0]);
        let of = [encode_address(self.pool), encode_number(end - 1)];
        let locked = self.asks(STAKING, "getLockedStakingBalance(address,uint256)", &of);
        assert_eq!(locked, [amount]);

        // A lock of one to two quarters gives a fourth of the amount.
        let round = self.asks(PARAMS_CONTROL, "currentRound()", &[])[0];
        let vote = [round, 0, 0, amount / 4, 0].map(encode_number);
        self.votes("castVote(uint64,uint16,uint256[3])", &vote);
        assert_eq!(self.asks_bridge("isVoteInfoChanged()"), [1]);
        self.core(self.bridge, "syncVoteInfo()", &[]);
        assert_eq!(self.asks_bridge("isVoteInfoChanged()"), [0]);
        // A list: where it begins, its length, then each parameter with three numbers.
        let read = self.asks(
            PARAMS_CONTROL,
            "readVote(address)",
            &[encode_address(self.pool)],
        );
        assert_eq!(read[2..6], [0, 0, amount / 4, 0]);
        self.ground.note("the pool has locked and voted for eSpace");
    }

    /// Rewards of Core space reach a user of eSpace.
    fn carries_interest(&self) {
        let mut seen = 0;
        for _ in 0..3 {
            seen = self.ground.wait("a reward has come", || {
                let now = self.asks_bridge("queryInterest()")[0];
                (now > seen).then_some(now)
            });
        }
        self.core(self.bridge, "syncAPYandClaimInterest()", &[]);
        assert!(self.asks_espace_pool("poolAPY()", &[])[0] > 0);
        // The voter has the only vote that still works; the pool kept its part in Core space.
        let own = [encode_address(self.voter.espace_address)];
        let interest = self.asks_espace_pool("userInterest(address)", &own)[0];
        // Contracts round down.
        assert!(interest >= seen / 1000 * 999, "{interest} of {seen} drip");
        let before = self.ground.balance(&self.voter);
        self.pool_of(&self.voter, "claimAllInterest()", &[]);
        let gained = self.ground.balance(&self.voter) - before;
        assert!(gained > interest / 2, "{gained} of {interest} drip");
    }

    /// A user asks for a vote back, and PoS is told.
    fn asks_stake_back(&self) {
        self.wait("the lock period of eSpace is over", || self.of_staker()[2]);
        self.pool_of(&self.staker, "decreaseStake(uint64)", &[encode_number(1)]);
        assert_eq!(self.asks_bridge("queryUnstakeLen()"), [1]);
        self.wait("the lock period of Core space is over", || {
            self.of_bridge()[2]
        });
        self.core(self.bridge, "handleOneUnstake()", &[]);
        assert_eq!(self.asks_bridge("queryUnstakeLen()"), [0]);
    }

    /// That vote's stake leaves PoS and is paid out in eSpace.
    fn pays_stake_out(&self) {
        self.wait("PoS has let the vote go", || self.unlocked());
        self.wait("the unlock period of Core space is over", || {
            self.of_bridge()[3]
        });
        // PoS is ahead: the stake is free when a block has taken its news over.
        let function = "withdrawVotesByVotes(uint64)";
        self.ground.wait("Core space has let the stake go", || {
            let (by, to) = (&self.operator, self.bridge);
            let asked = self
                .ground
                .ask(by, SenderSpace::Core, to, function, &[encode_number(1)]);
            asked.ok()
        });
        self.core(self.bridge, function, &[encode_number(1)]);
        assert_eq!(self.asks_espace_pool("withdrawableCfx()", &[]), [VOTE]);

        self.wait("the unlock period of eSpace is over", || {
            self.of_staker()[3]
        });
        let before = self.ground.balance(&self.staker);
        self.pool_of(&self.staker, "withdrawStake(uint64)", &[encode_number(1)]);
        let gained = self.ground.balance(&self.staker) - before;
        assert!((VOTE - CFX..=VOTE).contains(&gained), "{gained} drip");
        assert_eq!(self.of_staker()[..4], [0, 0, 0, 0]);
        assert_eq!(self.of_bridge()[..2], [1, 1]);
    }

    /// Waits for a number to be more than nothing.
    pub(super) fn wait(&self, what: &str, look: impl Fn() -> u128) {
        self.ground.wait(what, || (look() > 0).then_some(()));
    }

    /// The staker's votes in eSpace: all, available, locked, unlocked.
    pub(super) fn of_staker(&self) -> Vec<u128> {
        let own = [encode_address(self.staker.espace_address)];
        self.asks_espace_pool("userSummary(address)", &own)
    }

    /// The same of the bridge in Core space.
    fn of_bridge(&self) -> Vec<u128> {
        self.asks_bridge("queryUserSummary()")
    }

    /// Votes that PoS has let go of, ever.
    fn unlocked(&self) -> u128 {
        let account = rpc("pos_getAccount", &json!([self.pos_address]));
        u128::from(quantity(&account["status"]["unlocked"]))
    }

    // ---- who calls what ----

    fn core(&self, to: Bytes20, function: &str, arguments: &[Word]) {
        self.ground
            .call(&self.operator, SenderSpace::Core, to, function, arguments);
    }

    fn espace(&self, to: Bytes20, function: &str, arguments: &[Word]) {
        self.ground
            .call(&self.operator, SenderSpace::ESpace, to, function, arguments);
    }

    pub(super) fn pool_of(&self, user: &DevnetSender, function: &str, arguments: &[Word]) {
        let to = self.espace_pool;
        self.ground
            .call(user, SenderSpace::ESpace, to, function, arguments);
    }

    pub(super) fn votes(&self, function: &str, arguments: &[Word]) {
        let (by, to) = (&self.voter, self.espace_escrow);
        self.ground
            .call(by, SenderSpace::ESpace, to, function, arguments);
    }

    fn asks(&self, to: Bytes20, function: &str, arguments: &[Word]) -> Vec<u128> {
        self.ground
            .words(&self.operator, SenderSpace::Core, to, function, arguments)
    }

    pub(super) fn asks_bridge(&self, function: &str) -> Vec<u128> {
        self.asks(self.bridge, function, &[])
    }

    pub(super) fn asks_espace_pool(&self, function: &str, arguments: &[Word]) -> Vec<u128> {
        let to = self.espace_pool;
        self.ground
            .words(&self.operator, SenderSpace::ESpace, to, function, arguments)
    }
}
