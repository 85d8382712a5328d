// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

import {ICoreSpaceInfo} from "../interfaces/ICoreSpaceInfo.sol";
import {LockBook} from "../utils/LockBook.sol";

/// A stand-in for the escrow of eSpace: the same names and types, our own code, for tests only.
///
/// It only keeps locks and votes; the bridge reads them and takes them to the core space.
contract EVotingEscrow is LockBook {
  ICoreSpaceInfo public coreSpaceInfo;

  function setCoreSpaceInfoOracle(address oracle) public onlyOwner {
    coreSpaceInfo = ICoreSpaceInfo(oracle);
  }

  function getPoolVoteInfo(uint64 round, uint16 topic) public view returns (uint256[3] memory) {
    return poolVoteInfo[round][topic];
  }

  // ---- inside ----

  function _now() internal view override returns (uint256) {
    return coreSpaceInfo.blockNumber();
  }

  function _round() internal view override returns (uint64) {
    return coreSpaceInfo.currentVoteRound();
  }

  function _locksChanged() internal override {}

  function _votesChanged(
    uint64 round,
    uint16 topic,
    uint256[3] memory votes
  ) internal override {
    emit CastVote(msg.sender, round, topic, votes);
  }
}
