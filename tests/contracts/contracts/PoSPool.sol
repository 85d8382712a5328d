// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

import {IPoSRegister} from "./interfaces/IPoSRegister.sol";
import {IStaking} from "./interfaces/IStaking.sol";
import {IVotingEscrow} from "./interfaces/IVotingEscrow.sol";
import {AddressList} from "./utils/AddressList.sol";
import {Owned} from "./utils/Owned.sol";
import {VoteLine} from "./utils/VoteLine.sol";
import {YieldMeter} from "./utils/YieldMeter.sol";

/// A stand-in for the pool contract: the same names and types, our own code, for tests only.
///
/// Many users' stake becomes votes of one PoS identity; what the chain pays for those votes arrives
/// as plain balance of this contract and is shared among the votes. The owner binds the identity
/// and takes the pool's share; the manager keeps the settings.
contract PoSPool is Owned {
  using AddressList for AddressList.List;
  using VoteLine for VoteLine.Line;
  using YieldMeter for YieldMeter.Meter;

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

  string public constant VERSION = "1.9.0";

  IStaking private constant STAKING = IStaking(0x0888000000000000000000000000000000000002);
  IPoSRegister private constant REGISTER = IPoSRegister(0x0888000000000000000000000000000000000005);
  uint256 private constant RATIO_BASE = 10000;
  // The reward of one vote is a small number; it is kept in parts of this.
  uint256 private constant SCALE = 1e18;

  // Shares slot 0 with the owner.
  bool private _initialized;
  bool public _poolRegisted;
  bool private _paying;

  address public manager;
  address public votingEscrow;
  string public poolName;
  uint256 public poolUserShareRatio;
  uint256 public _poolLockPeriod;
  uint256 public _poolUnlockPeriod;

  uint256 private _voteValue;
  // Reward of one vote since the beginning, in parts of SCALE.
  uint256 private _rewardOfVote;
  // Balance and block up to which rewards are shared.
  uint256 private _sharedBalance;
  uint256 private _sharedBlock;

  PoolSummary private _pool;
  YieldMeter.Meter private _meter;
  AddressList.List private _stakers;
  AddressList.List private _feeFree;

  mapping(address => UserSummary) private _users;
  // What `_rewardOfVote` was when a user's interest was last written down.
  mapping(address => uint256) private _seenReward;
  mapping(address => VoteLine.Line) private _locking;
  mapping(address => VoteLine.Line) private _unlocking;

  event IncreasePoSStake(address indexed user, uint256 votePower);
  event DecreasePoSStake(address indexed user, uint256 votePower);
  event WithdrawStake(address indexed user, uint256 votePower);
  event ClaimInterest(address indexed user, uint256 amount);
  event RatioChanged(uint256 ratio);

  modifier onlyManager() {
    require(msg.sender == manager, "pool: sender is not the manager");
    _;
  }

  modifier onlyRegistered() {
    require(_poolRegisted, "pool: not registered");
    _;
  }

  // No call may come back in while money goes out.
  modifier paysOnce() {
    require(!_paying, "pool: called while paying");
    _paying = true;
    _;
    _paying = false;
  }

  // ---- set up ----

  /// Gives the settings their first values. Must run on the storage that is used, so through the
  /// proxy; whoever calls it first becomes the manager.
  function initialize() public {
    require(!_initialized, "pool: initialized before");
    _initialized = true;
    manager = msg.sender;
    poolUserShareRatio = 9000;
    // Half an hour over the chain's own 13 days and 1 day, which are counted in PoS views.
    _poolLockPeriod = 13 * YieldMeter.BLOCKS_PER_DAY + 3600;
    _poolUnlockPeriod = YieldMeter.BLOCKS_PER_DAY + 3600;
    _voteValue = 1000 ether;
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
    require(msg.value == _voteValue, "pool: register takes the value of 1 vote");
    _poolRegisted = true;
    STAKING.deposit(msg.value);
    REGISTER.register(identifier, votePower, blsPubKey, vrfPubKey, blsPubKeyProof);
    _settle(msg.sender);
    _addVotes(msg.sender, votePower);
    _users[msg.sender].locked += votePower;
  }

  // ---- users ----

  function increaseStake(uint64 votePower) public payable onlyRegistered {
    require(votePower > 0, "pool: takes at least 1 vote");
    require(msg.value == votePower * _voteValue, "pool: value is not that of the votes");
    STAKING.deposit(msg.value);
    REGISTER.increaseStake(votePower);
    _settle(msg.sender);
    _addVotes(msg.sender, votePower);
    _locking[msg.sender].join(votePower, block.number + _poolLockPeriod);
    _users[msg.sender].locked += _locking[msg.sender].release();
    emit IncreasePoSStake(msg.sender, votePower);
  }

  function decreaseStake(uint64 votePower) public onlyRegistered {
    require(votePower > 0, "pool: takes at least 1 vote");
    UserSummary storage user = _users[msg.sender];
    user.locked += _locking[msg.sender].release();
    require(user.locked >= votePower, "pool: fewer votes are past the lock period");
    uint256 rest = (user.available - votePower) * _voteValue;
    require(rest >= userLockInfo(msg.sender).amount, "pool: votes are held for governance");
    REGISTER.retire(votePower);
    _settle(msg.sender);
    user.available -= votePower;
    user.locked -= votePower;
    _pool.available -= votePower;
    _unlocking[msg.sender].join(votePower, block.number + _poolUnlockPeriod);
    user.unlocked += _unlocking[msg.sender].release();
    emit DecreasePoSStake(msg.sender, votePower);
  }

  function withdrawStake(uint64 votePower) public onlyRegistered paysOnce {
    UserSummary storage user = _users[msg.sender];
    user.unlocked += _unlocking[msg.sender].release();
    require(user.unlocked >= votePower, "pool: fewer votes are unlocked");
    user.unlocked -= votePower;
    user.votes -= votePower;
    if (user.votes == 0) _stakers.erase(msg.sender);
    uint256 value = votePower * _voteValue;
    STAKING.withdraw(value);
    _pay(payable(msg.sender), value);
    emit WithdrawStake(msg.sender, votePower);
  }

  function claimInterest(uint256 amount) public onlyRegistered paysOnce {
    _settle(msg.sender);
    UserSummary storage user = _users[msg.sender];
    require(user.currentInterest >= amount, "pool: interest is less than that");
    user.currentInterest -= amount;
    user.claimedInterest += amount;
    _sharedBalance -= amount;
    _pay(payable(msg.sender), amount);
    emit ClaimInterest(msg.sender, amount);
  }

  function claimAllInterest() public {
    uint256 amount = userInterest(msg.sender);
    require(amount > 0, "pool: no interest yet");
    claimInterest(amount);
  }

  // ---- owner ----

  function setManager(address newManager) public onlyOwner {
    manager = newManager;
  }

  /// Pays out a part of the pool's own share.
  function _withdrawPoolProfit(uint256 amount, address payable receiver) public onlyOwner paysOnce {
    require(_pool.interest >= amount, "pool: profit is less than that");
    _pool.interest -= amount;
    _sharedBalance -= amount;
    _pay(receiver, amount);
  }

  // ---- manager ----

  function setPoolName(string memory name) public onlyManager {
    poolName = name;
  }

  function setPoolUserShareRatio(uint64 ratio) public onlyManager {
    require(ratio > 0 && ratio <= RATIO_BASE, "pool: ratio is not within 1 to 10000");
    poolUserShareRatio = ratio;
    emit RatioChanged(ratio);
  }

  function setLockPeriod(uint64 period) public onlyManager {
    _poolLockPeriod = period;
  }

  function setUnlockPeriod(uint64 period) public onlyManager {
    _poolUnlockPeriod = period;
  }

  function setCfxCountOfOneVote(uint256 count) public onlyManager {
    _voteValue = count * 1 ether;
  }

  function setVotingEscrow(address escrow) public onlyManager {
    votingEscrow = escrow;
  }

  function addToFeeFreeWhiteList(address user) public onlyManager returns (bool) {
    return _feeFree.insert(user);
  }

  function removeFromFeeFreeWhiteList(address user) public onlyManager returns (bool) {
    return _feeFree.erase(user);
  }

  /// Puts votes that the chain retired, and that were not withdrawn, to work again.
  function _restakePosVote(uint64 votes) public onlyManager {
    REGISTER.increaseStake(votes);
  }

  // ---- views ----

  function poolSummary() public view returns (PoolSummary memory summary) {
    summary = _pool;
    summary.totalInterest += _fresh();
  }

  function userSummary(address user) public view returns (UserSummary memory summary) {
    summary = _users[user];
    (uint256 locked, ) = _locking[user].due();
    (uint256 unlocked, ) = _unlocking[user].due();
    summary.locked += locked;
    summary.unlocked += unlocked;
  }

  function userInterest(address user) public view returns (uint256) {
    uint256 all = _owed(user, _rewardOfVote + _freshOfVote());
    return _users[user].currentInterest + (all * _userShareRatio(user)) / RATIO_BASE;
  }

  /// Yearly yield of the stake before the pool's share, in parts of 10000.
  function poolAPY() public view returns (uint256) {
    uint256 work = _pool.available * _voteValue * (block.number - _sharedBlock);
    return _meter.yearly(YieldMeter.Span(_fresh(), work), RATIO_BASE);
  }

  function posAddress() public view onlyRegistered returns (bytes32) {
    return REGISTER.addressToIdentifier(address(this));
  }

  function stakerNumber() public view returns (uint256) {
    return _stakers.members.length;
  }

  function stakerAddress(uint256 i) public view returns (address) {
    return _stakers.members[i];
  }

  function _userShareRatio(address user) public view returns (uint256) {
    return _feeFree.has(user) ? RATIO_BASE : poolUserShareRatio;
  }

  function userShareRatio() public view returns (uint256) {
    return _userShareRatio(msg.sender);
  }

  function userLockInfo(address user) public view returns (IVotingEscrow.LockInfo memory info) {
    if (votingEscrow != address(0)) info = IVotingEscrow(votingEscrow).userLockInfo(user);
  }

  function userInQueue(address user) public view returns (VoteLine.Entry[] memory) {
    return _locking[user].waiting();
  }

  function userOutQueue(address user) public view returns (VoteLine.Entry[] memory) {
    return _unlocking[user].waiting();
  }

  // ---- sharing ----

  /// Balance that came in and is not shared yet. Stake lies with the staking contract, not here.
  function _fresh() private view returns (uint256) {
    return address(this).balance - _sharedBalance;
  }

  function _freshOfVote() private view returns (uint256) {
    return _pool.available == 0 ? 0 : (_fresh() * SCALE) / _pool.available;
  }

  function _owed(address user, uint256 rewardOfVote) private view returns (uint256) {
    return ((rewardOfVote - _seenReward[user]) * _users[user].available) / SCALE;
  }

  /// Shares fresh rewards among the votes of until now and writes down what the user has of them.
  /// Must run before any votes change.
  function _settle(address user) private {
    uint256 fresh = _fresh();
    if (_sharedBlock != 0) {
      uint256 stake = _pool.available * _voteValue;
      _meter.add(fresh, stake, block.number - _sharedBlock);
    }
    _rewardOfVote += _freshOfVote();
    _pool.totalInterest += fresh;
    _sharedBalance += fresh;
    _sharedBlock = block.number;

    uint256 all = _owed(user, _rewardOfVote);
    uint256 share = (all * _userShareRatio(user)) / RATIO_BASE;
    _users[user].currentInterest += share;
    _pool.interest += all - share;
    _seenReward[user] = _rewardOfVote;
  }

  function _addVotes(address user, uint64 votePower) private {
    _users[user].votes += votePower;
    _users[user].available += votePower;
    _pool.available += votePower;
    _stakers.insert(user);
  }

  function _pay(address payable receiver, uint256 amount) private {
    (bool ok, ) = receiver.call{value: amount}("");
    require(ok, "pool: payment failed");
  }
}
