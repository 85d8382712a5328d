// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

import {IPoSPool} from "../interfaces/IPoSPool.sol";
import {Owned} from "./Owned.sol";

/// A stand-in for the contract that answers for many pools at once: the same names, our own code, for tests only.
contract PoSPoolBatchCall is Owned {
  struct StakeInfo {
    address pool;
    uint256 stakeAmount;
  }

  // Pools that are always asked; no function takes one out, as with the reference.
  address[] private posPools;

  function addPoSPool(address pool) public onlyOwner {
    posPools.push(pool);
  }

  function getStakeInfos(address[] memory pools, address user)
    public
    view
    returns (StakeInfo[] memory infos)
  {
    infos = new StakeInfo[](pools.length + posPools.length);
    for (uint256 i = 0; i < infos.length; i++) {
      address pool = i < pools.length ? pools[i] : posPools[i - pools.length];
      infos[i] = StakeInfo(pool, IPoSPool(pool).userSummary(user).available * 1000 ether);
    }
  }
}
