// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

/// Votes that wait for a block, first come first out.
library VoteLine {
  struct Entry {
    uint256 votePower;
    uint256 endBlock;
  }

  struct Line {
    Entry[] entries;
    // Entries before this one have left.
    uint256 next;
  }

  function join(Line storage line, uint256 votePower, uint256 endBlock) internal {
    line.entries.push(Entry(votePower, endBlock));
  }

  /// Counts the votes whose block has come, up to the first that still waits.
  function due(Line storage line) internal view returns (uint256 votes, uint256 next) {
    next = line.next;
    while (next < line.entries.length && line.entries[next].endBlock <= block.number) {
      votes += line.entries[next].votePower;
      next++;
    }
  }

  /// Lets those votes out and returns how many they were.
  function release(Line storage line) internal returns (uint256 votes) {
    (votes, line.next) = due(line);
  }

  /// Those that still wait, at most `limit` of them after the first `offset`.
  function waiting(
    Line storage line,
    uint256 offset,
    uint256 limit
  ) internal view returns (Entry[] memory rest) {
    uint256 start = line.next + offset;
    uint256 end = line.entries.length;
    if (start >= end) return rest;
    if (end - start > limit) end = start + limit;
    rest = new Entry[](end - start);
    for (uint256 i = 0; i < rest.length; i++) {
      rest[i] = line.entries[start + i];
    }
  }
}
