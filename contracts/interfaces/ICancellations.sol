// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Cancellations: credits taken out for an error or a recall, by two members; never an offset
/// @notice PROPOSED -> CONFIRMED (which cancels) or RETURNED.
interface ICancellations {
    /// @notice Where a cancellation stands.
    enum State {
        NONE,
        PROPOSED,
        CONFIRMED,
        RETURNED
    }

    /// @notice What the ledger keeps of a cancellation.
    /// @param holder Account to take the grams from.
    /// @param grams Grams.
    /// @param proposerId Member that proposed it.
    /// @param tokenId The credit.
    /// @param lockId Lock to take them from; 0 for free grams.
    /// @param state Where it stands.
    struct Cancellation {
        address holder;
        uint64 grams;
        uint32 proposerId;
        uint256 tokenId;
        bytes32 lockId;
        State state;
    }

    /// @notice A cancellation was proposed.
    /// @param cancellationId Its number, from 1, without gaps.
    /// @param tokenId The credit.
    /// @param holder Account to take the grams from.
    /// @param proposerId Member that proposed it.
    /// @param grams Grams.
    /// @param lockId Lock to take them from; 0 for free grams.
    /// @param reasonCode Code of the reason, ASCII, padded with zeros.
    /// @param caseHash Hash of the case file.
    event CancellationProposed(
        uint64 indexed cancellationId,
        uint256 indexed tokenId,
        address indexed holder,
        uint32 proposerId,
        uint64 grams,
        bytes32 lockId,
        bytes32 reasonCode,
        bytes32 caseHash
    );

    /// @notice A cancellation was confirmed. The credits' CreditsCancelled follows.
    /// @param cancellationId The cancellation.
    /// @param memberId Member that confirmed it.
    event CancellationConfirmed(uint64 indexed cancellationId, uint32 indexed memberId);

    /// @notice A cancellation was returned; nothing is taken.
    /// @param cancellationId The cancellation.
    /// @param memberId Member that returned it.
    event CancellationReturned(uint64 indexed cancellationId, uint32 indexed memberId);

    /// @notice A needed value is zero.
    /// @param field Name of the field in this interface.
    error CancellationsMissing(string field);

    /// @notice The cancellation is not proposed, or no longer.
    /// @param cancellationId The cancellation.
    /// @param state Its state now.
    error CancellationsWrongState(uint64 cancellationId, State state);

    /// @notice The confirming party must be of another member than the proposing one.
    /// @param memberId The member that tried to be both.
    error CancellationsSameMember(uint32 memberId);

    /// @notice Proposes to cancel grams of a holder. Operator's act.
    /// @param tokenId The credit.
    /// @param holder Account to take them from.
    /// @param grams Grams, not 0.
    /// @param lockId Lock to take them from; 0 for free grams.
    /// @param reasonCode Code of the reason, ASCII, padded with zeros, not 0.
    /// @param caseHash Hash of the case file, not 0.
    /// @return cancellationId Its number.
    function proposeCancellation(
        uint256 tokenId,
        address holder,
        uint64 grams,
        bytes32 lockId,
        bytes32 reasonCode,
        bytes32 caseHash
    ) external returns (uint64 cancellationId);

    /// @notice Confirms a cancellation and takes the grams out. Authority's act, of another member than the proposing one.
    /// @param cancellationId The cancellation.
    function confirmCancellation(uint64 cancellationId) external;

    /// @notice Returns a proposed cancellation. Authority's act.
    /// @param cancellationId The cancellation.
    function returnCancellation(uint64 cancellationId) external;

    /// @notice A cancellation.
    /// @param cancellationId Its number; an unknown one gives zeros.
    /// @return The cancellation.
    function cancellation(uint64 cancellationId) external view returns (Cancellation memory);
}
