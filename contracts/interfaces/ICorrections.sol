// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Corrections of retirements: later records, linked to the first, which never changes
interface ICorrections {
    /// @notice A later record that corrects a retirement's texts; the first record stays as it is.
    /// @param correctionId Number of the correction, chosen by the caller, not 0, used once.
    /// @param retirementId The retirement corrected.
    /// @param beneficiaryHash As in Retirement, corrected.
    /// @param beneficiary As in Retirement, corrected.
    /// @param caseReference As in Retirement, corrected.
    /// @param place As in Retirement, corrected.
    /// @param note As in Retirement, corrected.
    /// @param reason Why, UTF-8, not empty.
    struct Correction {
        bytes32 correctionId;
        bytes32 retirementId;
        bytes32 beneficiaryHash;
        string beneficiary;
        string caseReference;
        string place;
        string note;
        string reason;
    }

    /// @notice A correction of a retirement's texts was recorded.
    /// @param retirementId The retirement corrected.
    /// @param correctionId Number of the correction.
    /// @param memberId Member that recorded it.
    /// @param recordHash keccak256(abi.encode(recordHash of the retirement, correction)): what the chain keeps.
    /// @param correction The correction as given.
    event RetirementCorrected(
        bytes32 indexed retirementId,
        bytes32 indexed correctionId,
        uint32 indexed memberId,
        bytes32 recordHash,
        Correction correction
    );

    /// @notice No retirement has this number.
    /// @param retirementId The number asked for.
    error CorrectionsRetirementUnknown(bytes32 retirementId);

    /// @notice A correction with this number exists, or the number is 0.
    /// @param correctionId The number.
    error CorrectionsIdUsed(bytes32 correctionId);

    /// @notice A correction says why.
    error CorrectionsReasonMissing();

    /// @notice Records a correction of a retirement's texts, beside the first record. Operator's act.
    /// @param correction The correction.
    function correctRetirement(Correction calldata correction) external;

    /// @notice The hash kept for a correction.
    /// @param correctionId Its number.
    /// @return The hash; 0 when there is none.
    function recordHash(bytes32 correctionId) external view returns (bytes32);
}
