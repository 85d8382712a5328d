// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

/// What contracts in eSpace can learn of the core space.
interface ICoreSpaceInfo {
  function blockNumber() external view returns (uint256);

  /// The round of votes on the chain's parameters that is running.
  function currentVoteRound() external view returns (uint64);
}
