// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Methodologies: submitted, appraised by experts, filed by the authority
/// @notice SUBMITTED -> APPRAISAL -> FILED or REJECTED; FILED -> SUSPENDED (and back) or WITHDRAWN.
interface IMethodologies {
    /// @notice Where a methodology stands.
    enum State {
        NONE,
        SUBMITTED,
        APPRAISAL,
        FILED,
        REJECTED,
        SUSPENDED,
        WITHDRAWN
    }

    /// @notice What the ledger keeps of a methodology.
    /// @param state Where it stands.
    /// @param submitterId Member that submitted it.
    /// @param opinions Number of expert opinions.
    /// @param scoreSum Sum of their scores.
    /// @param documentHash Hash of its text.
    struct Methodology {
        State state;
        uint32 submitterId;
        uint32 opinions;
        uint64 scoreSum;
        bytes32 documentHash;
    }

    /// @notice A methodology was submitted.
    /// @param methodologyId Its number, from 1, without gaps.
    /// @param submitterId Member that submitted it.
    /// @param documentHash Hash of its text.
    /// @param code Its code, UTF-8.
    /// @param version Its version, UTF-8.
    /// @param sector Its sector, UTF-8.
    /// @param unit Unit of its result, UTF-8.
    event MethodologySubmitted(
        uint64 indexed methodologyId,
        uint32 indexed submitterId,
        bytes32 documentHash,
        string code,
        string version,
        string sector,
        string unit
    );

    /// @notice An expert gave an opinion.
    /// @param methodologyId The methodology.
    /// @param expert The expert's account.
    /// @param score 0 to 100.
    /// @param opinionHash Hash of the written opinion.
    event MethodologyAppraised(
        uint64 indexed methodologyId, address indexed expert, uint8 score, bytes32 opinionHash
    );

    /// @notice A methodology changed state.
    /// @param methodologyId The methodology.
    /// @param state The state from now on.
    /// @param memberId Member that changed it.
    /// @param reason Why, UTF-8, public; may be empty.
    event MethodologyStateChanged(
        uint64 indexed methodologyId, State state, uint32 indexed memberId, string reason
    );

    /// @notice The rule of appraisal changed.
    /// @param quorum Opinions needed.
    /// @param passMark Mean score needed, 0 to 100.
    event AppraisalRuleSet(uint32 quorum, uint8 passMark);

    /// @notice The code and version are in use, or empty.
    /// @param methodologyId The methodology that has them; 0 when empty.
    error MethodologiesCodeTaken(uint64 methodologyId);

    /// @notice The document hash is zero.
    error MethodologiesDocumentMissing();

    /// @notice The methodology is not in a state from which this act leads on.
    /// @param methodologyId The methodology.
    /// @param state Its state now.
    error MethodologiesWrongState(uint64 methodologyId, State state);

    /// @notice An expert votes once.
    /// @param methodologyId The methodology.
    /// @param expert The expert's account.
    error MethodologiesExpertVoted(uint64 methodologyId, address expert);

    /// @notice An expert of the submitting member is excluded.
    /// @param methodologyId The methodology.
    /// @param memberId The member that would judge its own work.
    error MethodologiesOwnWork(uint64 methodologyId, uint32 memberId);

    /// @notice A score is 0 to 100, and so is a pass mark; a quorum is at least 1.
    /// @param value The value given.
    error MethodologiesScoreInvalid(uint256 value);

    /// @notice The appraisal has too few opinions or too low a mean score.
    /// @param methodologyId The methodology.
    /// @param opinions Opinions given.
    /// @param quorum Opinions needed.
    /// @param scoreSum Sum of the scores given.
    /// @param scoreNeeded Sum needed for the pass mark.
    error MethodologiesNotPassed(
        uint64 methodologyId, uint32 opinions, uint32 quorum, uint64 scoreSum, uint64 scoreNeeded
    );

    /// @notice Submits a methodology. By an account of any active member.
    /// @param documentHash Hash of its text, not 0.
    /// @param code Its code, not empty, unique with the version.
    /// @param version Its version, not empty.
    /// @param sector Its sector.
    /// @param unit Unit of its result.
    /// @return methodologyId Its number.
    function submitMethodology(
        bytes32 documentHash,
        string calldata code,
        string calldata version,
        string calldata sector,
        string calldata unit
    ) external returns (uint64 methodologyId);

    /// @notice Opens the appraisal of a submitted methodology. Operator's act.
    /// @param methodologyId The methodology.
    function openAppraisal(uint64 methodologyId) external;

    /// @notice Gives an expert's opinion. Expert's act, once, not on one's own member's work.
    /// @param methodologyId The methodology, under appraisal.
    /// @param score 0 to 100.
    /// @param opinionHash Hash of the written opinion.
    function appraise(uint64 methodologyId, uint8 score, bytes32 opinionHash) external;

    /// @notice Files a methodology that passed its appraisal. Authority's act.
    /// @param methodologyId The methodology, under appraisal.
    function fileMethodology(uint64 methodologyId) external;

    /// @notice Rejects a methodology that is submitted or under appraisal. Authority's act.
    /// @param methodologyId The methodology.
    /// @param reason Why, UTF-8, public.
    function rejectMethodology(uint64 methodologyId, string calldata reason) external;

    /// @notice Suspends a filed methodology. Authority's act.
    /// @param methodologyId The methodology.
    /// @param reason Why, UTF-8, public.
    function suspendMethodology(uint64 methodologyId, string calldata reason) external;

    /// @notice Files a suspended methodology again. Authority's act.
    /// @param methodologyId The methodology.
    /// @param reason Why, UTF-8, public.
    function resumeMethodology(uint64 methodologyId, string calldata reason) external;

    /// @notice Withdraws a filed or suspended methodology for good. Authority's act.
    /// @param methodologyId The methodology.
    /// @param reason Why, UTF-8, public.
    function withdrawMethodology(uint64 methodologyId, string calldata reason) external;

    /// @notice Sets the rule of appraisal. Authority's act.
    /// @param quorum Opinions needed, at least 1.
    /// @param passMark Mean score needed, 0 to 100.
    function setAppraisalRule(uint32 quorum, uint8 passMark) external;

    /// @notice A methodology.
    /// @param methodologyId Its number; an unknown one gives zeros.
    /// @return The methodology.
    function methodology(uint64 methodologyId) external view returns (Methodology memory);

    /// @notice The methodology with a code and version.
    /// @param code Its code.
    /// @param version Its version.
    /// @return methodologyId Its number; 0 when there is none.
    function methodologyByCode(string calldata code, string calldata version)
        external
        view
        returns (uint64 methodologyId);

    /// @notice The rule of appraisal; 3 opinions with a mean of 60 until it is set.
    /// @return quorum Opinions needed.
    /// @return passMark Mean score needed, 0 to 100.
    function appraisalRule() external view returns (uint32 quorum, uint8 passMark);
}
