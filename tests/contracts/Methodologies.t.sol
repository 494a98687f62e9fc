// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Methodologies} from "../../contracts/Methodologies.sol";
import {IMethodologies} from "../../contracts/interfaces/IMethodologies.sol";
import {World} from "./Base.t.sol";

/// @title Methodologies: rule 5
contract MethodologiesTest is World {
    function _appraise(address account, uint64 methodologyId, uint8 score) private {
        vm.prank(account);
        methodologies.appraise(methodologyId, score, "opinion");
    }

    function _wrongState(uint64 methodologyId, IMethodologies.State state) private {
        _refused(IMethodologies.MethodologiesWrongState.selector, methodologyId, uint256(state));
    }

    function _stateIs(uint64 methodologyId, IMethodologies.State state) private view {
        assertEq(uint256(methodologies.methodology(methodologyId).state), uint256(state), "state");
    }

    function _expectState(
        uint64 methodologyId,
        IMethodologies.State state,
        uint32 memberId,
        string memory why
    ) private {
        vm.expectEmit(address(methodologies));
        emit IMethodologies.MethodologyStateChanged(methodologyId, state, memberId, why);
    }

    function test_rule05_anyActiveMemberSubmits() public {
        vm.expectEmit(address(methodologies));
        emit IMethodologies.MethodologySubmitted(
            filedId + 1, OWNER_MEMBER, "document", "TH-M-002", "2.1", "buildings", "kWh"
        );
        vm.prank(owner);
        uint64 id = methodologies.submitMethodology("document", "TH-M-002", "2.1", "buildings", "kWh");
        assertEq(id, filedId + 1, "number");
        IMethodologies.Methodology memory found = methodologies.methodology(id);
        assertEq(found.submitterId, OWNER_MEMBER, "submitter");
        assertEq(found.documentHash, "document", "document");
        assertEq(found.opinions + found.scoreSum, 0, "no opinions yet");
        _stateIs(id, IMethodologies.State.SUBMITTED);
        assertEq(methodologies.methodologyByCode("TH-M-002", "2.1"), id, "by code");
        assertEq(methodologies.methodologyByCode("TH-M-002", "2.2"), 0, "another version");
    }

    function test_rule05_codeAndVersionAreUniqueTogether() public {
        _refused(IMethodologies.MethodologiesCodeTaken.selector, filedId);
        vm.prank(rival);
        methodologies.submitMethodology("document", "TH-M-001", "1.0", "", "");
        vm.prank(rival);
        methodologies.submitMethodology("document", "TH-M-001", "1.1", "", "");
        vm.prank(rival);
        methodologies.submitMethodology("document", "TH-M-00", "11.0", "", ""); // the joined text is the same
    }

    function test_rule05_codeVersionAndDocumentAreNeeded() public {
        _refused(IMethodologies.MethodologiesCodeTaken.selector, 0);
        vm.prank(owner);
        methodologies.submitMethodology("document", "", "1.0", "", "");
        _refused(IMethodologies.MethodologiesCodeTaken.selector, 0);
        vm.prank(owner);
        methodologies.submitMethodology("document", "TH-M-002", "", "", "");
        _refused(IMethodologies.MethodologiesDocumentMissing.selector);
        vm.prank(owner);
        methodologies.submitMethodology(0, "TH-M-002", "1.0", "", "");
    }

    function test_rule05_operatorOpensTheAppraisal() public {
        uint64 id = _submitMethodology("TH-M-002");
        _expectState(id, IMethodologies.State.APPRAISAL, OPERATOR_MEMBER, "");
        vm.prank(operator);
        methodologies.openAppraisal(id);
        _stateIs(id, IMethodologies.State.APPRAISAL);
        _wrongState(id, IMethodologies.State.APPRAISAL);
        vm.prank(operator);
        methodologies.openAppraisal(id);
        _wrongState(99, IMethodologies.State.NONE);
        vm.prank(operator);
        methodologies.openAppraisal(99);
    }

    function test_rule05_expertGivesAScoreAndAnOpinion() public {
        uint64 id = _openMethodology("TH-M-002");
        vm.expectEmit(address(methodologies));
        emit IMethodologies.MethodologyAppraised(id, expert, 55, "opinion");
        _appraise(expert, id, 55);
        _appraise(expertTwo, id, 100);
        assertEq(methodologies.methodology(id).opinions, 2, "opinions");
        assertEq(methodologies.methodology(id).scoreSum, 155, "sum");
    }

    function test_rule05_expertVotesOnce() public {
        uint64 id = _openMethodology("TH-M-002");
        _appraise(expert, id, 55);
        _refused(IMethodologies.MethodologiesExpertVoted.selector, id, _word(expert));
        _appraise(expert, id, 90);
    }

    function test_rule05_scoreIsAtMostAHundredAndTheOpinionIsNeeded() public {
        uint64 id = _openMethodology("TH-M-002");
        _refused(IMethodologies.MethodologiesScoreInvalid.selector, 101);
        _appraise(expert, id, 101);
        _refused(IMethodologies.MethodologiesDocumentMissing.selector);
        vm.prank(expert);
        methodologies.appraise(id, 100, 0);
    }

    function test_rule05_opinionsAreTakenOnlyDuringTheAppraisal() public {
        uint64 id = _submitMethodology("TH-M-002");
        _wrongState(id, IMethodologies.State.SUBMITTED);
        _appraise(expert, id, 80);
        _wrongState(filedId, IMethodologies.State.FILED);
        _appraise(expert, filedId, 80);
    }

    function test_rule05_filingNeedsThePassedAppraisal() public {
        uint64 id = _openMethodology("TH-M-002");
        bytes4 error = IMethodologies.MethodologiesNotPassed.selector;
        _appraise(expert, id, 100);
        _appraise(expertTwo, id, 50);
        vm.expectRevert(abi.encodeWithSelector(error, id, 2, 3, 150, 120));
        vm.prank(authority);
        methodologies.fileMethodology(id);
        _appraise(expertThree, id, 29);
        vm.expectRevert(abi.encodeWithSelector(error, id, 3, 3, 179, 180));
        vm.prank(authority);
        methodologies.fileMethodology(id);
        _stateIs(id, IMethodologies.State.APPRAISAL);
    }

    function test_rule05_filingIsTheAuthoritysAct() public {
        uint64 id = _openMethodology("TH-M-002");
        _appraise(expert, id, 100);
        _appraise(expertTwo, id, 50);
        _appraise(expertThree, id, 30); // a mean of exactly 60 passes
        _unauthorized(operator);
        vm.prank(operator);
        methodologies.fileMethodology(id);
        _expectState(id, IMethodologies.State.FILED, AUTHORITY_MEMBER, "");
        vm.prank(authority);
        methodologies.fileMethodology(id);
        _wrongState(id, IMethodologies.State.FILED);
        vm.prank(authority);
        methodologies.fileMethodology(id);
    }

    function test_rule05_unopenedMethodologyIsNotFiled() public {
        uint64 id = _submitMethodology("TH-M-002");
        _wrongState(id, IMethodologies.State.SUBMITTED);
        vm.prank(authority);
        methodologies.fileMethodology(id);
    }

    function test_rule05_rejectionIsFinal() public {
        uint64 submitted = _submitMethodology("TH-M-002");
        uint64 opened = _openMethodology("TH-M-003");
        _expectState(submitted, IMethodologies.State.REJECTED, AUTHORITY_MEMBER, "incomplete");
        vm.prank(authority);
        methodologies.rejectMethodology(submitted, "incomplete");
        vm.prank(authority);
        methodologies.rejectMethodology(opened, "low score");
        _wrongState(submitted, IMethodologies.State.REJECTED);
        vm.prank(operator);
        methodologies.openAppraisal(submitted);
        _wrongState(opened, IMethodologies.State.REJECTED);
        vm.prank(authority);
        methodologies.fileMethodology(opened);
        _wrongState(filedId, IMethodologies.State.FILED);
        vm.prank(authority);
        methodologies.rejectMethodology(filedId, "too late");
    }

    function test_rule05_filedMethodologyIsSuspendedResumedAndWithdrawn() public {
        _expectState(filedId, IMethodologies.State.SUSPENDED, AUTHORITY_MEMBER, "review");
        vm.prank(authority);
        methodologies.suspendMethodology(filedId, "review");
        _wrongState(filedId, IMethodologies.State.SUSPENDED);
        vm.prank(authority);
        methodologies.suspendMethodology(filedId, "review");
        _expectState(filedId, IMethodologies.State.FILED, AUTHORITY_MEMBER, "done");
        vm.prank(authority);
        methodologies.resumeMethodology(filedId, "done");
        _wrongState(filedId, IMethodologies.State.FILED);
        vm.prank(authority);
        methodologies.resumeMethodology(filedId, "done");
        _expectState(filedId, IMethodologies.State.WITHDRAWN, AUTHORITY_MEMBER, "superseded");
        vm.prank(authority);
        methodologies.withdrawMethodology(filedId, "superseded");
        _wrongState(filedId, IMethodologies.State.WITHDRAWN);
        vm.prank(authority);
        methodologies.resumeMethodology(filedId, "again");
        _wrongState(filedId, IMethodologies.State.WITHDRAWN);
        vm.prank(authority);
        methodologies.withdrawMethodology(filedId, "again");
    }

    function test_rule05_suspendedMethodologyMayBeWithdrawn() public {
        vm.prank(authority);
        methodologies.suspendMethodology(filedId, "review");
        vm.prank(authority);
        methodologies.withdrawMethodology(filedId, "superseded");
        _stateIs(filedId, IMethodologies.State.WITHDRAWN);
    }

    function test_rule05_quorumAndPassMarkAreSettings() public {
        Methodologies fresh = new Methodologies(address(roles), credits);
        (uint32 quorum, uint8 passMark) = fresh.appraisalRule();
        assertEq(quorum, 3, "quorum at first");
        assertEq(passMark, 60, "pass mark at first");
        vm.expectEmit(address(methodologies));
        emit IMethodologies.AppraisalRuleSet(1, 100);
        vm.prank(authority);
        methodologies.setAppraisalRule(1, 100);
        (quorum, passMark) = methodologies.appraisalRule();
        assertEq(quorum, 1, "quorum");
        assertEq(passMark, 100, "pass mark");
        uint64 id = _openMethodology("TH-M-002");
        _appraise(expert, id, 100);
        vm.prank(authority);
        methodologies.fileMethodology(id);
        _stateIs(id, IMethodologies.State.FILED);
    }

    function test_rule05_ruleOfAppraisalIsBounded() public {
        _refused(IMethodologies.MethodologiesScoreInvalid.selector, 0);
        vm.prank(authority);
        methodologies.setAppraisalRule(0, 60);
        _refused(IMethodologies.MethodologiesScoreInvalid.selector, 101);
        vm.prank(authority);
        methodologies.setAppraisalRule(1, 101);
    }
}
