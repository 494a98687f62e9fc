// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Issuances: proposed by the operator, noticed publicly, confirmed by the authority
/// @notice PROPOSED -> CONFIRMED (which issues the credit) or RETURNED. The sum of a report's issuances, proposed and
/// confirmed, never exceeds its verified grams. One credit id is issued once, its whole volume at once.
interface IIssuances {
    /// @notice Where an issuance stands.
    enum State {
        NONE,
        PROPOSED,
        CONFIRMED,
        RETURNED
    }

    /// @notice What the ledger keeps of an issuance.
    /// @param reportId The verified report.
    /// @param grams Volume.
    /// @param noticeEndsAt Unix seconds at which the public notice ends.
    /// @param proposerId Member that proposed it.
    /// @param vintage Year in which the reduction happened, inside the report's period.
    /// @param state Where it stands.
    /// @param holder Account that receives the credit.
    /// @param openObjections Objections without an answer.
    /// @param tokenId The credit.
    struct Issuance {
        uint64 reportId;
        uint64 grams;
        uint64 noticeEndsAt;
        uint32 proposerId;
        uint16 vintage;
        State state;
        address holder;
        uint32 openObjections;
        uint256 tokenId;
    }

    /// @notice An issuance was proposed; its public notice runs.
    /// @param issuanceId Its number, from 1, without gaps.
    /// @param reportId The verified report.
    /// @param tokenId The credit to be issued.
    /// @param proposerId Member that proposed it.
    /// @param holder Account that is to receive the credit.
    /// @param grams Volume.
    /// @param vintage Year.
    /// @param noticeEndsAt Unix seconds at which the notice ends.
    /// @param origin Registry, serial numbers and date under which another registry issued these units; or empty.
    event IssuanceProposed(
        uint64 indexed issuanceId,
        uint64 indexed reportId,
        uint256 indexed tokenId,
        uint32 proposerId,
        address holder,
        uint64 grams,
        uint16 vintage,
        uint64 noticeEndsAt,
        string origin
    );

    /// @notice A member objected to an issuance; it cannot be confirmed until the objection is answered.
    /// @param objectionId Its number, from 1, without gaps.
    /// @param issuanceId The issuance.
    /// @param memberId Member that objects.
    /// @param reason Why, UTF-8, public.
    event IssuanceObjected(
        uint64 indexed objectionId, uint64 indexed issuanceId, uint32 indexed memberId, string reason
    );

    /// @notice An objection was answered.
    /// @param objectionId The objection.
    /// @param issuanceId The issuance.
    /// @param answer The answer, UTF-8, public.
    event ObjectionAnswered(uint64 indexed objectionId, uint64 indexed issuanceId, string answer);

    /// @notice An issuance was confirmed. The credits' CreditIssued follows.
    /// @param issuanceId The issuance.
    /// @param memberId Member that confirmed it.
    event IssuanceConfirmed(uint64 indexed issuanceId, uint32 indexed memberId);

    /// @notice An issuance was returned; its grams and credit id are free again.
    /// @param issuanceId The issuance.
    /// @param memberId Member that returned it.
    /// @param reason Why, UTF-8, public.
    event IssuanceReturned(uint64 indexed issuanceId, uint32 indexed memberId, string reason);

    /// @notice The length of the public notice changed, for later proposals.
    /// @param noticeSeconds Its length in seconds.
    event NoticeLengthSet(uint64 noticeSeconds);

    /// @notice The report is not verified, or its project is not registered.
    /// @param reportId The report.
    error IssuancesReportNotVerified(uint64 reportId);

    /// @notice An amount of zero grams is refused.
    error IssuancesZeroGrams();

    /// @notice The report's issuances would exceed its verified grams.
    /// @param reportId The report.
    /// @param grams Grams asked for.
    /// @param left Grams left of the verified ones.
    error IssuancesAboveVerified(uint64 reportId, uint64 grams, uint64 left);

    /// @notice The vintage year lies outside the report's period.
    /// @param vintage The year given.
    /// @param periodStart First day of the period, days since 1970.
    /// @param periodEnd Day after the last.
    error IssuancesVintageOutside(uint16 vintage, uint32 periodStart, uint32 periodEnd);

    /// @notice The credit has been proposed or issued before, or its id is 0.
    /// @param tokenId The credit.
    /// @param issuanceId The issuance that has it.
    error IssuancesCreditTaken(uint256 tokenId, uint64 issuanceId);

    /// @notice The issuance is not proposed, or no longer.
    /// @param issuanceId The issuance.
    /// @param state Its state now.
    error IssuancesWrongState(uint64 issuanceId, State state);

    /// @notice The public notice still runs.
    /// @param issuanceId The issuance.
    /// @param noticeEndsAt Unix seconds at which it ends.
    /// @param nowSeconds The block's time, Unix seconds.
    error IssuancesNoticeRunning(uint64 issuanceId, uint64 noticeEndsAt, uint64 nowSeconds);

    /// @notice Objections wait for an answer.
    /// @param issuanceId The issuance.
    /// @param openObjections How many.
    error IssuancesObjectionsOpen(uint64 issuanceId, uint32 openObjections);

    /// @notice The confirming party must be of another member than the proposing one.
    /// @param memberId The member that tried to be both.
    error IssuancesSameMember(uint32 memberId);

    /// @notice The objection is unknown or answered.
    /// @param objectionId The objection.
    error IssuancesObjectionNotOpen(uint64 objectionId);

    /// @notice An objection, its answer and a return say why.
    error IssuancesReasonMissing();

    /// @notice The notice asked for is longer than ten years.
    /// @param noticeSeconds Length asked for.
    /// @param longestSeconds Longest allowed.
    error IssuancesNoticeTooLong(uint64 noticeSeconds, uint64 longestSeconds);

    /// @notice Proposes an issuance; the public notice starts. Operator's act.
    /// @param reportId A verified report of a registered project.
    /// @param creditId Number of the credit within the project, not 0, not proposed or issued before.
    /// @param holder Account of an active member that is to receive the credit.
    /// @param grams Volume, not 0, at most what is left of the verified grams.
    /// @param vintage Year inside the report's period.
    /// @param origin Registry, serial numbers and date under which another registry issued these units; or empty.
    /// @return issuanceId Its number.
    function proposeIssuance(
        uint64 reportId,
        uint128 creditId,
        address holder,
        uint64 grams,
        uint16 vintage,
        string calldata origin
    ) external returns (uint64 issuanceId);

    /// @notice Objects to a proposed issuance. By an account of any active member.
    /// @param issuanceId The issuance.
    /// @param reason Why, UTF-8, public, not empty.
    /// @return objectionId Number of the objection.
    function objectToIssuance(uint64 issuanceId, string calldata reason) external returns (uint64 objectionId);

    /// @notice Answers an objection. Authority's act.
    /// @param objectionId The objection.
    /// @param answer The answer, UTF-8, public, not empty.
    function answerObjection(uint64 objectionId, string calldata answer) external;

    /// @notice Confirms an issuance after its notice and issues the credit. Authority's act, of another member than the
    /// proposing one.
    /// @param issuanceId The issuance.
    function confirmIssuance(uint64 issuanceId) external;

    /// @notice Returns a proposed issuance. Authority's act.
    /// @param issuanceId The issuance.
    /// @param reason Why, UTF-8, public, not empty.
    function returnIssuance(uint64 issuanceId, string calldata reason) external;

    /// @notice Sets the length of the public notice of later proposals. Authority's act.
    /// @param noticeSeconds Its length in seconds, at most ten years.
    function setNoticeLength(uint64 noticeSeconds) external;

    /// @notice An issuance.
    /// @param issuanceId Its number; an unknown one gives zeros.
    /// @return The issuance.
    function issuance(uint64 issuanceId) external view returns (Issuance memory);

    /// @notice The issuance that has a credit, proposed or confirmed.
    /// @param tokenId The credit.
    /// @return issuanceId Its number; 0 when there is none.
    function issuanceOf(uint256 tokenId) external view returns (uint64 issuanceId);

    /// @notice Grams of a report that are proposed or issued.
    /// @param reportId The report.
    /// @return Grams.
    function reservedGrams(uint64 reportId) external view returns (uint64);

    /// @notice Length of the public notice; seven days until it is set.
    /// @return Seconds.
    function noticeLength() external view returns (uint64);
}
