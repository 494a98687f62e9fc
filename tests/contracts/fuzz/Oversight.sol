// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IMembers} from "../../../contracts/interfaces/IMembers.sol";
import {Ghost} from "./Ghost.sol";

/// @title What the authority, the operator and guardians do to credits, accounts and members
abstract contract OversightActs is Ghost {
    struct GhostCancellation {
        uint64 id;
        uint32 proposerId;
        address holder;
        uint256 tokenId;
        uint256 grams;
        bytes32 lockId;
    }

    GhostCancellation[] private _cancellations;
    uint32 internal operatorId = OPERATOR_MEMBER;

    function _operatorAccount() internal returns (address) {
        bool first = operatorId == OPERATOR_MEMBER;
        if (_wild()) first = !first;
        if (first) return _below(2) == 0 ? operator : operatorDeputy;
        return nextOperator;
    }

    function _isOperator(address account) internal view returns (bool) {
        return _active(account) && memberIdOf[account] == operatorId;
    }

    /// @dev The authority mostly; now and then the operator, which was given the authority's role by mistake.
    function _confirmer() internal returns (address) {
        if (_wild()) return _operatorAccount();
        return _below(2) == 0 ? authority : authorityDeputy;
    }

    function _mayConfirm(address account, uint32 proposerId) internal view returns (bool) {
        return memberIdOf[account] == AUTHORITY_MEMBER && memberIdOf[account] != proposerId;
    }

    // ---------------------------------------------------------------- cancellations

    function proposeCancellation(uint256 seed) external {
        _start(seed);
        address by = _operatorAccount();
        (uint256 tokenId, address holder) = _mover();
        uint256 most = free[tokenId][holder];
        bytes32 lockId;
        if (locks.length != 0 && _below(2) == 0) {
            GhostLock memory one = locks[_below(locks.length)];
            (tokenId, holder, most, lockId) = (one.tokenId, one.holder, one.grams, one.id);
        }
        uint64 grams = _amount(most / 4 + 1);
        bytes memory data = abi.encodeCall(
            cancellations.proposeCancellation, (tokenId, holder, grams, lockId, "ERROR", "case")
        );
        bool allowed = _isOperator(by) && grams != 0;
        _do("proposeCancellation", by, address(cancellations), data, allowed);
        if (!allowed) return;
        _cancellationCount += 1;
        _cancellations.push(
            GhostCancellation(_cancellationCount, memberIdOf[by], holder, tokenId, grams, lockId)
        );
    }

    uint64 private _cancellationCount;

    function confirmCancellation(uint256 seed) external {
        _start(seed);
        _wake();
        if (_cancellations.length == 0) revert NothingToDo();
        uint256 index = _below(_cancellations.length);
        GhostCancellation memory one = _cancellations[index];
        address by = _confirmer();
        (bool found, uint256 lockIndex) = _findLock(one.lockId);
        bool enough = one.lockId == 0
            ? one.grams <= free[one.tokenId][one.holder]
            : found && one.grams <= locks[lockIndex].grams;
        bytes memory data = abi.encodeCall(cancellations.confirmCancellation, (one.id));
        if (!enough) {
            // What it was to take is gone: the authority returns it.
            data = abi.encodeCall(cancellations.returnCancellation, (one.id));
            bool mayReturn = memberIdOf[by] == AUTHORITY_MEMBER;
            _do("returnCancellation", by, address(cancellations), data, mayReturn);
            if (mayReturn) _dropCancellation(index);
            return;
        }
        bool allowed = !paused && _mayConfirm(by, one.proposerId);
        _do("confirmCancellation", by, address(cancellations), data, allowed);
        if (!allowed) return;
        if (memberIdOf[by] == one.proposerId) _break("rule 3: a member confirmed its own cancellation");
        _dropCancellation(index);
        cancelledOf[one.tokenId] += one.grams;
        cancelled += one.grams;
        touched = one.tokenId;
        if (one.lockId == 0) free[one.tokenId][one.holder] -= one.grams;
        else _shrinkLock(lockIndex, one.grams);
    }

    function _findLock(bytes32 lockId) private view returns (bool found, uint256 index) {
        for (; index < locks.length; ++index) {
            if (locks[index].id == lockId) return (true, index);
        }
    }

    function _dropCancellation(uint256 index) private {
        _cancellations[index] = _cancellations[_cancellations.length - 1];
        _cancellations.pop();
    }

    // ---------------------------------------------------------------- freezes and the pause

    function freezeAccount(uint256 seed) external {
        _start(seed);
        address account = holders[_below(holders.length)];
        bool ends = accountFrozenUntil[account] > block.timestamp && _below(3) != 0;
        uint64 until = ends ? 0 : uint64(block.timestamp + _below(12 hours));
        bool allowed = ends || until > block.timestamp;
        bytes memory data = ends
            ? abi.encodeCall(supervision.unfreezeAccount, (account, "case"))
            : abi.encodeCall(supervision.freezeAccount, (account, until, "case"));
        _do("freezeAccount", authority, address(supervision), data, allowed);
        accountFrozenUntil[account] = until;
    }

    function freezeCredit(uint256 seed) external {
        _start(seed);
        uint256 tokenId = tokens[_below(tokens.length)];
        bool ends = creditFrozenUntil[tokenId] > block.timestamp && _below(3) != 0;
        uint64 until = ends ? 0 : uint64(block.timestamp + _below(12 hours));
        bool allowed = ends || until > block.timestamp;
        bytes memory data = ends
            ? abi.encodeCall(supervision.unfreezeCredit, (tokenId, "case"))
            : abi.encodeCall(supervision.freezeCredit, (tokenId, until, "case"));
        _do("freezeCredit", authority, address(supervision), data, allowed);
        creditFrozenUntil[tokenId] = until;
    }

    function pauseOrUnpause(uint256 seed) external {
        _start(seed);
        address to = address(supervision);
        if (!paused) {
            _must("pause", guardian, to, abi.encodeCall(supervision.pause, ("reason")));
            paused = true;
            return;
        }
        address proposer = _below(2) == 0 ? guardian : authority; // the authority has a guardian too
        _must("proposeUnpause", proposer, to, abi.encodeCall(supervision.proposeUnpause, ()));
        bool allowed = proposer != authority;
        _do("confirmUnpause", authorityDeputy, to, abi.encodeCall(supervision.confirmUnpause, ()), allowed);
        if (allowed) paused = false;
    }

    // ---------------------------------------------------------------- members

    /// @dev Suspends a member, or lets the suspended one act again: at most one holder's member is away at a time.
    function changeStanding(uint256 seed) external {
        _start(seed);
        uint32 memberId = _suspended();
        if (memberId == 0 || _below(4) == 0) {
            uint32[7] memory chosen = [
                BUYER_MEMBER,
                BROKER_MEMBER,
                OWNER_MEMBER,
                RIVAL_MEMBER,
                operatorId,
                VERIFIER_MEMBER,
                BUYER_MEMBER
            ];
            memberId = chosen[_below(chosen.length)];
        }
        IMembers.Standing wanted = inactive[memberId] ? IMembers.Standing.ACTIVE : IMembers.Standing.SUSPENDED;
        if (memberId == RIVAL_MEMBER && _below(40) == 0) wanted = IMembers.Standing.CLOSED;
        bool allowed = !closed[memberId];
        bytes memory data = abi.encodeCall(credits.changeStanding, (memberId, wanted, "reason"));
        _do("changeStanding", authority, address(credits), data, allowed);
        inactive[memberId] = wanted != IMembers.Standing.ACTIVE;
        closed[memberId] = wanted == IMembers.Standing.CLOSED;
    }

    function _suspended() private view returns (uint32) {
        uint32[7] memory all = [
            OPERATOR_MEMBER,
            NEXT_OPERATOR_MEMBER,
            VERIFIER_MEMBER,
            BUYER_MEMBER,
            BROKER_MEMBER,
            OWNER_MEMBER,
            RIVAL_MEMBER
        ];
        for (uint256 i = 0; i < all.length; ++i) {
            if (inactive[all[i]] && !closed[all[i]]) return all[i];
        }
        return 0;
    }

    function appointOperator(uint256 seed) external {
        _start(seed);
        uint32 memberId = operatorId == OPERATOR_MEMBER ? NEXT_OPERATOR_MEMBER : OPERATOR_MEMBER;
        if (_wild()) memberId = BUYER_MEMBER;
        bool allowed = memberId != BUYER_MEMBER && !inactive[memberId];
        bytes memory data = abi.encodeCall(credits.appointOperator, (memberId));
        _do("appointOperator", authority, address(credits), data, allowed);
        operatorId = memberId;
    }

    function enrol(uint256 seed) external {
        _start(seed);
        bytes32 hash = bytes32(_random());
        IMembers.MemberKind kind = IMembers.MemberKind(1 + _below(8));
        uint32 memberId = credits.memberCount() + 1;
        bytes memory data = abi.encodeCall(credits.registerMember, (kind, hash, "new"));
        _must("registerMember", authority, address(credits), data);
        address account = address(uint160(uint256(hash)));
        data = abi.encodeCall(credits.openAccount, (account, memberId));
        _must("openAccount", authority, address(credits), data);
        if (credits.memberOf(account) != memberId) {
            _break("rule 1: an account is of the member it was opened for");
        }
    }

    // ---------------------------------------------------------------- settings and time

    function setPurpose(uint256 seed) external {
        _start(seed);
        giftAllowed = !giftAllowed;
        bytes memory data =
            abi.encodeCall(credits.setPurpose, (GIFT_PURPOSE, giftAllowed, "gift", "gift", "gift"));
        _must("setPurpose", authority, address(credits), data);
    }

    function wait_(uint256 seed) external {
        _start(seed);
        vm.warp(block.timestamp + 1 + _below(8 hours));
    }
}
