// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

import {IParamsControl} from "./IParamsControl.sol";

/// What the contracts around a pool call on it.
interface IPoSPool {
  struct PoolSummary {
    uint256 available;
    uint256 interest;
    uint256 totalInterest;
  }

  struct UserSummary {
    uint256 votes;
    uint256 available;
    uint256 locked;
    uint256 unlocked;
    uint256 claimedInterest;
    uint256 currentInterest;
  }

  function poolName() external view returns (string memory);

  function poolUserShareRatio() external view returns (uint256);

  function poolAPY() external view returns (uint256);

  function poolSummary() external view returns (PoolSummary memory);

  function userSummary(address user) external view returns (UserSummary memory);

  function userInterest(address user) external view returns (uint256);

  function votingEscrow() external view returns (address);

  function increaseStake(uint64 votePower) external payable;

  function decreaseStake(uint64 votePower) external;

  function withdrawStake(uint64 votePower) external;

  function claimInterest(uint256 amount) external;

  /// Keeps `amount` drip of the pool's stake from leaving before a block.
  function lockForVotePower(uint256 amount, uint256 unlockBlock) external;

  function castVote(uint64 round, IParamsControl.Vote[] calldata votes) external;
}
