// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

/// What a pool and the bridge call on the contract that locks stake for governance votes.
interface IVotingEscrow {
  struct LockInfo {
    uint256 amount;
    uint256 unlockBlock;
  }

  /// How much of a user's stake is locked, in drip, and until which block of the core space.
  function userLockInfo(address user) external view returns (LockInfo memory);

  /// Votes that the lock gives now: at most one for each drip.
  function userVotePower(address user) external view returns (uint256);

  /// Passes locks on to the pool after those of eSpace have changed.
  function triggerLock() external;

  /// Passes votes on to the pool after those of eSpace have changed.
  function triggerVote() external;
}
