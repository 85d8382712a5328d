// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

/// What the manager reads from a pool for its listing.
interface IPoSPool {
  struct PoolSummary {
    uint256 available;
    uint256 interest;
    uint256 totalInterest;
  }

  function poolName() external view returns (string memory);

  function poolUserShareRatio() external view returns (uint256);

  function poolAPY() external view returns (uint256);

  function poolSummary() external view returns (PoolSummary memory);
}
