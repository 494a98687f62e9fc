// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICancellations} from "../../contracts/interfaces/ICancellations.sol";
import {ICredits} from "../../contracts/interfaces/ICredits.sol";
import {World} from "./Base.t.sol";
import {IERC1155Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC1155} from "@openzeppelin/contracts/token/ERC1155/IERC1155.sol";

/// @title Cancellations: rule 15
contract CancellationsTest is World {
    uint256 private _tokenId;

    function setUp() public override {
        super.setUp();
        _tokenId = _credit(buyer, 1000);
        _lock(buyer, "lock", _tokenId, 400, broker);
    }

    function _confirm(uint64 cancellationId) private {
        vm.prank(authority);
        cancellations.confirmCancellation(cancellationId);
    }

    function _wrongState(uint64 cancellationId, ICancellations.State state) private {
        _refused(ICancellations.CancellationsWrongState.selector, cancellationId, uint256(state));
    }

    function test_rule15_operatorProposes() public {
        vm.expectEmit(address(cancellations));
        emit ICancellations.CancellationProposed(
            1, _tokenId, buyer, OPERATOR_MEMBER, 100, "lock", "RECALL", "case"
        );
        vm.prank(operator);
        uint64 id = cancellations.proposeCancellation(_tokenId, buyer, 100, "lock", "RECALL", "case");
        ICancellations.Cancellation memory found = cancellations.cancellation(id);
        assertEq(found.holder, buyer, "holder");
        assertEq(found.grams, 100, "grams");
        assertEq(found.proposerId, OPERATOR_MEMBER, "proposer");
        assertEq(found.tokenId, _tokenId, "token");
        assertEq(found.lockId, "lock", "lock");
        assertTrue(found.state == ICancellations.State.PROPOSED, "state");
        assertEq(credits.totals().cancelled, 0, "nothing taken yet");
    }

    function test_rule15_proposalNeedsGramsReasonAndCase() public {
        _refused(ICancellations.CancellationsMissing.selector, "grams");
        vm.prank(operator);
        cancellations.proposeCancellation(_tokenId, buyer, 0, 0, "RECALL", "case");
        _refused(ICancellations.CancellationsMissing.selector, "reasonCode");
        vm.prank(operator);
        cancellations.proposeCancellation(_tokenId, buyer, 1, 0, 0, "case");
        _refused(ICancellations.CancellationsMissing.selector, "caseHash");
        vm.prank(operator);
        cancellations.proposeCancellation(_tokenId, buyer, 1, 0, "RECALL", 0);
    }

    function test_rule15_authorityConfirmsAndTheGramsAreGone() public {
        uint64 id = _proposeCancellation(_tokenId, buyer, 100, 0);
        vm.expectEmit(address(cancellations));
        emit ICancellations.CancellationConfirmed(id, AUTHORITY_MEMBER);
        vm.expectEmit(address(credits));
        emit ICredits.CreditsCancelled(id, _tokenId, buyer, 100, 0);
        vm.expectEmit(address(credits));
        emit IERC1155.TransferSingle(address(cancellations), buyer, address(0), _tokenId, 100);
        _confirm(id);
        assertEq(_free(buyer, _tokenId), 500, "free");
        assertEq(_locked(buyer, _tokenId), 400, "locked");
        assertEq(credits.credit(_tokenId).cancelled, 100, "cancelled of the credit");
        assertEq(credits.totals().cancelled, 100, "cancelled in all");
    }

    function test_rule15_cancellationIsNoRetirement() public {
        _confirm(_proposeCancellation(_tokenId, buyer, 100, 0));
        assertEq(credits.totals().retired, 0, "retired in all");
        assertEq(credits.credit(_tokenId).retired, 0, "retired of the credit");
        assertEq(credits.retiredBalanceOf(buyer, _tokenId), 0, "retired by the holder");
    }

    function test_rule15_cancellationIsDoneOnce() public {
        uint64 id = _proposeCancellation(_tokenId, buyer, 100, 0);
        _confirm(id);
        _wrongState(id, ICancellations.State.CONFIRMED);
        _confirm(id);
        _wrongState(id, ICancellations.State.CONFIRMED);
        vm.prank(authority);
        cancellations.returnCancellation(id);
        _wrongState(99, ICancellations.State.NONE);
        _confirm(99);
    }

    function test_rule15_returnedProposalTakesNothing() public {
        uint64 id = _proposeCancellation(_tokenId, buyer, 100, 0);
        vm.expectEmit(address(cancellations));
        emit ICancellations.CancellationReturned(id, AUTHORITY_MEMBER);
        vm.prank(authority);
        cancellations.returnCancellation(id);
        _wrongState(id, ICancellations.State.RETURNED);
        _confirm(id);
        assertEq(credits.balanceOf(buyer, _tokenId), 1000, "balance");
    }

    function test_rule15_lockedGramsAreTakenFromTheirLock() public {
        uint64 id = _proposeCancellation(_tokenId, buyer, 150, "lock");
        vm.expectEmit(address(credits));
        emit ICredits.CreditsCancelled(id, _tokenId, buyer, 150, "lock");
        _confirm(id);
        assertEq(_free(buyer, _tokenId), 600, "free");
        assertEq(_locked(buyer, _tokenId), 250, "locked");
        assertEq(credits.lockOf("lock").grams, 250, "left in the lock");
        uint64 more = _proposeCancellation(_tokenId, buyer, 251, "lock");
        _refused(ICredits.CreditsLockTooSmall.selector, uint256(bytes32("lock")), 250, 251);
        _confirm(more);
    }

    function test_rule15_lockMustBeOfTheHolderAndTheCredit() public {
        uint256 other = _credit(buyer, 1000);
        uint64 wrongCredit = _proposeCancellation(other, buyer, 1, "lock");
        uint64 wrongHolder = _proposeCancellation(_tokenId, broker, 1, "lock");
        uint64 unknown = _proposeCancellation(_tokenId, buyer, 1, "none");
        uint64 end = credits.lockOf("lock").expiresAt;
        bytes4 error = ICredits.CreditsLockNotYours.selector;
        _refused(error, uint256(bytes32("lock")), _word(buyer), _word(buyer), end);
        _confirm(wrongCredit);
        _refused(error, uint256(bytes32("lock")), _word(broker), _word(buyer), end);
        _confirm(wrongHolder);
        _refused(error, uint256(bytes32("none")), _word(buyer), 0, 0);
        _confirm(unknown);
    }

    function test_rule15_lockThatNeverWasHoldsNothingForNobody() public {
        uint64 id = _proposeCancellation(0, address(0), 1, "none");
        _refused(ICredits.CreditsLockTooSmall.selector, uint256(bytes32("none")), 0, 1);
        _confirm(id);
    }

    function test_rule15_noMoreThanTheHolderHasFreeIsTaken() public {
        uint64 id = _proposeCancellation(_tokenId, buyer, 601, 0);
        _refused(ICredits.CreditsNotFree.selector, _word(buyer), _tokenId, 600, 601);
        _confirm(id);
        id = _proposeCancellation(_tokenId, buyer, 1001, 0);
        _refused(IERC1155Errors.ERC1155InsufficientBalance.selector, _word(buyer), 1000, 1001, _tokenId);
        _confirm(id);
        id = _proposeCancellation(_tokenId, stranger, 1, 0);
        _refused(IERC1155Errors.ERC1155InsufficientBalance.selector, _word(stranger), 0, 1, _tokenId);
        _confirm(id);
    }

    function test_rule15_recallReachesSuspendedAndFrozenHoldersAndFrozenCredits() public {
        uint64 free = _proposeCancellation(_tokenId, buyer, 100, 0);
        uint64 locked = _proposeCancellation(_tokenId, buyer, 100, "lock");
        _suspend(BUYER_MEMBER);
        _freezeAccount(buyer, block.timestamp + 1 days);
        _freezeCredit(_tokenId, block.timestamp + 1 days);
        _confirm(free);
        _confirm(locked);
        assertEq(credits.credit(_tokenId).cancelled, 200, "cancelled");
    }

    function test_rule16_nothingIsCancelledWhilePaused() public {
        uint64 free = _proposeCancellation(_tokenId, buyer, 100, 0);
        uint64 locked = _proposeCancellation(_tokenId, buyer, 100, "lock");
        _pause();
        _refused(ICredits.CreditsPaused.selector);
        _confirm(free);
        _refused(ICredits.CreditsPaused.selector);
        _confirm(locked);
    }

    function test_rule13_serialsStayGaplessAcrossACancellation() public {
        _retire(buyer, "first", _tokenId, 100);
        _confirm(_proposeCancellation(_tokenId, buyer, 50, 0));
        _retire(buyer, "second", _tokenId, 10);
        assertEq(credits.credit(_tokenId).retired, 110, "the next serial is 111");
    }

    function test_rule15_creditsContractRefusesToCancelNothing() public {
        _refused(ICredits.CreditsZeroGrams.selector);
        vm.prank(address(cancellations));
        credits.cancel(_tokenId, buyer, 0, 0, 1);
        _refused(ICredits.CreditsZeroGrams.selector);
        vm.prank(address(cancellations));
        credits.cancel(_tokenId, buyer, 0, "lock", 1);
    }
}
