// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Acts} from "./Acts.sol";
import {ICredits} from "./interfaces/ICredits.sol";
import {IIssuances} from "./interfaces/IIssuances.sol";
import {IMembers} from "./interfaces/IMembers.sol";
import {IProjects} from "./interfaces/IProjects.sol";

/// @title Issuances
contract Issuances is IIssuances, Acts {
    uint64 private constant LONGEST_NOTICE = 3650 days;

    IProjects private immutable PROJECTS;

    uint64 private _count;
    uint64 private _objectionCount;
    uint64 private _noticeSeconds = 7 days;
    mapping(uint64 issuanceId => Issuance) private _issuances;
    mapping(uint256 tokenId => uint64 issuanceId) private _issuanceOf;
    mapping(uint64 reportId => uint64 grams) private _reserved;
    mapping(uint64 objectionId => uint64 issuanceId) private _openObjections;

    /// @param manager The scheme's AccessManager.
    /// @param creditsContract The contract of credits.
    /// @param projectsContract The contract of projects and reports.
    constructor(address manager, ICredits creditsContract, IProjects projectsContract)
        Acts(manager, creditsContract)
    {
        PROJECTS = projectsContract;
    }

    /// @inheritdoc IIssuances
    function proposeIssuance(
        uint64 reportId,
        uint128 creditId,
        address holder,
        uint64 grams,
        uint16 vintage,
        string calldata origin
    ) external restricted returns (uint64 issuanceId) {
        // slither-disable-next-line uninitialized-local (memory structs start as zeros, and every field is set below)
        Issuance memory proposed;
        proposed.proposerId = _actAsOperator();
        proposed.reportId = reportId;
        proposed.holder = holder;
        proposed.grams = grams;
        proposed.vintage = vintage;
        proposed.state = State.PROPOSED;
        proposed.noticeEndsAt = uint64(block.timestamp) + _noticeSeconds;
        proposed.tokenId = _reserve(reportId, creditId, grams, vintage);
        require(CREDITS.memberOf(holder) != 0, IMembers.MembersAccountUnknown(holder));
        issuanceId = ++_count;
        _issuanceOf[proposed.tokenId] = issuanceId;
        _issuances[issuanceId] = proposed;
        _emitProposed(issuanceId, proposed, origin);
    }

    /// @inheritdoc IIssuances
    function objectToIssuance(uint64 issuanceId, string calldata reason)
        external
        returns (uint64 objectionId)
    {
        uint32 memberId = _act();
        _proposed(issuanceId);
        require(bytes(reason).length != 0, IssuancesReasonMissing());
        objectionId = ++_objectionCount;
        _openObjections[objectionId] = issuanceId;
        _issuances[issuanceId].openObjections += 1;
        emit IssuanceObjected(objectionId, issuanceId, memberId, reason);
    }

    /// @inheritdoc IIssuances
    function answerObjection(uint64 objectionId, string calldata answer) external restricted {
        _actAs(IMembers.MemberKind.AUTHORITY);
        uint64 issuanceId = _openObjections[objectionId];
        require(issuanceId != 0, IssuancesObjectionNotOpen(objectionId));
        require(bytes(answer).length != 0, IssuancesReasonMissing());
        delete _openObjections[objectionId];
        _issuances[issuanceId].openObjections -= 1;
        emit ObjectionAnswered(objectionId, issuanceId, answer);
    }

    /// @inheritdoc IIssuances
    function confirmIssuance(uint64 issuanceId) external restricted {
        uint32 memberId = _act();
        Issuance memory confirmed = _proposed(issuanceId);
        require(confirmed.proposerId != memberId, IssuancesSameMember(memberId));
        _requireKind(memberId, IMembers.MemberKind.AUTHORITY);
        require(
            confirmed.noticeEndsAt <= block.timestamp,
            IssuancesNoticeRunning(issuanceId, confirmed.noticeEndsAt, uint64(block.timestamp))
        );
        // slither-disable-next-line incorrect-equality (a count of ours, not a balance)
        require(confirmed.openObjections == 0, IssuancesObjectionsOpen(issuanceId, confirmed.openObjections));
        IProjects.ProjectState projectState = PROJECTS.project(uint64(confirmed.tokenId >> 128)).state;
        // slither-disable-next-line incorrect-equality (a state, not a balance)
        require(
            projectState == IProjects.ProjectState.REGISTERED, IssuancesReportNotVerified(confirmed.reportId)
        );
        _issuances[issuanceId].state = State.CONFIRMED;
        emit IssuanceConfirmed(issuanceId, memberId);
        CREDITS.issue(confirmed.tokenId, confirmed.holder, confirmed.grams, issuanceId);
    }

    /// @inheritdoc IIssuances
    function returnIssuance(uint64 issuanceId, string calldata reason) external restricted {
        uint32 memberId = _actAs(IMembers.MemberKind.AUTHORITY);
        Issuance memory returned = _proposed(issuanceId);
        require(bytes(reason).length != 0, IssuancesReasonMissing());
        _issuances[issuanceId].state = State.RETURNED;
        _reserved[returned.reportId] -= returned.grams;
        delete _issuanceOf[returned.tokenId];
        emit IssuanceReturned(issuanceId, memberId, reason);
    }

    /// @inheritdoc IIssuances
    function setNoticeLength(uint64 noticeSeconds) external restricted {
        _actAs(IMembers.MemberKind.AUTHORITY);
        require(noticeSeconds <= LONGEST_NOTICE, IssuancesNoticeTooLong(noticeSeconds, LONGEST_NOTICE));
        _noticeSeconds = noticeSeconds;
        emit NoticeLengthSet(noticeSeconds);
    }

    /// @inheritdoc IIssuances
    function issuance(uint64 issuanceId) external view returns (Issuance memory) {
        return _issuances[issuanceId];
    }

    /// @inheritdoc IIssuances
    function issuanceOf(uint256 tokenId) external view returns (uint64 issuanceId) {
        return _issuanceOf[tokenId];
    }

    /// @inheritdoc IIssuances
    function reservedGrams(uint64 reportId) external view returns (uint64) {
        return _reserved[reportId];
    }

    /// @inheritdoc IIssuances
    function noticeLength() external view returns (uint64) {
        return _noticeSeconds;
    }

    /// @dev Checks the report and reserves its grams; gives the credit's token id.
    function _reserve(uint64 reportId, uint128 creditId, uint64 grams, uint16 vintage)
        private
        returns (uint256 tokenId)
    {
        IProjects.Report memory base = PROJECTS.report(reportId);
        require(
            base.state == IProjects.ReportState.VERIFIED
                && PROJECTS.project(base.projectId).state == IProjects.ProjectState.REGISTERED,
            IssuancesReportNotVerified(reportId)
        );
        require(grams != 0, IssuancesZeroGrams());
        uint64 left = base.verifiedGrams - _reserved[reportId];
        require(grams <= left, IssuancesAboveVerified(reportId, grams, left));
        require(
            vintage >= 1970 && _firstDay(vintage) < base.periodEnd
                && base.periodStart < _firstDay(uint256(vintage) + 1),
            IssuancesVintageOutside(vintage, base.periodStart, base.periodEnd)
        );
        tokenId = (uint256(base.projectId) << 128) | creditId;
        uint64 present = _issuanceOf[tokenId];
        require(creditId != 0 && present == 0, IssuancesCreditTaken(tokenId, present));
        _reserved[reportId] += grams;
    }

    function _emitProposed(uint64 issuanceId, Issuance memory proposed, string calldata origin) private {
        emit IssuanceProposed(
            issuanceId,
            proposed.reportId,
            proposed.tokenId,
            proposed.proposerId,
            proposed.holder,
            proposed.grams,
            proposed.vintage,
            proposed.noticeEndsAt,
            origin
        );
    }

    function _proposed(uint64 issuanceId) private view returns (Issuance memory found) {
        found = _issuances[issuanceId];
        // slither-disable-next-line incorrect-equality (a state, not a balance)
        require(found.state == State.PROPOSED, IssuancesWrongState(issuanceId, found.state));
    }

    /// @dev Days from 1970-01-01 to 1 January of a year from 1970 on, in the Gregorian calendar.
    function _firstDay(uint256 year) private pure returns (uint256) {
        uint256 past = year - 1;
        return 365 * (year - 1970) + (past / 4 - 492) - (past / 100 - 19) + (past / 400 - 4);
    }
}
