// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Issuances} from "../../contracts/Issuances.sol";
import {ICredits} from "../../contracts/interfaces/ICredits.sol";
import {IIssuances} from "../../contracts/interfaces/IIssuances.sol";
import {IMembers} from "../../contracts/interfaces/IMembers.sol";
import {IProjects} from "../../contracts/interfaces/IProjects.sol";
import {World} from "./Base.t.sol";
import {IERC1155} from "@openzeppelin/contracts/token/ERC1155/IERC1155.sol";

/// @title Issuances: rule 9, and what they write into the credits
contract IssuancesTest is World {
    uint64 private _reportId;
    uint256 private _tokenId;

    function setUp() public override {
        super.setUp();
        _reportId = _verifiedReport(TONNE);
        _tokenId = (uint256(projects.report(_reportId).projectId) << 128) | 1;
    }

    function _wrongState(uint64 issuanceId, IIssuances.State state) private {
        _refused(IIssuances.IssuancesWrongState.selector, issuanceId, uint256(state));
    }

    function _confirm(uint64 issuanceId) private {
        vm.prank(authority);
        issuances.confirmIssuance(issuanceId);
    }

    function _proposeVintage(uint64 reportId, uint16 vintage) private {
        vm.prank(operator);
        issuances.proposeIssuance(reportId, 1, buyer, 1, vintage, "");
    }

    function _object(uint64 issuanceId) private returns (uint64) {
        vm.prank(broker);
        return issuances.objectToIssuance(issuanceId, "double counting");
    }

    function _answer(uint64 objectionId) private {
        vm.prank(authority);
        issuances.answerObjection(objectionId, "checked");
    }

    // ---------------------------------------------------------------- proposal

    function test_rule09_operatorProposesAndTheNoticeStarts() public {
        uint64 endsAt = uint64(block.timestamp + 7 days);
        vm.expectEmit(address(issuances));
        emit IIssuances.IssuanceProposed(
            1, _reportId, _tokenId, OPERATOR_MEMBER, buyer, TONNE, 2025, endsAt, "CCER 7"
        );
        vm.prank(operator);
        uint64 issuanceId = issuances.proposeIssuance(_reportId, 1, buyer, TONNE, 2025, "CCER 7");
        IIssuances.Issuance memory found = issuances.issuance(issuanceId);
        assertEq(found.reportId, _reportId, "report");
        assertEq(found.grams, TONNE, "grams");
        assertEq(found.noticeEndsAt, endsAt, "notice");
        assertEq(found.proposerId, OPERATOR_MEMBER, "proposer");
        assertEq(found.vintage, 2025, "vintage");
        assertTrue(found.state == IIssuances.State.PROPOSED, "state");
        assertEq(found.holder, buyer, "holder");
        assertEq(found.openObjections, 0, "objections");
        assertEq(found.tokenId, _tokenId, "token");
        assertEq(issuances.issuanceOf(_tokenId), issuanceId, "by credit");
        assertEq(issuances.reservedGrams(_reportId), TONNE, "reserved");
    }

    function test_rule09_proposalNeedsAVerifiedReportOfARegisteredProject() public {
        bytes4 error = IIssuances.IssuancesReportNotVerified.selector;
        uint64 projectId = _registerProject(owner, "site");
        uint64 submitted = _submitReport(owner, projectId, LAST_YEAR, TODAY, TONNE);
        _refused(error, submitted);
        _propose(submitted, 1, buyer, TONNE);
        _refused(error, 99);
        _propose(99, 1, buyer, TONNE);
        vm.prank(verifier);
        projects.verifyReport(submitted, false, 0, "verification");
        _refused(error, submitted);
        _propose(submitted, 1, buyer, TONNE);
        uint64 verifiedProject = projects.report(_reportId).projectId;
        vm.prank(authority);
        projects.suspendProject(verifiedProject, "review");
        _refused(error, _reportId);
        _propose(_reportId, 1, buyer, TONNE);
    }

    function test_rule09_zeroIsRefused() public {
        _refused(IIssuances.IssuancesZeroGrams.selector);
        _propose(_reportId, 1, buyer, 0);
    }

    function test_rule09_sumOfIssuancesStaysWithinTheVerifiedGrams() public {
        bytes4 error = IIssuances.IssuancesAboveVerified.selector;
        _refused(error, _reportId, TONNE + 1, TONNE);
        _propose(_reportId, 1, buyer, TONNE + 1);
        _propose(_reportId, 1, buyer, TONNE - 10);
        _refused(error, _reportId, 11, 10);
        _propose(_reportId, 2, buyer, 11);
        _propose(_reportId, 2, buyer, 10);
        _refused(error, _reportId, 1, 0);
        _propose(_reportId, 3, buyer, 1);
        assertEq(issuances.reservedGrams(_reportId), TONNE, "reserved");
    }

    function test_rule09_creditIdIsIssuedOnceAndNotZero() public {
        _refused(IIssuances.IssuancesCreditTaken.selector, _tokenId - 1, 0);
        _propose(_reportId, 0, buyer, 1);
        uint64 issuanceId = _propose(_reportId, 1, buyer, 1);
        _refused(IIssuances.IssuancesCreditTaken.selector, _tokenId, issuanceId);
        _propose(_reportId, 1, buyer, 1);
        vm.warp(block.timestamp + 7 days);
        _confirm(issuanceId);
        _refused(IIssuances.IssuancesCreditTaken.selector, _tokenId, issuanceId);
        _propose(_reportId, 1, buyer, 1);
    }

    function test_rule09_receiverMustBeAnAccountOfAMember() public {
        _refused(IMembers.MembersAccountUnknown.selector, _word(stranger));
        _propose(_reportId, 1, stranger, 1);
    }

    function test_rule09_vintageLiesInsideThePeriod() public {
        bytes4 error = IIssuances.IssuancesVintageOutside.selector;
        uint16[6] memory outside = [uint16(0), 1969, 1970, 2024, 2026, 65_535];
        for (uint256 i = 0; i < outside.length; ++i) {
            _refused(error, outside[i], LAST_YEAR, TODAY);
            _proposeVintage(_reportId, outside[i]);
        }
        _proposeVintage(_reportId, 2025);
    }

    function test_rule09_vintageMayBeAnyYearOfAPeriodOverThreeYears() public {
        uint64 projectId = _registerProject(owner, "site");
        uint64 reportId = _submitReport(owner, projectId, LAST_YEAR - 1, TODAY + 1, TONNE);
        _verifyReport(reportId, TONNE);
        for (uint16 year = 2024; year <= 2026; ++year) {
            vm.prank(operator);
            issuances.proposeIssuance(reportId, year, buyer, 1, year, "");
        }
        _refused(IIssuances.IssuancesVintageOutside.selector, 2023, LAST_YEAR - 1, TODAY + 1);
        _proposeVintage(reportId, 2023);
        _refused(IIssuances.IssuancesVintageOutside.selector, 2027, LAST_YEAR - 1, TODAY + 1);
        _proposeVintage(reportId, 2027);
    }

    /// @dev Days since 1970 of 1 January, counted year by year: slow, and nothing like the contract's formula.
    function _newYear(uint256 year) private pure returns (uint256 day) {
        for (uint256 past = 1970; past < year; ++past) {
            day += (past % 4 == 0 && past % 100 != 0) || past % 400 == 0 ? 366 : 365;
        }
    }

    function test_rule09_knownFirstDaysOfYears() public pure {
        assertEq(_newYear(1970), 0, "1970");
        assertEq(_newYear(1973), 1096, "after the leap year 1972");
        assertEq(_newYear(2001), 11_323, "after the leap year 2000");
        assertEq(_newYear(2025), LAST_YEAR, "2025");
        assertEq(_newYear(2026), TODAY, "2026");
        assertEq(_newYear(2101) - _newYear(2100), 365, "2100 is no leap year");
    }

    /// @dev One day's report belongs to exactly one year: the first and last days of years, and days around them.
    function testFuzz_rule09_vintageIsTheCalendarYearOfADay(uint256 seed) public {
        uint256 year = seed % 3 == 0 ? bound(seed >> 8, 1971, 2500) : bound(seed >> 8, 1971, 12_000);
        if (seed % 7 == 0) year = year / 100 * 100;
        if (year < 1971) year = 2000;
        uint256 first = _newYear(year);
        uint64 reportId = _reportOfWideProject(uint32(first - 1), uint32(first + 1));
        uint64 nextId = _reportOfWideProject(uint32(first), uint32(first + 1));
        uint64 pastId = _reportOfWideProject(uint32(first - 1), uint32(first));
        _vintageIs(reportId, year - 2, false);
        _vintageIs(reportId, year - 1, true);
        _vintageIs(reportId, year, true);
        _vintageIs(reportId, year + 1, false);
        _vintageIs(nextId, year - 1, false);
        _vintageIs(nextId, year, true);
        _vintageIs(pastId, year - 1, true);
        _vintageIs(pastId, year, false);
    }

    function test_rule09_vintageReachesTheLastYearOfItsType() public {
        uint256 first = _newYear(65_535);
        uint64 reportId = _reportOfWideProject(uint32(first), uint32(first + 366));
        _vintageIs(reportId, 65_534, false);
        _vintageIs(reportId, 65_535, true);
    }

    function test_rule09_vintageReachesTheFirstYear() public {
        uint64 reportId = _reportOfWideProject(0, 365);
        _vintageIs(reportId, 1969, false);
        _vintageIs(reportId, 1971, false);
        _vintageIs(reportId, 1970, true);
    }

    function _reportOfWideProject(uint32 start, uint32 end) private returns (uint64 reportId) {
        IProjects.ProjectSubmission memory submission = _submission(_nextHash());
        (submission.creditingStart, submission.creditingEnd) = (0, type(uint32).max);
        vm.prank(owner);
        uint64 projectId = projects.submitProject(submission);
        vm.prank(operator);
        projects.registerProject(projectId);
        reportId = _submitReport(owner, projectId, start, end, TONNE);
        _verifyReport(reportId, TONNE);
    }

    function _vintageIs(uint64 reportId, uint256 year, bool inside) private {
        IProjects.Report memory base = projects.report(reportId);
        if (!inside) {
            _refused(IIssuances.IssuancesVintageOutside.selector, year, base.periodStart, base.periodEnd);
        }
        vm.prank(operator);
        issuances.proposeIssuance(reportId, uint128(uint256(_nextHash())), buyer, 1, uint16(year), "");
    }

    // ---------------------------------------------------------------- notice and objections

    function test_rule09_confirmationWaitsForTheNotice() public {
        uint64 issuanceId = _propose(_reportId, 1, buyer, TONNE);
        uint256 endsAt = block.timestamp + 7 days;
        vm.warp(endsAt - 1);
        _refused(IIssuances.IssuancesNoticeRunning.selector, issuanceId, endsAt, endsAt - 1);
        _confirm(issuanceId);
        vm.warp(endsAt);
        _confirm(issuanceId);
    }

    function test_rule09_confirmationWaitsForEveryAnswer() public {
        uint64 issuanceId = _propose(_reportId, 1, buyer, TONNE);
        vm.warp(block.timestamp + 7 days);
        vm.expectEmit(address(issuances));
        emit IIssuances.IssuanceObjected(1, issuanceId, BROKER_MEMBER, "double counting");
        uint64 first = _object(issuanceId);
        uint64 second = _object(issuanceId);
        _refused(IIssuances.IssuancesObjectionsOpen.selector, issuanceId, 2);
        _confirm(issuanceId);
        vm.expectEmit(address(issuances));
        emit IIssuances.ObjectionAnswered(first, issuanceId, "checked");
        _answer(first);
        _refused(IIssuances.IssuancesObjectionsOpen.selector, issuanceId, 1);
        _confirm(issuanceId);
        _answer(second);
        _confirm(issuanceId);
        assertEq(credits.balanceOf(buyer, _tokenId), TONNE, "issued");
    }

    function test_rule09_objectionIsAnsweredOnce() public {
        uint64 issuanceId = _propose(_reportId, 1, buyer, TONNE);
        uint64 objectionId = _object(issuanceId);
        _answer(objectionId);
        _refused(IIssuances.IssuancesObjectionNotOpen.selector, objectionId);
        _answer(objectionId);
        _refused(IIssuances.IssuancesObjectionNotOpen.selector, 99);
        _answer(99);
    }

    function test_rule09_objectionAnswerAndReturnSayWhy() public {
        uint64 issuanceId = _propose(_reportId, 1, buyer, TONNE);
        _refused(IIssuances.IssuancesReasonMissing.selector);
        vm.prank(broker);
        issuances.objectToIssuance(issuanceId, "");
        uint64 objectionId = _object(issuanceId);
        _refused(IIssuances.IssuancesReasonMissing.selector);
        vm.prank(authority);
        issuances.answerObjection(objectionId, "");
        _refused(IIssuances.IssuancesReasonMissing.selector);
        vm.prank(authority);
        issuances.returnIssuance(issuanceId, "");
    }

    function test_rule09_objectionNeedsAProposedIssuance() public {
        _wrongState(99, IIssuances.State.NONE);
        _object(99);
        uint64 issuanceId = _propose(_reportId, 1, buyer, TONNE);
        vm.warp(block.timestamp + 7 days);
        _confirm(issuanceId);
        _wrongState(issuanceId, IIssuances.State.CONFIRMED);
        _object(issuanceId);
    }

    function test_rule09_noticeLengthIsASettingOfLaterProposals() public {
        assertEq(new Issuances(address(roles), credits, projects).noticeLength(), 7 days, "at first");
        uint64 before = _propose(_reportId, 1, buyer, 1);
        vm.expectEmit(address(issuances));
        emit IIssuances.NoticeLengthSet(0);
        vm.prank(authority);
        issuances.setNoticeLength(0);
        assertEq(issuances.noticeLength(), 0, "set");
        uint64 later = _propose(_reportId, 2, buyer, 1);
        _confirm(later);
        _refused(
            IIssuances.IssuancesNoticeRunning.selector, before, block.timestamp + 7 days, block.timestamp
        );
        _confirm(before);
        vm.prank(authority);
        issuances.setNoticeLength(3650 days);
        _refused(IIssuances.IssuancesNoticeTooLong.selector, 3650 days + 1, 3650 days);
        vm.prank(authority);
        issuances.setNoticeLength(3650 days + 1);
        _refused(IIssuances.IssuancesNoticeTooLong.selector, type(uint64).max, 3650 days);
        vm.prank(authority);
        issuances.setNoticeLength(type(uint64).max);
    }

    // ---------------------------------------------------------------- confirmation

    function test_rule09_confirmationIssuesTheWholeVolumeAtOnce() public {
        uint64 issuanceId = _propose(_reportId, 1, buyer, TONNE);
        vm.warp(block.timestamp + 7 days);
        vm.expectEmit(address(issuances));
        emit IIssuances.IssuanceConfirmed(issuanceId, AUTHORITY_MEMBER);
        vm.expectEmit(address(credits));
        emit ICredits.CreditIssued(_tokenId, issuanceId, buyer, TONNE);
        vm.expectEmit(address(credits));
        emit IERC1155.TransferSingle(address(issuances), address(0), buyer, _tokenId, TONNE);
        _confirm(issuanceId);
        assertTrue(issuances.issuance(issuanceId).state == IIssuances.State.CONFIRMED, "state");
        assertEq(credits.credit(_tokenId).issued, TONNE, "issued");
        assertEq(credits.totals().issued, TONNE, "lifetime");
        assertEq(credits.balanceOf(buyer, _tokenId), TONNE, "held");
        _wrongState(issuanceId, IIssuances.State.CONFIRMED);
        _confirm(issuanceId);
        _wrongState(99, IIssuances.State.NONE);
        _confirm(99);
    }

    function test_rule09_confirmationNeedsTheProjectStillRegistered() public {
        uint64 issuanceId = _propose(_reportId, 1, buyer, TONNE);
        vm.warp(block.timestamp + 7 days);
        uint64 projectId = projects.report(_reportId).projectId;
        vm.prank(authority);
        projects.suspendProject(projectId, "review");
        _refused(IIssuances.IssuancesReportNotVerified.selector, _reportId);
        _confirm(issuanceId);
    }

    function test_rule02_confirmationNeedsAnActiveReceiver() public {
        uint64 issuanceId = _propose(_reportId, 1, buyer, TONNE);
        vm.warp(block.timestamp + 7 days);
        _suspend(BUYER_MEMBER);
        _notActive(BUYER_MEMBER, IMembers.Standing.SUSPENDED);
        _confirm(issuanceId);
    }

    function test_rule16_confirmationIsRefusedWhilePaused() public {
        uint64 issuanceId = _propose(_reportId, 1, buyer, TONNE);
        vm.warp(block.timestamp + 7 days);
        _pause();
        _refused(ICredits.CreditsPaused.selector);
        _confirm(issuanceId);
    }

    function test_rule09_returnFreesGramsAndCreditId() public {
        uint64 issuanceId = _propose(_reportId, 1, buyer, TONNE);
        uint64 objectionId = _object(issuanceId);
        vm.expectEmit(address(issuances));
        emit IIssuances.IssuanceReturned(issuanceId, AUTHORITY_MEMBER, "wrong vintage");
        vm.prank(authority);
        issuances.returnIssuance(issuanceId, "wrong vintage");
        assertTrue(issuances.issuance(issuanceId).state == IIssuances.State.RETURNED, "state");
        assertEq(issuances.reservedGrams(_reportId), 0, "reserved");
        assertEq(issuances.issuanceOf(_tokenId), 0, "credit id");
        _answer(objectionId); // an objection may be answered after the return, and counts for nothing else
        _wrongState(issuanceId, IIssuances.State.RETURNED);
        _confirm(issuanceId);
        _wrongState(issuanceId, IIssuances.State.RETURNED);
        vm.prank(authority);
        issuances.returnIssuance(issuanceId, "again");
        uint64 second = _propose(_reportId, 1, buyer, TONNE);
        vm.warp(block.timestamp + 7 days);
        _confirm(second);
        assertEq(credits.credit(_tokenId).issued, TONNE, "issued by the second proposal");
    }

    // ---------------------------------------------------------------- the credits' own guards

    function _issueAs(uint256 tokenId, uint64 grams) private {
        vm.prank(address(issuances));
        credits.issue(tokenId, buyer, grams, 1);
    }

    function test_rule09_creditIsIssuedOnceWhateverTheIssuancesSay() public {
        _issueAs(7, TONNE);
        _refused(ICredits.CreditsAlreadyIssued.selector, 7);
        _issueAs(7, 1);
        _refused(ICredits.CreditsZeroGrams.selector);
        _issueAs(8, 0);
    }

    function test_rule00_lifetimeIssuanceIsCapped() public {
        uint64 cap = type(uint64).max >> 1;
        _refused(ICredits.CreditsAboveCap.selector, uint256(cap) + 1, cap);
        _issueAs(7, cap + 1);
        _issueAs(7, cap - 1);
        _refused(ICredits.CreditsAboveCap.selector, 2, 1);
        _issueAs(8, 2);
        _issueAs(8, 1);
        _refused(ICredits.CreditsAboveCap.selector, type(uint64).max, 0);
        _issueAs(9, type(uint64).max);
        assertEq(credits.totals().issued, cap, "lifetime");
    }
}
