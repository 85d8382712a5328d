// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

import {IGovernanceBridge} from "./interfaces/IGovernanceBridge.sol";
import {IParamsControl} from "./interfaces/IParamsControl.sol";
import {LockBook} from "./utils/LockBook.sol";

/// A stand-in for the escrow of the core space: the same names and types, our own code, for tests
/// only.
///
/// The pool is the one account that the chain knows: it locks its stake and votes for all users,
/// those of eSpace too, about whom the bridge is asked.
contract VotingEscrow is LockBook {
  IParamsControl private constant PARAMS =
    IParamsControl(0x0888000000000000000000000000000000000007);
  uint16 private constant TOPICS = 4;

  address public eSpaceBridge;

  event VoteLock(uint256 indexed amount, uint256 indexed unlockBlock);

  modifier onlyBridge() {
    require(msg.sender == eSpaceBridge, "escrow: sender is not the bridge");
    _;
  }

  function setESpaceBridge(address bridge) public onlyOwner {
    eSpaceBridge = bridge;
  }

  // ---- bridge ----

  function triggerLock() public onlyBridge {
    _locksChanged();
  }

  function triggerVote() public onlyBridge {
    for (uint16 topic = 0; topic < TOPICS; topic++) {
      _castVote(_round(), topic);
    }
  }

  // ---- inside ----

  function _now() internal view override returns (uint256) {
    return block.number;
  }

  function _round() internal view override returns (uint64) {
    return PARAMS.currentRound();
  }

  /// Locks the pool's stake: until each quarter's end, all that stays locked for at least as long.
  function _locksChanged() internal override {
    bool bridged = eSpaceBridge != address(0);
    IGovernanceBridge bridge = IGovernanceBridge(eSpaceBridge);
    uint256 end = bridged ? bridge.lastUnlockBlock() : 0;
    if (end < lastUnlockBlock) end = lastUnlockBlock;
    uint256 amount;
    for (; end > block.number; end -= QUARTER_BLOCK_NUMBER) {
      amount += globalLockAmount[end] + (bridged ? bridge.globalLockAmount(end) : 0);
      if (amount == 0) continue;
      posPool.lockForVotePower(amount, end);
      emit VoteLock(amount, end);
    }
  }

  function _votesChanged(
    uint64 round,
    uint16 topic,
    uint256[3] memory
  ) internal override {
    _castVote(round, topic);
  }

  function _castVote(uint64 round, uint16 topic) private {
    uint256[3] memory votes = poolVoteInfo[round][topic];
    if (eSpaceBridge != address(0)) {
      for (uint256 i = 0; i < 3; i++) {
        votes[i] += IGovernanceBridge(eSpaceBridge).poolVoteInfo(round, topic, i);
      }
    }
    IParamsControl.Vote[] memory list = new IParamsControl.Vote[](1);
    list[0] = IParamsControl.Vote(topic, votes);
    posPool.castVote(round, list);
    emit CastVote(msg.sender, round, topic, votes);
  }
}
