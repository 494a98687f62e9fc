// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Who takes part: members, their accounts, and who operates the scheme
/// @notice A member is an organisation. An account is a key of exactly one member, for ever. Only accounts of an
/// active member may hold, send or receive credits or act on the ledger. Names stand in events; the state keeps what
/// the rules need. Natural persons are never named here.
interface IMembers {
    /// @notice What kind of organisation a member is.
    enum MemberKind {
        NONE,
        AUTHORITY,
        OPERATOR,
        VERIFIER,
        EXPERT,
        PROJECT_OWNER,
        BUYER,
        BROKER,
        FUND
    }

    /// @notice Whether a member may act. CLOSED is final.
    enum Standing {
        NONE,
        ACTIVE,
        SUSPENDED,
        CLOSED
    }

    /// @notice What the ledger keeps of a member.
    /// @param kind Kind of organisation, never NONE for a registered member.
    /// @param standing Whether the member may act now.
    /// @param registrationHash Hash of the organisation's registration code, unique among members.
    struct Member {
        MemberKind kind;
        Standing standing;
        bytes32 registrationHash;
    }

    /// @notice A member was registered, in standing ACTIVE.
    /// @param memberId Number of the member, from 1, without gaps.
    /// @param kind Kind of organisation.
    /// @param registrationHash Hash of its registration code.
    /// @param name Name of the organisation, UTF-8.
    event MemberRegistered(uint32 indexed memberId, MemberKind kind, bytes32 registrationHash, string name);

    /// @notice A member's standing changed.
    /// @param memberId The member.
    /// @param standing The standing from now on.
    /// @param reason Why, UTF-8, public.
    event MemberStandingChanged(uint32 indexed memberId, Standing standing, string reason);

    /// @notice An account was opened for a member.
    /// @param account The account's address.
    /// @param memberId The member it belongs to.
    event AccountOpened(address indexed account, uint32 indexed memberId);

    /// @notice A member became the operator; the accounts of the former operator stopped acting as such at once.
    /// @param memberId The operator from now on.
    event OperatorAppointed(uint32 indexed memberId);

    /// @notice The account belongs to no member.
    /// @param account The stranger.
    error MembersAccountUnknown(address account);

    /// @notice The account already belongs to a member.
    /// @param account The account.
    /// @param memberId The member it belongs to.
    error MembersAccountTaken(address account, uint32 memberId);

    /// @notice The member is not active.
    /// @param memberId The member.
    /// @param standing Its standing now.
    error MembersNotActive(uint32 memberId, Standing standing);

    /// @notice No member has this number.
    /// @param memberId The number asked for.
    error MembersUnknown(uint32 memberId);

    /// @notice A closed member stays closed, and a standing is changed to a different one only.
    /// @param memberId The member.
    /// @param standing Its standing now.
    /// @param wanted The standing asked for.
    error MembersStandingRefused(uint32 memberId, Standing standing, Standing wanted);

    /// @notice The organisation is a member already.
    /// @param registrationHash Hash of its registration code.
    /// @param memberId The member that has it.
    error MembersRegistrationTaken(bytes32 registrationHash, uint32 memberId);

    /// @notice The act needs a member of another kind.
    /// @param memberId The member that tried.
    /// @param kind Its kind.
    /// @param required The kind the act needs.
    error MembersWrongKind(uint32 memberId, MemberKind kind, MemberKind required);

    /// @notice The act is the operator's, and the member is not the operator, or no longer.
    /// @param memberId The member that tried.
    /// @param operatorId The member that operates the scheme; 0 before the first appointment.
    error MembersNotOperator(uint32 memberId, uint32 operatorId);

    /// @notice A member does not change its own standing: the last authority could lock everyone out.
    /// @param memberId The member that tried.
    error MembersOwnStanding(uint32 memberId);

    /// @notice A needed value is zero or empty.
    /// @param field Name of the field in this interface.
    error MembersMissing(string field);

    /// @notice The account is frozen.
    /// @param account The account.
    /// @param until Unix time in seconds at which the freeze ends.
    error MembersAccountFrozen(address account, uint64 until);

    /// @notice Registers an organisation, in standing ACTIVE. Authority's act.
    /// @param kind Kind of organisation, not NONE.
    /// @param registrationHash Hash of its registration code, not zero, not used by another member.
    /// @param name Its name, UTF-8, not empty.
    /// @return memberId Its number.
    function registerMember(MemberKind kind, bytes32 registrationHash, string calldata name)
        external
        returns (uint32 memberId);

    /// @notice Changes another member's standing. Authority's act. CLOSED is final.
    /// @param memberId The member.
    /// @param standing The standing from now on, not NONE.
    /// @param reason Why, UTF-8, public.
    function changeStanding(uint32 memberId, Standing standing, string calldata reason) external;

    /// @notice Opens an account for a member. Authority's act.
    /// @param account Address of the account, not zero, not in use.
    /// @param memberId An active member.
    function openAccount(address account, uint32 memberId) external;

    /// @notice Sets the end of an account's freeze. Only the contract of supervision may call it.
    /// @param account An account of a member.
    /// @param until Unix time in seconds; 0 ends the freeze.
    function setAccountFreeze(address account, uint64 until) external;

    /// @notice Makes a member the operator in one act; the former operator's accounts stop at once. Authority's act.
    /// @param memberId An active member of kind OPERATOR.
    function appointOperator(uint32 memberId) external;

    /// @notice A member's kind, standing and registration hash.
    /// @param memberId Number of the member; an unknown one gives zeros.
    /// @return The member.
    function member(uint32 memberId) external view returns (Member memory);

    /// @notice Number of members ever registered.
    /// @return Count, which is also the highest member number.
    function memberCount() external view returns (uint32);

    /// @notice The member that an account belongs to.
    /// @param account Any address.
    /// @return memberId Its member; 0 for a stranger.
    function memberOf(address account) external view returns (uint32 memberId);

    /// @notice The end of an account's freeze.
    /// @param account Any address.
    /// @return until Unix seconds; in the past or 0 when not frozen.
    function accountFrozenUntil(address account) external view returns (uint64 until);

    /// @notice The member that operates the scheme.
    /// @return memberId Its number; 0 before the first appointment.
    function operator() external view returns (uint32 memberId);
}
