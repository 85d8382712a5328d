// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

/// The chain's own register of PoS voters, at 0x0888000000000000000000000000000000000005.
/// Only what the stand-ins call.
interface IPoSRegister {
  /// Binds a PoS identity to the caller, with `votes` votes of its stake behind it.
  function register(
    bytes32 identifier,
    uint64 votes,
    bytes calldata blsKey,
    bytes calldata vrfKey,
    bytes[2] calldata blsProof
  ) external;

  /// Puts `votes` more votes of the caller's stake behind its PoS identity.
  function increaseStake(uint64 votes) external;

  /// Asks for `votes` votes back; they leave after the unlocking queue.
  function retire(uint64 votes) external;

  /// The PoS identity of an account, zero if it has none.
  function addressToIdentifier(address account) external view returns (bytes32);
}
