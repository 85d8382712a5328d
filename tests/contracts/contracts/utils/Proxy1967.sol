// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

import {Owned} from "./Owned.sol";

/// Keeps the storage and the address of a contract whose code can be exchanged by the owner.
///
/// The implementation must inherit {Owned} first, see there. The address of the implementation lies
/// in the slot that EIP-1967 names, out of the way of the implementation's own variables.
/// Functions of the proxy itself hide functions of the same name of the implementation.
contract Proxy1967 is Owned {
  // keccak256("eip1967.proxy.implementation") - 1
  bytes32 private constant SLOT =
    0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;

  event Upgraded(address indexed implementation);

  /// Points the proxy at `logic` and, unless `data` is empty, calls it once with `data`. The call
  /// sees the deployer as its sender, so whatever it records as "sender" is the deployer.
  constructor(address logic, bytes memory data) {
    _point(logic);
    if (data.length > 0) {
      (bool ok, bytes memory answer) = logic.delegatecall(data);
      if (!ok) _fail(answer);
    }
  }

  fallback() external payable {
    _forward();
  }

  receive() external payable {
    _forward();
  }

  function implementation() public view returns (address logic) {
    bytes32 slot = SLOT;
    assembly {
      logic := sload(slot)
    }
  }

  function upgradeTo(address newImplementation) public onlyOwner {
    _point(newImplementation);
  }

  function _point(address logic) private {
    require(logic.code.length > 0, "proxy: no code at the implementation");
    bytes32 slot = SLOT;
    assembly {
      sstore(slot, logic)
    }
    emit Upgraded(logic);
  }

  /// Runs the implementation on this storage; what it answers becomes the answer of the proxy.
  function _forward() private {
    address logic = implementation();
    assembly {
      calldatacopy(0, 0, calldatasize())
      let ok := delegatecall(gas(), logic, 0, calldatasize(), 0, 0)
      returndatacopy(0, 0, returndatasize())
      switch ok
      case 0 {
        revert(0, returndatasize())
      }
      default {
        return(0, returndatasize())
      }
    }
  }

  function _fail(bytes memory answer) private pure {
    require(answer.length > 0, "proxy: the first call failed");
    assembly {
      revert(add(answer, 32), mload(answer))
    }
  }
}
