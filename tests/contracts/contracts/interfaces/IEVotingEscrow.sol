// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

/// What the bridge asks the voting escrow in eSpace.
interface IEVotingEscrow {
  /// The last block of the core space at which any lock ends.
  function lastUnlockBlock() external view returns (uint256);

  /// How much is locked until exactly that block, in drip.
  function globalLockAmount(uint256 unlockBlock) external view returns (uint256);

  function getPoolVoteInfo(uint64 round, uint16 topic) external view returns (uint256[3] memory);
}
