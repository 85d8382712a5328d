// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

import {IParamsControl} from "../interfaces/IParamsControl.sol";
import {IPoSPool} from "../interfaces/IPoSPool.sol";
import {IVotingEscrow} from "../interfaces/IVotingEscrow.sol";
import {Owned} from "./Owned.sol";

/// Stake that users lock for governance votes, and their votes: the same in both spaces.
///
/// Blocks and rounds are those of the core space. A lock ends at a multiple of a quarter of a year.
/// Votes of a lock that runs out before its round ends keep counting here, other than in the
/// reference.
abstract contract LockBook is Owned {
  uint256 public constant QUARTER_BLOCK_NUMBER = (2 * 60 * 60 * 24 * 365) / 4;
  uint256 private constant VOTE_VALUE = 1000 ether;

  // Shares slot 0 with the owner.
  bool private _initialized;

  IPoSPool public posPool;
  uint256 public lastUnlockBlock;
  /// Block => drip that is locked until exactly then.
  mapping(uint256 => uint256) public globalLockAmount;
  /// Round => parameter => votes of all users together.
  mapping(uint64 => mapping(uint16 => uint256[3])) public poolVoteInfo;

  mapping(address => IVotingEscrow.LockInfo) private _locks;
  mapping(uint64 => mapping(address => mapping(uint16 => uint256[3]))) private _votes;

  event CastVote(
    address indexed user,
    uint256 indexed round,
    uint256 indexed topicIndex,
    uint256[3] votes
  );

  // ---- what an escrow adds ----

  /// The block of the core space.
  function _now() internal view virtual returns (uint256);

  /// The round of votes that is running.
  function _round() internal view virtual returns (uint64);

  function _locksChanged() internal virtual;

  function _votesChanged(
    uint64 round,
    uint16 topic,
    uint256[3] memory votes
  ) internal virtual;

  // ---- set up ----

  function initialize() public {
    require(!_initialized, "escrow: initialized before");
    _initialized = true;
  }

  function setPosPool(address pool) public onlyOwner {
    posPool = IPoSPool(pool);
  }

  // ---- users ----

  /// Locks `amount` drip of the sender's stake until the first quarter's end at or after a block.
  function createLock(uint256 amount, uint256 unlockBlock) public {
    require(userLockInfo(msg.sender).amount == 0, "escrow: a lock is there already");
    require(amount <= userStakeAmount(msg.sender), "escrow: stake is less than that");
    unlockBlock = _quarterEnd(unlockBlock);
    require(unlockBlock > _now() + QUARTER_BLOCK_NUMBER, "escrow: a lock lasts longer than a quarter");
    _lock(amount, unlockBlock);
  }

  function increaseLock(uint256 amount) public {
    IVotingEscrow.LockInfo memory lock = _running();
    require(lock.amount + amount <= userStakeAmount(msg.sender), "escrow: stake is less than that");
    _unlock(lock);
    _lock(lock.amount + amount, lock.unlockBlock);
  }

  function extendLockTime(uint256 unlockBlock) public {
    IVotingEscrow.LockInfo memory lock = _running();
    unlockBlock = _quarterEnd(unlockBlock);
    require(unlockBlock > lock.unlockBlock, "escrow: the lock lasts as long already");
    _unlock(lock);
    _lock(lock.amount, unlockBlock);
  }

  /// Replaces the sender's votes on one parameter; only one of the three options can have any.
  function castVote(
    uint64 round,
    uint16 topic,
    uint256[3] memory votes
  ) public {
    require(round == _round(), "escrow: another round is running");
    uint256 sum;
    uint256 options;
    uint256[3] storage before = _votes[round][msg.sender][topic];
    uint256[3] storage all = poolVoteInfo[round][topic];
    for (uint256 i = 0; i < 3; i++) {
      sum += votes[i];
      if (votes[i] > 0) options++;
      all[i] = all[i] - before[i] + votes[i];
    }
    require(options == 1, "escrow: votes must be for one option");
    require(sum <= userVotePower(msg.sender), "escrow: vote power is less than that");
    _votes[round][msg.sender][topic] = votes;
    _votesChanged(round, topic, votes);
  }

  // ---- views ----

  /// Stake of a user that can be locked, in drip.
  function userStakeAmount(address user) public view returns (uint256) {
    return posPool.userSummary(user).available * VOTE_VALUE;
  }

  function userLockInfo(address user) public view returns (IVotingEscrow.LockInfo memory) {
    return userLockInfo(user, _now());
  }

  function userLockInfo(address user, uint256 blockNumber)
    public
    view
    returns (IVotingEscrow.LockInfo memory lock)
  {
    lock = _locks[user];
    if (lock.unlockBlock < blockNumber) lock = IVotingEscrow.LockInfo(0, 0);
  }

  function userVotePower(address user) public view returns (uint256) {
    return userVotePower(user, _now());
  }

  /// A year gives the whole amount, two quarters the half, one the fourth part.
  function userVotePower(address user, uint256 blockNumber) public view returns (uint256) {
    IVotingEscrow.LockInfo memory lock = userLockInfo(user, blockNumber);
    if (lock.amount == 0) return 0;
    uint256 quarters = (lock.unlockBlock - blockNumber) / QUARTER_BLOCK_NUMBER;
    if (quarters >= 4) return lock.amount;
    if (quarters >= 2) return lock.amount / 2;
    return (lock.amount * quarters) / 4;
  }

  function readVote(address user, uint16 topic) public view returns (IParamsControl.Vote memory) {
    return IParamsControl.Vote(topic, _votes[_round()][user][topic]);
  }

  // ---- inside ----

  function _running() private view returns (IVotingEscrow.LockInfo memory lock) {
    lock = _locks[msg.sender];
    require(lock.amount > 0 && lock.unlockBlock > _now(), "escrow: no lock is running");
  }

  function _unlock(IVotingEscrow.LockInfo memory lock) private {
    globalLockAmount[lock.unlockBlock] -= lock.amount;
  }

  function _lock(uint256 amount, uint256 unlockBlock) private {
    _locks[msg.sender] = IVotingEscrow.LockInfo(amount, unlockBlock);
    globalLockAmount[unlockBlock] += amount;
    if (unlockBlock > lastUnlockBlock) lastUnlockBlock = unlockBlock;
    _locksChanged();
  }

  function _quarterEnd(uint256 blockNumber) private pure returns (uint256) {
    uint256 quarters = (blockNumber + QUARTER_BLOCK_NUMBER - 1) / QUARTER_BLOCK_NUMBER;
    return quarters * QUARTER_BLOCK_NUMBER;
  }
}
