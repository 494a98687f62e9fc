// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Test} from "./Base.t.sol";
import {Handler} from "./fuzz/Handler.sol";

/// @title What holds after any acts by anybody in any order
/// @dev One campaign for all rules: forge runs a campaign for each invariant function. After every call the totals, the
/// sequence, the credit and the report touched are compared with the handler's own ledger, at the end of every
/// run all credits, locks and reports.
contract InvariantsTest is Test {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    Handler private _handler;

    function setUp() public {
        _handler = new Handler();
    }

    function targetContracts() public view returns (address[] memory list) {
        list = new address[](1);
        list[0] = address(_handler);
    }

    function targetSelectors() public view returns (FuzzSelector[] memory list) {
        list = new FuzzSelector[](1);
        list[0] = FuzzSelector(address(_handler), _handler.acts());
    }

    function _holds(string memory what) private pure {
        if (bytes(what).length != 0) revert Untrue(what);
    }

    function invariant_rules00_02_03_07_09_10_12_13_16_17() public view {
        _holds(_handler.broken());
        _holds(_handler.checkTotals());
        _holds(_handler.checkCredit(_handler.touchedCredit()));
        _holds(_handler.checkReport(_handler.touchedReport()));
    }

    function afterInvariant() public view {
        _holds(_handler.checkAll());
        _holds(_handler.checkReports());
    }
}
