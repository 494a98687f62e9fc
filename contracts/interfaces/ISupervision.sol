// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Supervision: freezes by case, and the pause
/// @notice A freeze ends by act or by time. One guardian pauses at once; two members unpause.
interface ISupervision {
    /// @notice An account was frozen: nothing leaves it until the end of the freeze.
    /// @param account The account.
    /// @param until Unix time in seconds at which the freeze ends by itself.
    /// @param caseNumber Number of the case that orders it, UTF-8.
    event AccountFrozen(address indexed account, uint64 until, string caseNumber);

    /// @notice An account's freeze was ended by an act.
    /// @param account The account.
    /// @param caseNumber Number of the case that ends it, UTF-8.
    event AccountUnfrozen(address indexed account, string caseNumber);

    /// @notice A credit was frozen: no gram of it moves until the end of the freeze.
    /// @param tokenId The credit.
    /// @param until Unix seconds at which the freeze ends by itself.
    /// @param caseNumber Number of the case, UTF-8.
    event CreditFrozen(uint256 indexed tokenId, uint64 until, string caseNumber);

    /// @notice A credit's freeze was ended by an act.
    /// @param tokenId The credit.
    /// @param caseNumber Number of the case, UTF-8.
    event CreditUnfrozen(uint256 indexed tokenId, string caseNumber);

    /// @notice Credits stand still from now on.
    /// @param memberId Member whose guardian paused.
    /// @param reason Why, UTF-8, public.
    event LedgerPaused(uint32 indexed memberId, string reason);

    /// @notice A member proposed to end the pause.
    /// @param memberId The proposing member.
    event UnpauseProposed(uint32 indexed memberId);

    /// @notice The pause ended, confirmed by a second member.
    /// @param memberId The confirming member.
    event LedgerUnpaused(uint32 indexed memberId);

    /// @notice A freeze must end in the future.
    /// @param until The end asked for, Unix seconds.
    /// @param nowSeconds The block's time, Unix seconds.
    error SupervisionFreezeEndPassed(uint64 until, uint64 nowSeconds);

    /// @notice A freeze and its end name a case, and a pause its reason.
    error SupervisionCaseMissing();

    /// @notice The ledger is not paused.
    error SupervisionNotPaused();

    /// @notice No unpausing has been proposed.
    error SupervisionUnpauseNotProposed();

    /// @notice The confirming party must be of another member than the proposing one.
    /// @param memberId The member that tried to be both.
    error SupervisionSameMember(uint32 memberId);

    /// @notice Freezes an account until a time; repeated, it moves the end. Authority's act.
    /// @param account An account of a member.
    /// @param until Unix time in seconds, in the future.
    /// @param caseNumber Number of the case, UTF-8, not empty.
    function freezeAccount(address account, uint64 until, string calldata caseNumber) external;

    /// @notice Ends an account's freeze. Authority's act.
    /// @param account An account of a member.
    /// @param caseNumber Number of the case, UTF-8, not empty.
    function unfreezeAccount(address account, string calldata caseNumber) external;

    /// @notice Freezes a credit until a time; repeated, it moves the end. Authority's act.
    /// @param tokenId An issued credit.
    /// @param until Unix seconds, in the future.
    /// @param caseNumber Number of the case, UTF-8, not empty.
    function freezeCredit(uint256 tokenId, uint64 until, string calldata caseNumber) external;

    /// @notice Ends a credit's freeze. Authority's act.
    /// @param tokenId An issued credit.
    /// @param caseNumber Number of the case, UTF-8, not empty.
    function unfreezeCredit(uint256 tokenId, string calldata caseNumber) external;

    /// @notice Stops every movement of credits at once. Guardian's act.
    /// @param reason Why, UTF-8, public, not empty.
    function pause(string calldata reason) external;

    /// @notice Proposes to end the pause. Guardian's act.
    function proposeUnpause() external;

    /// @notice Ends the pause. Authority's act, by another member than the proposing one.
    function confirmUnpause() external;

    /// @notice The member that proposed to end the pause.
    /// @return memberId Its number; 0 when nobody has.
    function unpauseProposer() external view returns (uint32 memberId);
}
