// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

/// What the bridge calls on the pool in eSpace.
interface IESpacePool {
  /// Votes that are paid for in eSpace and not yet carried to the core space.
  function crossingVotes() external view returns (uint256);

  /// How many requests to unstake wait, and how many votes the oldest asks for.
  function unstakeLen() external view returns (uint256);

  function firstUnstakeVotes() external view returns (uint256);

  function setPoolAPY(uint256 apy) external;

  function handleCrossingVotes(uint256 votePower) external;

  function handleUnstakeTask() external returns (uint256);

  function handleUnlockedIncrease(uint256 votePower) external payable;

  function receiveInterest() external payable;
}
