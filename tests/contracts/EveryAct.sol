// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICorrections} from "../../contracts/interfaces/ICorrections.sol";
import {ICredits} from "../../contracts/interfaces/ICredits.sol";
import {IMembers} from "../../contracts/interfaces/IMembers.sol";
import {IProjects} from "../../contracts/interfaces/IProjects.sol";
import {World} from "./Base.t.sol";
import {OrderSigner} from "./OrderSigner.sol";

/// @title Every act of the ledger, ready to be done
/// @dev The world is brought to a point where each act in the table succeeds on its own. Tests then ask the same
/// question of all of them: who is refused, and how many events were counted.
abstract contract EveryAct is World, OrderSigner {
    /// @param name The function's name.
    /// @param actor Whose act it is: its member must be active.
    /// @param sender Who sends the transaction; a stranger where a relayer may carry the act.
    /// @param role The role it needs; 0 when any active member may do it.
    /// @param paused Whether the ledger must be paused first.
    struct Act {
        string name;
        address actor;
        address sender;
        uint64 role;
        bool paused;
        address target;
        bytes data;
    }

    Act[] internal acts;

    uint256 internal heldId;
    uint64 private _submittedMethodology;
    uint64 private _openedMethodology;
    uint64 private _passedMethodology;
    uint64 private _suspendedMethodology;
    uint64 private _submittedProject;
    uint64 private _registeredProject;
    uint64 private _suspendedProject;
    uint64 private _submittedReport;
    uint64 private _verifiedReportId;
    uint64 private _noticedIssuance;
    uint64 private _doubtedIssuance;
    uint64 private _objection;
    uint64 private _cancellation;

    function setUp() public override {
        super.setUp();
        _submittedMethodology = _submitMethodology("TH-M-002");
        _openedMethodology = _openMethodology("TH-M-003");
        _passedMethodology = _passMethodology("TH-M-004");
        _suspendedMethodology = _fileMethodology("TH-M-005");
        vm.prank(authority);
        methodologies.suspendMethodology(_suspendedMethodology, "review");
        _submittedProject = _submitProject(owner, "key 1");
        _registeredProject = _registerProject(owner, "key 2");
        _suspendedProject = _registerProject(owner, "key 3");
        vm.prank(authority);
        projects.suspendProject(_suspendedProject, "review");
        _submittedReport = _submitReport(owner, _registeredProject, LAST_YEAR, TODAY, TONNE);
        _verifiedReportId = _verifiedReport(TONNE);
        _doubtedIssuance = _propose(_verifiedReport(TONNE), 1, buyer, TONNE);
        vm.prank(broker);
        _objection = issuances.objectToIssuance(_doubtedIssuance, "double counting");
        _noticedIssuance = _propose(_verifiedReport(TONNE), 1, buyer, TONNE);
        heldId = _credit(buyer, 10 * TONNE);
        _lock(buyer, "lock", heldId, TONNE, broker);
        _retire(buyer, "retired", heldId, TONNE);
        _cancellation = _proposeCancellation(heldId, buyer, TONNE, 0);
        _freezeAccount(rival, block.timestamp + 1 days);
        _addAuthority();
        _addSupervision();
        _addOrigin();
        _addIssuance();
        _addHolder();
        _addLocks();
    }

    function _add(string memory name, address actor, uint64 role, address target, bytes memory data) private {
        acts.push(Act(name, actor, actor, role, false, target, data));
    }

    function _addAuthority() private {
        address to = address(credits);
        uint64 role = AUTHORITY_ROLE;
        bytes memory data = abi.encodeCall(IMembers.registerMember, (IMembers.MemberKind.FUND, "new", "new"));
        _add("registerMember", authority, role, to, data);
        data = abi.encodeCall(IMembers.changeStanding, (RIVAL_MEMBER, IMembers.Standing.SUSPENDED, "audit"));
        _add("changeStanding", authority, role, to, data);
        data = abi.encodeCall(IMembers.openAccount, (_account("new"), RIVAL_MEMBER));
        _add("openAccount", authority, role, to, data);
        data = abi.encodeCall(IMembers.appointOperator, (NEXT_OPERATOR_MEMBER));
        _add("appointOperator", authority, role, to, data);
        data = abi.encodeCall(ICredits.setPurpose, (GIFT_PURPOSE, true, "gift", "gift", "gift"));
        _add("setPurpose", authority, role, to, data);
        to = address(methodologies);
        data = abi.encodeCall(methodologies.fileMethodology, (_passedMethodology));
        _add("fileMethodology", authority, role, to, data);
        data = abi.encodeCall(methodologies.rejectMethodology, (_openedMethodology, "no"));
        _add("rejectMethodology", authority, role, to, data);
        data = abi.encodeCall(methodologies.suspendMethodology, (filedId, "review"));
        _add("suspendMethodology", authority, role, to, data);
        data = abi.encodeCall(methodologies.resumeMethodology, (_suspendedMethodology, "done"));
        _add("resumeMethodology", authority, role, to, data);
        data = abi.encodeCall(methodologies.withdrawMethodology, (filedId, "old"));
        _add("withdrawMethodology", authority, role, to, data);
        data = abi.encodeCall(methodologies.setAppraisalRule, (5, 70));
        _add("setAppraisalRule", authority, role, to, data);
        to = address(projects);
        data = abi.encodeCall(projects.suspendProject, (_registeredProject, "review"));
        _add("suspendProject", authority, role, to, data);
        data = abi.encodeCall(projects.resumeProject, (_suspendedProject, "done"));
        _add("resumeProject", authority, role, to, data);
        data = abi.encodeCall(projects.closeProject, (_registeredProject, "ended"));
        _add("closeProject", authority, role, to, data);
    }

    function _addSupervision() private {
        address to = address(supervision);
        uint64 role = AUTHORITY_ROLE;
        uint64 until = uint64(block.timestamp + 1 days);
        bytes memory data = abi.encodeCall(supervision.freezeAccount, (broker, until, "case"));
        _add("freezeAccount", authority, role, to, data);
        data = abi.encodeCall(supervision.unfreezeAccount, (rival, "case"));
        _add("unfreezeAccount", authority, role, to, data);
        data = abi.encodeCall(supervision.freezeCredit, (heldId, until, "case"));
        _add("freezeCredit", authority, role, to, data);
        data = abi.encodeCall(supervision.unfreezeCredit, (heldId, "case"));
        _add("unfreezeCredit", authority, role, to, data);
        data = abi.encodeCall(supervision.pause, ("reason"));
        _add("pause", guardian, GUARDIAN_ROLE, to, data);
        data = abi.encodeCall(supervision.proposeUnpause, ());
        acts.push(Act("proposeUnpause", guardian, guardian, GUARDIAN_ROLE, true, to, data));
        data = abi.encodeCall(supervision.confirmUnpause, ());
        acts.push(Act("confirmUnpause", authority, authority, role, true, to, data));
    }

    function _addOrigin() private {
        address to = address(methodologies);
        bytes memory data =
            abi.encodeCall(methodologies.submitMethodology, ("document", "TH-M-009", "1.0", "heat", "GJ"));
        _add("submitMethodology", owner, 0, to, data);
        data = abi.encodeCall(methodologies.openAppraisal, (_submittedMethodology));
        _add("openAppraisal", operator, OPERATOR_ROLE, to, data);
        data = abi.encodeCall(methodologies.appraise, (_openedMethodology, 90, "opinion"));
        _add("appraise", expert, EXPERT_ROLE, to, data);
        to = address(projects);
        IProjects.ProjectSubmission memory submission = _submission("key 4");
        data = abi.encodeCall(projects.submitProject, (submission));
        _add("submitProject", owner, 0, to, data);
        data = abi.encodeCall(projects.registerProject, (_submittedProject));
        _add("registerProject", operator, OPERATOR_ROLE, to, data);
        data = abi.encodeCall(projects.returnProject, (_submittedProject, "incomplete"));
        _add("returnProject", operator, OPERATOR_ROLE, to, data);
        data = abi.encodeCall(
            projects.submitReport,
            (_registeredProject, CREDITING_START, LAST_YEAR, TONNE, "data", "new report")
        );
        _add("submitReport", owner, 0, to, data);
        data = abi.encodeCall(projects.withdrawReport, (_submittedReport, "error"));
        _add("withdrawReport", owner, 0, to, data);
        data = abi.encodeCall(projects.verifyReport, (_submittedReport, true, TONNE, "verification"));
        _add("verifyReport", verifier, VERIFIER_ROLE, to, data);
        data = abi.encodeCall(projects.verifyReport, (_submittedReport, false, 0, "verification"));
        _add("verifyReport, rejected", verifier, VERIFIER_ROLE, to, data);
    }

    function _addIssuance() private {
        address to = address(issuances);
        bytes memory data =
            abi.encodeCall(issuances.proposeIssuance, (_verifiedReportId, 1, buyer, TONNE, 2025, ""));
        _add("proposeIssuance", operator, OPERATOR_ROLE, to, data);
        data = abi.encodeCall(issuances.objectToIssuance, (_noticedIssuance, "reason"));
        _add("objectToIssuance", rival, 0, to, data);
        data = abi.encodeCall(issuances.answerObjection, (_objection, "answer"));
        _add("answerObjection", authority, AUTHORITY_ROLE, to, data);
        data = abi.encodeCall(issuances.confirmIssuance, (_noticedIssuance));
        _add("confirmIssuance", authority, AUTHORITY_ROLE, to, data);
        data = abi.encodeCall(issuances.returnIssuance, (_noticedIssuance, "reason"));
        _add("returnIssuance", authority, AUTHORITY_ROLE, to, data);
        data = abi.encodeCall(issuances.setNoticeLength, (1 days));
        _add("setNoticeLength", authority, AUTHORITY_ROLE, to, data);
        to = address(cancellations);
        data = abi.encodeCall(
            cancellations.proposeCancellation, (heldId, buyer, TONNE, bytes32(0), "RECALL", "case")
        );
        _add("proposeCancellation", operator, OPERATOR_ROLE, to, data);
        data = abi.encodeCall(cancellations.confirmCancellation, (_cancellation));
        _add("confirmCancellation", authority, AUTHORITY_ROLE, to, data);
        data = abi.encodeCall(cancellations.returnCancellation, (_cancellation));
        _add("returnCancellation", authority, AUTHORITY_ROLE, to, data);
        ICorrections.Correction memory correction =
            ICorrections.Correction("correction", "retired", 0, "name", "", "", "", "spelling");
        data = abi.encodeCall(corrections.correctRetirement, (correction));
        _add("correctRetirement", operator, OPERATOR_ROLE, address(corrections), data);
    }

    function _addHolder() private {
        address to = address(credits);
        bytes memory data = abi.encodeCall(credits.safeTransferFrom, (buyer, owner, heldId, TONNE, ""));
        _add("safeTransferFrom", buyer, 0, to, data);
        uint256[] memory ids = new uint256[](2);
        uint256[] memory values = new uint256[](2);
        (ids[0], ids[1], values[0], values[1]) = (heldId, heldId, 1, 2);
        data = abi.encodeCall(credits.safeBatchTransferFrom, (buyer, owner, ids, values, ""));
        _add("safeBatchTransferFrom", buyer, 0, to, data);
        data = abi.encodeCall(credits.setApprovalForAll, (broker, true));
        _add("setApprovalForAll", buyer, 0, to, data);
        data = abi.encodeCall(credits.retire, (_retirement("one", heldId, TONNE)));
        _add("retire", buyer, 0, to, data);
        ICredits.Retirement memory many = _retirement("many", heldId, TONNE);
        many.lines = new ICredits.Line[](2);
        many.lines[0] = ICredits.Line(heldId, 1);
        many.lines[1] = ICredits.Line(heldId, 2);
        data = abi.encodeCall(credits.retire, (many));
        _add("retire, many lines", buyer, 0, to, data);
        uint64 deadline = uint64(block.timestamp);
        ICredits.Retirement memory record = _retirement("ordered", heldId, TONNE);
        bytes memory signature = _signRetirement(_key("buyer"), credits, buyer, deadline, record);
        data = abi.encodeCall(credits.retireByOrder, (buyer, deadline, record, signature));
        acts.push(Act("retireByOrder", buyer, stranger, 0, false, to, data));
        ICredits.TransferOrder memory order =
            ICredits.TransferOrder("order", buyer, owner, heldId, TONNE, deadline);
        signature = _signTransfer(_key("buyer"), credits, order);
        data = abi.encodeCall(credits.transferByOrder, (order, signature));
        acts.push(Act("transferByOrder", buyer, stranger, 0, false, to, data));
    }

    function _addLocks() private {
        address to = address(credits);
        uint64 expiresAt = uint64(block.timestamp + 1);
        bytes memory data =
            abi.encodeCall(credits.lock, ("second", heldId, TONNE, broker, expiresAt, "offer"));
        _add("lock", buyer, 0, to, data);
        data = abi.encodeCall(credits.releaseLock, ("lock", TONNE));
        _add("releaseLock", broker, 0, to, data);
        data = abi.encodeCall(credits.deliverLock, ("lock", owner, TONNE));
        _add("deliverLock", broker, 0, to, data);
        data = abi.encodeCall(credits.retireLocked, ("lock", _retirement("from lock", heldId, TONNE)));
        _add("retireLocked", buyer, 0, to, data);
    }

    /// @dev Sends an act's call data from an account; the state before is kept by the caller.
    function _send(Act storage act, address sender) internal returns (bool done, bytes memory answer) {
        vm.prank(sender);
        (done, answer) = act.target.call(act.data);
    }

    function _prepare(Act storage act) internal {
        if (!act.paused) return;
        _pause();
        vm.prank(guardian);
        supervision.proposeUnpause();
    }
}
