// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

/// What the voting escrow of the core space asks the bridge about eSpace.
interface IGovernanceBridge {
  function lastUnlockBlock() external view returns (uint256);

  function globalLockAmount(uint256 unlockBlock) external view returns (uint256);

  function poolVoteInfo(
    uint64 round,
    uint16 topic,
    uint256 option
  ) external view returns (uint256);
}
