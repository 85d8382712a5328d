// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

/// Requests to take votes back, first come first out.
library UnstakeLine {
  struct Line {
    uint256[] votes;
    // Requests before this one have left.
    uint256 next;
  }

  function join(Line storage line, uint256 votePower) internal {
    line.votes.push(votePower);
  }

  /// Lets the oldest out and returns its votes.
  function leave(Line storage line) internal returns (uint256 votePower) {
    require(length(line) > 0, "line: nobody waits");
    votePower = line.votes[line.next];
    delete line.votes[line.next];
    line.next++;
  }

  function length(Line storage line) internal view returns (uint256) {
    return line.votes.length - line.next;
  }

  /// Votes of the oldest, zero if nobody waits.
  function first(Line storage line) internal view returns (uint256) {
    return length(line) == 0 ? 0 : line.votes[line.next];
  }
}
