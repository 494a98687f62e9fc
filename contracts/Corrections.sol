// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Acts} from "./Acts.sol";
import {ICorrections} from "./interfaces/ICorrections.sol";
import {ICredits} from "./interfaces/ICredits.sol";

/// @title Corrections of retirements
contract Corrections is ICorrections, Acts {
    mapping(bytes32 correctionId => bytes32 hash) private _recordHashes;

    /// @param manager The scheme's AccessManager.
    /// @param creditsContract The contract of credits.
    constructor(address manager, ICredits creditsContract) Acts(manager, creditsContract) {}

    /// @inheritdoc ICorrections
    function correctRetirement(Correction calldata correction) external restricted {
        uint32 memberId = _actAsOperator();
        bytes32 correctionId = correction.correctionId;
        require(correctionId != 0 && _recordHashes[correctionId] == 0, CorrectionsIdUsed(correctionId));
        bytes32 corrected = CREDITS.recordHash(correction.retirementId);
        require(corrected != 0, CorrectionsRetirementUnknown(correction.retirementId));
        require(bytes(correction.reason).length != 0, CorrectionsReasonMissing());
        bytes32 hash = keccak256(abi.encode(corrected, correction));
        _recordHashes[correctionId] = hash;
        emit RetirementCorrected(correction.retirementId, correctionId, memberId, hash, correction);
    }

    /// @inheritdoc ICorrections
    function recordHash(bytes32 correctionId) external view returns (bytes32) {
        return _recordHashes[correctionId];
    }
}
