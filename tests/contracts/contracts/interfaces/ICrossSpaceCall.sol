// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.4;

/// The chain's own way into eSpace, at 0x0888000000000000000000000000000000000006.
/// Only what the stand-ins call.
///
/// In eSpace the caller appears as its mapped address. The code there gets a tenth of the gas that
/// is left here, and when it reverts, so does the call.
interface ICrossSpaceCall {
  function callEVM(bytes20 to, bytes calldata data) external payable returns (bytes memory);

  function staticCallEVM(bytes20 to, bytes calldata data) external view returns (bytes memory);

  /// Moves `value` drip from the caller's mapped address to the caller.
  function withdrawFromMapped(uint256 value) external;

  /// What the mapped address of an account holds, in drip.
  function mappedBalance(address account) external view returns (uint256);
}
