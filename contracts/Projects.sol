// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Acts} from "./Acts.sol";
import {ICredits} from "./interfaces/ICredits.sol";
import {IMembers} from "./interfaces/IMembers.sol";
import {IMethodologies} from "./interfaces/IMethodologies.sol";
import {IProjects} from "./interfaces/IProjects.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Projects, monitoring reports and their verification
contract Projects is IProjects, Acts {
    IMethodologies private immutable METHODOLOGIES;

    uint64 private _projectCount;
    uint64 private _reportCount;
    mapping(uint64 projectId => Project) private _projects;
    mapping(uint64 projectId => bytes32[] keys) private _claimKeys;
    mapping(bytes32 codeHash => uint64 projectId) private _byCode;
    mapping(uint64 reportId => Report) private _reports;
    mapping(bytes32 reportHash => uint64 reportId) private _byHash;

    // One bit a day, 256 days to a slot: a year's claim touches two or three slots.
    mapping(bytes32 claimKey => mapping(uint256 word => uint256 days_)) private _claimedDays;

    /// @param manager The scheme's AccessManager.
    /// @param creditsContract The contract of credits.
    /// @param methodologiesContract The contract of methodologies.
    constructor(address manager, ICredits creditsContract, IMethodologies methodologiesContract)
        Acts(manager, creditsContract)
    {
        METHODOLOGIES = methodologiesContract;
    }

    /// @inheritdoc IProjects
    function submitProject(ProjectSubmission calldata submission) external returns (uint64 projectId) {
        uint32 memberId = _act();
        bytes32 codeHash = keccak256(bytes(submission.code));
        uint64 present = _byCode[codeHash];
        require(present == 0 && bytes(submission.code).length != 0, ProjectsCodeTaken(present));
        _requireFiled(submission.methodologyId);
        require(
            submission.creditingStart < submission.creditingEnd,
            ProjectsPeriodInvalid(submission.creditingStart, submission.creditingEnd, 0, type(uint32).max)
        );
        require(submission.documentHash != 0, ProjectsMissing("documentHash"));
        require(submission.claimKeys.length != 0, ProjectsMissing("claimKeys"));
        for (uint256 i = 0; i < submission.claimKeys.length; ++i) {
            require(submission.claimKeys[i] != 0, ProjectsMissing("claimKeys"));
        }
        projectId = ++_projectCount;
        _byCode[codeHash] = projectId;
        _claimKeys[projectId] = submission.claimKeys;
        _projects[projectId] = Project(
            ProjectState.SUBMITTED,
            memberId,
            submission.methodologyId,
            submission.creditingStart,
            submission.creditingEnd,
            submission.documentHash
        );
        emit ProjectSubmitted(projectId, memberId, submission);
    }

    /// @inheritdoc IProjects
    function registerProject(uint64 projectId) external restricted {
        uint32 memberId = _actAsOperator();
        _requireState(projectId, ProjectState.SUBMITTED, ProjectState.SUBMITTED);
        require(_projects[projectId].ownerId != memberId, ProjectsOwnProject(projectId, memberId));
        _requireFiled(_projects[projectId].methodologyId);
        _change(projectId, ProjectState.REGISTERED, memberId, "");
    }

    /// @inheritdoc IProjects
    function returnProject(uint64 projectId, string calldata reason) external restricted {
        uint32 memberId = _actAsOperator();
        _requireState(projectId, ProjectState.SUBMITTED, ProjectState.SUBMITTED);
        _change(projectId, ProjectState.RETURNED, memberId, reason);
    }

    /// @inheritdoc IProjects
    function suspendProject(uint64 projectId, string calldata reason) external restricted {
        uint32 memberId = _actAs(IMembers.MemberKind.AUTHORITY);
        _requireState(projectId, ProjectState.REGISTERED, ProjectState.REGISTERED);
        _change(projectId, ProjectState.SUSPENDED, memberId, reason);
    }

    /// @inheritdoc IProjects
    function resumeProject(uint64 projectId, string calldata reason) external restricted {
        uint32 memberId = _actAs(IMembers.MemberKind.AUTHORITY);
        _requireState(projectId, ProjectState.SUSPENDED, ProjectState.SUSPENDED);
        _change(projectId, ProjectState.REGISTERED, memberId, reason);
    }

    /// @inheritdoc IProjects
    function closeProject(uint64 projectId, string calldata reason) external restricted {
        uint32 memberId = _actAs(IMembers.MemberKind.AUTHORITY);
        _requireState(projectId, ProjectState.REGISTERED, ProjectState.SUSPENDED);
        _change(projectId, ProjectState.CLOSED, memberId, reason);
    }

    /// @inheritdoc IProjects
    function submitReport(
        uint64 projectId,
        uint32 periodStart,
        uint32 periodEnd,
        uint64 claimedGrams,
        bytes32 dataRoot,
        bytes32 reportHash
    ) external returns (uint64 reportId) {
        _requireOwner(projectId, _act());
        _requireState(projectId, ProjectState.REGISTERED, ProjectState.REGISTERED);
        _requirePeriod(projectId, periodStart, periodEnd);
        require(claimedGrams != 0, ProjectsMissing("claimedGrams"));
        require(dataRoot != 0, ProjectsMissing("dataRoot"));
        require(reportHash != 0, ProjectsMissing("reportHash"));
        require(_byHash[reportHash] == 0, ProjectsReportTaken(_byHash[reportHash]));
        reportId = ++_reportCount;
        _byHash[reportHash] = reportId;
        _reports[reportId] = Report(projectId, ReportState.SUBMITTED, periodStart, periodEnd, claimedGrams, 0);
        _setDays(projectId, periodStart, periodEnd, true);
        emit ReportSubmitted(reportId, projectId, periodStart, periodEnd, claimedGrams, dataRoot, reportHash);
    }

    /// @inheritdoc IProjects
    function withdrawReport(uint64 reportId, string calldata reason) external {
        uint32 memberId = _act();
        Report memory withdrawn = _submitted(reportId);
        _requireOwner(withdrawn.projectId, memberId);
        _reports[reportId].state = ReportState.WITHDRAWN;
        _setDays(withdrawn.projectId, withdrawn.periodStart, withdrawn.periodEnd, false);
        emit ReportWithdrawn(reportId, reason);
    }

    /// @inheritdoc IProjects
    function verifyReport(uint64 reportId, bool positive, uint64 verifiedGrams, bytes32 verificationHash)
        external
        restricted
    {
        uint32 memberId = _actAs(IMembers.MemberKind.VERIFIER);
        Report memory judged = _submitted(reportId);
        uint32 ownerId = _projects[judged.projectId].ownerId;
        require(ownerId != memberId, ProjectsOwnProject(judged.projectId, ownerId));
        require(verificationHash != 0, ProjectsMissing("verificationHash"));
        require(
            positive ? verifiedGrams != 0 && verifiedGrams <= judged.claimedGrams : verifiedGrams == 0,
            ProjectsVerifiedInvalid(reportId, verifiedGrams, judged.claimedGrams)
        );
        if (positive) {
            _reports[reportId].state = ReportState.VERIFIED;
            _reports[reportId].verifiedGrams = verifiedGrams;
        } else {
            _reports[reportId].state = ReportState.REJECTED;
            _setDays(judged.projectId, judged.periodStart, judged.periodEnd, false);
        }
        emit ReportVerified(reportId, memberId, positive, verifiedGrams, verificationHash);
    }

    /// @inheritdoc IProjects
    function project(uint64 projectId) external view returns (Project memory) {
        return _projects[projectId];
    }

    /// @inheritdoc IProjects
    function claimKeys(uint64 projectId) external view returns (bytes32[] memory) {
        return _claimKeys[projectId];
    }

    /// @inheritdoc IProjects
    function projectByCode(string calldata code) external view returns (uint64 projectId) {
        return _byCode[keccak256(bytes(code))];
    }

    /// @inheritdoc IProjects
    function report(uint64 reportId) external view returns (Report memory) {
        return _reports[reportId];
    }

    /// @inheritdoc IProjects
    function reportByHash(bytes32 reportHash) external view returns (uint64 reportId) {
        return _byHash[reportHash];
    }

    /// @inheritdoc IProjects
    function dayClaimed(bytes32 claimKey, uint32 day) external view returns (bool) {
        return (_claimedDays[claimKey][day >> 8] >> (day & 255)) & 1 == 1;
    }

    function _change(uint64 projectId, ProjectState state, uint32 memberId, string memory reason) private {
        _projects[projectId].state = state;
        emit ProjectStateChanged(projectId, state, memberId, reason);
    }

    /// @dev Claims or releases the days of every claim key of a project. A project may list one key twice only if it
    /// never reports: the second claim of the same day is refused like any other.
    function _setDays(uint64 projectId, uint32 start, uint32 end, bool claim) private {
        bytes32[] memory keys = _claimKeys[projectId];
        for (uint256 i = 0; i < keys.length; ++i) {
            bytes32 key = keys[i];
            for (uint256 word = start >> 8; word <= (end - 1) >> 8; ++word) {
                uint256 mask = _daysOfWord(word, start, end);
                uint256 present = _claimedDays[key][word];
                if (claim) {
                    uint256 conflict = present & mask;
                    require(
                        conflict == 0, ProjectsDayClaimed(key, uint32((word << 8) + _lowestBit(conflict)))
                    );
                    _claimedDays[key][word] = present | mask;
                } else {
                    _claimedDays[key][word] = present & ~mask;
                }
            }
        }
    }

    function _submitted(uint64 reportId) private view returns (Report memory found) {
        found = _reports[reportId];
        require(found.state == ReportState.SUBMITTED, ProjectsReportWrongState(reportId, found.state));
    }

    function _requireFiled(uint64 methodologyId) private view {
        IMethodologies.State state = METHODOLOGIES.methodology(methodologyId).state;
        require(state == IMethodologies.State.FILED, ProjectsMethodologyNotFiled(methodologyId));
    }

    function _requireState(uint64 projectId, ProjectState first, ProjectState second) private view {
        ProjectState state = _projects[projectId].state;
        require(state == first || state == second, ProjectsWrongState(projectId, state));
    }

    function _requireOwner(uint64 projectId, uint32 memberId) private view {
        uint32 ownerId = _projects[projectId].ownerId;
        require(ownerId == memberId, ProjectsNotOwner(projectId, ownerId, memberId));
    }

    function _requirePeriod(uint64 projectId, uint32 start, uint32 end) private view {
        uint32 allowedStart = _projects[projectId].creditingStart;
        uint32 allowedEnd = _projects[projectId].creditingEnd;
        require(
            start < end && allowedStart <= start && end <= allowedEnd,
            ProjectsPeriodInvalid(start, end, allowedStart, allowedEnd)
        );
    }

    /// @dev Bits of the days [start, end) that lie in a word of 256 days.
    function _daysOfWord(uint256 word, uint256 start, uint256 end) private pure returns (uint256 mask) {
        uint256 first = word << 8;
        mask = type(uint256).max;
        if (start > first) mask &= type(uint256).max << (start - first);
        if (end < first + 256) mask &= ~(type(uint256).max << (end - first));
    }

    function _lowestBit(uint256 bits) private pure returns (uint256) {
        return bits == 0 ? 0 : Math.log2(bits & (~bits + 1));
    }
}
