// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICancellations} from "../../contracts/interfaces/ICancellations.sol";
import {ICredits} from "../../contracts/interfaces/ICredits.sol";
import {IIssuances} from "../../contracts/interfaces/IIssuances.sol";
import {IMembers} from "../../contracts/interfaces/IMembers.sol";
import {IMethodologies} from "../../contracts/interfaces/IMethodologies.sol";
import {IProjects} from "../../contracts/interfaces/IProjects.sol";
import {ISupervision} from "../../contracts/interfaces/ISupervision.sol";
import {EveryAct} from "./EveryAct.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

/// @title Who may do what: rules 1 to 4 and 17, asked of every act of the ledger
contract DutiesTest is EveryAct {
    function test_rule17_everyActAdvancesTheSequenceByItsEvents() public {
        for (uint256 i = 0; i < acts.length; ++i) {
            uint256 state = vm.snapshotState();
            _prepare(acts[i]);
            uint256 before = _sequence();
            vm.recordLogs();
            (bool done,) = _send(acts[i], acts[i].sender);
            assertTrue(done, string.concat(acts[i].name, " succeeds"));
            uint256 events = _ledgerEvents(vm.getRecordedLogs());
            assertTrue(events != 0, string.concat(acts[i].name, " emits"));
            assertEq(_sequence() - before, events, acts[i].name);
            vm.revertToState(state);
        }
        assertEq(acts.length, 52, "acts in the table");
    }

    function test_rule02_suspendedMemberCannotActInAnyRole() public {
        _refusedInEveryAct(IMembers.Standing.SUSPENDED);
    }

    function test_rule02_closedMemberCannotActInAnyRole() public {
        _refusedInEveryAct(IMembers.Standing.CLOSED);
    }

    function _refusedInEveryAct(IMembers.Standing standing) private {
        for (uint256 i = 0; i < acts.length; ++i) {
            uint256 state = vm.snapshotState();
            _prepare(acts[i]);
            uint32 memberId = credits.memberOf(acts[i].actor);
            _setStanding(memberId, standing);
            (bool done, bytes memory answer) = _send(acts[i], acts[i].sender);
            assertTrue(!done, string.concat(acts[i].name, " is refused"));
            bytes memory expected =
                abi.encodeWithSelector(IMembers.MembersNotActive.selector, memberId, standing);
            assertEq(answer, expected, acts[i].name);
            vm.revertToState(state);
        }
    }

    function test_rule03_accountWithoutTheRoleIsRefused() public {
        for (uint256 i = 0; i < acts.length; ++i) {
            if (acts[i].role == 0) continue;
            uint256 state = vm.snapshotState();
            _prepare(acts[i]);
            (bool done, bytes memory answer) = _send(acts[i], buyer);
            assertTrue(!done, string.concat(acts[i].name, " is refused"));
            bytes memory expected =
                abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, buyer);
            assertEq(answer, expected, acts[i].name);
            vm.revertToState(state);
        }
    }

    function test_rule03_revokedAccountIsRefused() public {
        for (uint256 i = 0; i < acts.length; ++i) {
            if (acts[i].role == 0) continue;
            uint256 state = vm.snapshotState();
            _prepare(acts[i]);
            roles.revokeRole(acts[i].role, acts[i].sender);
            (bool done,) = _send(acts[i], acts[i].sender);
            assertTrue(!done, acts[i].name);
            vm.revertToState(state);
        }
    }

    function test_rule02_strangerIsRefusedEvenWithTheRole() public {
        for (uint256 i = 0; i < acts.length; ++i) {
            if (acts[i].sender == stranger) continue; // a relayer need not be a member
            if (_isLockAct(acts[i].name)) continue; // refused for not being holder or keeper, see Locks
            uint256 state = vm.snapshotState();
            _prepare(acts[i]);
            if (acts[i].role != 0) _grant(acts[i].role, stranger);
            (bool done, bytes memory answer) = _send(acts[i], stranger);
            assertTrue(!done, string.concat(acts[i].name, " is refused"));
            bytes memory expected = abi.encodeWithSelector(IMembers.MembersAccountUnknown.selector, stranger);
            assertEq(answer, expected, acts[i].name);
            vm.revertToState(state);
        }
    }

    function _isLockAct(string memory name) private pure returns (bool) {
        bytes32 hash = keccak256(bytes(name));
        return hash == keccak256("releaseLock") || hash == keccak256("deliverLock")
            || hash == keccak256("retireLocked");
    }

    function test_rule03_roleAloneIsNotEnoughForAnotherKindOfMember() public {
        uint256 asked;
        for (uint256 i = 0; i < acts.length; ++i) {
            if (acts[i].role == 0 || acts[i].role == GUARDIAN_ROLE) continue;
            uint256 state = vm.snapshotState();
            _prepare(acts[i]);
            _grant(acts[i].role, buyer);
            (bool done, bytes memory answer) = _send(acts[i], buyer);
            assertTrue(!done, string.concat(acts[i].name, " is refused"));
            bytes memory expected = acts[i].role == OPERATOR_ROLE
                ? abi.encodeWithSelector(IMembers.MembersNotOperator.selector, BUYER_MEMBER, OPERATOR_MEMBER)
                : abi.encodeWithSelector(
                    IMembers.MembersWrongKind.selector,
                    BUYER_MEMBER,
                    IMembers.MemberKind.BUYER,
                    _kindOf(acts[i].role)
                );
            assertEq(answer, expected, acts[i].name);
            vm.revertToState(state);
            ++asked;
        }
        assertEq(asked, 34, "restricted acts asked");
    }

    function _kindOf(uint64 role) private pure returns (IMembers.MemberKind) {
        if (role == AUTHORITY_ROLE) return IMembers.MemberKind.AUTHORITY;
        return role == VERIFIER_ROLE ? IMembers.MemberKind.VERIFIER : IMembers.MemberKind.EXPERT;
    }

    function test_rule04_replacedOperatorStopsAtOnceInEveryAct() public {
        uint256 asked;
        for (uint256 i = 0; i < acts.length; ++i) {
            if (acts[i].role != OPERATOR_ROLE) continue;
            uint256 state = vm.snapshotState();
            vm.prank(authority);
            credits.appointOperator(NEXT_OPERATOR_MEMBER);
            bytes memory expected = abi.encodeWithSelector(
                IMembers.MembersNotOperator.selector, OPERATOR_MEMBER, NEXT_OPERATOR_MEMBER
            );
            (bool done, bytes memory answer) = _send(acts[i], operator);
            assertTrue(!done, acts[i].name);
            assertEq(answer, expected, acts[i].name);
            (done, answer) = _send(acts[i], operatorDeputy);
            assertTrue(!done, acts[i].name);
            assertEq(answer, expected, acts[i].name);
            (done,) = _send(acts[i], nextOperator);
            assertTrue(done, acts[i].name);
            vm.revertToState(state);
            ++asked;
        }
        assertEq(asked, 6, "acts of the operator");
    }

    function test_rule04_operatorNotYetAppointedIsRefused() public {
        for (uint256 i = 0; i < acts.length; ++i) {
            if (acts[i].role != OPERATOR_ROLE) continue;
            (bool done,) = _send(acts[i], nextOperator);
            assertTrue(!done, acts[i].name);
        }
    }

    // ---------------------------------------------------------------- duties separated by member

    function test_rule03_ownerMayNotVerifyItsOwnProject() public {
        uint64 projectId = _registerProject(verifier, "own key");
        uint64 reportId = _submitReport(verifier, projectId, LAST_YEAR, TODAY, TONNE);
        address deputy = _account("verifierDeputy");
        _openAccount(deputy, VERIFIER_MEMBER);
        _grant(VERIFIER_ROLE, deputy);
        _refused(IProjects.ProjectsOwnProject.selector, projectId, VERIFIER_MEMBER);
        vm.prank(verifier);
        projects.verifyReport(reportId, true, TONNE, "verification");
        _refused(IProjects.ProjectsOwnProject.selector, projectId, VERIFIER_MEMBER);
        vm.prank(deputy);
        projects.verifyReport(reportId, true, TONNE, "verification");
        _refused(IProjects.ProjectsOwnProject.selector, projectId, VERIFIER_MEMBER);
        vm.prank(deputy);
        projects.verifyReport(reportId, false, 0, "verification");
    }

    function test_rule03_operatorMayNotRegisterItsOwnProject() public {
        uint64 projectId = _submitProject(operator, "own key");
        _refused(IProjects.ProjectsOwnProject.selector, projectId, OPERATOR_MEMBER);
        vm.prank(operatorDeputy);
        projects.registerProject(projectId);
    }

    function test_rule03_proposerOfAnIssuanceMayNotConfirmItFromAnyAccount() public {
        uint64 issuanceId = _propose(_verifiedReport(TONNE), 1, buyer, TONNE);
        vm.warp(block.timestamp + 7 days);
        _grant(AUTHORITY_ROLE, operator);
        _grant(AUTHORITY_ROLE, operatorDeputy);
        _refused(IIssuances.IssuancesSameMember.selector, OPERATOR_MEMBER);
        vm.prank(operator);
        issuances.confirmIssuance(issuanceId);
        _refused(IIssuances.IssuancesSameMember.selector, OPERATOR_MEMBER);
        vm.prank(operatorDeputy);
        issuances.confirmIssuance(issuanceId);
    }

    function test_rule03_proposerOfACancellationMayNotConfirmItFromAnyAccount() public {
        uint64 cancellationId = _proposeCancellation(heldId, buyer, TONNE, 0);
        _grant(AUTHORITY_ROLE, operator);
        _grant(AUTHORITY_ROLE, operatorDeputy);
        _refused(ICancellations.CancellationsSameMember.selector, OPERATOR_MEMBER);
        vm.prank(operator);
        cancellations.confirmCancellation(cancellationId);
        _refused(ICancellations.CancellationsSameMember.selector, OPERATOR_MEMBER);
        vm.prank(operatorDeputy);
        cancellations.confirmCancellation(cancellationId);
    }

    function test_rule03_proposerOfAnUnpauseMayNotConfirmItFromAnyAccount() public {
        _grant(GUARDIAN_ROLE, authority);
        _pause();
        vm.prank(authority);
        supervision.proposeUnpause();
        _refused(ISupervision.SupervisionSameMember.selector, AUTHORITY_MEMBER);
        vm.prank(authority);
        supervision.confirmUnpause();
        _refused(ISupervision.SupervisionSameMember.selector, AUTHORITY_MEMBER);
        vm.prank(authorityDeputy);
        supervision.confirmUnpause();
    }

    function test_rule03_expertMayNotJudgeItsOwnMembersWork() public {
        vm.prank(expert);
        uint64 methodologyId = methodologies.submitMethodology("document", "TH-M-010", "1.0", "heat", "GJ");
        vm.prank(operator);
        methodologies.openAppraisal(methodologyId);
        address deputy = _account("expertDeputy");
        _openAccount(deputy, EXPERT_MEMBER);
        _grant(EXPERT_ROLE, deputy);
        _refused(IMethodologies.MethodologiesOwnWork.selector, methodologyId, EXPERT_MEMBER);
        vm.prank(deputy);
        methodologies.appraise(methodologyId, 100, "opinion");
    }

    // ---------------------------------------------------------------- roles with a delay

    function test_rule03_delayedActIsDoneByTheAccountItselfAfterTheDelay() public {
        roles.grantRole(AUTHORITY_ROLE, authorityDeputy, 1 days);
        vm.warp(block.timestamp + 30 days); // a delay that grows counts at once, one that shrinks later
        bytes memory data = abi.encodeCall(IMembers.appointOperator, (NEXT_OPERATOR_MEMBER));
        bytes32 id = roles.hashOperation(authorityDeputy, address(credits), data);
        _refused(IAccessManager.AccessManagerNotScheduled.selector, uint256(id));
        vm.prank(authorityDeputy);
        credits.appointOperator(NEXT_OPERATOR_MEMBER);
        vm.prank(authorityDeputy);
        roles.schedule(address(credits), data, 0);
        _refused(IAccessManager.AccessManagerNotReady.selector, uint256(id));
        vm.prank(authorityDeputy);
        credits.appointOperator(NEXT_OPERATOR_MEMBER);
        vm.warp(block.timestamp + 1 days);
        vm.prank(authorityDeputy);
        credits.appointOperator(NEXT_OPERATOR_MEMBER);
        assertEq(credits.operator(), NEXT_OPERATOR_MEMBER, "operator");
    }

    function test_rule03_actThroughTheManagerIsRefusedSinceNoMemberActs() public {
        _refused(IMembers.MembersAccountUnknown.selector, _word(address(roles)));
        vm.prank(authority);
        roles.execute(address(credits), abi.encodeCall(IMembers.appointOperator, (NEXT_OPERATOR_MEMBER)));
    }

    // ---------------------------------------------------------------- the ledger's own doors

    function test_rule03_onlyTheLedgersContractsMayRecordIssueAndCancel() public {
        _unauthorized(authority);
        vm.prank(authority);
        credits.record(authority);
        _unauthorized(address(projects));
        vm.prank(address(projects));
        credits.issue(1, buyer, 1, 1);
        _unauthorized(address(issuances));
        vm.prank(address(issuances));
        credits.cancel(heldId, buyer, 1, 0, 1);
        _unauthorized(authority);
        vm.prank(authority);
        credits.setAccountFreeze(buyer, 1);
        _unauthorized(authority);
        vm.prank(authority);
        credits.setCreditFreeze(heldId, 1);
        _unauthorized(guardian);
        vm.prank(guardian);
        credits.setPaused(true);
    }

    function test_everyContractOfActsNamesItsLedger() public view {
        assertEq(address(methodologies.credits()), address(credits), "methodologies");
        assertEq(address(projects.credits()), address(credits), "projects");
        assertEq(address(issuances.credits()), address(credits), "issuances");
        assertEq(address(cancellations.credits()), address(credits), "cancellations");
        assertEq(address(supervision.credits()), address(credits), "supervision");
        assertEq(address(corrections.credits()), address(credits), "corrections");
    }

    function test_rule02_lockActsOfStrangersAreRefused() public {
        uint64 expiresAt = credits.lockOf("lock").expiresAt;
        bytes4 error = ICredits.CreditsLockNotYours.selector;
        _refused(error, uint256(bytes32("lock")), _word(stranger), _word(broker), expiresAt);
        vm.prank(stranger);
        credits.releaseLock("lock", TONNE);
        _refused(error, uint256(bytes32("lock")), _word(stranger), _word(broker), expiresAt);
        vm.prank(stranger);
        credits.deliverLock("lock", owner, TONNE);
        _refused(error, uint256(bytes32("lock")), _word(stranger), _word(buyer), expiresAt);
        vm.prank(stranger);
        credits.retireLocked("lock", _retirement("one", heldId, TONNE));
    }
}
