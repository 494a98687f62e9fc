// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICredits} from "../../../contracts/interfaces/ICredits.sol";
import {IMembers} from "../../../contracts/interfaces/IMembers.sol";
import {Vm, World} from "../Base.t.sol";
import {OrderSigner} from "../OrderSigner.sol";

/// @title A second ledger, kept by hand beside the real one
/// @dev Every act is first judged by this ledger's own reading of the rules; the contracts must agree, to do it or to
/// refuse it. What differs is written to `broken` and fails the invariant. A call that was refused, as it should be,
/// reverts, so that forge's table of calls and reverts tells how many calls did something.
abstract contract Ghost is World, OrderSigner {
    struct GhostLock {
        bytes32 id;
        address holder;
        uint256 tokenId;
        uint256 grams;
        address keeper;
        uint256 expiresAt;
    }

    error Refused();
    error NothingToDo();

    string public broken;
    uint256 public events;

    address[5] internal holders;
    string[5] internal holderNames = ["buyer", "broker", "owner", "ownerDeputy", "rival"];
    uint256[] internal tokens;
    mapping(uint256 tokenId => mapping(address account => uint256)) internal free;
    mapping(uint256 tokenId => mapping(address account => uint256)) internal locked;
    mapping(uint256 tokenId => uint256) internal issuedOf;
    mapping(uint256 tokenId => uint256) internal retiredOf;
    mapping(uint256 tokenId => uint256) internal cancelledOf;
    mapping(uint256 tokenId => uint256) internal creditFrozenUntil;
    mapping(address account => uint256) internal accountFrozenUntil;
    mapping(uint32 memberId => bool) internal inactive;
    mapping(uint32 memberId => bool) internal closed;
    mapping(address account => uint32) internal memberIdOf;
    mapping(address holder => mapping(address account => bool)) internal approved;
    GhostLock[] internal locks;
    uint256 internal issued;
    uint256 internal retired;
    uint256 internal cancelled;
    bool internal paused;
    bool internal giftAllowed;
    bytes32[] internal retirementIds;
    mapping(bytes32 retirementId => bool) internal retirementUsed;

    uint256 internal touched;
    uint64 public touchedReport;
    uint256 private _seed;
    uint256 private _calls;
    uint256 private _ids;

    constructor() {
        vm.recordLogs();
        setUp();
        holders = [buyer, broker, owner, ownerDeputy, rival];
        for (uint256 i = 0; i < holders.length; ++i) {
            memberIdOf[holders[i]] = credits.memberOf(holders[i]);
        }
        memberIdOf[authority] = memberIdOf[authorityDeputy] = AUTHORITY_MEMBER;
        memberIdOf[operator] = memberIdOf[operatorDeputy] = OPERATOR_MEMBER;
        memberIdOf[nextOperator] = NEXT_OPERATOR_MEMBER;
        memberIdOf[verifier] = VERIFIER_MEMBER;
        memberIdOf[guardian] = GUARDIAN_MEMBER;
    }

    // ---------------------------------------------------------------- chance

    /// @dev Forge likes to repeat a number; the count of calls makes each one another.
    function _start(uint256 seed) internal {
        _seed = uint256(keccak256(abi.encode(seed, ++_calls)));
        touchedReport = 0;
    }

    function _random() internal returns (uint256) {
        _seed = uint256(keccak256(abi.encode(_seed)));
        return _seed;
    }

    function _below(uint256 limit) internal returns (uint256) {
        return _random() % limit;
    }

    /// @dev Once in so many calls, what nobody should do.
    function _wild() internal returns (bool) {
        return _below(25) == 0;
    }

    function _nextId() internal returns (bytes32) {
        return bytes32(++_ids);
    }

    // ---------------------------------------------------------------- the rules, read once more

    function _active(address account) internal view returns (bool) {
        uint32 memberId = memberIdOf[account];
        return memberId != 0 && !inactive[memberId];
    }

    function _maySend(address account) internal view returns (bool) {
        return _active(account) && accountFrozenUntil[account] <= block.timestamp;
    }

    function _movable(uint256 tokenId) internal view returns (bool) {
        return creditFrozenUntil[tokenId] <= block.timestamp;
    }

    function _mayTransfer(address from, address to, uint256 tokenId, uint256 grams)
        internal
        view
        returns (bool)
    {
        return !paused && _maySend(from) && _active(to) && _movable(tokenId) && grams <= free[tokenId][from];
    }

    // ---------------------------------------------------------------- acting

    /// @dev Sends an act; says so when the contracts judge otherwise than this ledger, and reverts when both refuse.
    function _do(string memory name, address sender, address target, bytes memory data, bool allowed)
        internal
        returns (Vm.Log[] memory logs)
    {
        vm.recordLogs();
        vm.prank(sender);
        (bool done,) = target.call(data);
        logs = vm.getRecordedLogs();
        if (done != allowed) _break(string.concat(name, allowed ? ": refused" : ": done"));
        else if (!done) revert Refused();
        if (done) events += _ledgerEvents(logs);
    }

    /// @dev An act that must succeed, done on the way to another.
    function _must(string memory name, address sender, address target, bytes memory data) internal {
        _do(name, sender, target, data, true);
    }

    function _break(string memory what) internal {
        if (bytes(broken).length == 0) broken = what;
    }

    /// @dev Ends a pause before most acts, since a paused ledger would refuse nearly everything.
    function _wake() internal {
        if (!paused || _below(6) == 0) return;
        address to = address(supervision);
        _must("proposeUnpause", guardian, to, abi.encodeCall(supervision.proposeUnpause, ()));
        _must("confirmUnpause", authority, to, abi.encodeCall(supervision.confirmUnpause, ()));
        paused = false;
    }

    function _addCredit(uint256 tokenId, address holder, uint256 grams) internal {
        tokens.push(tokenId);
        issuedOf[tokenId] = grams;
        free[tokenId][holder] = grams;
        issued += grams;
        touched = tokenId;
    }

    function _moveGhost(address from, address to, uint256 tokenId, uint256 grams) internal {
        free[tokenId][from] -= grams;
        free[tokenId][to] += grams;
        touched = tokenId;
        if (!_active(to)) _break("rule 2: an inactive member received");
    }

    /// @dev Takes grams off a lock; an empty one is forgotten.
    function _shrinkLock(uint256 index, uint256 grams) internal {
        GhostLock storage one = locks[index];
        locked[one.tokenId][one.holder] -= grams;
        touched = one.tokenId;
        one.grams -= grams;
        if (one.grams != 0) return;
        locks[index] = locks[locks.length - 1];
        locks.pop();
    }

    // ---------------------------------------------------------------- choosing

    /// @dev An account that may send some grams of a credit, if there is one; now and then any account and credit.
    function _mover() internal returns (uint256 tokenId, address from) {
        uint256 offset = _random() >> 8;
        uint256 count = tokens.length * holders.length;
        (tokenId, from) = _pair(offset % count);
        if (_wild()) return (tokenId, from);
        for (uint256 i = 0; i < count; ++i) {
            (tokenId, from) = _pair((offset + i) % count);
            if (free[tokenId][from] != 0 && _maySend(from) && _movable(tokenId)) return (tokenId, from);
        }
    }

    function _pair(uint256 index) private view returns (uint256 tokenId, address account) {
        return (tokens[index / holders.length], holders[index % holders.length]);
    }

    function _receiver() internal returns (address to) {
        if (_wild()) return _below(2) == 0 ? stranger : holders[_below(holders.length)];
        uint256 offset = _below(holders.length);
        for (uint256 i = 0; i < holders.length; ++i) {
            to = holders[(offset + i) % holders.length];
            if (_active(to)) return to;
        }
    }

    /// @dev Up to what there is; now and then all of it, or more.
    function _amount(uint256 most) internal returns (uint64) {
        if (_wild()) return uint64(most + 1 + _below(3));
        if (_below(8) == 0) return uint64(most);
        return uint64(most == 0 ? 1 : 1 + _below(most < 100 ? most : most / 3));
    }

    function _nameOf(address holder) internal view returns (string memory) {
        for (uint256 i = 0; i < holders.length; ++i) {
            if (holders[i] == holder) return holderNames[i];
        }
        return "stranger";
    }

    // ---------------------------------------------------------------- invariants

    /// @dev Rules 2, 10, 12 and 13 for one credit.
    function checkCredit(uint256 tokenId) public view returns (string memory) {
        ICredits.Credit memory real = credits.credit(tokenId);
        if (real.issued != issuedOf[tokenId]) return "rule 9: issued of a credit";
        if (real.retired != retiredOf[tokenId]) return "rule 13: next serial is retired + 1";
        if (real.cancelled != cancelledOf[tokenId]) return "rule 15: cancelled of a credit";
        uint256 held;
        for (uint256 i = 0; i < holders.length; ++i) {
            ICredits.Holding memory has = credits.holding(holders[i], tokenId);
            if (has.free != free[tokenId][holders[i]]) return "rule 11: free grams of a holder";
            if (has.locked != locked[tokenId][holders[i]]) return "rule 12: locked grams of a holder";
            held += uint256(has.free) + has.locked;
        }
        if (credits.balanceOf(stranger, tokenId) != 0) return "rule 2: a stranger holds";
        if (held + real.retired + real.cancelled != real.issued) return "rule 10: of a credit";
        return "";
    }

    /// @dev Rules 0, 10, 16 and 17 for the whole ledger.
    function checkTotals() public view returns (string memory) {
        ICredits.Totals memory real = credits.totals();
        if (real.issued != issued) return "rule 10: issued in all";
        if (real.retired != retired) return "rule 10: retired in all";
        if (real.cancelled != cancelled) return "rule 10: cancelled in all";
        if (real.sequence != events) return "rule 17: sequence is the number of events";
        if (real.paused != paused) return "rule 16: paused";
        if (real.issued > type(uint64).max >> 1) return "rule 0: lifetime issuance above 2^63 - 1";
        return "";
    }

    /// @dev All credits, and rule 12 by the locks themselves: locked grams are the sum of the open locks.
    function checkAll() public view returns (string memory what) {
        uint256 sumIssued;
        for (uint256 i = 0; i < tokens.length; ++i) {
            what = checkCredit(tokens[i]);
            if (bytes(what).length != 0) return what;
            sumIssued += issuedOf[tokens[i]];
        }
        if (sumIssued != issued) return "rule 10: sum of the credits";
        uint256[] memory sums = new uint256[](tokens.length * holders.length);
        for (uint256 i = 0; i < locks.length; ++i) {
            ICredits.Lock memory real = credits.lockOf(locks[i].id);
            if (real.grams != locks[i].grams) return "rule 12: grams of a lock";
            if (real.holder != locks[i].holder) return "rule 12: holder of a lock";
            sums[_indexOf(real.tokenId, real.holder)] += real.grams;
        }
        for (uint256 i = 0; i < sums.length; ++i) {
            (uint256 tokenId, address holder) = _pair(i);
            if (credits.holding(holder, tokenId).locked != sums[i]) return "rule 12: sum of the locks";
        }
        return "";
    }

    function _indexOf(uint256 tokenId, address holder) private view returns (uint256 index) {
        for (; index < tokens.length * holders.length; ++index) {
            (uint256 token, address account) = _pair(index);
            if (token == tokenId && account == holder) return index;
        }
    }

    function touchedCredit() external view returns (uint256) {
        return touched;
    }
}
