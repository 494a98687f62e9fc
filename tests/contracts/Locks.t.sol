// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICredits} from "../../contracts/interfaces/ICredits.sol";
import {IMembers} from "../../contracts/interfaces/IMembers.sol";
import {World} from "./Base.t.sol";
import {IERC1155Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC1155} from "@openzeppelin/contracts/token/ERC1155/IERC1155.sol";

/// @title Locks: rule 12
contract LocksTest is World {
    bytes32 private constant LOCK = "lock";

    uint256 private _tokenId;
    uint64 private _expiresAt;

    function setUp() public override {
        super.setUp();
        _tokenId = _credit(buyer, 1000);
        _expiresAt = uint64(block.timestamp + 30 days);
        _lock(buyer, LOCK, _tokenId, 400, broker);
    }

    function _lockAs(address holder, bytes32 lockId, uint64 grams, address keeper, uint256 expiresAt)
        private
    {
        vm.prank(holder);
        credits.lock(lockId, _tokenId, grams, keeper, uint64(expiresAt), "");
    }

    function _release(address by, uint64 grams) private {
        vm.prank(by);
        credits.releaseLock(LOCK, grams);
    }

    function _deliver(address by, address to, uint64 grams) private {
        vm.prank(by);
        credits.deliverLock(LOCK, to, grams);
    }

    function _retireFrom(address by, uint64 grams) private {
        vm.prank(by);
        credits.retireLocked(LOCK, _retirement("certificate", _tokenId, grams));
    }

    function _notYours(address caller, address keeper) private {
        _refused(
            ICredits.CreditsLockNotYours.selector, uint256(LOCK), _word(caller), _word(keeper), _expiresAt
        );
    }

    function _holdingIs(uint256 free, uint256 locked) private view {
        assertEq(_free(buyer, _tokenId), free, "free");
        assertEq(_locked(buyer, _tokenId), locked, "locked");
        assertEq(credits.balanceOf(buyer, _tokenId), free + locked, "balance");
    }

    // ---------------------------------------------------------------- locking

    function test_rule12_holderLocksFreeGrams() public {
        vm.expectEmit(address(credits));
        emit ICredits.CreditsLocked("second", buyer, _tokenId, 100, owner, _expiresAt, "case 5");
        vm.prank(buyer);
        credits.lock("second", _tokenId, 100, owner, _expiresAt, "case 5");
        _holdingIs(500, 500);
        ICredits.Lock memory found = credits.lockOf("second");
        assertEq(found.holder, buyer, "holder");
        assertEq(found.grams, 100, "grams");
        assertEq(found.keeper, owner, "keeper");
        assertEq(found.expiresAt, _expiresAt, "end");
        assertEq(found.tokenId, _tokenId, "token");
    }

    function test_rule12_lockNumberIsUsedOnceAndNotZero() public {
        bytes4 error = ICredits.CreditsLockIdUsed.selector;
        _refused(error, uint256(LOCK));
        _lockAs(buyer, LOCK, 1, broker, _expiresAt);
        _refused(error, 0);
        _lockAs(buyer, 0, 1, broker, _expiresAt);
        _release(broker, 400);
        _refused(error, uint256(LOCK));
        _lockAs(buyer, LOCK, 1, broker, _expiresAt);
    }

    function test_rule12_lockNeedsGramsAnEndAndAKeeper() public {
        _refused(ICredits.CreditsZeroGrams.selector);
        _lockAs(buyer, "second", 0, broker, _expiresAt);
        _refused(ICredits.CreditsLockEndPassed.selector, block.timestamp, block.timestamp);
        _lockAs(buyer, "second", 1, broker, block.timestamp);
        _refused(IMembers.MembersAccountUnknown.selector, _word(stranger));
        _lockAs(buyer, "second", 1, stranger, _expiresAt);
        _suspend(BROKER_MEMBER);
        _notActive(BROKER_MEMBER, IMembers.Standing.SUSPENDED);
        _lockAs(buyer, "second", 1, broker, _expiresAt);
    }

    function test_rule12_onlyFreeGramsAreLocked() public {
        _refused(ICredits.CreditsNotFree.selector, _word(buyer), _tokenId, 600, 601);
        _lockAs(buyer, "second", 601, broker, _expiresAt);
        _refused(IERC1155Errors.ERC1155InsufficientBalance.selector, _word(buyer), 1000, 1001, _tokenId);
        _lockAs(buyer, "second", 1001, broker, _expiresAt);
        _lockAs(buyer, "second", 600, broker, _expiresAt);
        _holdingIs(0, 1000);
    }

    function test_rule16_frozenGramsAreNotLocked() public {
        uint64 until = uint64(block.timestamp + 1 days);
        _freezeCredit(_tokenId, until);
        _refused(ICredits.CreditsFrozen.selector, _tokenId, until);
        _lockAs(buyer, "second", 1, broker, _expiresAt);
        vm.warp(until);
        _freezeAccount(buyer, until + 1);
        _refused(IMembers.MembersAccountFrozen.selector, _word(buyer), until + 1);
        _lockAs(buyer, "second", 1, broker, _expiresAt);
        vm.warp(until + 1);
        _lockAs(buyer, "second", 1, broker, _expiresAt);
    }

    function test_rule16_nothingIsLockedReleasedDeliveredOrRetiredWhilePaused() public {
        _pause();
        _refused(ICredits.CreditsPaused.selector);
        _lockAs(buyer, "second", 1, broker, _expiresAt);
        _refused(ICredits.CreditsPaused.selector);
        _release(broker, 1);
        _refused(ICredits.CreditsPaused.selector);
        _deliver(broker, owner, 1);
        _refused(ICredits.CreditsPaused.selector);
        _retireFrom(buyer, 1);
    }

    // ---------------------------------------------------------------- release

    function test_rule12_keeperReleasesAtAnyTimeInParts() public {
        vm.expectEmit(address(credits));
        emit ICredits.LockReleased(LOCK, 150);
        _release(broker, 150);
        _holdingIs(750, 250);
        assertEq(credits.lockOf(LOCK).grams, 250, "left");
        _release(broker, 250);
        _holdingIs(1000, 0);
        _refused(ICredits.CreditsLockTooSmall.selector, uint256(LOCK), 0, 1);
        _release(broker, 1);
    }

    function test_rule12_holderReleasesOnceTheLockHasExpired() public {
        vm.warp(_expiresAt - 1);
        _notYours(buyer, broker);
        _release(buyer, 1);
        vm.warp(_expiresAt);
        _release(buyer, 400);
        _holdingIs(1000, 0);
    }

    function test_rule12_othersNeverRelease() public {
        vm.warp(_expiresAt);
        _notYours(owner, broker);
        _release(owner, 1);
        _refused(ICredits.CreditsLockNotYours.selector, uint256(bytes32("none")), _word(owner), 0, 0);
        vm.prank(owner);
        credits.releaseLock("none", 1);
    }

    function test_rule12_noMoreThanLockedIsReleasedAndNotZero() public {
        _lockAs(buyer, "second", 500, broker, _expiresAt);
        _refused(ICredits.CreditsLockTooSmall.selector, uint256(LOCK), 400, 401);
        _release(broker, 401);
        _refused(ICredits.CreditsZeroGrams.selector);
        _release(broker, 0);
    }

    function test_rule02_suspendedKeeperDoesNotRelease() public {
        _suspend(BROKER_MEMBER);
        _notActive(BROKER_MEMBER, IMembers.Standing.SUSPENDED);
        _release(broker, 1);
    }

    /// @dev Released grams stay where they are, so a freeze holds them all the same.
    function test_rule16_releaseUnderAFreezeOpensNoWayOut() public {
        uint64 until = uint64(block.timestamp + 1 days);
        _freezeAccount(buyer, until);
        _freezeCredit(_tokenId, until);
        _release(broker, 400);
        _holdingIs(1000, 0);
        _refused(IMembers.MembersAccountFrozen.selector, _word(buyer), until);
        vm.prank(buyer);
        credits.safeTransferFrom(buyer, owner, _tokenId, 1, "");
    }

    // ---------------------------------------------------------------- delivery

    function test_rule12_keeperDelivers() public {
        vm.expectEmit(address(credits));
        emit ICredits.LockDelivered(LOCK, owner, 150);
        vm.expectEmit(address(credits));
        emit IERC1155.TransferSingle(broker, buyer, owner, _tokenId, 150);
        _deliver(broker, owner, 150);
        _holdingIs(600, 250);
        assertEq(_free(owner, _tokenId), 150, "delivered");
        assertEq(credits.lockOf(LOCK).grams, 250, "left");
    }

    function test_rule12_keeperMayReceiveAndHolderMayGetBack() public {
        _deliver(broker, broker, 100);
        assertEq(_free(broker, _tokenId), 100, "keeper");
        _deliver(broker, buyer, 100);
        _holdingIs(700, 200);
    }

    function test_rule12_onlyTheKeeperDelivers() public {
        vm.warp(_expiresAt);
        _notYours(buyer, broker);
        _deliver(buyer, owner, 1);
        _notYours(owner, broker);
        _deliver(owner, owner, 1);
    }

    function test_rule12_noMoreThanLockedIsDeliveredAndNotZero() public {
        _refused(ICredits.CreditsLockTooSmall.selector, uint256(LOCK), 400, 401);
        _deliver(broker, owner, 401);
        _refused(ICredits.CreditsZeroGrams.selector);
        _deliver(broker, owner, 0);
    }

    function test_rule12_deliveryKeepsTheRulesOfATransfer() public {
        _refused(IMembers.MembersAccountUnknown.selector, _word(stranger));
        _deliver(broker, stranger, 1);
        _refused(IERC1155Errors.ERC1155InvalidReceiver.selector, 0);
        _deliver(broker, address(0), 1);
        uint64 until = uint64(block.timestamp + 1 days);
        _freezeCredit(_tokenId, until);
        _refused(ICredits.CreditsFrozen.selector, _tokenId, until);
        _deliver(broker, owner, 1);
        vm.warp(until);
        _freezeAccount(buyer, until + 1);
        _refused(IMembers.MembersAccountFrozen.selector, _word(buyer), until + 1);
        _deliver(broker, owner, 1);
        vm.warp(until + 1);
        _suspend(BUYER_MEMBER);
        _notActive(BUYER_MEMBER, IMembers.Standing.SUSPENDED);
        _deliver(broker, owner, 1);
    }

    function test_rule02_suspendedKeeperDoesNotDeliver() public {
        _suspend(BROKER_MEMBER);
        _notActive(BROKER_MEMBER, IMembers.Standing.SUSPENDED);
        _deliver(broker, owner, 1);
    }

    // ---------------------------------------------------------------- retirement from a lock

    function test_rule12_holderRetiresLockedGrams() public {
        vm.expectEmit(address(credits));
        emit ICredits.LockRetired(LOCK, "certificate", 150);
        vm.expectEmit(address(credits));
        emit IERC1155.TransferSingle(buyer, buyer, address(0), _tokenId, 150);
        _retireFrom(buyer, 150);
        _holdingIs(600, 250);
        assertEq(credits.lockOf(LOCK).grams, 250, "left");
        assertEq(credits.retiredBalanceOf(buyer, _tokenId), 150, "retired");
        assertTrue(credits.recordHash("certificate") != 0, "recorded");
    }

    function test_rule12_onlyTheHolderRetiresLockedGrams() public {
        _notYours(broker, buyer);
        _retireFrom(broker, 1);
        _notYours(owner, buyer);
        _retireFrom(owner, 1);
    }

    function test_rule12_retirementFromALockHasOneLineOfItsCredit() public {
        ICredits.Retirement memory record = _retirement("certificate", _tokenId, 10);
        record.lines = new ICredits.Line[](2);
        record.lines[0] = ICredits.Line(_tokenId, 5);
        record.lines[1] = ICredits.Line(_tokenId, 5);
        _refused(ICredits.CreditsLinesMissing.selector, 2);
        vm.prank(buyer);
        credits.retireLocked(LOCK, record);
        record.lines = new ICredits.Line[](0);
        _refused(ICredits.CreditsLinesMissing.selector, 0);
        vm.prank(buyer);
        credits.retireLocked(LOCK, record);
        record = _retirement("certificate", _tokenId + 1, 10);
        _refused(ICredits.CreditsLinesMissing.selector, 1);
        vm.prank(buyer);
        credits.retireLocked(LOCK, record);
    }

    function test_rule12_noMoreThanLockedIsRetiredAndNotZero() public {
        _refused(ICredits.CreditsLockTooSmall.selector, uint256(LOCK), 400, 401);
        _retireFrom(buyer, 401);
        _refused(ICredits.CreditsZeroGrams.selector);
        _retireFrom(buyer, 0);
    }

    function test_rule12_retirementFromALockKeepsTheRulesOfARetirement() public {
        _retire(buyer, "certificate", _tokenId, 1);
        _refused(ICredits.CreditsRetirementIdUsed.selector, uint256(bytes32("certificate")));
        _retireFrom(buyer, 1);
        uint64 until = uint64(block.timestamp + 1 days);
        _freezeCredit(_tokenId, until);
        _refused(ICredits.CreditsRetirementIdUsed.selector, uint256(bytes32("certificate")));
        _retireFrom(buyer, 1);
        _refused(ICredits.CreditsFrozen.selector, _tokenId, until);
        vm.prank(buyer);
        credits.retireLocked(LOCK, _retirement("another", _tokenId, 1));
    }
}
