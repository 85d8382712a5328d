// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

/// Shares what arrives as plain balance of a contract among the votes that are there.
library Dividend {
  // The reward of one vote is a small number; it is kept in parts of this.
  uint256 private constant SCALE = 1e18;

  struct Book {
    // Reward of one vote since the beginning, in parts of SCALE.
    uint256 ofVote;
    // The part of the balance that is shared already, or that is no reward.
    uint256 counted;
    // What `ofVote` was when a user's part was last taken.
    mapping(address => uint256) seen;
  }

  /// What came in and is not shared yet.
  function fresh(Book storage book) internal view returns (uint256) {
    return address(this).balance - book.counted;
  }

  /// Shares `amount` of it among `votes`; without votes it belongs to nobody.
  function share(
    Book storage book,
    uint256 amount,
    uint256 votes
  ) internal {
    book.ofVote += _each(amount, votes);
    book.counted += amount;
  }

  /// The part of a user with `held` of all `votes`, with what is not shared yet.
  function due(
    Book storage book,
    address user,
    uint256 held,
    uint256 votes
  ) internal view returns (uint256) {
    return _part(book, user, held, book.ofVote + _each(fresh(book), votes));
  }

  /// The part of a user with `held` votes, which is due no more afterwards.
  function take(
    Book storage book,
    address user,
    uint256 held
  ) internal returns (uint256 part) {
    part = _part(book, user, held, book.ofVote);
    book.seen[user] = book.ofVote;
  }

  function _each(uint256 amount, uint256 votes) private pure returns (uint256) {
    return votes == 0 ? 0 : (amount * SCALE) / votes;
  }

  function _part(
    Book storage book,
    address user,
    uint256 held,
    uint256 ofVote
  ) private view returns (uint256) {
    return ((ofVote - book.seen[user]) * held) / SCALE;
  }
}
