// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Members} from "./Members.sol";
import {Orders} from "./Orders.sol";
import {ICredits} from "./interfaces/ICredits.sol";
import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title Credits: what is held, moved, locked, retired and cancelled
/// @dev Sums need no overflow checks beyond the cap: every amount is part of `issued`, which stays below 2^63.
contract Credits is ICredits, ERC1155, EIP712, Members {
    uint256 private constant CAP = uint256(type(uint64).max >> 1);

    Totals private _totals;
    mapping(uint256 tokenId => Credit) private _credits;
    mapping(uint256 tokenId => mapping(address account => Holding)) private _holdings;
    mapping(bytes32 lockId => Lock) private _locks;
    mapping(bytes32 retirementId => bytes32 hash) private _recordHashes;
    mapping(bytes32 digest => bool carried) private _carriedOrders;

    /// @param manager The scheme's AccessManager.
    /// @param baseUri ERC-1155 metadata URI with `{id}`.
    /// @param authorityName Name of the authority, which becomes member 1.
    /// @param authorityHash Hash of its registration code.
    /// @param authorityAccount Its first account.
    constructor(
        address manager,
        string memory baseUri,
        string memory authorityName,
        bytes32 authorityHash,
        address authorityAccount
    )
        AccessManaged(manager)
        ERC1155(baseUri)
        EIP712("Tanhui Credits", "1")
        Members(authorityName, authorityHash, authorityAccount)
    {}

    // ---------------------------------------------------------------- acts of the ledger's other contracts

    /// @inheritdoc ICredits
    function record(address actor) external restricted returns (uint32 memberId) {
        memberId = _activeMemberOf(actor);
        _count(1);
    }

    /// @inheritdoc ICredits
    function issue(uint256 tokenId, address holder, uint64 grams, uint64 issuanceId) external restricted {
        require(grams != 0, CreditsZeroGrams());
        require(_credits[tokenId].issued == 0, CreditsAlreadyIssued(tokenId));
        uint256 allowed = CAP - _totals.issued;
        require(grams <= allowed, CreditsAboveCap(grams, allowed));
        _credits[tokenId].issued = grams;
        _totals.issued += grams;
        _move(1);
        emit CreditIssued(tokenId, issuanceId, holder, grams);
        _mint(holder, tokenId, grams, "");
    }

    /// @inheritdoc ICredits
    function cancel(uint256 tokenId, address holder, uint64 grams, bytes32 lockId, uint64 cancellationId)
        external
        restricted
    {
        require(grams != 0, CreditsZeroGrams());
        if (lockId == 0) {
            _takeFree(tokenId, holder, grams);
        } else {
            Lock storage bound = _locks[lockId];
            require(
                bound.tokenId == tokenId && bound.holder == holder,
                CreditsLockNotYours(lockId, holder, bound.holder, bound.expiresAt)
            );
            _takeLocked(lockId, grams);
        }
        unchecked {
            _credits[tokenId].cancelled += grams;
            _totals.cancelled += grams;
        }
        _move(2);
        emit CreditsCancelled(cancellationId, tokenId, holder, grams, lockId);
        emit TransferSingle(msg.sender, holder, address(0), tokenId, grams);
    }

    // ---------------------------------------------------------------- settings and supervision

    /// @inheritdoc ICredits
    function setPurpose(
        uint8 purpose,
        bool allowed,
        string calldata code,
        string calldata nameZh,
        string calldata nameEn
    ) external restricted {
        _authorised();
        require(purpose < 16, CreditsPurposeUnknown(purpose));
        require(bytes(code).length != 0, MembersMissing("code"));
        require(bytes(nameZh).length != 0, MembersMissing("nameZh"));
        require(bytes(nameEn).length != 0, MembersMissing("nameEn"));
        uint16 bit = uint16(1) << purpose;
        if (allowed) _totals.purposes |= bit;
        else _totals.purposes &= ~bit;
        _count(1);
        emit PurposeSet(purpose, allowed, code, nameZh, nameEn);
    }

    /// @inheritdoc ICredits
    function setCreditFreeze(uint256 tokenId, uint64 until) external restricted {
        require(_credits[tokenId].issued != 0, CreditsUnknown(tokenId));
        _credits[tokenId].frozenUntil = until;
    }

    /// @inheritdoc ICredits
    function setPaused(bool paused) external restricted {
        _totals.paused = paused;
    }

    // ---------------------------------------------------------------- transfer

    /// @dev An approved operator must be of an active member too.
    function safeTransferFrom(address from, address to, uint256 id, uint256 value, bytes memory data)
        public
        override
    {
        if (msg.sender != from) _activeMemberOf(msg.sender);
        super.safeTransferFrom(from, to, id, value, data);
    }

    /// @dev An approved operator must be of an active member too.
    function safeBatchTransferFrom(
        address from,
        address to,
        uint256[] memory ids,
        uint256[] memory values,
        bytes memory data
    ) public override {
        if (msg.sender != from) _activeMemberOf(msg.sender);
        super.safeBatchTransferFrom(from, to, ids, values, data);
    }

    /// @inheritdoc ICredits
    function transferByOrder(TransferOrder calldata order, bytes calldata signature) external {
        bytes32 digest = _hashTypedDataV4(Orders.hash(order));
        require(!_carriedOrders[digest], CreditsOrderUsed(order.orderId));
        _checkOrder(order.from, order.deadline, digest, signature);
        _carriedOrders[digest] = true;
        _count(1);
        emit TransferOrderCarried(order.orderId, order.from);
        _safeTransferFrom(order.from, order.to, order.tokenId, order.grams, "");
    }

    // ---------------------------------------------------------------- locks

    /// @inheritdoc ICredits
    function lock(
        bytes32 lockId,
        uint256 tokenId,
        uint64 grams,
        address keeper,
        uint64 expiresAt,
        string calldata caseReference
    ) external {
        require(lockId != 0 && _locks[lockId].holder == address(0), CreditsLockIdUsed(lockId));
        require(grams != 0, CreditsZeroGrams());
        require(expiresAt > block.timestamp, CreditsLockEndPassed(expiresAt, uint64(block.timestamp)));
        _activeMemberOf(keeper);
        _sendingMemberOf(msg.sender);
        _requireNotFrozen(tokenId, _credits[tokenId].frozenUntil);
        _takeFree(tokenId, msg.sender, grams);
        unchecked {
            _holdings[tokenId][msg.sender].locked += grams;
        }
        _locks[lockId] = Lock(msg.sender, grams, keeper, expiresAt, tokenId);
        _move(1);
        emit CreditsLocked(lockId, msg.sender, tokenId, grams, keeper, expiresAt, caseReference);
    }

    /// @inheritdoc ICredits
    function releaseLock(bytes32 lockId, uint64 grams) external {
        Lock memory bound = _locks[lockId];
        require(
            msg.sender == bound.keeper || (msg.sender == bound.holder && block.timestamp >= bound.expiresAt),
            CreditsLockNotYours(lockId, msg.sender, bound.keeper, bound.expiresAt)
        );
        _activeMemberOf(msg.sender);
        _takeLocked(lockId, grams);
        unchecked {
            _holdings[bound.tokenId][bound.holder].free += grams;
        }
        _move(1);
        emit LockReleased(lockId, grams);
    }

    /// @inheritdoc ICredits
    function deliverLock(bytes32 lockId, address to, uint64 grams) external {
        Lock memory bound = _locks[lockId];
        require(
            msg.sender == bound.keeper, CreditsLockNotYours(lockId, msg.sender, bound.keeper, bound.expiresAt)
        );
        _activeMemberOf(msg.sender);
        _takeLocked(lockId, grams);
        unchecked {
            _holdings[bound.tokenId][bound.holder].free += grams;
        }
        _count(1);
        emit LockDelivered(lockId, to, grams);
        // From here on it is a transfer like any other: parties, freezes, event and ERC-1155 acceptance.
        _safeTransferFrom(bound.holder, to, bound.tokenId, grams, "");
    }

    /// @inheritdoc ICredits
    function retireLocked(bytes32 lockId, Retirement calldata retirement) external {
        Lock memory bound = _locks[lockId];
        require(
            msg.sender == bound.holder, CreditsLockNotYours(lockId, msg.sender, bound.holder, bound.expiresAt)
        );
        require(
            retirement.lines.length == 1 && retirement.lines[0].tokenId == bound.tokenId,
            CreditsLinesMissing(retirement.lines.length)
        );
        uint64 grams = retirement.lines[0].grams;
        _takeLocked(lockId, grams);
        unchecked {
            _holdings[bound.tokenId][msg.sender].free += grams;
        }
        _count(1);
        emit LockRetired(lockId, retirement.retirementId, grams);
        _retire(msg.sender, retirement, Orders.hash(retirement));
    }

    // ---------------------------------------------------------------- retirement

    /// @inheritdoc ICredits
    function retire(Retirement calldata retirement) external {
        _retire(msg.sender, retirement, Orders.hash(retirement));
    }

    /// @inheritdoc ICredits
    function retireByOrder(
        address holder,
        uint64 deadline,
        Retirement calldata retirement,
        bytes calldata signature
    ) external {
        bytes32 structHash = Orders.hash(retirement);
        bytes32 digest = _hashTypedDataV4(Orders.hash(holder, deadline, structHash));
        _checkOrder(holder, deadline, digest, signature);
        _retire(holder, retirement, structHash);
    }

    // ---------------------------------------------------------------- reads

    /// @inheritdoc ICredits
    function totals() external view returns (Totals memory) {
        return _totals;
    }

    /// @inheritdoc ICredits
    function credit(uint256 tokenId) external view returns (Credit memory) {
        return _credits[tokenId];
    }

    /// @inheritdoc ICredits
    function holding(address account, uint256 tokenId) external view returns (Holding memory) {
        return _holdings[tokenId][account];
    }

    /// @dev What an account owns: free and locked grams.
    function balanceOf(address account, uint256 id) public view override returns (uint256) {
        Holding storage held = _holdings[id][account];
        return uint256(held.free) + held.locked;
    }

    /// @inheritdoc ICredits
    function retiredBalanceOf(address account, uint256 tokenId) external view returns (uint256) {
        return _holdings[tokenId][account].retired;
    }

    /// @inheritdoc ICredits
    function lockOf(bytes32 lockId) external view returns (Lock memory) {
        return _locks[lockId];
    }

    /// @inheritdoc ICredits
    function recordHash(bytes32 retirementId) external view returns (bytes32) {
        return _recordHashes[retirementId];
    }

    /// @inheritdoc ICredits
    function purposeAllowed(uint8 purpose) external view returns (bool) {
        return (_totals.purposes >> purpose) & 1 == 1;
    }

    /// @inheritdoc ICredits
    function encodeTokenId(uint128 projectId, uint128 creditId) external pure returns (uint256 tokenId) {
        return (uint256(projectId) << 128) | creditId;
    }

    /// @inheritdoc ICredits
    function decodeTokenId(uint256 tokenId) external pure returns (uint128 projectId, uint128 creditId) {
        return (uint128(tokenId >> 128), uint128(tokenId));
    }

    // ---------------------------------------------------------------- inner parts

    /// @dev Every mint and transfer comes through here; burns do not, since credits leave only by retirement or
    /// cancellation.
    function _update(address from, address to, uint256[] memory ids, uint256[] memory values)
        internal
        override
    {
        require(ids.length == values.length, ERC1155InvalidArrayLength(ids.length, values.length));
        if (from != address(0)) _sendingMemberOf(from);
        _activeMemberOf(to);
        for (uint256 i = 0; i < ids.length; ++i) {
            uint256 id = ids[i];
            // Above 2^64 - 1 no balance suffices; the error below then reports the true amount.
            uint256 grams = values[i];
            if (from != address(0)) {
                _requireNotFrozen(id, _credits[id].frozenUntil);
                _takeFree(id, from, grams);
            }
            unchecked {
                // Bounded by the credit's volume, which fits.
                _holdings[id][to].free += uint64(grams);
            }
        }
        _move(1);
        if (ids.length == 1) emit TransferSingle(msg.sender, from, to, ids[0], values[0]);
        else emit TransferBatch(msg.sender, from, to, ids, values);
    }

    /// @dev Approvals are acts too.
    function _setApprovalForAll(address owner, address approved, bool allowed) internal override {
        super._setApprovalForAll(owner, approved, allowed);
        _activeMemberOf(owner);
        _count(1);
    }

    function _count(uint40 events) internal override {
        unchecked {
            _totals.sequence += events; // 2^40 events would take 3,000 years at a million a day
        }
    }

    /// @dev As _count, for acts that move credits: refused while paused.
    function _move(uint40 events) private {
        require(!_totals.paused, CreditsPaused());
        _count(events);
    }

    function _retire(address holder, Retirement calldata retirement, bytes32 structHash) private {
        _sendingMemberOf(holder);
        bytes32 retirementId = retirement.retirementId;
        require(retirementId != 0 && _recordHashes[retirementId] == 0, CreditsRetirementIdUsed(retirementId));
        require(
            retirement.consumedFrom < retirement.consumedUntil
                || (retirement.consumedFrom | retirement.consumedUntil) == 0,
            CreditsPeriodInvalid(retirement.consumedFrom, retirement.consumedUntil)
        );
        Line[] calldata lines = retirement.lines;
        uint64[] memory firstSerials = _retireLines(holder, retirement.purpose, lines);
        _recordHashes[retirementId] = structHash;
        emit CreditsRetired(retirementId, holder, structHash, firstSerials, retirement);
        _emitBurn(holder, lines);
    }

    function _retireLines(address holder, uint8 purpose, Line[] calldata lines)
        private
        returns (uint64[] memory firstSerials)
    {
        uint256 count = lines.length;
        require(count != 0, CreditsLinesMissing(0));
        firstSerials = new uint64[](count);
        uint64 sum = 0;
        for (uint256 i = 0; i < count; ++i) {
            Line calldata line = lines[i];
            uint64 grams = line.grams;
            firstSerials[i] = _retireLine(holder, line.tokenId, grams);
            unchecked {
                sum += grams;
            }
        }
        Totals storage all = _totals;
        (bool paused, uint16 purposes, uint64 retired, uint40 sequence) =
            (all.paused, all.purposes, all.retired, all.sequence);
        require(!paused, CreditsPaused());
        require((purposes >> purpose) & 1 == 1, CreditsPurposeUnknown(purpose));
        unchecked {
            all.retired = retired + sum;
            all.sequence = sequence + 2; // CreditsRetired and the ERC-1155 burn
        }
    }

    function _retireLine(address holder, uint256 tokenId, uint64 grams) private returns (uint64 firstSerial) {
        require(grams != 0, CreditsZeroGrams());
        Credit storage present = _credits[tokenId];
        // Read together and written together: the compiler then touches each slot once.
        (uint64 until, uint64 retired) = (present.frozenUntil, present.retired);
        require(until <= block.timestamp, CreditsFrozen(tokenId, until));
        Holding storage held = _holdings[tokenId][holder];
        (uint64 free, uint64 retiredHere) = (held.free, held.retired);
        if (free < grams) _refuse(tokenId, holder, held, grams);
        unchecked {
            firstSerial = retired + 1;
            present.retired = retired + grams;
            held.free = free - grams;
            held.retired = retiredHere + grams;
        }
    }

    function _emitBurn(address holder, Line[] calldata lines) private {
        uint256 count = lines.length;
        if (count == 1) {
            Line calldata only = lines[0];
            emit TransferSingle(msg.sender, holder, address(0), only.tokenId, only.grams);
            return;
        }
        uint256[] memory ids = new uint256[](count);
        uint256[] memory values = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            Line calldata line = lines[i];
            ids[i] = line.tokenId;
            values[i] = line.grams;
        }
        emit TransferBatch(msg.sender, holder, address(0), ids, values);
    }

    function _takeFree(uint256 tokenId, address holder, uint256 grams) private {
        Holding storage held = _holdings[tokenId][holder];
        uint64 free = held.free;
        if (free < grams) _refuse(tokenId, holder, held, grams);
        unchecked {
            held.free = free - uint64(grams);
        }
    }

    function _takeLocked(bytes32 lockId, uint64 grams) private {
        require(grams != 0, CreditsZeroGrams());
        Lock storage bound = _locks[lockId];
        uint64 left = bound.grams;
        require(left >= grams, CreditsLockTooSmall(lockId, left, grams));
        unchecked {
            bound.grams = left - grams;
            // A holder's locked grams are the sum of its locks.
            _holdings[bound.tokenId][bound.holder].locked -= grams;
        }
    }

    function _checkOrder(address holder, uint64 deadline, bytes32 digest, bytes calldata signature)
        private
        view
    {
        require(block.timestamp <= deadline, CreditsOrderExpired(deadline, uint64(block.timestamp)));
        require(
            SignatureChecker.isValidSignatureNow(holder, digest, signature),
            CreditsOrderSignatureInvalid(holder)
        );
    }

    function _requireNotFrozen(uint256 tokenId, uint64 until) private view {
        require(until <= block.timestamp, CreditsFrozen(tokenId, until));
    }

    function _refuse(uint256 tokenId, address holder, Holding storage held, uint256 grams) private view {
        uint256 owned = uint256(held.free) + held.locked;
        require(owned >= grams, ERC1155InsufficientBalance(holder, owned, grams, tokenId));
        revert CreditsNotFree(holder, tokenId, held.free, grams);
    }
}
