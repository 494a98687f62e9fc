// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICredits} from "../../contracts/interfaces/ICredits.sol";
import {IMembers} from "../../contracts/interfaces/IMembers.sol";
import {ISupervision} from "../../contracts/interfaces/ISupervision.sol";
import {World} from "./Base.t.sol";

/// @title Freezes and the pause: rule 16. What a freeze and a pause stop is asked in Transfers, Locks, Retirements,
/// Orders, Cancellations and Issuances.
contract SupervisionTest is World {
    uint256 private _tokenId;
    uint64 private _until;

    function setUp() public override {
        super.setUp();
        _tokenId = _credit(buyer, 1000);
        _until = uint64(block.timestamp + 10 days);
    }

    function _proposeUnpause(address account) private {
        vm.prank(account);
        supervision.proposeUnpause();
    }

    function _confirmUnpause(address account) private {
        vm.prank(account);
        supervision.confirmUnpause();
    }

    // ---------------------------------------------------------------- freezes

    function test_rule16_accountIsFrozenByCaseUntilATime() public {
        vm.expectEmit(address(supervision));
        emit ISupervision.AccountFrozen(buyer, _until, "case 1");
        _freezeAccount(buyer, _until);
        assertEq(credits.accountFrozenUntil(buyer), _until, "end");
        assertEq(credits.memberOf(buyer), BUYER_MEMBER, "the account stays its member's");
        _freezeAccount(buyer, _until - 1 days);
        assertEq(credits.accountFrozenUntil(buyer), _until - 1 days, "the end may move");
    }

    function test_rule16_accountIsUnfrozenByAct() public {
        _freezeAccount(buyer, _until);
        vm.expectEmit(address(supervision));
        emit ISupervision.AccountUnfrozen(buyer, "case 9");
        vm.prank(authority);
        supervision.unfreezeAccount(buyer, "case 9");
        assertEq(credits.accountFrozenUntil(buyer), 0, "end");
        vm.prank(buyer);
        credits.safeTransferFrom(buyer, broker, _tokenId, 1, "");
    }

    function test_rule16_creditIsFrozenByCaseUntilATime() public {
        vm.expectEmit(address(supervision));
        emit ISupervision.CreditFrozen(_tokenId, _until, "case 2");
        _freezeCredit(_tokenId, _until);
        assertEq(credits.credit(_tokenId).frozenUntil, _until, "end");
        assertEq(credits.credit(_tokenId).issued, 1000, "the amounts beside it stay");
    }

    function test_rule16_creditIsUnfrozenByAct() public {
        _freezeCredit(_tokenId, _until);
        vm.expectEmit(address(supervision));
        emit ISupervision.CreditUnfrozen(_tokenId, "case 9");
        vm.prank(authority);
        supervision.unfreezeCredit(_tokenId, "case 9");
        assertEq(credits.credit(_tokenId).frozenUntil, 0, "end");
        vm.prank(buyer);
        credits.safeTransferFrom(buyer, broker, _tokenId, 1, "");
    }

    function test_rule16_freezeEndsInTheFuture() public {
        bytes4 error = ISupervision.SupervisionFreezeEndPassed.selector;
        _refused(error, block.timestamp, block.timestamp);
        _freezeAccount(buyer, block.timestamp);
        _refused(error, 0, block.timestamp);
        _freezeCredit(_tokenId, 0);
    }

    function test_rule16_freezeAndItsEndNameACase() public {
        bytes4 error = ISupervision.SupervisionCaseMissing.selector;
        _refused(error);
        vm.prank(authority);
        supervision.freezeAccount(buyer, _until, "");
        _refused(error);
        vm.prank(authority);
        supervision.freezeCredit(_tokenId, _until, "");
        _refused(error);
        vm.prank(authority);
        supervision.unfreezeAccount(buyer, "");
        _refused(error);
        vm.prank(authority);
        supervision.unfreezeCredit(_tokenId, "");
    }

    function test_rule16_unknownAccountsAndCreditsAreNotFrozen() public {
        _refused(IMembers.MembersAccountUnknown.selector, _word(stranger));
        _freezeAccount(stranger, _until);
        _refused(IMembers.MembersAccountUnknown.selector, _word(stranger));
        vm.prank(authority);
        supervision.unfreezeAccount(stranger, "case");
        _refused(ICredits.CreditsUnknown.selector, 77);
        _freezeCredit(77, _until);
        _refused(ICredits.CreditsUnknown.selector, 77);
        vm.prank(authority);
        supervision.unfreezeCredit(77, "case");
    }

    function test_rule16_freezingIsOpenWhilePausedAndForSuspendedMembers() public {
        _suspend(BUYER_MEMBER);
        _pause();
        _freezeAccount(buyer, _until);
        _freezeCredit(_tokenId, _until);
        assertEq(credits.accountFrozenUntil(buyer), _until, "account");
        assertEq(credits.credit(_tokenId).frozenUntil, _until, "credit");
    }

    // ---------------------------------------------------------------- the pause

    function test_rule16_oneGuardianPausesAtOnce() public {
        vm.expectEmit(address(supervision));
        emit ISupervision.LedgerPaused(GUARDIAN_MEMBER, "key lost");
        _pause();
        assertTrue(credits.totals().paused, "paused");
        _refused(ICredits.CreditsPaused.selector);
        _pause();
    }

    function test_rule16_pauseSaysWhy() public {
        _refused(ISupervision.SupervisionCaseMissing.selector);
        vm.prank(guardian);
        supervision.pause("");
    }

    function test_rule16_twoMembersUnpause() public {
        _pause();
        vm.expectEmit(address(supervision));
        emit ISupervision.UnpauseProposed(GUARDIAN_MEMBER);
        _proposeUnpause(guardian);
        assertEq(supervision.unpauseProposer(), GUARDIAN_MEMBER, "proposer");
        assertTrue(credits.totals().paused, "one is not enough");
        vm.expectEmit(address(supervision));
        emit ISupervision.LedgerUnpaused(AUTHORITY_MEMBER);
        _confirmUnpause(authority);
        assertTrue(!credits.totals().paused, "unpaused");
        assertEq(supervision.unpauseProposer(), 0, "no proposal is left over");
        vm.prank(buyer);
        credits.safeTransferFrom(buyer, broker, _tokenId, 1, "");
    }

    function test_rule16_unpausingNeedsAPauseAndAProposal() public {
        _refused(ISupervision.SupervisionNotPaused.selector);
        _proposeUnpause(guardian);
        _refused(ISupervision.SupervisionNotPaused.selector);
        _confirmUnpause(authority);
        _pause();
        _refused(ISupervision.SupervisionUnpauseNotProposed.selector);
        _confirmUnpause(authority);
    }

    function test_rule16_proposalIsOfOnePauseOnly() public {
        _pause();
        _proposeUnpause(guardian);
        _confirmUnpause(authority);
        _pause();
        _refused(ISupervision.SupervisionUnpauseNotProposed.selector);
        _confirmUnpause(authority);
    }

    function test_rule16_laterProposerTakesThePlaceOfTheFirst() public {
        _grant(GUARDIAN_ROLE, authority);
        _pause();
        _proposeUnpause(guardian);
        _proposeUnpause(authority);
        _refused(ISupervision.SupervisionSameMember.selector, AUTHORITY_MEMBER);
        _confirmUnpause(authorityDeputy);
        _proposeUnpause(guardian);
        _confirmUnpause(authorityDeputy);
    }

    function test_rule16_pauseKeepsTheTotalsAndTheSequence() public {
        ICredits.Totals memory before = credits.totals();
        _pause();
        ICredits.Totals memory paused = credits.totals();
        assertEq(paused.issued, before.issued, "issued");
        assertEq(paused.sequence, before.sequence + 1, "sequence");
        assertTrue(paused.purposes == before.purposes, "purposes");
    }

    function test_rule16_registersStayOpenWhilePaused() public {
        _pause();
        uint64 reportId = _verifiedReport(TONNE);
        _propose(reportId, 1, buyer, TONNE);
        _proposeCancellation(_tokenId, buyer, 1, 0);
        _enrol(IMembers.MemberKind.BUYER, stranger, 0);
    }
}
