// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

/// Measures a yearly yield over the running week and the one before it.
library YieldMeter {
  uint256 internal constant BLOCKS_PER_DAY = 2 * 60 * 60 * 24;
  uint256 private constant WEEK = 7 * BLOCKS_PER_DAY;
  uint256 private constant YEAR = 365 * BLOCKS_PER_DAY;

  struct Span {
    uint256 reward;
    // Drip at work times blocks.
    uint256 work;
  }

  struct Meter {
    uint256 week;
    Span running;
    Span past;
  }

  /// Adds what `stake` drip earned in `blocks` blocks.
  function add(Meter storage meter, uint256 reward, uint256 stake, uint256 blocks) internal {
    uint256 week = block.number / WEEK;
    if (week != meter.week) {
      meter.past = week == meter.week + 1 ? meter.running : Span(0, 0);
      meter.running = Span(0, 0);
      meter.week = week;
    }
    meter.running.reward += reward;
    meter.running.work += stake * blocks;
  }

  /// The yield in parts of `base`, with a reward that is not yet added; zero before any work.
  function yearly(
    Meter storage meter,
    Span memory fresh,
    uint256 base
  ) internal view returns (uint256) {
    uint256 work = meter.running.work + meter.past.work + fresh.work;
    if (work == 0) return 0;
    uint256 reward = meter.running.reward + meter.past.reward + fresh.reward;
    return (reward * base * YEAR) / work;
  }
}
