// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICorrections} from "../../contracts/interfaces/ICorrections.sol";
import {World} from "./Base.t.sol";

/// @title Corrections of retirements: rule 18
contract CorrectionsTest is World {
    uint256 private _tokenId;
    bytes32 private _recordHash;

    function setUp() public override {
        super.setUp();
        _tokenId = _credit(buyer, 1000);
        _retire(buyer, "certificate", _tokenId, 100);
        _recordHash = credits.recordHash("certificate");
    }

    function _correction() private pure returns (ICorrections.Correction memory) {
        return ICorrections.Correction({
            correctionId: "correction",
            retirementId: "certificate",
            beneficiaryHash: "code",
            beneficiary: unicode"某某公司",
            caseReference: "Marathon 2024",
            place: unicode"东区",
            note: "scope 2",
            reason: "name misspelt"
        });
    }

    function _correct(ICorrections.Correction memory correction) private {
        vm.prank(operator);
        corrections.correctRetirement(correction);
    }

    function test_rule18_correctionIsANewRecordLinkedToTheFirst() public {
        ICorrections.Correction memory correction = _correction();
        bytes32 hash = keccak256(abi.encode(_recordHash, correction));
        vm.expectEmit(address(corrections));
        emit ICorrections.RetirementCorrected("certificate", "correction", OPERATOR_MEMBER, hash, correction);
        _correct(correction);
        assertEq(corrections.recordHash("correction"), hash, "correction");
        assertEq(credits.recordHash("certificate"), _recordHash, "the first record never changes");
    }

    function test_rule18_retirementMayBeCorrectedAgain() public {
        ICorrections.Correction memory correction = _correction();
        _correct(correction);
        correction.correctionId = "second";
        _correct(correction);
        assertTrue(corrections.recordHash("second") != corrections.recordHash("correction"), "two records");
    }

    function test_rule18_correctionNumberIsUsedOnceAndNotZero() public {
        ICorrections.Correction memory correction = _correction();
        _correct(correction);
        _refused(ICorrections.CorrectionsIdUsed.selector, uint256(bytes32("correction")));
        _correct(correction);
        correction.correctionId = 0;
        _refused(ICorrections.CorrectionsIdUsed.selector, 0);
        _correct(correction);
    }

    function test_rule18_correctionNeedsItsRetirement() public {
        ICorrections.Correction memory correction = _correction();
        correction.retirementId = "unknown";
        _refused(ICorrections.CorrectionsRetirementUnknown.selector, uint256(bytes32("unknown")));
        _correct(correction);
    }

    function test_rule18_correctionSaysWhy() public {
        ICorrections.Correction memory correction = _correction();
        correction.reason = "";
        _refused(ICorrections.CorrectionsReasonMissing.selector);
        _correct(correction);
    }

    function test_rule18_correctionMovesNothing() public {
        _correct(_correction());
        assertEq(credits.balanceOf(buyer, _tokenId), 900, "held");
        assertEq(credits.credit(_tokenId).retired, 100, "retired");
    }
}
