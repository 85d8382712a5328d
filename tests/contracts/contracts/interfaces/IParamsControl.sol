// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

/// The chain's own votes on its parameters, at 0x0888000000000000000000000000000000000007.
/// Only what the stand-ins call.
interface IParamsControl {
  /// One parameter; votes to leave it, to raise it, to lower it.
  struct Vote {
    uint16 topic_index;
    uint256[3] votes;
  }

  /// Replaces the caller's votes of the running round.
  function castVote(uint64 round, Vote[] calldata votes) external;

  function currentRound() external view returns (uint64);
}
