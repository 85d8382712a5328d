// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

import {Dividend} from "../utils/Dividend.sol";
import {StakeBook} from "../utils/StakeBook.sol";
import {UnstakeLine} from "../utils/UnstakeLine.sol";

/// A stand-in for the pool in eSpace: the same names and types, our own code, for tests only.
///
/// Stake that comes in goes straight to the bridge's mapped address; the bridge carries it to the
/// pool in the core space, and brings rewards and stake that was asked back. The bridge alone may
/// tell this contract what became of votes, and it is paid here only what it brought.
contract ESpacePoSPool is StakeBook {
  using Dividend for Dividend.Book;
  using UnstakeLine for UnstakeLine.Line;

  // eSpace has a block a second.
  uint256 private constant BLOCKS_PER_DAY = 60 * 60 * 24;

  // The name is the reference's, with its spelling.
  bool public birdgeAddrSetted;
  address private _bridgeAddress;

  /// Value of votes that came back and can be paid out, in drip.
  uint256 public withdrawableCfx;
  /// Votes that are paid for and not yet carried over.
  uint256 public crossingVotes;

  uint256 private _poolAPY;
  UnstakeLine.Line private _unstakes;

  modifier onlyBridge() {
    require(msg.sender == _bridgeAddress, "pool: sender is not the bridge");
    _;
  }

  /// Interest arrives as balance. A call of a function that is not here succeeds and answers
  /// nothing, as with the reference: whoever asks must look at the length of the answer.
  fallback() external payable {}

  // ---- set up ----

  function initialize() public {
    _begin(9600, 13 * BLOCKS_PER_DAY + 3600, BLOCKS_PER_DAY + 3600);
  }

  /// Names the mapped address of the bridge in the core space.
  function setBridge(address bridge) public onlyOwner {
    _bridgeAddress = bridge;
    birdgeAddrSetted = true;
  }

  // ---- bridge ----

  function setPoolAPY(uint256 apy) public onlyBridge {
    _poolAPY = apy;
  }

  /// Votes have arrived in the core space.
  function handleCrossingVotes(uint256 votePower) public onlyBridge {
    require(crossingVotes >= votePower, "pool: fewer votes are crossing");
    crossingVotes -= votePower;
  }

  /// The oldest request to unstake has been passed on.
  function handleUnstakeTask() public onlyBridge returns (uint256) {
    return _unstakes.leave();
  }

  /// The value of votes has come back.
  function handleUnlockedIncrease(uint256 votePower) public payable onlyBridge {
    require(msg.value == votePower * CFX_VALUE_OF_ONE_VOTE, "pool: value is not that of the votes");
    _collect(_dividend.fresh() - msg.value);
    _dividend.counted += msg.value;
    withdrawableCfx += msg.value;
  }

  function receiveInterest() public payable onlyBridge {}

  // ---- views ----

  function poolAPY() public view returns (uint256) {
    return _poolAPY;
  }

  function unstakeLen() public view returns (uint256) {
    return _unstakes.length();
  }

  function firstUnstakeVotes() public view returns (uint256) {
    return _unstakes.first();
  }

  /// The whole reward: the pool's share stays in the core space. `poolUserShareRatio` is only shown.
  function _userShareRatio() public pure returns (uint256) {
    return RATIO_BASE;
  }

  function userShareRatio() public pure returns (uint256) {
    return _userShareRatio();
  }

  // ---- inside ----

  function _isOpen() internal view override returns (bool) {
    return birdgeAddrSetted;
  }

  function _keeper() internal view override returns (address) {
    return owner();
  }

  function _ratioOf(address) internal pure override returns (uint256) {
    return _userShareRatio();
  }

  function _put(uint64 votePower) internal override {
    crossingVotes += votePower;
    _pay(payable(_bridgeAddress), msg.value);
  }

  function _retire(uint64 votePower) internal override {
    _unstakes.join(votePower);
  }

  function _fetch(uint256 value) internal override {
    require(withdrawableCfx >= value, "pool: less has come back than that");
    withdrawableCfx -= value;
    _dividend.counted -= value;
  }
}
