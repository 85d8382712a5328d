// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

import {IPoSPool} from "./interfaces/IPoSPool.sol";
import {AddressList} from "./utils/AddressList.sol";
import {Owned} from "./utils/Owned.sol";

/// The list of pools that a site shows.
contract PoolManager is Owned {
  using AddressList for AddressList.List;

  struct PoolInfo {
    uint32 apy;
    uint64 fee;
    uint64 totalAvailable;
    address poolAddress;
    string name;
  }

  AddressList.List private _pools;

  /// Pool of the core space => its twin in eSpace.
  mapping(address => address) public eSpacePoolAddresses;

  function addPool(address poolAddress) public onlyOwner {
    _pools.insert(poolAddress);
  }

  function removePool(address poolAddress) public onlyOwner {
    _pools.erase(poolAddress);
  }

  function setEspacePool(address core, address espace) public onlyOwner {
    eSpacePoolAddresses[core] = espace;
  }

  function getPoolAddresses() public view returns (address[] memory) {
    return _pools.members;
  }

  function getPools() public view returns (PoolInfo[] memory infos) {
    infos = new PoolInfo[](_pools.members.length);
    for (uint256 i = 0; i < infos.length; i++) {
      infos[i] = _info(_pools.members[i]);
    }
  }

  function _info(address poolAddress) private view returns (PoolInfo memory) {
    IPoSPool pool = IPoSPool(poolAddress);
    uint256 apy = pool.poolAPY();
    return
      PoolInfo({
        // A devnet pays rewards that no real chain would: show the largest number, do not fail.
        apy: apy > type(uint32).max ? type(uint32).max : uint32(apy),
        fee: uint64(pool.poolUserShareRatio()),
        totalAvailable: uint64(pool.poolSummary().available),
        poolAddress: poolAddress,
        name: pool.poolName()
      });
  }
}
