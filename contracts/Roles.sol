// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @title Roles: which account may call which act
/// @dev OpenZeppelin's AccessManager as it is; here so that it is compiled and deployed with the ledger.
contract Roles is AccessManager {
    /// @param initialAdmin First administrator.
    constructor(address initialAdmin) AccessManager(initialAdmin) {}
}
