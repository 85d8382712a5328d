// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

/// A set of addresses that can be listed; the order is not kept when one is removed.
library AddressList {
  struct List {
    address[] members;
    // Place in `members` plus one; zero means absent.
    mapping(address => uint256) place;
  }

  function has(List storage list, address member) internal view returns (bool) {
    return list.place[member] != 0;
  }

  /// Returns whether the member is new.
  function insert(List storage list, address member) internal returns (bool) {
    if (has(list, member)) return false;
    list.members.push(member);
    list.place[member] = list.members.length;
    return true;
  }

  /// Returns whether the member was there. The last member takes its place.
  function erase(List storage list, address member) internal returns (bool) {
    uint256 place = list.place[member];
    if (place == 0) return false;
    address last = list.members[list.members.length - 1];
    list.members[place - 1] = last;
    list.place[last] = place;
    list.members.pop();
    delete list.place[member];
    return true;
  }
}
