// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICorrections} from "../../../contracts/interfaces/ICorrections.sol";
import {ICredits} from "../../../contracts/interfaces/ICredits.sol";
import {Vm} from "../Base.t.sol";
import {Ghost} from "./Ghost.sol";

/// @title What holders, keepers and relayers do with credits
abstract contract HoldersActs is Ghost {
    ICredits.TransferOrder private _lastOrder;
    bytes private _lastSignature;

    // ---------------------------------------------------------------- transfers

    function transfer(uint256 seed) external {
        _start(seed);
        _wake();
        (uint256 tokenId, address from) = _mover();
        address to = _receiver();
        uint256 grams = _amount(free[tokenId][from]);
        if (_below(40) == 0) grams |= 1 << (64 + _below(192));
        bool allowed = _mayTransfer(from, to, tokenId, grams);
        bytes memory data = abi.encodeCall(credits.safeTransferFrom, (from, to, tokenId, grams, ""));
        _do("transfer", from, address(credits), data, allowed);
        if (allowed) _moveGhost(from, to, tokenId, grams);
    }

    function transferBatch(uint256 seed) external {
        _start(seed);
        _wake();
        (uint256 first, address from) = _mover();
        address to = _receiver();
        uint256[] memory ids = new uint256[](1 + _below(4));
        uint256[] memory values = new uint256[](ids.length);
        bool allowed = !paused && _maySend(from) && _active(to);
        uint256[] memory left = new uint256[](tokens.length);
        for (uint256 i = 0; i < tokens.length; ++i) {
            left[i] = free[tokens[i]][from];
        }
        for (uint256 i = 0; i < ids.length; ++i) {
            uint256 index = _indexOfToken(i == 0 ? first : tokens[_below(tokens.length)]);
            ids[i] = tokens[index];
            values[i] = left[index] == 0 && !_wild() ? 0 : _amount(left[index]);
            allowed = allowed && _movable(ids[i]) && values[i] <= left[index];
            if (from != to && allowed) left[index] -= values[i];
        }
        bytes memory data = abi.encodeCall(credits.safeBatchTransferFrom, (from, to, ids, values, ""));
        _do("transferBatch", from, address(credits), data, allowed);
        for (uint256 i = 0; allowed && i < ids.length; ++i) {
            _moveGhost(from, to, ids[i], values[i]);
        }
    }

    function _indexOfToken(uint256 tokenId) private view returns (uint256 index) {
        while (tokens[index] != tokenId) ++index;
    }

    function approve(uint256 seed) external {
        _start(seed);
        address holder = _receiver();
        address account = holders[_below(holders.length)];
        bool yes = _below(2) == 0;
        bytes memory data = abi.encodeCall(credits.setApprovalForAll, (account, yes));
        bool allowed = _active(holder);
        _do("approve", holder, address(credits), data, allowed);
        if (allowed) approved[holder][account] = yes;
    }

    function transferForAnother(uint256 seed) external {
        _start(seed);
        _wake();
        (uint256 tokenId, address from) = _mover();
        (address by, address to) = (_receiver(), _receiver());
        if (!approved[from][by] && _active(from) && !_wild()) {
            _must("approve", from, address(credits), abi.encodeCall(credits.setApprovalForAll, (by, true)));
            approved[from][by] = true;
        }
        uint256 grams = _amount(free[tokenId][from]);
        bool allowed =
            _active(by) && (by == from || approved[from][by]) && _mayTransfer(from, to, tokenId, grams);
        bytes memory data = abi.encodeCall(credits.safeTransferFrom, (from, to, tokenId, grams, ""));
        _do("transferForAnother", by, address(credits), data, allowed);
        if (allowed) _moveGhost(from, to, tokenId, grams);
    }

    function transferByOrder(uint256 seed) external {
        _start(seed);
        _wake();
        (uint256 tokenId, address from) = _mover();
        ICredits.TransferOrder memory order = ICredits.TransferOrder({
            orderId: _nextId(),
            from: from,
            to: _receiver(),
            tokenId: tokenId,
            grams: _amount(free[tokenId][from]),
            deadline: uint64(block.timestamp)
        });
        bytes memory signature = _signTransfer(_key(_nameOf(from)), credits, order);
        bool good = true;
        if (_wild()) {
            (order, signature, good) = (_lastOrder, _lastSignature, false); // carried before, or never signed
        } else if (_wild()) {
            (order.grams, good) = (order.grams + 1, false);
        } else if (_wild()) {
            vm.warp(block.timestamp + 1);
            good = false;
        }
        bool allowed = good && _mayTransfer(order.from, order.to, order.tokenId, order.grams);
        bytes memory data = abi.encodeCall(credits.transferByOrder, (order, signature));
        _do("transferByOrder", stranger, address(credits), data, allowed);
        if (!allowed) return;
        _moveGhost(order.from, order.to, order.tokenId, order.grams);
        (_lastOrder, _lastSignature) = (order, signature);
    }

    // ---------------------------------------------------------------- locks

    function lock(uint256 seed) external {
        _start(seed);
        _wake();
        (uint256 tokenId, address holder) = _mover();
        address keeper = _receiver();
        uint64 grams = _amount(free[tokenId][holder]);
        uint64 expiresAt = uint64(_wild() ? block.timestamp : block.timestamp + 1 + _below(20 days));
        bool repeated = locks.length != 0 && _wild();
        bytes32 lockId = repeated ? locks[_below(locks.length)].id : _nextId();
        bool allowed = !repeated && expiresAt > block.timestamp && grams != 0 && _active(keeper)
            && _mayTransfer(holder, holder, tokenId, grams);
        bytes memory data = abi.encodeCall(credits.lock, (lockId, tokenId, grams, keeper, expiresAt, ""));
        _do("lock", holder, address(credits), data, allowed);
        if (!allowed) return;
        free[tokenId][holder] -= grams;
        locked[tokenId][holder] += grams;
        touched = tokenId;
        locks.push(GhostLock(lockId, holder, tokenId, grams, keeper, expiresAt));
    }

    /// @dev A lock that an account may use now, if there is one; now and then any lock.
    function _usableLock(bool byHolder, bool moves) private returns (uint256 index) {
        if (locks.length == 0) revert NothingToDo();
        uint256 offset = _below(locks.length);
        if (_wild()) return offset;
        for (uint256 i = 0; i < locks.length; ++i) {
            index = (offset + i) % locks.length;
            GhostLock storage one = locks[index];
            bool usable = byHolder || _active(one.keeper);
            if (moves) usable = usable && _maySend(one.holder) && _movable(one.tokenId);
            if (usable) return index;
        }
        return offset;
    }

    function releaseLock(uint256 seed) external {
        _start(seed);
        _wake();
        uint256 index = _usableLock(false, false);
        GhostLock memory one = locks[index];
        bool expired = one.expiresAt <= block.timestamp;
        address by = one.keeper;
        if (expired && _below(2) == 0) by = one.holder;
        if (_wild()) by = _receiver();
        uint64 grams = _amount(one.grams);
        bool allowed = !paused && grams != 0 && grams <= one.grams && _active(by)
            && (by == one.keeper || (by == one.holder && expired));
        _do(
            "releaseLock", by, address(credits), abi.encodeCall(credits.releaseLock, (one.id, grams)), allowed
        );
        if (!allowed) return;
        free[one.tokenId][one.holder] += grams;
        _shrinkLock(index, grams);
    }

    function deliverLock(uint256 seed) external {
        _start(seed);
        _wake();
        uint256 index = _usableLock(false, true);
        GhostLock memory one = locks[index];
        address by = _wild() ? _receiver() : one.keeper;
        address to = _receiver();
        uint64 grams = _amount(one.grams);
        bool allowed = by == one.keeper && _active(by) && grams != 0 && grams <= one.grams
            && _mayTransfer(one.holder, to, one.tokenId, 0);
        bytes memory data = abi.encodeCall(credits.deliverLock, (one.id, to, grams));
        _do("deliverLock", by, address(credits), data, allowed);
        if (!allowed) return;
        free[one.tokenId][to] += grams;
        _shrinkLock(index, grams);
        if (!_active(to)) _break("rule 2: an inactive member was delivered to");
    }

    function retireLocked(uint256 seed) external {
        _start(seed);
        _wake();
        uint256 index = _usableLock(true, true);
        GhostLock memory one = locks[index];
        address by = _wild() ? _receiver() : one.holder;
        ICredits.Retirement memory record = _record(one.tokenId, _amount(one.grams));
        uint256 grams = record.lines[0].grams;
        bool allowed = by == one.holder && grams != 0 && grams <= one.grams && _mayRetire(by, record)
            && _movable(one.tokenId);
        bytes memory data = abi.encodeCall(credits.retireLocked, (one.id, record));
        Vm.Log[] memory logs = _do("retireLocked", by, address(credits), data, allowed);
        if (!allowed) return;
        free[one.tokenId][by] += grams;
        _shrinkLock(index, grams);
        _retireGhost(by, record, logs);
    }

    // ---------------------------------------------------------------- retirement

    function _record(uint256 tokenId, uint64 grams) private returns (ICredits.Retirement memory record) {
        bool repeated = retirementIds.length != 0 && _wild();
        bytes32 id = repeated ? retirementIds[_below(retirementIds.length)] : _nextId();
        record = _retirement(id, tokenId, grams);
        if (_wild()) record.purpose = GIFT_PURPOSE;
    }

    /// @dev Whether a retirement is in order, its lines aside.
    function _mayRetire(address holder, ICredits.Retirement memory record) private view returns (bool) {
        if (paused || !_maySend(holder)) return false;
        if (record.purpose == GIFT_PURPOSE && !giftAllowed) return false;
        return !retirementUsed[record.retirementId];
    }

    /// @dev Up to five lines of what a holder has, the same credit twice now and then.
    function _retirementOf(address holder, uint256 first)
        private
        returns (ICredits.Retirement memory record, bool allowed)
    {
        uint256[] memory left = new uint256[](tokens.length);
        for (uint256 i = 0; i < tokens.length; ++i) {
            left[i] = _movable(tokens[i]) ? free[tokens[i]][holder] : 0;
        }
        record = _record(first, 1);
        allowed = _mayRetire(holder, record);
        ICredits.Line[] memory lines = new ICredits.Line[](1 + _below(5));
        uint256 count;
        uint256 index = _indexOfToken(first);
        for (; count < lines.length; ++count) {
            if (count != 0) index = _nextWithGrams(left, index);
            if (count != 0 && left[index] == 0 && !_wild()) break;
            uint64 grams = _amount(left[index]);
            lines[count] = ICredits.Line(tokens[index], grams);
            allowed = allowed && grams != 0 && grams <= left[index];
            if (allowed) left[index] -= grams;
        }
        record.lines = new ICredits.Line[](count);
        for (uint256 i = 0; i < count; ++i) {
            record.lines[i] = lines[i];
        }
    }

    function _nextWithGrams(uint256[] memory left, uint256 index) private returns (uint256) {
        uint256 offset = index + _below(left.length);
        for (uint256 i = 0; i < left.length; ++i) {
            index = (offset + i) % left.length;
            if (left[index] != 0) break;
        }
        return index;
    }

    function retire(uint256 seed) external {
        _start(seed);
        _wake();
        (uint256 first, address holder) = _mover();
        (ICredits.Retirement memory record, bool allowed) = _retirementOf(holder, first);
        bytes memory data = abi.encodeCall(credits.retire, (record));
        Vm.Log[] memory logs = _do("retire", holder, address(credits), data, allowed);
        if (allowed) _retireGhost(holder, record, logs);
    }

    function retireByOrder(uint256 seed) external {
        _start(seed);
        _wake();
        (uint256 first, address holder) = _mover();
        (ICredits.Retirement memory record, bool allowed) = _retirementOf(holder, first);
        uint64 deadline = uint64(block.timestamp);
        bytes memory signature = _signRetirement(_key(_nameOf(holder)), credits, holder, deadline, record);
        if (_wild()) {
            (record.note, allowed) = ("altered", false);
        } else if (_wild()) {
            vm.warp(block.timestamp + 1);
            allowed = false;
        }
        bytes memory data = abi.encodeCall(credits.retireByOrder, (holder, deadline, record, signature));
        Vm.Log[] memory logs = _do("retireByOrder", stranger, address(credits), data, allowed);
        if (allowed) _retireGhost(holder, record, logs);
    }

    /// @dev Books a retirement, and checks that each line took the next serials of its credit (rule 13).
    function _retireGhost(address holder, ICredits.Retirement memory record, Vm.Log[] memory logs) private {
        uint64[] memory serials;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] == ICredits.CreditsRetired.selector) {
                (, serials,) = abi.decode(logs[i].data, (bytes32, uint64[], ICredits.Retirement));
            }
        }
        if (serials.length != record.lines.length) _break("rule 13: a first serial for each line");
        for (uint256 i = 0; i < serials.length; ++i) {
            (uint256 tokenId, uint256 grams) = (record.lines[i].tokenId, record.lines[i].grams);
            if (serials[i] != retiredOf[tokenId] + 1) _break("rule 13: serials are not contiguous");
            retiredOf[tokenId] += grams;
            retired += grams;
            free[tokenId][holder] -= grams;
            touched = tokenId;
        }
        retirementIds.push(record.retirementId);
        retirementUsed[record.retirementId] = true;
    }

    function correctRetirement(uint256 seed) external {
        _start(seed);
        if (retirementIds.length == 0) revert NothingToDo();
        bool known = !_wild();
        bytes32 id = known ? retirementIds[_below(retirementIds.length)] : bytes32("unknown");
        ICorrections.Correction memory correction =
            ICorrections.Correction(_nextId(), id, 0, "", "", "", "", "reason");
        address by = credits.operator() == OPERATOR_MEMBER ? operator : nextOperator;
        bytes memory data = abi.encodeCall(corrections.correctRetirement, (correction));
        _do("correctRetirement", by, address(corrections), data, known && _active(by));
    }
}
