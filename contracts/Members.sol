// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IMembers} from "./interfaces/IMembers.sol";
import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

/// @title Members, their accounts and standing
/// @dev Part of the credits' contract, so that a transfer reads both parties without a call to another contract.
abstract contract Members is IMembers, AccessManaged {
    struct Account {
        uint32 memberId;
        uint64 frozenUntil;
    }

    uint32 private _memberCount;
    uint32 private _operator;
    mapping(uint32 memberId => Member) private _members;
    mapping(bytes32 registrationHash => uint32 memberId) private _memberByRegistration;
    mapping(address account => Account) private _accounts;

    // One bit a member, 256 to a slot: sender and receiver of a transfer mostly share one cold read.
    mapping(uint256 word => uint256 bits) private _activeMembers;

    /// @param firstName Name of the authority, member 1.
    /// @param firstRegistrationHash Hash of its registration code.
    /// @param firstAccount Its first account.
    constructor(string memory firstName, bytes32 firstRegistrationHash, address firstAccount) {
        uint32 memberId = _register(MemberKind.AUTHORITY, firstRegistrationHash, firstName);
        _open(firstAccount, memberId);
    }

    /// @inheritdoc IMembers
    function registerMember(MemberKind kind, bytes32 registrationHash, string calldata name)
        external
        restricted
        returns (uint32 memberId)
    {
        _authorised();
        memberId = _register(kind, registrationHash, name);
    }

    /// @inheritdoc IMembers
    function changeStanding(uint32 memberId, Standing standing, string calldata reason) external restricted {
        require(memberId != _authorised(), MembersOwnStanding(memberId));
        Member storage changed = _known(memberId);
        Standing present = changed.standing;
        require(
            present != Standing.CLOSED && present != standing && standing != Standing.NONE,
            MembersStandingRefused(memberId, present, standing)
        );
        changed.standing = standing;
        _setActive(memberId, standing == Standing.ACTIVE);
        _count(1);
        emit MemberStandingChanged(memberId, standing, reason);
    }

    /// @inheritdoc IMembers
    function openAccount(address account, uint32 memberId) external restricted {
        _authorised();
        _requireActive(memberId);
        _open(account, memberId);
    }

    /// @inheritdoc IMembers
    function setAccountFreeze(address account, uint64 until) external restricted {
        require(_accounts[account].memberId != 0, MembersAccountUnknown(account));
        _accounts[account].frozenUntil = until;
    }

    /// @inheritdoc IMembers
    function appointOperator(uint32 memberId) external restricted {
        _authorised();
        _requireActive(memberId);
        MemberKind kind = _members[memberId].kind;
        require(kind == MemberKind.OPERATOR, MembersWrongKind(memberId, kind, MemberKind.OPERATOR));
        _operator = memberId;
        _count(1);
        emit OperatorAppointed(memberId);
    }

    /// @inheritdoc IMembers
    function member(uint32 memberId) external view returns (Member memory) {
        return _members[memberId];
    }

    /// @inheritdoc IMembers
    function memberCount() external view returns (uint32) {
        return _memberCount;
    }

    /// @inheritdoc IMembers
    function memberOf(address account) external view returns (uint32 memberId) {
        return _accounts[account].memberId;
    }

    /// @inheritdoc IMembers
    function accountFrozenUntil(address account) external view returns (uint64 until) {
        return _accounts[account].frozenUntil;
    }

    /// @inheritdoc IMembers
    function operator() external view returns (uint32 memberId) {
        return _operator;
    }

    /// @dev Counts events of this contract in the ledger's sequence.
    function _count(uint40 events) internal virtual;

    /// @dev The member of an account, which must be active.
    function _activeMemberOf(address account) internal view returns (uint32 memberId) {
        memberId = _accounts[account].memberId;
        require(memberId != 0, MembersAccountUnknown(account));
        _requireActive(memberId);
    }

    /// @dev The member of an account that credits are to leave: active, and the account not frozen.
    function _sendingMemberOf(address account) internal view returns (uint32 memberId) {
        Account storage sender = _accounts[account];
        uint64 until = sender.frozenUntil;
        require(until <= block.timestamp, MembersAccountFrozen(account, until));
        memberId = sender.memberId;
        require(memberId != 0, MembersAccountUnknown(account));
        _requireActive(memberId);
    }

    /// @dev The member of the caller, which must be the authority: a role alone is not enough.
    function _authorised() internal view returns (uint32 memberId) {
        memberId = _activeMemberOf(msg.sender);
        MemberKind kind = _members[memberId].kind;
        require(kind == MemberKind.AUTHORITY, MembersWrongKind(memberId, kind, MemberKind.AUTHORITY));
    }

    function _register(MemberKind kind, bytes32 registrationHash, string memory name)
        private
        returns (uint32 memberId)
    {
        require(kind != MemberKind.NONE, MembersMissing("kind"));
        require(registrationHash != 0, MembersMissing("registrationHash"));
        require(bytes(name).length != 0, MembersMissing("name"));
        uint32 present = _memberByRegistration[registrationHash];
        // An organisation that were two members could confirm its own proposals.
        require(present == 0, MembersRegistrationTaken(registrationHash, present));
        memberId = ++_memberCount;
        _memberByRegistration[registrationHash] = memberId;
        _members[memberId] = Member(kind, Standing.ACTIVE, registrationHash);
        _setActive(memberId, true);
        _count(1);
        emit MemberRegistered(memberId, kind, registrationHash, name);
    }

    function _open(address account, uint32 memberId) private {
        require(account != address(0), MembersMissing("account"));
        uint32 present = _accounts[account].memberId;
        require(present == 0, MembersAccountTaken(account, present));
        _accounts[account].memberId = memberId;
        _count(1);
        emit AccountOpened(account, memberId);
    }

    function _setActive(uint32 memberId, bool active) private {
        uint256 bit = 1 << (memberId & 255);
        if (active) _activeMembers[memberId >> 8] |= bit;
        else _activeMembers[memberId >> 8] &= ~bit;
    }

    function _requireActive(uint32 memberId) private view {
        bool active = (_activeMembers[memberId >> 8] >> (memberId & 255)) & 1 == 1;
        // Not `require`: it would work out the error's arguments, a cold read, even when the member is active.
        if (!active) revert MembersNotActive(memberId, _known(memberId).standing);
    }

    function _known(uint32 memberId) private view returns (Member storage found) {
        found = _members[memberId];
        require(found.standing != Standing.NONE, MembersUnknown(memberId));
    }
}
