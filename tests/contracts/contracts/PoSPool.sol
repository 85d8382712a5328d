// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

import {IParamsControl} from "./interfaces/IParamsControl.sol";
import {IPoSRegister} from "./interfaces/IPoSRegister.sol";
import {IStaking} from "./interfaces/IStaking.sol";
import {AddressList} from "./utils/AddressList.sol";
import {Dividend} from "./utils/Dividend.sol";
import {StakeBook} from "./utils/StakeBook.sol";
import {YieldMeter} from "./utils/YieldMeter.sol";

/// A stand-in for the pool contract: the same names and types, our own code, for tests only.
///
/// Many users' stake becomes votes of one PoS identity; what the chain pays for those votes arrives
/// as plain balance of this contract and is shared among the votes. The owner binds the identity
/// and takes the pool's share; the manager keeps the settings.
contract PoSPool is StakeBook {
  using AddressList for AddressList.List;
  using Dividend for Dividend.Book;
  using YieldMeter for YieldMeter.Meter;

  string public constant VERSION = "1.9.0";

  IStaking private constant STAKING = IStaking(0x0888000000000000000000000000000000000002);
  IPoSRegister private constant REGISTER = IPoSRegister(0x0888000000000000000000000000000000000005);
  IParamsControl private constant PARAMS =
    IParamsControl(0x0888000000000000000000000000000000000007);

  bool public _poolRegisted;
  address public manager;

  YieldMeter.Meter private _meter;
  // Block up to which rewards are measured.
  uint256 private _measuredBlock;
  AddressList.List private _feeFree;

  modifier onlyVotingEscrow() {
    require(msg.sender == votingEscrow, "pool: sender is not the voting escrow");
    _;
  }

  // ---- set up ----

  /// Whoever calls it first becomes the manager.
  function initialize() public {
    // Half an hour over the chain's own 13 days and 1 day, which are counted in PoS views.
    uint256 day = YieldMeter.BLOCKS_PER_DAY;
    _begin(9000, 13 * day + 3600, day + 3600);
    manager = msg.sender;
  }

  /// Binds the PoS identity to this contract. The owner pays the first vote and holds it.
  function register(
    bytes32 identifier,
    uint64 votePower,
    bytes calldata blsPubKey,
    bytes calldata vrfPubKey,
    bytes[2] calldata blsPubKeyProof
  ) public payable onlyOwner {
    require(!_poolRegisted, "pool: registered before");
    require(votePower == 1, "pool: register takes 1 vote");
    require(msg.value == CFX_VALUE_OF_ONE_VOTE, "pool: register takes the value of 1 vote");
    _poolRegisted = true;
    STAKING.deposit(msg.value);
    REGISTER.register(identifier, votePower, blsPubKey, vrfPubKey, blsPubKeyProof);
    _settle(msg.sender);
    _addVotes(msg.sender, votePower);
    _users[msg.sender].locked += votePower;
  }

  // ---- owner ----

  function setManager(address newManager) public onlyOwner {
    manager = newManager;
  }

  /// Settles every staker, and with them the pool's own share.
  function _updatePoolProfit() public onlyOwner {
    uint256 number = stakerNumber();
    for (uint256 i = 0; i < number; i++) {
      _settle(stakerAddress(i));
    }
  }

  /// Pays out a part of the pool's own share, never all of it. As with the reference, everything that is here afterwards
  /// is taken for counted: what came in and was not counted before is nobody's.
  function _withdrawPoolProfit(uint256 amount, address payable receiver) public onlyOwner paysOnce {
    require(_pool.interest > amount, "pool: profit is not more than that");
    _pool.interest -= amount;
    _pay(receiver, amount);
    _dividend.counted = address(this).balance;
  }

  // ---- manager ----

  function addToFeeFreeWhiteList(address user) public onlyKeeper returns (bool) {
    return _feeFree.insert(user);
  }

  function removeFromFeeFreeWhiteList(address user) public onlyKeeper returns (bool) {
    return _feeFree.erase(user);
  }

  /// Puts votes that the chain retired, and that were not withdrawn, to work again.
  function _restakePosVote(uint64 votes) public onlyKeeper {
    REGISTER.increaseStake(votes);
  }

  // ---- governance ----

  function lockForVotePower(uint256 amount, uint256 unlockBlock) public onlyVotingEscrow {
    STAKING.voteLock(amount, unlockBlock);
  }

  function castVote(uint64 round, IParamsControl.Vote[] calldata votes) public onlyVotingEscrow {
    PARAMS.castVote(round, votes);
  }

  // ---- views ----

  /// Yearly yield of the stake before the pool's share, in parts of 10000.
  function poolAPY() public view returns (uint256) {
    uint256 work = _pool.available * CFX_VALUE_OF_ONE_VOTE * (block.number - _measuredBlock);
    return _meter.yearly(YieldMeter.Span(_dividend.fresh(), work), RATIO_BASE);
  }

  function posAddress() public view onlyOpen returns (bytes32) {
    return REGISTER.addressToIdentifier(address(this));
  }

  function _userShareRatio(address user) public view returns (uint256) {
    return _feeFree.has(user) ? RATIO_BASE : poolUserShareRatio;
  }

  function userShareRatio() public view returns (uint256) {
    return _userShareRatio(msg.sender);
  }

  // ---- inside ----

  function _isOpen() internal view override returns (bool) {
    return _poolRegisted;
  }

  function _keeper() internal view override returns (address) {
    return manager;
  }

  function _ratioOf(address user) internal view override returns (uint256) {
    return _userShareRatio(user);
  }

  function _put(uint64 votePower) internal override {
    STAKING.deposit(msg.value);
    REGISTER.increaseStake(votePower);
  }

  function _retire(uint64 votePower) internal override {
    REGISTER.retire(votePower);
  }

  function _fetch(uint256 value) internal override {
    STAKING.withdraw(value);
  }

  function _collect(uint256 reward) internal override {
    if (_measuredBlock != 0) {
      _meter.add(reward, _pool.available * CFX_VALUE_OF_ONE_VOTE, block.number - _measuredBlock);
    }
    _measuredBlock = block.number;
    super._collect(reward);
  }
}
