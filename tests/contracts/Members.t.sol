// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Credits} from "../../contracts/Credits.sol";
import {IMembers} from "../../contracts/interfaces/IMembers.sol";
import {World} from "./Base.t.sol";

/// @title Members, accounts, standing and the operator: rules 1, 2 and 4
contract MembersTest is World {
    function _registerRefused(IMembers.MemberKind kind, bytes32 hash, string memory name, string memory field)
        private
    {
        _refused(IMembers.MembersMissing.selector, field);
        vm.prank(authority);
        credits.registerMember(kind, hash, name);
    }

    function _changeRefused(uint32 memberId, IMembers.Standing present, IMembers.Standing wanted) private {
        _refused(IMembers.MembersStandingRefused.selector, memberId, uint256(present), uint256(wanted));
        _setStanding(memberId, wanted);
    }

    function test_rule01_deploymentRegistersTheAuthorityAsMemberOne() public {
        vm.recordLogs();
        Credits fresh = new Credits(address(roles), URI, "Bureau", "hash", authority);
        assertEq(vm.getRecordedLogs().length, 3, "AuthorityUpdated, MemberRegistered, AccountOpened");
        IMembers.Member memory first = fresh.member(1);
        assertTrue(first.kind == IMembers.MemberKind.AUTHORITY, "kind");
        assertTrue(first.standing == IMembers.Standing.ACTIVE, "standing");
        assertEq(first.registrationHash, "hash", "hash");
        assertEq(fresh.memberOf(authority), 1, "account");
        assertEq(fresh.memberCount(), 1, "members");
        assertEq(fresh.totals().sequence, 2, "sequence");
        assertEq(fresh.operator(), 0, "no operator yet");
    }

    function test_rule01_deploymentNeedsAnAuthority() public {
        _refused(IMembers.MembersMissing.selector, "name");
        new Credits(address(roles), URI, "", "hash", authority);
        _refused(IMembers.MembersMissing.selector, "registrationHash");
        new Credits(address(roles), URI, "Bureau", 0, authority);
        _refused(IMembers.MembersMissing.selector, "account");
        new Credits(address(roles), URI, "Bureau", "hash", address(0));
    }

    function test_rule01_memberIsRegisteredActive() public {
        uint32 expected = credits.memberCount() + 1;
        vm.expectEmit(address(credits));
        emit IMembers.MemberRegistered(expected, IMembers.MemberKind.BUYER, "hash", unicode"某公司");
        vm.prank(authority);
        uint32 memberId = credits.registerMember(IMembers.MemberKind.BUYER, "hash", unicode"某公司");
        assertEq(memberId, expected, "number");
        assertEq(credits.memberCount(), expected, "count");
        IMembers.Member memory found = credits.member(memberId);
        assertTrue(found.kind == IMembers.MemberKind.BUYER, "kind");
        assertTrue(found.standing == IMembers.Standing.ACTIVE, "standing");
        assertEq(found.registrationHash, "hash", "hash");
    }

    function test_rule01_memberNeedsKindHashAndName() public {
        _registerRefused(IMembers.MemberKind.NONE, "hash", "name", "kind");
        _registerRefused(IMembers.MemberKind.FUND, 0, "name", "registrationHash");
        _registerRefused(IMembers.MemberKind.FUND, "hash", "", "name");
    }

    function test_rule01_organisationIsOneMemberOnly() public {
        bytes32 hash = credits.member(BUYER_MEMBER).registrationHash;
        _refused(IMembers.MembersRegistrationTaken.selector, uint256(hash), BUYER_MEMBER);
        vm.prank(authority);
        credits.registerMember(IMembers.MemberKind.FUND, hash, "the same again");
        _setStanding(BUYER_MEMBER, IMembers.Standing.CLOSED);
        _refused(IMembers.MembersRegistrationTaken.selector, uint256(hash), BUYER_MEMBER);
        vm.prank(authority);
        credits.registerMember(IMembers.MemberKind.FUND, hash, "the same again");
    }

    function test_rule01_accountBelongsToExactlyOneMember() public {
        vm.expectEmit(address(credits));
        emit IMembers.AccountOpened(stranger, BUYER_MEMBER);
        _openAccount(stranger, BUYER_MEMBER);
        assertEq(credits.memberOf(stranger), BUYER_MEMBER, "member");
        _refused(IMembers.MembersAccountTaken.selector, _word(stranger), BUYER_MEMBER);
        _openAccount(stranger, BROKER_MEMBER);
        _refused(IMembers.MembersAccountTaken.selector, _word(stranger), BUYER_MEMBER);
        _openAccount(stranger, BUYER_MEMBER);
    }

    function test_rule01_accountNeedsAnAddressAndAnActiveMember() public {
        _refused(IMembers.MembersMissing.selector, "account");
        _openAccount(address(0), BUYER_MEMBER);
        _refused(IMembers.MembersUnknown.selector, 99);
        _openAccount(stranger, 99);
        _refused(IMembers.MembersUnknown.selector, 0);
        _openAccount(stranger, 0);
        _suspend(BUYER_MEMBER);
        _notActive(BUYER_MEMBER, IMembers.Standing.SUSPENDED);
        _openAccount(stranger, BUYER_MEMBER);
    }

    function test_rule01_unknownMemberAndAccountReadAsNothing() public view {
        assertTrue(credits.member(99).standing == IMembers.Standing.NONE, "standing");
        assertTrue(credits.member(0).kind == IMembers.MemberKind.NONE, "kind");
        assertEq(credits.memberOf(stranger), 0, "member");
        assertEq(credits.accountFrozenUntil(stranger), 0, "freeze");
    }

    function test_rule01_standingGoesToAndFroUntilClosed() public {
        vm.expectEmit(address(credits));
        emit IMembers.MemberStandingChanged(BUYER_MEMBER, IMembers.Standing.SUSPENDED, "decision 7");
        _suspend(BUYER_MEMBER);
        assertTrue(credits.member(BUYER_MEMBER).standing == IMembers.Standing.SUSPENDED, "suspended");
        _changeRefused(BUYER_MEMBER, IMembers.Standing.SUSPENDED, IMembers.Standing.SUSPENDED);
        _changeRefused(BUYER_MEMBER, IMembers.Standing.SUSPENDED, IMembers.Standing.NONE);
        _setStanding(BUYER_MEMBER, IMembers.Standing.ACTIVE);
        _changeRefused(BUYER_MEMBER, IMembers.Standing.ACTIVE, IMembers.Standing.ACTIVE);
        _setStanding(BUYER_MEMBER, IMembers.Standing.CLOSED);
        _changeRefused(BUYER_MEMBER, IMembers.Standing.CLOSED, IMembers.Standing.ACTIVE);
        _changeRefused(BUYER_MEMBER, IMembers.Standing.CLOSED, IMembers.Standing.SUSPENDED);
        _changeRefused(BUYER_MEMBER, IMembers.Standing.CLOSED, IMembers.Standing.CLOSED);
    }

    function test_rule01_standingOfAnUnknownMemberIsRefused() public {
        _refused(IMembers.MembersUnknown.selector, 99);
        _suspend(99);
    }

    function test_rule02_resumedMemberMayActAgain() public {
        uint256 tokenId = _credit(buyer, TONNE);
        _suspend(BUYER_MEMBER);
        _notActive(BUYER_MEMBER, IMembers.Standing.SUSPENDED);
        vm.prank(buyer);
        credits.safeTransferFrom(buyer, broker, tokenId, 1, "");
        _setStanding(BUYER_MEMBER, IMembers.Standing.ACTIVE);
        vm.prank(buyer);
        credits.safeTransferFrom(buyer, broker, tokenId, 1, "");
        assertEq(credits.balanceOf(broker, tokenId), 1, "received");
    }

    /// @dev Members share words of 256 bits: a change of one must leave its neighbours alone, on both sides of a border.
    function test_rule02_standingOfNeighboursIsIndependentAcrossWords() public {
        while (credits.memberCount() < 513) {
            bytes32 hash = _nextHash();
            vm.prank(authority);
            credits.registerMember(IMembers.MemberKind.FUND, hash, "a fund");
        }
        uint32[6] memory suspended = [uint32(254), 255, 256, 257, 511, 512];
        for (uint256 i = 0; i < suspended.length; ++i) {
            uint256 state = vm.snapshotState();
            _suspend(suspended[i]);
            for (uint32 memberId = 250; memberId < 260; ++memberId) {
                _openingIsAllowed(memberId, memberId != suspended[i]);
            }
            _openingIsAllowed(510, true);
            _openingIsAllowed(511, suspended[i] != 511);
            _openingIsAllowed(512, suspended[i] != 512);
            _openingIsAllowed(513, true);
            _openingIsAllowed(1, true);
            vm.revertToState(state);
        }
    }

    function _openingIsAllowed(uint32 memberId, bool allowed) private {
        address account = address(uint160(uint256(_nextHash())));
        if (!allowed) _notActive(memberId, IMembers.Standing.SUSPENDED);
        _openAccount(account, memberId);
        assertEq(credits.memberOf(account), allowed ? memberId : 0, "member of the new account");
    }

    function test_rule01_memberDoesNotChangeItsOwnStanding() public {
        uint32 own = credits.memberOf(authority);
        _refused(IMembers.MembersOwnStanding.selector, own);
        vm.prank(authority);
        credits.changeStanding(own, IMembers.Standing.CLOSED, "by mistake");
    }

    function test_rule04_operatorIsReplacedInOneAct() public {
        assertEq(credits.operator(), OPERATOR_MEMBER, "first operator");
        vm.expectEmit(address(credits));
        emit IMembers.OperatorAppointed(NEXT_OPERATOR_MEMBER);
        vm.prank(authority);
        credits.appointOperator(NEXT_OPERATOR_MEMBER);
        assertEq(credits.operator(), NEXT_OPERATOR_MEMBER, "next operator");
    }

    function test_rule04_operatorMustBeAnActiveMemberOfItsKind() public {
        _refused(
            IMembers.MembersWrongKind.selector,
            BUYER_MEMBER,
            uint256(IMembers.MemberKind.BUYER),
            uint256(IMembers.MemberKind.OPERATOR)
        );
        vm.prank(authority);
        credits.appointOperator(BUYER_MEMBER);
        _refused(IMembers.MembersUnknown.selector, 99);
        vm.prank(authority);
        credits.appointOperator(99);
        _suspend(NEXT_OPERATOR_MEMBER);
        _notActive(NEXT_OPERATOR_MEMBER, IMembers.Standing.SUSPENDED);
        vm.prank(authority);
        credits.appointOperator(NEXT_OPERATOR_MEMBER);
    }

    function test_rule04_proposalOfAReplacedOperatorWaitsForTheAuthority() public {
        uint64 issuanceId = _propose(_verifiedReport(TONNE), 1, buyer, TONNE);
        vm.prank(authority);
        credits.appointOperator(NEXT_OPERATOR_MEMBER);
        vm.warp(block.timestamp + 7 days);
        vm.prank(authority);
        issuances.confirmIssuance(issuanceId);
        assertEq(credits.totals().issued, TONNE, "issued");
    }

    function test_rule01_freezeOfAStrangersAccountIsRefused() public {
        _refused(IMembers.MembersAccountUnknown.selector, _word(stranger));
        _freezeAccount(stranger, block.timestamp + 1);
    }
}
