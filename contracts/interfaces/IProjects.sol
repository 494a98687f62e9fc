// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Projects, monitoring reports and their verification
/// @notice A project is SUBMITTED -> REGISTERED or RETURNED; REGISTERED -> SUSPENDED (and back) or CLOSED.
/// A report is SUBMITTED -> VERIFIED, REJECTED or WITHDRAWN. A day is a whole UTC day, counted from 1970-01-01.
/// A claim key's day is claimed once, ever, across all projects, unless its report is rejected or withdrawn.
interface IProjects {
    /// @notice Where a project stands.
    enum ProjectState {
        NONE,
        SUBMITTED,
        REGISTERED,
        RETURNED,
        SUSPENDED,
        CLOSED
    }

    /// @notice Where a monitoring report stands.
    enum ReportState {
        NONE,
        SUBMITTED,
        VERIFIED,
        REJECTED,
        WITHDRAWN
    }

    /// @notice What the ledger keeps of a project.
    /// @param state Where it stands.
    /// @param ownerId Member that owns it.
    /// @param methodologyId Its methodology and version.
    /// @param creditingStart First day of the crediting period.
    /// @param creditingEnd Day after the last.
    /// @param documentHash Hash of the design document.
    struct Project {
        ProjectState state;
        uint32 ownerId;
        uint64 methodologyId;
        uint32 creditingStart;
        uint32 creditingEnd;
        bytes32 documentHash;
    }

    /// @notice What an owner submits of a project.
    /// @param methodologyId A filed methodology.
    /// @param creditingStart First day of the crediting period.
    /// @param creditingEnd Day after the last, above `creditingStart`.
    /// @param documentHash Hash of the design document, not 0.
    /// @param code Its code, UTF-8, not empty, unique among projects.
    /// @param name Its name, UTF-8.
    /// @param place Where it is, UTF-8.
    /// @param claimKeys Salted hashes of its sites or meters, at least one, none 0.
    struct ProjectSubmission {
        uint64 methodologyId;
        uint32 creditingStart;
        uint32 creditingEnd;
        bytes32 documentHash;
        string code;
        string name;
        string place;
        bytes32[] claimKeys;
    }

    /// @notice What the ledger keeps of a monitoring report.
    /// @param projectId The project.
    /// @param state Where it stands.
    /// @param periodStart First day of the period.
    /// @param periodEnd Day after the last.
    /// @param claimedGrams Grams that the owner claims.
    /// @param verifiedGrams Grams that the verifier found, at most the claimed.
    struct Report {
        uint64 projectId;
        ReportState state;
        uint32 periodStart;
        uint32 periodEnd;
        uint64 claimedGrams;
        uint64 verifiedGrams;
    }

    /// @notice A project was submitted.
    /// @param projectId Its number, from 1, without gaps.
    /// @param ownerId Member that owns it.
    /// @param submission What was submitted.
    event ProjectSubmitted(uint64 indexed projectId, uint32 indexed ownerId, ProjectSubmission submission);

    /// @notice A project changed state.
    /// @param projectId The project.
    /// @param state The state from now on.
    /// @param memberId Member that changed it.
    /// @param reason Why, UTF-8, public; may be empty.
    event ProjectStateChanged(
        uint64 indexed projectId, ProjectState state, uint32 indexed memberId, string reason
    );

    /// @notice A monitoring report was submitted, and its days claimed.
    /// @param reportId Its number, from 1, without gaps.
    /// @param projectId The project.
    /// @param periodStart First day of the period.
    /// @param periodEnd Day after the last.
    /// @param claimedGrams Grams claimed.
    /// @param dataRoot Root of the monitoring data.
    /// @param reportHash Hash of the report.
    event ReportSubmitted(
        uint64 indexed reportId,
        uint64 indexed projectId,
        uint32 periodStart,
        uint32 periodEnd,
        uint64 claimedGrams,
        bytes32 dataRoot,
        bytes32 reportHash
    );

    /// @notice A report was withdrawn by its owner, and its days released.
    /// @param reportId The report.
    /// @param reason Why, UTF-8, public.
    event ReportWithdrawn(uint64 indexed reportId, string reason);

    /// @notice A verifier gave its verdict. A negative one rejects the report and releases its days.
    /// @param reportId The report.
    /// @param verifierId The verifier's member.
    /// @param positive Whether the report stands.
    /// @param verifiedGrams Grams found; 0 when negative.
    /// @param verificationHash Hash of the verification report.
    event ReportVerified(
        uint64 indexed reportId,
        uint32 indexed verifierId,
        bool positive,
        uint64 verifiedGrams,
        bytes32 verificationHash
    );

    /// @notice The project code is in use, or empty.
    /// @param projectId The project that has it; 0 when empty.
    error ProjectsCodeTaken(uint64 projectId);

    /// @notice The methodology is not filed.
    /// @param methodologyId The methodology.
    error ProjectsMethodologyNotFiled(uint64 methodologyId);

    /// @notice A period ends after it starts, and a report's lies inside the crediting period.
    /// @param periodStart First day given.
    /// @param periodEnd Day after the last given.
    /// @param allowedStart First day allowed.
    /// @param allowedEnd Day after the last allowed.
    error ProjectsPeriodInvalid(uint32 periodStart, uint32 periodEnd, uint32 allowedStart, uint32 allowedEnd);

    /// @notice A needed value is zero or empty.
    /// @param field Name of the field in this interface.
    error ProjectsMissing(string field);

    /// @notice The project is not in a state that allows this act.
    /// @param projectId The project.
    /// @param state Its state now.
    error ProjectsWrongState(uint64 projectId, ProjectState state);

    /// @notice Only the owner's member may do this.
    /// @param projectId The project.
    /// @param ownerId Member that owns it.
    /// @param memberId Member that tried.
    error ProjectsNotOwner(uint64 projectId, uint32 ownerId, uint32 memberId);

    /// @notice The owner's own member may not do this.
    /// @param projectId The project.
    /// @param ownerId Member that owns it and tried.
    error ProjectsOwnProject(uint64 projectId, uint32 ownerId);

    /// @notice A day has been claimed before.
    /// @param claimKey Claim key of the site or meter.
    /// @param day First day in conflict, days since 1970.
    error ProjectsDayClaimed(bytes32 claimKey, uint32 day);

    /// @notice A report with this hash was submitted before.
    /// @param reportId That report.
    error ProjectsReportTaken(uint64 reportId);

    /// @notice The report is not in a state that allows this act.
    /// @param reportId The report.
    /// @param state Its state now.
    error ProjectsReportWrongState(uint64 reportId, ReportState state);

    /// @notice Verified grams are above 0 and at most the claimed grams.
    /// @param reportId The report.
    /// @param verifiedGrams Grams given.
    /// @param claimedGrams Grams claimed.
    error ProjectsVerifiedInvalid(uint64 reportId, uint64 verifiedGrams, uint64 claimedGrams);

    /// @notice Submits a project, owned by the caller's member.
    /// @param submission What it is.
    /// @return projectId Its number.
    function submitProject(ProjectSubmission calldata submission) external returns (uint64 projectId);

    /// @notice Registers a submitted project whose methodology is filed. Operator's act, not on its own project.
    /// @param projectId The project.
    function registerProject(uint64 projectId) external;

    /// @notice Returns a submitted project to its owner, for good. Operator's act.
    /// @param projectId The project.
    /// @param reason Why, UTF-8, public.
    function returnProject(uint64 projectId, string calldata reason) external;

    /// @notice Suspends a registered project: no reports, no issuance. Authority's act.
    /// @param projectId The project.
    /// @param reason Why, UTF-8, public.
    function suspendProject(uint64 projectId, string calldata reason) external;

    /// @notice Ends a project's suspension. Authority's act.
    /// @param projectId The project.
    /// @param reason Why, UTF-8, public.
    function resumeProject(uint64 projectId, string calldata reason) external;

    /// @notice Closes a registered or suspended project for good. Authority's act.
    /// @param projectId The project.
    /// @param reason Why, UTF-8, public.
    function closeProject(uint64 projectId, string calldata reason) external;

    /// @notice Submits a monitoring report and claims its days. By the project's owner.
    /// @param projectId A registered project.
    /// @param periodStart First day, inside the crediting period.
    /// @param periodEnd Day after the last.
    /// @param claimedGrams Grams claimed, not 0.
    /// @param dataRoot Root of the monitoring data, not 0.
    /// @param reportHash Hash of the report, not 0, not submitted before.
    /// @return reportId Its number.
    function submitReport(
        uint64 projectId,
        uint32 periodStart,
        uint32 periodEnd,
        uint64 claimedGrams,
        bytes32 dataRoot,
        bytes32 reportHash
    ) external returns (uint64 reportId);

    /// @notice Withdraws a report that is not verified yet, and releases its days. By the project's owner.
    /// @param reportId The report.
    /// @param reason Why, UTF-8, public.
    function withdrawReport(uint64 reportId, string calldata reason) external;

    /// @notice Gives a verifier's verdict. By a verifier in good standing that is not the owner's member.
    /// @param reportId The report.
    /// @param positive Whether the report stands; if not, it is rejected and its days are released.
    /// @param verifiedGrams Grams found, above 0 and at most the claimed; 0 when negative.
    /// @param verificationHash Hash of the verification report, not 0.
    function verifyReport(uint64 reportId, bool positive, uint64 verifiedGrams, bytes32 verificationHash)
        external;

    /// @notice A project.
    /// @param projectId Its number; an unknown one gives zeros.
    /// @return The project.
    function project(uint64 projectId) external view returns (Project memory);

    /// @notice A project's claim keys.
    /// @param projectId The project.
    /// @return Its claim keys.
    function claimKeys(uint64 projectId) external view returns (bytes32[] memory);

    /// @notice The project with a code.
    /// @param code Its code.
    /// @return projectId Its number; 0 when there is none.
    function projectByCode(string calldata code) external view returns (uint64 projectId);

    /// @notice A monitoring report.
    /// @param reportId Its number; an unknown one gives zeros.
    /// @return The report.
    function report(uint64 reportId) external view returns (Report memory);

    /// @notice The report with a hash.
    /// @param reportHash Its hash.
    /// @return reportId Its number; 0 when there is none.
    function reportByHash(bytes32 reportHash) external view returns (uint64 reportId);

    /// @notice Whether a claim key's day is claimed now.
    /// @param claimKey The claim key.
    /// @param day Day since 1970.
    /// @return True when claimed.
    function dayClaimed(bytes32 claimKey, uint32 day) external view returns (bool);
}
