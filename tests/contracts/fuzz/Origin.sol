// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IIssuances} from "../../../contracts/interfaces/IIssuances.sol";
import {IMembers} from "../../../contracts/interfaces/IMembers.sol";
import {IMethodologies} from "../../../contracts/interfaces/IMethodologies.sol";
import {IProjects} from "../../../contracts/interfaces/IProjects.sol";
import {OversightActs} from "./Oversight.sol";

/// @title What owners, verifiers, experts, the operator and the authority do before there is a credit
abstract contract OriginActs is OversightActs {
    struct GhostReport {
        uint64 projectId;
        uint32 start;
        uint32 end;
        uint256 claimed;
        uint256 verified;
        uint256 reserved;
        IProjects.ReportState state;
    }

    struct GhostIssuance {
        uint64 id;
        uint64 reportId;
        uint32 proposerId;
        address holder;
        uint256 grams;
        uint256 tokenId;
        uint256 noticeEndsAt;
        uint64[] objections;
    }

    uint256 private constant MOST_CREDITS = 10;

    address private _secondVerifier = _account("secondVerifier");
    uint64[4] private _projects;
    mapping(uint64 projectId => bytes32[]) private _keys;
    mapping(uint64 projectId => address) private _ownerOf;
    mapping(uint64 projectId => bool) private _suspendedProject;
    mapping(bytes32 key => mapping(uint256 day => uint64 reportId)) private _claimant;
    GhostReport[] private _reports; // of number 1, 2, …
    uint64[] private _pending; // reports that wait for a verdict
    uint64[] private _verified; // reports with grams left
    GhostIssuance[] private _open;
    uint64 private _issuanceCount;
    uint64 private _objectionCount;
    uint128 private _creditIds;
    uint64 private _notice = 7 days;
    uint64 private _methodologyId;
    uint64 private _newProjectId;

    constructor() {
        _grant(AUTHORITY_ROLE, operator);
        _grant(AUTHORITY_ROLE, operatorDeputy);
        _grant(AUTHORITY_ROLE, nextOperator);
        _grant(GUARDIAN_ROLE, authority);
        memberIdOf[_secondVerifier] = _enrol(IMembers.MemberKind.VERIFIER, _secondVerifier, VERIFIER_ROLE);
        // The projects share claim keys: the first two the second key, the second and third the third.
        _addProject(0, owner, "a", "b");
        _addProject(1, rival, "b", "c");
        _addProject(2, owner, "c", "d");
        _addProject(3, verifier, "e", "f");
        events = _ledgerEvents(vm.getRecordedLogs());
        for (uint256 i = 0; i < 3; ++i) {
            _firstCredit(uint32(CREDITING_START + 40 * i), holders[i]);
        }
    }

    function _addProject(uint256 index, address projectOwner, bytes32 first, bytes32 second) private {
        IProjects.ProjectSubmission memory submission = _submission(first);
        submission.claimKeys = new bytes32[](2);
        (submission.claimKeys[0], submission.claimKeys[1]) = (first, second);
        vm.prank(projectOwner);
        uint64 projectId = projects.submitProject(submission);
        vm.prank(operator);
        projects.registerProject(projectId);
        _projects[index] = projectId;
        _keys[projectId] = submission.claimKeys;
        _ownerOf[projectId] = projectOwner;
    }

    /// @dev A credit to begin with, so that there is something to move from the first call on.
    function _firstCredit(uint32 start, address holder) private {
        _report(_projects[0], start, start + 40, 1000 * TONNE, owner);
        _judge(0, verifier, 1000 * TONNE);
        _proposeFor(uint64(_reports.length), holder, 900 * TONNE, operator, _creditIds + 1, true);
        vm.warp(block.timestamp + _notice);
        _confirm(0, authority);
    }

    // ---------------------------------------------------------------- reports

    function submitReport(uint256 seed) external {
        _start(seed);
        uint64 projectId = _projects[_below(_projects.length)];
        uint32 start = uint32(CREDITING_START + _below(3600));
        if (_reports.length != 0 && _below(6) == 0) {
            GhostReport memory near = _reports[_below(_reports.length)];
            start = uint32(near.end - _below(3));
        }
        uint32 end = uint32(start + 1 + _below(12));
        uint64 grams = uint64(1 + _below(1000 * TONNE));
        if (_below(200) == 0) grams = type(uint64).max;
        address by = _ownerOf[projectId];
        if (_wild()) by = broker;
        _report(projectId, start, end, grams, by);
    }

    function _report(uint64 projectId, uint32 start, uint32 end, uint64 grams, address by) private {
        bool allowed = _active(by) && memberIdOf[by] == memberIdOf[_ownerOf[projectId]]
            && !_suspendedProject[projectId] && start < end && start >= CREDITING_START
            && end <= CREDITING_END;
        allowed = allowed && !_claimed(projectId, start, end);
        bytes memory data =
            abi.encodeCall(projects.submitReport, (projectId, start, end, grams, "data", _nextId()));
        _do("submitReport", by, address(projects), data, allowed);
        if (!allowed) return;
        _reports.push(GhostReport(projectId, start, end, grams, 0, 0, IProjects.ReportState.SUBMITTED));
        uint64 reportId = uint64(_reports.length);
        _pending.push(reportId);
        touchedReport = reportId;
        _setClaimant(projectId, start, end, reportId);
    }

    function _claimed(uint64 projectId, uint32 start, uint32 end) private view returns (bool) {
        bytes32[] memory keys = _keys[projectId];
        for (uint256 i = 0; i < keys.length; ++i) {
            for (uint256 day = start; day < end; ++day) {
                if (_claimant[keys[i]][day] != 0) return true;
            }
        }
        return false;
    }

    function _setClaimant(uint64 projectId, uint32 start, uint32 end, uint64 reportId) private {
        bytes32[] memory keys = _keys[projectId];
        for (uint256 i = 0; i < keys.length; ++i) {
            for (uint256 day = start; day < end; ++day) {
                _claimant[keys[i]][day] = reportId;
            }
        }
    }

    function _pendingIndex() private returns (uint256) {
        if (_pending.length == 0) _reportNow();
        return _below(_pending.length);
    }

    /// @dev A report to judge or withdraw, where none waits.
    function _reportNow() private {
        uint64 projectId = _projects[_below(_projects.length)];
        uint32 start = uint32(CREDITING_START + _below(3600));
        _report(projectId, start, start + 5, uint64(1 + _below(1000 * TONNE)), _ownerOf[projectId]);
    }

    function verifyReport(uint256 seed) external {
        _start(seed);
        uint256 index = _pendingIndex();
        GhostReport memory one = _reports[_pending[index] - 1];
        address by = one.projectId == _projects[3] || !_active(verifier) ? _secondVerifier : verifier;
        if (_wild()) by = verifier;
        uint256 grams = one.claimed == 1 ? 1 : 1 + _below(one.claimed / 2) + one.claimed / 2;
        if (_below(4) == 0) grams = 0; // a negative verdict
        if (_wild()) grams = one.claimed + 1;
        if (grams > type(uint64).max) grams = type(uint64).max;
        _judge(index, by, uint64(grams));
    }

    function _judge(uint256 index, address by, uint64 grams) private {
        uint64 reportId = _pending[index];
        GhostReport storage one = _reports[reportId - 1];
        bool allowed =
            _active(by) && memberIdOf[by] != memberIdOf[_ownerOf[one.projectId]] && grams <= one.claimed;
        bytes memory data = abi.encodeCall(projects.verifyReport, (reportId, grams != 0, grams, "report"));
        _do("verifyReport", by, address(projects), data, allowed);
        if (!allowed) return;
        if (memberIdOf[by] == memberIdOf[_ownerOf[one.projectId]]) {
            _break("rule 3: a member verified its own project");
        }
        _pending[index] = _pending[_pending.length - 1];
        _pending.pop();
        touchedReport = reportId;
        one.verified = grams;
        one.state = grams == 0 ? IProjects.ReportState.REJECTED : IProjects.ReportState.VERIFIED;
        if (grams != 0) _verified.push(reportId);
        else _setClaimant(one.projectId, one.start, one.end, 0);
    }

    function withdrawReport(uint256 seed) external {
        _start(seed);
        uint256 index = _pendingIndex();
        uint64 reportId = _pending[index];
        GhostReport storage one = _reports[reportId - 1];
        address by = _ownerOf[one.projectId];
        if (_wild()) by = broker;
        bool allowed = _active(by) && memberIdOf[by] == memberIdOf[_ownerOf[one.projectId]];
        bytes memory data = abi.encodeCall(projects.withdrawReport, (reportId, "reason"));
        _do("withdrawReport", by, address(projects), data, allowed);
        if (!allowed) return;
        _pending[index] = _pending[_pending.length - 1];
        _pending.pop();
        touchedReport = reportId;
        one.state = IProjects.ReportState.WITHDRAWN;
        _setClaimant(one.projectId, one.start, one.end, 0);
    }

    // ---------------------------------------------------------------- issuances

    function proposeIssuance(uint256 seed) external {
        _start(seed);
        if (_verified.length == 0) revert NothingToDo();
        uint64 reportId = _verified[_below(_verified.length)];
        GhostReport memory one = _reports[reportId - 1];
        address holder = holders[_below(holders.length)];
        uint64 grams = _amount(one.verified - one.reserved);
        bool repeated = _wild() && _open.length != 0;
        uint128 creditId = repeated ? uint128(_open[_below(_open.length)].tokenId) : _creditIds + 1;
        bool taken = credits.credit((uint256(one.projectId) << 128) | creditId).issued != 0;
        for (uint256 i = 0; i < _open.length; ++i) {
            if (_open[i].tokenId == (uint256(one.projectId) << 128) | creditId) taken = true;
        }
        _proposeFor(reportId, holder, grams, _operatorAccount(), creditId, !taken);
    }

    function _proposeFor(
        uint64 reportId,
        address holder,
        uint64 grams,
        address by,
        uint128 creditId,
        bool allowed
    ) private {
        GhostReport storage one = _reports[reportId - 1];
        allowed = allowed && _isOperator(by) && !_suspendedProject[one.projectId] && grams != 0
            && grams <= one.verified - one.reserved;
        bytes memory data = abi.encodeCall(
            issuances.proposeIssuance, (reportId, creditId, holder, grams, _yearOf(one.start), "")
        );
        _do("proposeIssuance", by, address(issuances), data, allowed);
        if (!allowed) return;
        _creditIds += 1;
        touchedReport = reportId;
        one.reserved += grams;
        uint256 tokenId = (uint256(one.projectId) << 128) | creditId;
        _open.push(
            GhostIssuance({
                id: ++_issuanceCount,
                reportId: reportId,
                proposerId: memberIdOf[by],
                holder: holder,
                grams: grams,
                tokenId: tokenId,
                noticeEndsAt: block.timestamp + _notice,
                objections: new uint64[](0)
            })
        );
        if (one.reserved == one.verified) _dropVerified(reportId);
    }

    function _yearOf(uint32 day) private pure returns (uint16 year) {
        uint16[10] memory firstDays =
            [18_262, 18_628, 18_993, 19_358, 19_723, 20_089, 20_454, 20_819, 21_184, 21_550];
        for (uint256 i = 0; i < firstDays.length; ++i) {
            if (firstDays[i] <= day) year = uint16(2020 + i);
        }
    }

    function _dropVerified(uint64 reportId) private {
        for (uint256 i = 0; i < _verified.length; ++i) {
            if (_verified[i] != reportId) continue;
            _verified[i] = _verified[_verified.length - 1];
            _verified.pop();
            return;
        }
    }

    function _openIndex() private returns (uint256) {
        if (_open.length == 0) _proposeNow();
        return _below(_open.length);
    }

    /// @dev An issuance to confirm, return or object to, where none is proposed.
    function _proposeNow() private {
        if (_verified.length == 0) revert NothingToDo();
        uint64 reportId = _verified[_below(_verified.length)];
        uint64 left = uint64(_reports[reportId - 1].verified - _reports[reportId - 1].reserved);
        address by = operatorId == OPERATOR_MEMBER ? operator : nextOperator;
        _proposeFor(reportId, holders[_below(holders.length)], left, by, _creditIds + 1, true);
    }

    function objectToIssuance(uint256 seed) external {
        _start(seed);
        uint256 index = _openIndex();
        address by = _receiver();
        bool allowed = _active(by);
        bytes memory data = abi.encodeCall(issuances.objectToIssuance, (_open[index].id, "reason"));
        _do("objectToIssuance", by, address(issuances), data, allowed);
        if (allowed) _open[index].objections.push(++_objectionCount);
    }

    /// @dev Answers one objection; where there is none, one is made first.
    function answerObjection(uint256 seed) external {
        _start(seed);
        for (uint256 i = 0; i < _open.length; ++i) {
            if (_open[i].objections.length != 0) return _answer(i);
        }
        uint256 index = _openIndex();
        bytes memory data = abi.encodeCall(issuances.objectToIssuance, (_open[index].id, "reason"));
        _must("objectToIssuance", authority, address(issuances), data);
        _open[index].objections.push(++_objectionCount);
        _answer(index);
    }

    function _answer(uint256 index) private {
        uint64[] storage list = _open[index].objections;
        uint64 objectionId = list[list.length - 1];
        bytes memory data = abi.encodeCall(issuances.answerObjection, (objectionId, "answer"));
        _must("answerObjection", authority, address(issuances), data);
        list.pop();
    }

    function confirmIssuance(uint256 seed) external {
        _start(seed);
        _wake();
        uint256 index = _openIndex();
        if (tokens.length == MOST_CREDITS) return _return(index);
        GhostIssuance storage one = _open[index];
        if (!_wild() && one.noticeEndsAt > block.timestamp) vm.warp(one.noticeEndsAt);
        while (one.objections.length != 0 && !_wild()) _answer(index);
        if (!_active(one.holder) && !_wild()) return _return(index);
        _confirm(index, _confirmer());
    }

    function _confirm(uint256 index, address by) private {
        GhostIssuance storage one = _open[index];
        uint64 projectId = _reports[one.reportId - 1].projectId;
        bool allowed = !paused && _mayConfirm(by, one.proposerId) && one.noticeEndsAt <= block.timestamp
            && one.objections.length == 0 && !_suspendedProject[projectId] && _active(one.holder)
            && one.grams <= (type(uint64).max >> 1) - issued;
        bytes memory data = abi.encodeCall(issuances.confirmIssuance, (one.id));
        _do("confirmIssuance", by, address(issuances), data, allowed);
        if (!allowed) return;
        if (memberIdOf[by] == one.proposerId) _break("rule 3: a member confirmed its own issuance");
        _addCredit(one.tokenId, one.holder, one.grams);
        _open[index] = _open[_open.length - 1];
        _open.pop();
    }

    function returnIssuance(uint256 seed) external {
        _start(seed);
        _return(_openIndex());
    }

    function _return(uint256 index) private {
        GhostIssuance storage one = _open[index];
        address by = _confirmer();
        bool allowed = memberIdOf[by] == AUTHORITY_MEMBER;
        bytes memory data = abi.encodeCall(issuances.returnIssuance, (one.id, "reason"));
        _do("returnIssuance", by, address(issuances), data, allowed);
        if (!allowed) return;
        GhostReport storage base = _reports[one.reportId - 1];
        if (base.reserved == base.verified) _verified.push(one.reportId);
        touchedReport = one.reportId;
        base.reserved -= one.grams;
        _open[index] = _open[_open.length - 1];
        _open.pop();
    }

    function setNoticeLength(uint256 seed) external {
        _start(seed);
        _notice = uint64(_below(8 days));
        bytes memory data = abi.encodeCall(issuances.setNoticeLength, (_notice));
        _must("setNoticeLength", authority, address(issuances), data);
    }

    // ---------------------------------------------------------------- projects and methodologies

    function suspendOrResumeProject(uint256 seed) external {
        _start(seed);
        uint64 projectId = _projects[_below(_projects.length)];
        for (uint256 i = 0; i < _projects.length; ++i) {
            if (_suspendedProject[_projects[i]]) projectId = _projects[i];
        }
        bool resumes = _suspendedProject[projectId];
        bytes memory data = resumes
            ? abi.encodeCall(projects.resumeProject, (projectId, ""))
            : abi.encodeCall(projects.suspendProject, (projectId, ""));
        _must("suspendOrResumeProject", authority, address(projects), data);
        _suspendedProject[projectId] = !resumes;
    }

    /// @dev A further project that goes its way a step at a time: submitted, then registered or returned, then closed.
    function advanceProject(uint256 seed) external {
        _start(seed);
        IProjects.ProjectState state = projects.project(_newProjectId).state;
        address to = address(projects);
        if (state == IProjects.ProjectState.SUBMITTED) {
            address by = _operatorAccount();
            bytes memory data = _below(3) == 0
                ? abi.encodeCall(projects.returnProject, (_newProjectId, ""))
                : abi.encodeCall(projects.registerProject, (_newProjectId));
            _do("registerProject", by, to, data, _isOperator(by));
        } else if (state == IProjects.ProjectState.REGISTERED) {
            _must("closeProject", authority, to, abi.encodeCall(projects.closeProject, (_newProjectId, "")));
        } else {
            IProjects.ProjectSubmission memory submission = _submission(_nextId());
            address by = _receiver();
            bool allowed = _active(by);
            _do("submitProject", by, to, abi.encodeCall(projects.submitProject, (submission)), allowed);
            _newProjectId = projects.projectByCode(submission.code);
        }
    }

    /// @dev A further methodology that goes its way a step at a time, then another.
    function advanceMethodology(uint256 seed) external {
        _start(seed);
        address to = address(methodologies);
        IMethodologies.Methodology memory one = methodologies.methodology(_methodologyId);
        if (one.state == IMethodologies.State.SUBMITTED) {
            address by = _operatorAccount();
            bytes memory data = abi.encodeCall(methodologies.openAppraisal, (_methodologyId));
            _do("openAppraisal", by, to, data, _isOperator(by));
        } else if (one.state == IMethodologies.State.APPRAISAL && one.opinions < 3) {
            address by = one.opinions == 0 ? expert : one.opinions == 1 ? expertTwo : expertThree;
            bytes memory data = abi.encodeCall(methodologies.appraise, (_methodologyId, 60, "opinion"));
            _must("appraise", by, to, data);
        } else if (one.state == IMethodologies.State.APPRAISAL) {
            bytes memory data = _below(2) == 0
                ? abi.encodeCall(methodologies.fileMethodology, (_methodologyId))
                : abi.encodeCall(methodologies.rejectMethodology, (_methodologyId, ""));
            _must("fileMethodology", authority, to, data);
        } else if (one.state == IMethodologies.State.FILED) {
            bytes memory data = abi.encodeCall(methodologies.suspendMethodology, (_methodologyId, ""));
            _must("suspendMethodology", authority, to, data);
        } else if (one.state == IMethodologies.State.SUSPENDED) {
            bytes memory data = _below(2) == 0
                ? abi.encodeCall(methodologies.resumeMethodology, (_methodologyId, ""))
                : abi.encodeCall(methodologies.withdrawMethodology, (_methodologyId, ""));
            _must("resumeMethodology", authority, to, data);
        } else {
            address by = _receiver();
            string memory code = vm.toString(_nextId());
            bool allowed = _active(by);
            bytes memory data = abi.encodeCall(methodologies.submitMethodology, ("hash", code, "1", "", ""));
            _do("submitMethodology", by, to, data, allowed);
            _methodologyId = methodologies.methodologyByCode(code, "1");
        }
    }

    // ---------------------------------------------------------------- invariants

    /// @dev Rules 7, 8 and 9 for one report: its days are claimed as here, its issuances within the verified grams.
    function checkReport(uint64 reportId) public view returns (string memory) {
        if (reportId == 0) return "";
        GhostReport memory one = _reports[reportId - 1];
        IProjects.Report memory real = projects.report(reportId);
        if (real.state != one.state) return "rule 7: state of a report";
        if (real.verifiedGrams != one.verified) return "rule 8: verified grams";
        uint256 reserved = issuances.reservedGrams(reportId);
        if (reserved != one.reserved) return "rule 9: reserved grams";
        if (reserved > real.verifiedGrams) return "rule 9: issued above verified";
        if (!_daysAgree(one)) return "rule 7: a day's claim";
        return "";
    }

    function checkReports() public view returns (string memory what) {
        for (uint64 reportId = 1; reportId <= _reports.length; ++reportId) {
            what = checkReport(reportId);
            if (bytes(what).length != 0) return what;
        }
        return "";
    }

    function _daysAgree(GhostReport memory one) private view returns (bool) {
        bytes32[] memory keys = _keys[one.projectId];
        for (uint256 i = 0; i < keys.length; ++i) {
            for (uint32 day = one.start - 1; day <= one.end; ++day) {
                if (projects.dayClaimed(keys[i], day) != (_claimant[keys[i]][day] != 0)) return false;
            }
        }
        return true;
    }
}
