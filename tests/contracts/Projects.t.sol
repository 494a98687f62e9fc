// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IProjects} from "../../contracts/interfaces/IProjects.sol";
import {World} from "./Base.t.sol";

/// @title Projects, reports and verification: rules 6, 7 and 8
contract ProjectsTest is World {
    uint64 private _projectId;

    function setUp() public override {
        super.setUp();
        _projectId = _registerProject(owner, "meter");
    }

    function _submitRefused(IProjects.ProjectSubmission memory submission) private {
        vm.prank(owner);
        projects.submitProject(submission);
    }

    function _wrongState(uint64 projectId, IProjects.ProjectState state) private {
        _refused(IProjects.ProjectsWrongState.selector, projectId, uint256(state));
    }

    function _wrongReportState(uint64 reportId, IProjects.ReportState state) private {
        _refused(IProjects.ProjectsReportWrongState.selector, reportId, uint256(state));
    }

    function _dayClaimed(bytes32 key, uint32 day) private {
        _refused(IProjects.ProjectsDayClaimed.selector, uint256(key), day);
    }

    function _report(uint32 start, uint32 end) private returns (uint64) {
        return _submitReport(owner, _projectId, start, end, TONNE);
    }

    function _expectState(uint64 projectId, IProjects.ProjectState state, uint32 memberId, string memory why)
        private
    {
        vm.expectEmit(address(projects));
        emit IProjects.ProjectStateChanged(projectId, state, memberId, why);
    }

    // ---------------------------------------------------------------- rule 6

    function test_rule06_anyActiveMemberSubmitsAProject() public {
        IProjects.ProjectSubmission memory submission = _submission("site");
        vm.expectEmit(address(projects));
        emit IProjects.ProjectSubmitted(_projectId + 1, RIVAL_MEMBER, submission);
        vm.prank(rival);
        uint64 projectId = projects.submitProject(submission);
        IProjects.Project memory found = projects.project(projectId);
        assertTrue(found.state == IProjects.ProjectState.SUBMITTED, "state");
        assertEq(found.ownerId, RIVAL_MEMBER, "owner");
        assertEq(found.methodologyId, filedId, "methodology");
        assertEq(found.creditingStart, CREDITING_START, "start");
        assertEq(found.creditingEnd, CREDITING_END, "end");
        assertEq(found.documentHash, submission.documentHash, "document");
        assertEq(projects.claimKeys(projectId).length, 1, "claim keys");
        assertEq(projects.claimKeys(projectId)[0], "site", "claim key");
        assertEq(projects.projectByCode(submission.code), projectId, "by code");
    }

    function test_rule06_projectCodeIsUniqueAndNeeded() public {
        IProjects.ProjectSubmission memory submission = _submission("site");
        submission.code = "TH-P-1";
        uint64 taken = projects.projectByCode("TH-P-1");
        _refused(IProjects.ProjectsCodeTaken.selector, taken);
        _submitRefused(submission);
        submission.code = "";
        _refused(IProjects.ProjectsCodeTaken.selector, 0);
        _submitRefused(submission);
    }

    function test_rule06_projectNeedsAFiledMethodology() public {
        IProjects.ProjectSubmission memory submission = _submission("site");
        submission.methodologyId = _openMethodology("TH-M-002");
        _refused(IProjects.ProjectsMethodologyNotFiled.selector, submission.methodologyId);
        _submitRefused(submission);
        submission.methodologyId = 99;
        _refused(IProjects.ProjectsMethodologyNotFiled.selector, 99);
        _submitRefused(submission);
    }

    function test_rule06_registrationNeedsTheMethodologyStillFiled() public {
        uint64 projectId = _submitProject(owner, "site");
        vm.prank(authority);
        methodologies.suspendMethodology(filedId, "review");
        _refused(IProjects.ProjectsMethodologyNotFiled.selector, filedId);
        vm.prank(operator);
        projects.registerProject(projectId);
    }

    function test_rule06_creditingPeriodEndsAfterItStarts() public {
        IProjects.ProjectSubmission memory submission = _submission("site");
        submission.creditingEnd = CREDITING_START;
        bytes4 error = IProjects.ProjectsPeriodInvalid.selector;
        _refused(error, CREDITING_START, CREDITING_START, 0, type(uint32).max);
        _submitRefused(submission);
        submission.creditingEnd = CREDITING_START - 1;
        _refused(error, CREDITING_START, CREDITING_START - 1, 0, type(uint32).max);
        _submitRefused(submission);
    }

    function test_rule06_projectNeedsDocumentAndClaimKeys() public {
        IProjects.ProjectSubmission memory submission = _submission("site");
        submission.documentHash = 0;
        _refused(IProjects.ProjectsMissing.selector, "documentHash");
        _submitRefused(submission);
        submission = _submission(0);
        _refused(IProjects.ProjectsMissing.selector, "claimKeys");
        _submitRefused(submission);
        submission.claimKeys = new bytes32[](0);
        _refused(IProjects.ProjectsMissing.selector, "claimKeys");
        _submitRefused(submission);
    }

    function test_rule06_operatorRegistersOrReturns() public {
        uint64 first = _submitProject(owner, "site 1");
        uint64 second = _submitProject(owner, "site 2");
        _expectState(first, IProjects.ProjectState.REGISTERED, OPERATOR_MEMBER, "");
        vm.prank(operator);
        projects.registerProject(first);
        _expectState(second, IProjects.ProjectState.RETURNED, OPERATOR_MEMBER, "incomplete");
        vm.prank(operator);
        projects.returnProject(second, "incomplete");
        _wrongState(first, IProjects.ProjectState.REGISTERED);
        vm.prank(operator);
        projects.returnProject(first, "late");
        _wrongState(second, IProjects.ProjectState.RETURNED);
        vm.prank(operator);
        projects.registerProject(second);
        _wrongState(99, IProjects.ProjectState.NONE);
        vm.prank(operator);
        projects.registerProject(99);
    }

    function test_rule06_authoritySuspendsResumesAndCloses() public {
        _expectState(_projectId, IProjects.ProjectState.SUSPENDED, AUTHORITY_MEMBER, "review");
        vm.prank(authority);
        projects.suspendProject(_projectId, "review");
        _wrongState(_projectId, IProjects.ProjectState.SUSPENDED);
        vm.prank(authority);
        projects.suspendProject(_projectId, "review");
        _expectState(_projectId, IProjects.ProjectState.REGISTERED, AUTHORITY_MEMBER, "done");
        vm.prank(authority);
        projects.resumeProject(_projectId, "done");
        _wrongState(_projectId, IProjects.ProjectState.REGISTERED);
        vm.prank(authority);
        projects.resumeProject(_projectId, "done");
        _expectState(_projectId, IProjects.ProjectState.CLOSED, AUTHORITY_MEMBER, "ended");
        vm.prank(authority);
        projects.closeProject(_projectId, "ended");
        _wrongState(_projectId, IProjects.ProjectState.CLOSED);
        vm.prank(authority);
        projects.resumeProject(_projectId, "again");
        _wrongState(_projectId, IProjects.ProjectState.CLOSED);
        vm.prank(authority);
        projects.closeProject(_projectId, "again");
    }

    function test_rule06_submittedProjectIsNeitherSuspendedNorClosed() public {
        uint64 projectId = _submitProject(owner, "site");
        _wrongState(projectId, IProjects.ProjectState.SUBMITTED);
        vm.prank(authority);
        projects.suspendProject(projectId, "review");
        _wrongState(projectId, IProjects.ProjectState.SUBMITTED);
        vm.prank(authority);
        projects.closeProject(projectId, "review");
    }

    // ---------------------------------------------------------------- rule 7

    function test_rule07_ownerSubmitsAReportAndClaimsItsDays() public {
        vm.expectEmit(address(projects));
        emit IProjects.ReportSubmitted(1, _projectId, LAST_YEAR, TODAY, TONNE, "data", "report");
        vm.prank(ownerDeputy);
        uint64 reportId = projects.submitReport(_projectId, LAST_YEAR, TODAY, TONNE, "data", "report");
        IProjects.Report memory found = projects.report(reportId);
        assertEq(found.projectId, _projectId, "project");
        assertTrue(found.state == IProjects.ReportState.SUBMITTED, "state");
        assertEq(found.periodStart, LAST_YEAR, "start");
        assertEq(found.periodEnd, TODAY, "end");
        assertEq(found.claimedGrams, TONNE, "claimed");
        assertEq(found.verifiedGrams, 0, "verified");
        assertEq(projects.reportByHash("report"), reportId, "by hash");
        assertTrue(!projects.dayClaimed("meter", LAST_YEAR - 1), "day before");
        assertTrue(projects.dayClaimed("meter", LAST_YEAR), "first day");
        assertTrue(projects.dayClaimed("meter", TODAY - 1), "last day");
        assertTrue(!projects.dayClaimed("meter", TODAY), "day after");
        assertTrue(!projects.dayClaimed("another", LAST_YEAR), "another key");
    }

    function test_rule07_onlyTheOwnerReports() public {
        _refused(IProjects.ProjectsNotOwner.selector, _projectId, OWNER_MEMBER, RIVAL_MEMBER);
        vm.prank(rival);
        projects.submitReport(_projectId, LAST_YEAR, TODAY, TONNE, "data", "report");
        uint64 reportId = _report(LAST_YEAR, TODAY);
        _refused(IProjects.ProjectsNotOwner.selector, _projectId, OWNER_MEMBER, RIVAL_MEMBER);
        vm.prank(rival);
        projects.withdrawReport(reportId, "spite");
    }

    function test_rule07_reportNeedsARegisteredProject() public {
        uint64 projectId = _submitProject(owner, "site");
        _wrongState(projectId, IProjects.ProjectState.SUBMITTED);
        vm.prank(owner);
        projects.submitReport(projectId, LAST_YEAR, TODAY, TONNE, "data", "report");
        vm.prank(authority);
        projects.suspendProject(_projectId, "review");
        _wrongState(_projectId, IProjects.ProjectState.SUSPENDED);
        vm.prank(owner);
        projects.submitReport(_projectId, LAST_YEAR, TODAY, TONNE, "data", "report");
    }

    function test_rule07_periodLiesInsideTheCreditingPeriod() public {
        uint32[2][5] memory periods = [
            [CREDITING_START - 1, LAST_YEAR],
            [LAST_YEAR, CREDITING_END + 1],
            [LAST_YEAR, LAST_YEAR],
            [TODAY, LAST_YEAR],
            [CREDITING_END, CREDITING_END + 1]
        ];
        for (uint256 i = 0; i < periods.length; ++i) {
            _refused(
                IProjects.ProjectsPeriodInvalid.selector,
                periods[i][0],
                periods[i][1],
                CREDITING_START,
                CREDITING_END
            );
            vm.prank(owner);
            projects.submitReport(_projectId, periods[i][0], periods[i][1], TONNE, "data", "report");
        }
        _report(CREDITING_START, CREDITING_END);
    }

    function test_rule07_reportNeedsGramsRootAndHash() public {
        _refused(IProjects.ProjectsMissing.selector, "claimedGrams");
        vm.prank(owner);
        projects.submitReport(_projectId, LAST_YEAR, TODAY, 0, "data", "report");
        _refused(IProjects.ProjectsMissing.selector, "dataRoot");
        vm.prank(owner);
        projects.submitReport(_projectId, LAST_YEAR, TODAY, TONNE, 0, "report");
        _refused(IProjects.ProjectsMissing.selector, "reportHash");
        vm.prank(owner);
        projects.submitReport(_projectId, LAST_YEAR, TODAY, TONNE, "data", 0);
    }

    function test_rule07_reportIsSubmittedOnce() public {
        vm.prank(owner);
        uint64 reportId = projects.submitReport(_projectId, LAST_YEAR, TODAY, TONNE, "data", "report");
        _refused(IProjects.ProjectsReportTaken.selector, reportId);
        vm.prank(owner);
        projects.submitReport(_projectId, TODAY, TODAY + 1, TONNE, "data", "report");
    }

    function test_rule07_dayIsClaimedOnceWithinAProject() public {
        _report(LAST_YEAR, TODAY);
        _dayClaimed("meter", TODAY - 1);
        vm.prank(owner);
        projects.submitReport(_projectId, TODAY - 1, TODAY + 1, TONNE, "data", "report");
        _report(TODAY, TODAY + 1);
        _report(LAST_YEAR - 1, LAST_YEAR);
    }

    function test_rule07_dayIsClaimedOnceAcrossProjects() public {
        _report(LAST_YEAR, TODAY);
        IProjects.ProjectSubmission memory submission = _submission("other meter");
        submission.claimKeys = new bytes32[](2);
        (submission.claimKeys[0], submission.claimKeys[1]) = (bytes32("other meter"), bytes32("meter"));
        vm.prank(rival);
        uint64 second = projects.submitProject(submission);
        vm.prank(operator);
        projects.registerProject(second);
        _dayClaimed("meter", LAST_YEAR + 10);
        vm.prank(rival);
        projects.submitReport(second, LAST_YEAR + 10, LAST_YEAR + 20, TONNE, "data", "report");
        assertTrue(!projects.dayClaimed("other meter", LAST_YEAR + 10), "a refused claim claims nothing");
        vm.prank(rival);
        projects.submitReport(second, TODAY, TODAY + 20, TONNE, "data", "report");
        assertTrue(projects.dayClaimed("other meter", TODAY), "first key");
        assertTrue(projects.dayClaimed("meter", TODAY), "second key");
    }

    function test_rule07_claimKeyListedTwiceNeverReports() public {
        IProjects.ProjectSubmission memory submission = _submission("twice");
        submission.claimKeys = new bytes32[](2);
        (submission.claimKeys[0], submission.claimKeys[1]) = (bytes32("twice"), bytes32("twice"));
        vm.prank(owner);
        uint64 projectId = projects.submitProject(submission);
        vm.prank(operator);
        projects.registerProject(projectId);
        _dayClaimed("twice", LAST_YEAR);
        vm.prank(owner);
        projects.submitReport(projectId, LAST_YEAR, TODAY, TONNE, "data", "report");
    }

    function test_rule07_withdrawnReportReleasesItsDays() public {
        uint64 reportId = _report(LAST_YEAR, TODAY);
        vm.expectEmit(address(projects));
        emit IProjects.ReportWithdrawn(reportId, "error");
        vm.prank(owner);
        projects.withdrawReport(reportId, "error");
        assertTrue(projects.report(reportId).state == IProjects.ReportState.WITHDRAWN, "state");
        assertTrue(!projects.dayClaimed("meter", LAST_YEAR), "released");
        _wrongReportState(reportId, IProjects.ReportState.WITHDRAWN);
        vm.prank(owner);
        projects.withdrawReport(reportId, "again");
        _report(LAST_YEAR, TODAY);
    }

    function test_rule07_rejectedReportReleasesItsDaysAndNoOthers() public {
        uint64 before = _report(LAST_YEAR - 5, LAST_YEAR);
        uint64 rejected = _report(LAST_YEAR, LAST_YEAR + 5);
        _report(LAST_YEAR + 5, LAST_YEAR + 10);
        vm.prank(verifier);
        projects.verifyReport(rejected, false, 0, "verification");
        for (uint32 day = LAST_YEAR - 6; day < LAST_YEAR + 11; ++day) {
            bool expected =
                day >= LAST_YEAR - 5 && day < LAST_YEAR + 10 && !(day >= LAST_YEAR && day < LAST_YEAR + 5);
            assertTrue(projects.dayClaimed("meter", day) == expected, vm.toString(day));
        }
        assertTrue(projects.report(before).state == IProjects.ReportState.SUBMITTED, "untouched");
    }

    function test_rule07_withdrawalIsOpenWhileTheProjectIsSuspended() public {
        uint64 reportId = _report(LAST_YEAR, TODAY);
        vm.prank(authority);
        projects.suspendProject(_projectId, "review");
        vm.prank(owner);
        projects.withdrawReport(reportId, "error");
        assertTrue(!projects.dayClaimed("meter", LAST_YEAR), "released");
    }

    /// @dev Two claims conflict exactly when they share a day, and the first shared day is named; near borders of words.
    function testFuzz_rule07_claimsConflictExactlyWhenTheyShareADay(uint256 seed) public {
        uint32 border = uint32(256 * bound(seed, 73, 84)); // words inside the crediting period
        uint32[4] memory days_;
        for (uint256 i = 0; i < 4; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 span = seed & 1 == 0 ? 3 : 300;
            days_[i] = uint32(bound(seed >> 1, border - span, border + span));
        }
        (uint32 a, uint32 b) = days_[0] < days_[1] ? (days_[0], days_[1]) : (days_[1], days_[0]);
        (uint32 c, uint32 d) = days_[2] < days_[3] ? (days_[2], days_[3]) : (days_[3], days_[2]);
        (b, d) = (b + 1, d + 1);
        _report(a, b);
        bytes32 hash = _nextHash();
        bool shared = a < d && c < b;
        if (shared) _dayClaimed("meter", a > c ? a : c);
        vm.prank(owner);
        projects.submitReport(_projectId, c, d, TONNE, "data", hash);
        for (uint256 word = border - 512; word <= border + 256; word += 256) {
            for (uint256 offset = 0; offset < 256; offset += 1) {
                uint32 day = uint32(word + offset);
                bool expected = (a <= day && day < b) || (!shared && c <= day && day < d);
                if (projects.dayClaimed("meter", day) != expected) revert Untrue(vm.toString(day));
            }
        }
    }

    function test_rule07_firstAndLastDaysOfWordsAreClaimedAlone() public {
        uint32[6] memory days_ = [uint32(19_967), 19_968, 20_223, 20_224, 20_479, 20_480];
        for (uint256 i = 0; i < days_.length; ++i) {
            _report(days_[i], days_[i] + 1);
            assertTrue(projects.dayClaimed("meter", days_[i]), "claimed");
        }
        assertTrue(!projects.dayClaimed("meter", 19_966), "before");
        assertTrue(!projects.dayClaimed("meter", 19_969), "after");
        assertTrue(!projects.dayClaimed("meter", 20_481), "after the last");
    }

    function test_rule07_lastDayThatFitsCanBeClaimed() public {
        IProjects.ProjectSubmission memory submission = _submission("far");
        submission.creditingEnd = type(uint32).max;
        vm.prank(owner);
        uint64 projectId = projects.submitProject(submission);
        vm.prank(operator);
        projects.registerProject(projectId);
        _submitReport(owner, projectId, type(uint32).max - 300, type(uint32).max, TONNE);
        assertTrue(projects.dayClaimed("far", type(uint32).max - 1), "last day");
        assertTrue(!projects.dayClaimed("far", type(uint32).max), "beyond");
        _dayClaimed("far", type(uint32).max - 1);
        vm.prank(owner);
        projects.submitReport(projectId, type(uint32).max - 1, type(uint32).max, TONNE, "data", "report");
    }

    // ---------------------------------------------------------------- rule 8

    function test_rule08_verifierConfirmsAtMostTheClaimedGrams() public {
        uint64 reportId = _report(LAST_YEAR, TODAY);
        bytes4 error = IProjects.ProjectsVerifiedInvalid.selector;
        _refused(error, reportId, TONNE + 1, TONNE);
        vm.prank(verifier);
        projects.verifyReport(reportId, true, TONNE + 1, "verification");
        _refused(error, reportId, 0, TONNE);
        vm.prank(verifier);
        projects.verifyReport(reportId, true, 0, "verification");
        _refused(error, reportId, 1, TONNE);
        vm.prank(verifier);
        projects.verifyReport(reportId, false, 1, "verification");
        vm.expectEmit(address(projects));
        emit IProjects.ReportVerified(reportId, VERIFIER_MEMBER, true, TONNE - 1, "verification");
        vm.prank(verifier);
        projects.verifyReport(reportId, true, TONNE - 1, "verification");
        assertEq(projects.report(reportId).verifiedGrams, TONNE - 1, "verified");
        assertTrue(projects.report(reportId).state == IProjects.ReportState.VERIFIED, "state");
        assertTrue(projects.dayClaimed("meter", LAST_YEAR), "still claimed");
    }

    function test_rule08_negativeVerdictRejects() public {
        uint64 reportId = _report(LAST_YEAR, TODAY);
        vm.expectEmit(address(projects));
        emit IProjects.ReportVerified(reportId, VERIFIER_MEMBER, false, 0, "verification");
        vm.prank(verifier);
        projects.verifyReport(reportId, false, 0, "verification");
        assertTrue(projects.report(reportId).state == IProjects.ReportState.REJECTED, "state");
        assertEq(projects.report(reportId).verifiedGrams, 0, "verified");
    }

    function test_rule08_verdictNeedsItsReport() public {
        uint64 reportId = _report(LAST_YEAR, TODAY);
        _refused(IProjects.ProjectsMissing.selector, "verificationHash");
        vm.prank(verifier);
        projects.verifyReport(reportId, true, TONNE, 0);
    }

    function test_rule08_verdictIsGivenOnce() public {
        uint64 reportId = _report(LAST_YEAR, TODAY);
        _verifyReport(reportId, TONNE);
        _wrongReportState(reportId, IProjects.ReportState.VERIFIED);
        _verifyReport(reportId, TONNE);
        _wrongReportState(reportId, IProjects.ReportState.VERIFIED);
        vm.prank(owner);
        projects.withdrawReport(reportId, "too late");
        _wrongReportState(99, IProjects.ReportState.NONE);
        _verifyReport(99, TONNE);
    }
}
