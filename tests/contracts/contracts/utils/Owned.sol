// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

/// One owner, the deployer at first.
///
/// The owner is the first variable of whatever inherits this first, so it lies in storage slot 0.
/// A proxy and its implementation both inherit it first: the implementation, run on the proxy's
/// storage, therefore finds the owner that the proxy's constructor wrote.
abstract contract Owned {
  address private _owner;

  event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

  modifier onlyOwner() {
    require(msg.sender == _owner, "owned: sender is not the owner");
    _;
  }

  constructor() {
    _handOver(msg.sender);
  }

  function owner() public view returns (address) {
    return _owner;
  }

  function transferOwnership(address newOwner) public onlyOwner {
    require(newOwner != address(0), "owned: new owner is zero");
    _handOver(newOwner);
  }

  /// Leaves the contract without an owner, for ever.
  function renounceOwnership() public onlyOwner {
    _handOver(address(0));
  }

  function _handOver(address newOwner) private {
    emit OwnershipTransferred(_owner, newOwner);
    _owner = newOwner;
  }
}
