// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

/// The chain's own staking contract, at 0x0888000000000000000000000000000000000002.
/// Only what the stand-ins call.
interface IStaking {
  /// Moves `amount` drip of the caller's balance into its stake.
  function deposit(uint256 amount) external;

  /// Moves `amount` drip of the caller's unlocked stake back to its balance.
  function withdraw(uint256 amount) external;

  /// Locks at least `amount` drip of the caller's stake until a block, which gives it votes.
  function voteLock(uint256 amount, uint256 unlockBlock) external;
}
