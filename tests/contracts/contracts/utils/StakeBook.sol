// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

import {IPoSPool} from "../interfaces/IPoSPool.sol";
import {IVotingEscrow} from "../interfaces/IVotingEscrow.sol";
import {AddressList} from "./AddressList.sol";
import {Dividend} from "./Dividend.sol";
import {Owned} from "./Owned.sol";
import {VoteLine} from "./VoteLine.sol";

/// Who has staked what, what of it is locked, and who is owed which reward: the same in both spaces.
///
/// A pool says where the money of votes goes (`_put`, `_retire`, `_fetch`), who keeps the settings,
/// and what of a reward belongs to a user.
abstract contract StakeBook is Owned {
  using AddressList for AddressList.List;
  using Dividend for Dividend.Book;
  using VoteLine for VoteLine.Line;

  uint256 internal constant RATIO_BASE = 10000;

  // Shares slot 0 with the owner.
  bool private _initialized;
  bool private _paying;

  address public votingEscrow;
  string public poolName;
  uint256 public poolUserShareRatio;
  uint256 public _poolLockPeriod;
  uint256 public _poolUnlockPeriod;

  uint256 internal CFX_VALUE_OF_ONE_VOTE;
  Dividend.Book internal _dividend;
  IPoSPool.PoolSummary internal _pool;
  mapping(address => IPoSPool.UserSummary) internal _users;
  mapping(address => VoteLine.Line) private _locking;
  mapping(address => VoteLine.Line) private _unlocking;
  AddressList.List private _stakers;

  event IncreasePoSStake(address indexed user, uint256 votePower);
  event DecreasePoSStake(address indexed user, uint256 votePower);
  event WithdrawStake(address indexed user, uint256 votePower);
  event ClaimInterest(address indexed user, uint256 amount);
  event RatioChanged(uint256 ratio);

  modifier onlyKeeper() {
    require(msg.sender == _keeper(), "pool: sender does not keep the settings");
    _;
  }

  modifier onlyOpen() {
    require(_isOpen(), "pool: not set up");
    _;
  }

  // No call may come back in while money goes out.
  modifier paysOnce() {
    require(!_paying, "pool: called while paying");
    _paying = true;
    _;
    _paying = false;
  }

  // ---- what a pool adds ----

  /// Whether stake can come in.
  function _isOpen() internal view virtual returns (bool);

  /// Who may change the settings.
  function _keeper() internal view virtual returns (address);

  /// The part of a reward that belongs to the user, of RATIO_BASE.
  function _ratioOf(address user) internal view virtual returns (uint256);

  /// Puts votes to work whose value has just come in.
  function _put(uint64 votePower) internal virtual;

  /// Asks for votes back.
  function _retire(uint64 votePower) internal virtual;

  /// Makes the value of votes that came back part of the balance, for the user who is paid next.
  function _fetch(uint256 value) internal virtual;

  // ---- users ----

  function increaseStake(uint64 votePower) public payable onlyOpen paysOnce {
    require(votePower > 0, "pool: takes at least 1 vote");
    require(msg.value == votePower * CFX_VALUE_OF_ONE_VOTE, "pool: value is not that of the votes");
    _put(votePower);
    _settle(msg.sender);
    _addVotes(msg.sender, votePower);
    _locking[msg.sender].join(votePower, block.number + _poolLockPeriod);
    _users[msg.sender].locked += _locking[msg.sender].release();
    emit IncreasePoSStake(msg.sender, votePower);
  }

  function decreaseStake(uint64 votePower) public onlyOpen {
    require(votePower > 0, "pool: takes at least 1 vote");
    IPoSPool.UserSummary storage user = _users[msg.sender];
    user.locked += _locking[msg.sender].release();
    require(user.locked >= votePower, "pool: fewer votes are past the lock period");
    uint256 rest = (user.available - votePower) * CFX_VALUE_OF_ONE_VOTE;
    require(rest >= userLockInfo(msg.sender).amount, "pool: votes are held for governance");
    _retire(votePower);
    _settle(msg.sender);
    user.available -= votePower;
    user.locked -= votePower;
    _pool.available -= votePower;
    _unlocking[msg.sender].join(votePower, block.number + _poolUnlockPeriod);
    user.unlocked += _unlocking[msg.sender].release();
    emit DecreasePoSStake(msg.sender, votePower);
  }

  function withdrawStake(uint64 votePower) public onlyOpen paysOnce {
    IPoSPool.UserSummary storage user = _users[msg.sender];
    user.unlocked += _unlocking[msg.sender].release();
    require(user.unlocked >= votePower, "pool: fewer votes are unlocked");
    user.unlocked -= votePower;
    user.votes -= votePower;
    if (user.votes == 0) _stakers.erase(msg.sender);
    uint256 value = votePower * CFX_VALUE_OF_ONE_VOTE;
    _fetch(value);
    _pay(payable(msg.sender), value);
    emit WithdrawStake(msg.sender, votePower);
  }

  function claimInterest(uint256 amount) public onlyOpen paysOnce {
    _settle(msg.sender);
    IPoSPool.UserSummary storage user = _users[msg.sender];
    require(user.currentInterest >= amount, "pool: interest is less than that");
    user.currentInterest -= amount;
    user.claimedInterest += amount;
    _dividend.counted -= amount;
    _pay(payable(msg.sender), amount);
    emit ClaimInterest(msg.sender, amount);
  }

  function claimAllInterest() public {
    uint256 amount = userInterest(msg.sender);
    require(amount > 0, "pool: no interest yet");
    claimInterest(amount);
  }

  // ---- settings ----

  function setPoolName(string memory name) public onlyKeeper {
    poolName = name;
  }

  function setPoolUserShareRatio(uint64 ratio) public onlyKeeper {
    require(ratio > 0 && ratio <= RATIO_BASE, "pool: ratio is not within 1 to 10000");
    poolUserShareRatio = ratio;
    emit RatioChanged(ratio);
  }

  function setLockPeriod(uint64 period) public onlyKeeper {
    _poolLockPeriod = period;
  }

  function setUnlockPeriod(uint64 period) public onlyKeeper {
    _poolUnlockPeriod = period;
  }

  function setCfxCountOfOneVote(uint256 count) public onlyKeeper {
    CFX_VALUE_OF_ONE_VOTE = count * 1 ether;
  }

  function setVotingEscrow(address escrow) public onlyKeeper {
    votingEscrow = escrow;
  }

  // ---- views ----

  function poolSummary() public view returns (IPoSPool.PoolSummary memory summary) {
    summary = _pool;
    summary.totalInterest += _dividend.fresh();
  }

  function userSummary(address user) public view returns (IPoSPool.UserSummary memory summary) {
    summary = _users[user];
    (uint256 locked, ) = _locking[user].due();
    (uint256 unlocked, ) = _unlocking[user].due();
    summary.locked += locked;
    summary.unlocked += unlocked;
  }

  function userInterest(address user) public view returns (uint256) {
    uint256 all = _dividend.due(user, _users[user].available, _pool.available);
    return _users[user].currentInterest + (all * _ratioOf(user)) / RATIO_BASE;
  }

  function stakerNumber() public view returns (uint256) {
    return _stakers.members.length;
  }

  function stakerAddress(uint256 i) public view returns (address) {
    return _stakers.members[i];
  }

  function userLockInfo(address user) public view returns (IVotingEscrow.LockInfo memory info) {
    if (votingEscrow != address(0)) info = IVotingEscrow(votingEscrow).userLockInfo(user);
  }

  function userVotePower(address user) public view returns (uint256) {
    return votingEscrow == address(0) ? 0 : IVotingEscrow(votingEscrow).userVotePower(user);
  }

  function userInQueue(address user) public view returns (VoteLine.Entry[] memory) {
    return _locking[user].waiting(0, type(uint64).max);
  }

  function userInQueue(
    address user,
    uint64 offset,
    uint64 limit
  ) public view returns (VoteLine.Entry[] memory) {
    return _locking[user].waiting(offset, limit);
  }

  function userOutQueue(address user) public view returns (VoteLine.Entry[] memory) {
    return _unlocking[user].waiting(0, type(uint64).max);
  }

  function userOutQueue(
    address user,
    uint64 offset,
    uint64 limit
  ) public view returns (VoteLine.Entry[] memory) {
    return _unlocking[user].waiting(offset, limit);
  }

  // ---- inside ----

  /// Gives the settings their first values. Must run on the storage that is used, so through the
  /// proxy.
  function _begin(
    uint256 ratio,
    uint256 lockPeriod,
    uint256 unlockPeriod
  ) internal {
    require(!_initialized, "pool: initialized before");
    _initialized = true;
    poolUserShareRatio = ratio;
    _poolLockPeriod = lockPeriod;
    _poolUnlockPeriod = unlockPeriod;
    CFX_VALUE_OF_ONE_VOTE = 1000 ether;
  }

  /// Shares what came in among the votes of until now.
  function _collect(uint256 reward) internal virtual {
    _dividend.share(reward, _pool.available);
    _pool.totalInterest += reward;
  }

  /// The same, and writes down what the user has of it. Must run before any votes change.
  function _settle(address user) internal {
    _collect(_dividend.fresh());
    uint256 all = _dividend.take(user, _users[user].available);
    uint256 part = (all * _ratioOf(user)) / RATIO_BASE;
    _users[user].currentInterest += part;
    _pool.interest += all - part;
  }

  function _addVotes(address user, uint64 votePower) internal {
    _users[user].votes += votePower;
    _users[user].available += votePower;
    _pool.available += votePower;
    _stakers.insert(user);
  }

  function _pay(address payable receiver, uint256 amount) internal {
    (bool ok, ) = receiver.call{value: amount}("");
    require(ok, "pool: payment failed");
  }
}
