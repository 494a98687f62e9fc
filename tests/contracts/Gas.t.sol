// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICredits} from "../../contracts/interfaces/ICredits.sol";
import {World} from "./Base.t.sol";
import {OrderSigner} from "./OrderSigner.sol";

/// @title Gas of the acts that are done most often
/// @dev Each test does one act and nothing else; what it needs is made in setUp, which is not measured. The figures in
/// gas.snapshot hold the act and the test around it, without the transaction's 21,000 and its data. Renew with
/// `npx forge snapshot --match-contract GasTest --snap tests/contracts/gas.snapshot`, compare with `--check` instead.
contract GasTest is World, OrderSigner {
    uint256 private _tokenId;
    uint256[] private _five;
    uint64 private _issuanceId;
    uint64 private _reportId;
    uint64 private _projectId;
    uint64 private _cancellationId;
    ICredits.TransferOrder private _order;
    bytes private _orderSignature;
    bytes private _retirementSignature;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < 5; ++i) {
            _five.push(_credit(buyer, 1000));
            vm.prank(buyer);
            credits.safeTransferFrom(buyer, owner, _five[i], 10, "");
        }
        _tokenId = _five[0];
        _retire(buyer, "before", _tokenId, 1);
        _lock(buyer, "lock", _tokenId, 100, broker);
        _issuanceId = _propose(_verifiedReport(TONNE), 1, buyer, TONNE);
        _projectId = _registerProject(owner, "meter");
        _reportId = _submitReport(owner, _projectId, LAST_YEAR, TODAY, TONNE);
        _cancellationId = _proposeCancellation(_tokenId, buyer, 1, 0);
        vm.warp(block.timestamp + 7 days);
        _order =
            ICredits.TransferOrder("order", buyer, owner, _tokenId, 10, uint64(block.timestamp + 1 hours));
        _orderSignature = _signTransfer(_key("buyer"), credits, _order);
        _retirementSignature = _signRetirement(
            _key("buyer"), credits, buyer, _order.deadline, _retirement("certificate", _tokenId, 10)
        );
    }

    function test_gas_transfer() public {
        vm.prank(buyer);
        credits.safeTransferFrom(buyer, owner, _tokenId, 10, "");
    }

    function test_gas_transferToANewHolder() public {
        vm.prank(buyer);
        credits.safeTransferFrom(buyer, rival, _tokenId, 10, "");
    }

    function test_gas_transferOfFiveCredits() public {
        uint256[] memory values = new uint256[](5);
        for (uint256 i = 0; i < 5; ++i) {
            values[i] = 1;
        }
        uint256[] memory ids = _five;
        vm.prank(buyer);
        credits.safeBatchTransferFrom(buyer, owner, ids, values, "");
    }

    function test_gas_transferByOrder() public {
        credits.transferByOrder(_order, _orderSignature);
    }

    function test_gas_retire() public {
        _retire(buyer, "certificate", _tokenId, 10);
    }

    function test_gas_retireFiveLines() public {
        ICredits.Retirement memory record = _retirement("certificate", 0, 0);
        record.lines = new ICredits.Line[](5);
        for (uint256 i = 0; i < 5; ++i) {
            record.lines[i] = ICredits.Line(_five[i], 1);
        }
        vm.prank(buyer);
        credits.retire(record);
    }

    function test_gas_retireByOrder() public {
        ICredits.Retirement memory record = _retirement("certificate", _tokenId, 10);
        credits.retireByOrder(buyer, _order.deadline, record, _retirementSignature);
    }

    function test_gas_lock() public {
        _lock(buyer, "second", _tokenId, 10, broker);
    }

    function test_gas_releaseLock() public {
        vm.prank(broker);
        credits.releaseLock("lock", 10);
    }

    function test_gas_deliverLock() public {
        vm.prank(broker);
        credits.deliverLock("lock", owner, 10);
    }

    function test_gas_retireLocked() public {
        vm.prank(buyer);
        credits.retireLocked("lock", _retirement("certificate", _tokenId, 10));
    }

    function test_gas_submitReportOfAYear() public {
        vm.prank(owner);
        projects.submitReport(_projectId, LAST_YEAR - 365, LAST_YEAR, TONNE, "data", "report");
    }

    function test_gas_verifyReport() public {
        _verifyReport(_reportId, TONNE);
    }

    function test_gas_confirmIssuance() public {
        vm.prank(authority);
        issuances.confirmIssuance(_issuanceId);
    }

    function test_gas_confirmCancellation() public {
        vm.prank(authority);
        cancellations.confirmCancellation(_cancellationId);
    }
}
