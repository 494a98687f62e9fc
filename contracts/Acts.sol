// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICredits} from "./interfaces/ICredits.sol";
import {IMembers} from "./interfaces/IMembers.sol";
import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

/// @title What every contract of acts shares: who acts, and that the act is counted
abstract contract Acts is AccessManaged {
    ICredits internal immutable CREDITS;

    /// @param manager The scheme's AccessManager.
    /// @param creditsContract The contract of credits, which counts the acts.
    constructor(address manager, ICredits creditsContract) AccessManaged(manager) {
        CREDITS = creditsContract;
    }

    /// @notice The contract of credits and members that this contract belongs to.
    /// @return Its address.
    function credits() external view returns (ICredits) {
        return CREDITS;
    }

    /// @dev Counts one event and gives the caller's member, which must be active.
    function _act() internal returns (uint32 memberId) {
        return CREDITS.record(msg.sender);
    }

    /// @dev As _act; the caller's member must also be the operator, whatever role the account holds (rule 4).
    function _actAsOperator() internal returns (uint32 memberId) {
        memberId = CREDITS.record(msg.sender);
        uint32 operatorId = CREDITS.operator();
        require(memberId == operatorId, IMembers.MembersNotOperator(memberId, operatorId));
    }

    /// @dev As _act; the caller's member must be of a kind, whatever role the account holds.
    function _actAs(IMembers.MemberKind kind) internal returns (uint32 memberId) {
        memberId = CREDITS.record(msg.sender);
        _requireKind(memberId, kind);
    }

    function _requireKind(uint32 memberId, IMembers.MemberKind required) internal view {
        IMembers.MemberKind kind = CREDITS.member(memberId).kind;
        require(kind == required, IMembers.MembersWrongKind(memberId, kind, required));
    }
}
