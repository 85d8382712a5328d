// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

import {ICrossSpaceCall} from "./interfaces/ICrossSpaceCall.sol";
import {IESpacePool} from "./interfaces/IESpacePool.sol";
import {IEVotingEscrow} from "./interfaces/IEVotingEscrow.sol";
import {IParamsControl} from "./interfaces/IParamsControl.sol";
import {IPoSPool} from "./interfaces/IPoSPool.sol";
import {IVotingEscrow} from "./interfaces/IVotingEscrow.sol";
import {Owned} from "./utils/Owned.sol";

/// A stand-in for the bridge between a pool's two contracts: the same names and types, our own
/// code, for tests only.
///
/// It lives in the core space, is one user of the pool there, and stands for all users of eSpace.
/// Nothing happens by itself: the owner's service asks the views and calls what has something to do.
contract CoreBridge is Owned {
  ICrossSpaceCall private constant CROSS =
    ICrossSpaceCall(0x0888000000000000000000000000000000000006);
  IParamsControl private constant PARAMS =
    IParamsControl(0x0888000000000000000000000000000000000007);
  uint256 public constant QUARTER_BLOCK_NUMBER = (2 * 60 * 60 * 24 * 365) / 4;
  uint256 private constant VOTE_VALUE = 1000 ether;
  uint256 private constant UNSTAKES_AT_ONCE = 5;
  uint16 private constant TOPICS = 4;

  address public poolAddress;
  address public eSpacePoolAddress;
  address public eSpaceVotingEscrow;

  /// Locks of eSpace as of the last {syncLockInfo}: block => drip locked until exactly then.
  mapping(uint256 => uint256) public globalLockAmount;
  /// Votes of eSpace as of the last {syncVoteInfo}: round => parameter => votes.
  mapping(uint64 => mapping(uint16 => uint256[3])) public poolVoteInfo;

  /// Stake and interest arrive as balance. A call of a function that is not here succeeds and
  /// answers nothing, as with the reference.
  fallback() external payable {}

  receive() external payable {}

  // ---- set up ----

  /// There is nothing to initialize; a proxy calls it all the same.
  function initialize() public {}

  function setPoolAddress(address pool) public onlyOwner {
    poolAddress = pool;
  }

  function setESpacePoolAddress(address pool) public onlyOwner {
    eSpacePoolAddress = pool;
  }

  function setESpaceVotingEscrow(address escrow) public onlyOwner {
    eSpaceVotingEscrow = escrow;
  }

  // ---- stake and interest: what there is to do ----

  function queryCrossingVotes() public view returns (uint256) {
    return _askPool(IESpacePool.crossingVotes.selector);
  }

  function queryUnstakeLen() public view returns (uint256) {
    return _askPool(IESpacePool.unstakeLen.selector);
  }

  function eSpaceFirstUnstakeVotes() public view returns (uint256) {
    return _askPool(IESpacePool.firstUnstakeVotes.selector);
  }

  function queryInterest() public view returns (uint256) {
    return _pool().userInterest(address(this));
  }

  function queryUserSummary() public view returns (IPoSPool.UserSummary memory) {
    return _pool().userSummary(address(this));
  }

  // ---- stake and interest: doing it ----

  /// Carries stake from eSpace, unless its money has not arrived at the mapped address.
  function crossStake() public onlyOwner {
    uint256 votes = queryCrossingVotes();
    uint256 value = votes * VOTE_VALUE;
    if (votes == 0 || CROSS.mappedBalance(address(this)) < value) return;
    CROSS.withdrawFromMapped(value);
    _tellPool(abi.encodeWithSelector(IESpacePool.handleCrossingVotes.selector, votes), 0);
    _pool().increaseStake{value: value}(uint64(votes));
  }

  /// Passes the oldest request to unstake on, if so many votes are past their lock period.
  function handleOneUnstake() public onlyOwner {
    _handleUnstakes(1);
  }

  function handleUnstake() public onlyOwner {
    _handleUnstakes(UNSTAKES_AT_ONCE);
  }

  /// Brings back all stake that is unlocked.
  function withdrawVotes() public onlyOwner {
    uint256 votes = queryUserSummary().unlocked;
    if (votes > 0) _withdraw(uint64(votes));
  }

  function withdrawVotesByVotes(uint64 votes) public onlyOwner {
    require(queryUserSummary().unlocked >= votes, "bridge: fewer votes are unlocked");
    _withdraw(votes);
  }

  function syncAPYandClaimInterest() public onlyOwner {
    syncAPY();
    claimAndCrossInterest();
  }

  function syncAPY() public {
    _tellPool(abi.encodeWithSelector(IESpacePool.setPoolAPY.selector, _pool().poolAPY()), 0);
  }

  function claimAndCrossInterest() public onlyOwner {
    uint256 interest = queryInterest();
    if (interest == 0) return;
    _pool().claimInterest(interest);
    _tellPool(abi.encodeWithSelector(IESpacePool.receiveInterest.selector), interest);
  }

  // ---- governance ----

  function lastUnlockBlock() public view returns (uint256) {
    return eSpaceVotingLastUnlockBlock();
  }

  function eSpaceVotingLastUnlockBlock() public view returns (uint256) {
    bytes memory data = abi.encodeWithSelector(IEVotingEscrow.lastUnlockBlock.selector);
    return abi.decode(_askEscrow(data), (uint256));
  }

  function eSpaceVotingGlobalLockAmount(uint256 unlockBlock) public view returns (uint256) {
    bytes memory data = abi.encodeWithSelector(
      IEVotingEscrow.globalLockAmount.selector,
      unlockBlock
    );
    return abi.decode(_askEscrow(data), (uint256));
  }

  function eSpaceVotingPoolVoteInfo(uint64 round, uint16 topic)
    public
    view
    returns (uint256[3] memory)
  {
    bytes memory data = abi.encodeWithSelector(
      IEVotingEscrow.getPoolVoteInfo.selector,
      round,
      topic
    );
    return abi.decode(_askEscrow(data), (uint256[3]));
  }

  function isLockInfoChanged() public view returns (bool) {
    uint256 end = eSpaceVotingLastUnlockBlock();
    for (; end > block.number; end -= QUARTER_BLOCK_NUMBER) {
      if (globalLockAmount[end] != eSpaceVotingGlobalLockAmount(end)) return true;
    }
    return false;
  }

  /// Anybody may call it: it only copies.
  function syncLockInfo() public {
    uint256 end = eSpaceVotingLastUnlockBlock();
    for (; end > block.number; end -= QUARTER_BLOCK_NUMBER) {
      globalLockAmount[end] = eSpaceVotingGlobalLockAmount(end);
    }
    _escrow().triggerLock();
  }

  function isVoteInfoChanged() public view returns (bool) {
    uint64 round = PARAMS.currentRound();
    for (uint16 topic = 0; topic < TOPICS; topic++) {
      if (_votesDiffer(round, topic, eSpaceVotingPoolVoteInfo(round, topic))) return true;
    }
    return false;
  }

  /// Anybody may call it: it only copies.
  function syncVoteInfo() public {
    uint64 round = PARAMS.currentRound();
    for (uint16 topic = 0; topic < TOPICS; topic++) {
      uint256[3] memory votes = eSpaceVotingPoolVoteInfo(round, topic);
      if (_votesDiffer(round, topic, votes)) poolVoteInfo[round][topic] = votes;
    }
    _escrow().triggerVote();
  }

  // ---- inside ----

  function _pool() private view returns (IPoSPool) {
    return IPoSPool(poolAddress);
  }

  function _escrow() private view returns (IVotingEscrow) {
    return IVotingEscrow(_pool().votingEscrow());
  }

  function _handleUnstakes(uint256 most) private {
    uint256 ready = queryUserSummary().locked;
    for (uint256 i = 0; i < most; i++) {
      uint256 votes = eSpaceFirstUnstakeVotes();
      if (votes == 0 || votes > ready) return;
      ready -= votes;
      _pool().decreaseStake(uint64(votes));
      _tellPool(abi.encodeWithSelector(IESpacePool.handleUnstakeTask.selector), 0);
    }
  }

  function _withdraw(uint64 votes) private {
    _pool().withdrawStake(votes);
    bytes memory data = abi.encodeWithSelector(IESpacePool.handleUnlockedIncrease.selector, votes);
    _tellPool(data, votes * VOTE_VALUE);
  }

  function _votesDiffer(
    uint64 round,
    uint16 topic,
    uint256[3] memory votes
  ) private view returns (bool) {
    uint256[3] storage known = poolVoteInfo[round][topic];
    return known[0] != votes[0] || known[1] != votes[1] || known[2] != votes[2];
  }

  function _tellPool(bytes memory data, uint256 value) private {
    CROSS.callEVM{value: value}(bytes20(eSpacePoolAddress), data);
  }

  function _askPool(bytes4 selector) private view returns (uint256) {
    bytes memory data = abi.encodeWithSelector(selector);
    return abi.decode(CROSS.staticCallEVM(bytes20(eSpacePoolAddress), data), (uint256));
  }

  function _askEscrow(bytes memory data) private view returns (bytes memory) {
    return CROSS.staticCallEVM(bytes20(eSpaceVotingEscrow), data);
  }
}
