// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

import {ICoreSpaceInfo} from "../interfaces/ICoreSpaceInfo.sol";
import {Owned} from "../utils/Owned.sol";

/// A stand-in for the oracle that public networks have: it tells eSpace about the core space.
///
/// On a devnet both spaces have a block for each epoch, so it is right without being told anything
/// until the first round of votes ends.
contract CoreSpaceInfo is ICoreSpaceInfo, Owned {
  uint64 public override currentVoteRound = 1;
  uint256 private _ahead;

  /// Says by how many blocks the core space is ahead, and which round runs there.
  function report(uint256 ahead, uint64 round) public onlyOwner {
    _ahead = ahead;
    currentVoteRound = round;
  }

  function blockNumber() public view override returns (uint256) {
    return block.number + _ahead;
  }
}
