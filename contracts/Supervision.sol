// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Acts} from "./Acts.sol";
import {ICredits} from "./interfaces/ICredits.sol";
import {IMembers} from "./interfaces/IMembers.sol";
import {ISupervision} from "./interfaces/ISupervision.sol";

/// @title Supervision: freezes by case, and the pause
contract Supervision is ISupervision, Acts {
    uint32 private _unpauseProposer;

    /// @param manager The scheme's AccessManager.
    /// @param creditsContract The contract of credits.
    constructor(address manager, ICredits creditsContract) Acts(manager, creditsContract) {}

    /// @inheritdoc ISupervision
    function freezeAccount(address account, uint64 until, string calldata caseNumber) external restricted {
        _actAs(IMembers.MemberKind.AUTHORITY);
        _checkFreeze(until, caseNumber);
        emit AccountFrozen(account, until, caseNumber);
        CREDITS.setAccountFreeze(account, until);
    }

    /// @inheritdoc ISupervision
    function unfreezeAccount(address account, string calldata caseNumber) external restricted {
        _actAs(IMembers.MemberKind.AUTHORITY);
        _checkCase(caseNumber);
        emit AccountUnfrozen(account, caseNumber);
        CREDITS.setAccountFreeze(account, 0);
    }

    /// @inheritdoc ISupervision
    function freezeCredit(uint256 tokenId, uint64 until, string calldata caseNumber) external restricted {
        _actAs(IMembers.MemberKind.AUTHORITY);
        _checkFreeze(until, caseNumber);
        emit CreditFrozen(tokenId, until, caseNumber);
        CREDITS.setCreditFreeze(tokenId, until);
    }

    /// @inheritdoc ISupervision
    function unfreezeCredit(uint256 tokenId, string calldata caseNumber) external restricted {
        _actAs(IMembers.MemberKind.AUTHORITY);
        _checkCase(caseNumber);
        emit CreditUnfrozen(tokenId, caseNumber);
        CREDITS.setCreditFreeze(tokenId, 0);
    }

    /// @inheritdoc ISupervision
    function pause(string calldata reason) external restricted {
        uint32 memberId = _act();
        _checkCase(reason);
        require(!CREDITS.totals().paused, ICredits.CreditsPaused());
        _unpauseProposer = 0;
        emit LedgerPaused(memberId, reason);
        CREDITS.setPaused(true);
    }

    /// @inheritdoc ISupervision
    function proposeUnpause() external restricted {
        uint32 memberId = _act();
        require(CREDITS.totals().paused, SupervisionNotPaused());
        _unpauseProposer = memberId;
        emit UnpauseProposed(memberId);
    }

    /// @inheritdoc ISupervision
    function confirmUnpause() external restricted {
        uint32 memberId = _act();
        require(CREDITS.totals().paused, SupervisionNotPaused());
        uint32 proposer = _unpauseProposer;
        require(proposer != 0, SupervisionUnpauseNotProposed());
        require(proposer != memberId, SupervisionSameMember(memberId));
        _requireKind(memberId, IMembers.MemberKind.AUTHORITY);
        _unpauseProposer = 0;
        emit LedgerUnpaused(memberId);
        CREDITS.setPaused(false);
    }

    /// @inheritdoc ISupervision
    function unpauseProposer() external view returns (uint32 memberId) {
        return _unpauseProposer;
    }

    function _checkFreeze(uint64 until, string calldata caseNumber) private view {
        require(until > block.timestamp, SupervisionFreezeEndPassed(until, uint64(block.timestamp)));
        _checkCase(caseNumber);
    }

    function _checkCase(string calldata caseNumber) private pure {
        require(bytes(caseNumber).length != 0, SupervisionCaseMissing());
    }
}
