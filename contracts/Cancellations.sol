// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Acts} from "./Acts.sol";
import {ICancellations} from "./interfaces/ICancellations.sol";
import {ICredits} from "./interfaces/ICredits.sol";
import {IMembers} from "./interfaces/IMembers.sol";

/// @title Cancellations
contract Cancellations is ICancellations, Acts {
    uint64 private _count;
    mapping(uint64 cancellationId => Cancellation) private _cancellations;

    /// @param manager The scheme's AccessManager.
    /// @param creditsContract The contract of credits.
    constructor(address manager, ICredits creditsContract) Acts(manager, creditsContract) {}

    /// @inheritdoc ICancellations
    function proposeCancellation(
        uint256 tokenId,
        address holder,
        uint64 grams,
        bytes32 lockId,
        bytes32 reasonCode,
        bytes32 caseHash
    ) external restricted returns (uint64 cancellationId) {
        uint32 memberId = _actAsOperator();
        require(grams != 0, CancellationsMissing("grams"));
        require(reasonCode != 0, CancellationsMissing("reasonCode"));
        require(caseHash != 0, CancellationsMissing("caseHash"));
        cancellationId = ++_count;
        _cancellations[cancellationId] =
            Cancellation(holder, grams, memberId, tokenId, lockId, State.PROPOSED);
        emit CancellationProposed(
            cancellationId, tokenId, holder, memberId, grams, lockId, reasonCode, caseHash
        );
    }

    /// @inheritdoc ICancellations
    function confirmCancellation(uint64 cancellationId) external restricted {
        uint32 memberId = _act();
        Cancellation memory confirmed = _proposed(cancellationId);
        require(confirmed.proposerId != memberId, CancellationsSameMember(memberId));
        _requireKind(memberId, IMembers.MemberKind.AUTHORITY);
        _cancellations[cancellationId].state = State.CONFIRMED;
        emit CancellationConfirmed(cancellationId, memberId);
        CREDITS.cancel(confirmed.tokenId, confirmed.holder, confirmed.grams, confirmed.lockId, cancellationId);
    }

    /// @inheritdoc ICancellations
    function returnCancellation(uint64 cancellationId) external restricted {
        uint32 memberId = _actAs(IMembers.MemberKind.AUTHORITY);
        _proposed(cancellationId);
        _cancellations[cancellationId].state = State.RETURNED;
        emit CancellationReturned(cancellationId, memberId);
    }

    /// @inheritdoc ICancellations
    function cancellation(uint64 cancellationId) external view returns (Cancellation memory) {
        return _cancellations[cancellationId];
    }

    function _proposed(uint64 cancellationId) private view returns (Cancellation memory found) {
        found = _cancellations[cancellationId];
        require(found.state == State.PROPOSED, CancellationsWrongState(cancellationId, found.state));
    }
}
