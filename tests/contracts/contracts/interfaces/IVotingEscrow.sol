// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

/// What the pool asks the contract that locks stake for governance votes.
interface IVotingEscrow {
  struct LockInfo {
    uint256 amount;
    uint256 unlockBlock;
  }

  /// How much of a user's stake is locked, in drip, and until when.
  function userLockInfo(address user) external view returns (LockInfo memory);
}
