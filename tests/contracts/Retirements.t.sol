// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICredits} from "../../contracts/interfaces/ICredits.sol";
import {IMembers} from "../../contracts/interfaces/IMembers.sol";
import {World} from "./Base.t.sol";
import {OrderSigner} from "./OrderSigner.sol";
import {IERC1155Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC1155} from "@openzeppelin/contracts/token/ERC1155/IERC1155.sol";

/// @title Retirements and their purposes: rules 10, 13 and 18
contract RetirementsTest is World, OrderSigner {
    bytes32 private constant ID = "certificate";

    uint256 private _first;
    uint256 private _second;

    function setUp() public override {
        super.setUp();
        _first = _credit(buyer, 1000);
        _second = _credit(buyer, 500);
    }

    function _send(ICredits.Retirement memory record) private {
        vm.prank(buyer);
        credits.retire(record);
    }

    function _lines(uint256[] memory ids, uint64[] memory grams)
        private
        pure
        returns (ICredits.Retirement memory record)
    {
        record = _retirement(ID, 0, 0);
        record.lines = new ICredits.Line[](ids.length);
        for (uint256 i = 0; i < ids.length; ++i) {
            record.lines[i] = ICredits.Line(ids[i], grams[i]);
        }
    }

    function _threeLines(uint64 a, uint64 b, uint64 c) private view returns (ICredits.Retirement memory) {
        uint256[] memory ids = new uint256[](3);
        uint64[] memory grams = new uint64[](3);
        (ids[0], ids[1], ids[2]) = (_first, _second, _first);
        (grams[0], grams[1], grams[2]) = (a, b, c);
        return _lines(ids, grams);
    }

    // ---------------------------------------------------------------- the record

    function test_rule13_retirementIsRecordedWithHolderBeneficiaryAndSerials() public {
        ICredits.Retirement memory record = _retirement(ID, _first, 100);
        uint64[] memory serials = new uint64[](1);
        serials[0] = 1;
        vm.expectEmit(address(credits));
        emit ICredits.CreditsRetired(ID, buyer, _retirementHash(record), serials, record);
        vm.expectEmit(address(credits));
        emit IERC1155.TransferSingle(buyer, buyer, address(0), _first, 100);
        _send(record);
        assertEq(credits.balanceOf(buyer, _first), 900, "held");
        assertEq(credits.retiredBalanceOf(buyer, _first), 100, "retired by the holder");
        assertEq(credits.credit(_first).retired, 100, "retired of the credit");
        assertEq(credits.totals().retired, 100, "retired in all");
    }

    function test_rule18_recordHashIsKeptOnChain() public {
        ICredits.Retirement memory record = _threeLines(10, 20, 30);
        assertEq(credits.recordHash(ID), 0, "not yet");
        _send(record);
        assertEq(credits.recordHash(ID), _retirementHash(record), "hash");
    }

    function test_rule13_oneActHoldsManyLinesAndOneBurn() public {
        ICredits.Retirement memory record = _threeLines(10, 20, 30);
        uint256[] memory ids = new uint256[](3);
        uint256[] memory values = new uint256[](3);
        (ids[0], ids[1], ids[2], values[0], values[1], values[2]) = (_first, _second, _first, 10, 20, 30);
        vm.expectEmit(address(credits));
        emit IERC1155.TransferBatch(buyer, buyer, address(0), ids, values);
        _send(record);
        assertEq(credits.balanceOf(buyer, _first), 960, "first");
        assertEq(credits.balanceOf(buyer, _second), 480, "second");
        assertEq(credits.totals().retired, 60, "in all");
    }

    function test_rule13_sameCreditInTwoLinesTakesTwoRangesInTurn() public {
        ICredits.Retirement memory record = _threeLines(600, 1, 400);
        uint64[] memory serials = new uint64[](3);
        (serials[0], serials[1], serials[2]) = (1, 1, 601);
        vm.expectEmit(address(credits));
        emit ICredits.CreditsRetired(ID, buyer, _retirementHash(record), serials, record);
        _send(record);
        assertEq(credits.balanceOf(buyer, _first), 0, "nothing left");
    }

    function test_rule13_sameCreditInTwoLinesTakesNoMoreThanThereIs() public {
        ICredits.Retirement memory record = _threeLines(600, 1, 401);
        _refused(IERC1155Errors.ERC1155InsufficientBalance.selector, _word(buyer), 400, 401, _first);
        _send(record);
    }

    function testFuzz_rule13_serialsOfACreditAreContiguous(uint64 a, uint64 b, uint64 c) public {
        a = uint64(bound(a, 1, 300));
        b = uint64(bound(b, 1, 300));
        c = uint64(bound(c, 1, 300));
        vm.prank(buyer);
        credits.safeTransferFrom(buyer, broker, _first, 300, "");
        _expectSerial("a", buyer, a, 1);
        _expectSerial("b", broker, b, 1 + a);
        _expectSerial("c", buyer, c, 1 + a + b);
        assertEq(credits.credit(_first).retired, a + b + c, "retired");
    }

    function _expectSerial(bytes32 id, address holder, uint64 grams, uint64 serial) private {
        ICredits.Retirement memory record = _retirement(id, _first, grams);
        uint64[] memory serials = new uint64[](1);
        serials[0] = serial;
        vm.expectEmit(address(credits));
        emit ICredits.CreditsRetired(id, holder, _retirementHash(record), serials, record);
        _retire(holder, id, _first, grams);
    }

    function test_rule13_retirementNumberIsUsedOnceByAnybody() public {
        bytes4 error = ICredits.CreditsRetirementIdUsed.selector;
        _send(_retirement(ID, _first, 100));
        _refused(error, uint256(ID));
        _send(_retirement(ID, _first, 100));
        vm.prank(buyer);
        credits.safeTransferFrom(buyer, broker, _first, 300, "");
        _refused(error, uint256(ID));
        _retire(broker, ID, _first, 1);
        _refused(error, 0);
        _send(_retirement(0, _first, 100));
        assertEq(credits.credit(_first).retired, 100, "retired once");
    }

    function test_rule13_retirementNeedsLinesAndGrams() public {
        ICredits.Retirement memory record = _retirement(ID, _first, 0);
        _refused(ICredits.CreditsZeroGrams.selector);
        _send(record);
        record.lines = new ICredits.Line[](0);
        _refused(ICredits.CreditsLinesMissing.selector, 0);
        _send(record);
    }

    function test_rule13_noMoreThanFreeIsRetired() public {
        _lock(buyer, "lock", _first, 400, broker);
        _refused(ICredits.CreditsNotFree.selector, _word(buyer), _first, 600, 601);
        _send(_retirement(ID, _first, 601));
        _refused(IERC1155Errors.ERC1155InsufficientBalance.selector, _word(buyer), 1000, 1001, _first);
        _send(_retirement(ID, _first, 1001));
        _refused(
            IERC1155Errors.ERC1155InsufficientBalance.selector, _word(buyer), 1000, type(uint64).max, _first
        );
        _send(_retirement(ID, _first, type(uint64).max));
        _send(_retirement(ID, _first, 600));
    }

    function test_rule13_consumptionPeriodIsStatedWholeOrNotAtAll() public {
        bytes4 error = ICredits.CreditsPeriodInvalid.selector;
        ICredits.Retirement memory record = _retirement(ID, _first, 1);
        uint32[2][3] memory wrong = [[TODAY, TODAY], [TODAY, LAST_YEAR], [TODAY, 0]];
        for (uint256 i = 0; i < wrong.length; ++i) {
            (record.consumedFrom, record.consumedUntil) = (wrong[i][0], wrong[i][1]);
            _refused(error, wrong[i][0], wrong[i][1]);
            _send(record);
        }
        (record.consumedFrom, record.consumedUntil) = (0, 0);
        _send(record);
        record.retirementId = "from the first day";
        (record.consumedFrom, record.consumedUntil) = (0, 1);
        _send(record);
    }

    function test_rule13_textsMayBeEmpty() public {
        ICredits.Retirement memory record;
        record.retirementId = ID;
        record.purpose = EVENT_PURPOSE;
        record.lines = new ICredits.Line[](1);
        record.lines[0] = ICredits.Line(_first, 1);
        _send(record);
        assertEq(credits.credit(_first).retired, 1, "retired");
    }

    // ---------------------------------------------------------------- purposes

    function test_rule13_purposeMustBeAllowed() public {
        ICredits.Retirement memory record = _retirement(ID, _first, 1);
        uint8[6] memory unknown = [uint8(0), EVENT_PURPOSE - 1, EVENT_PURPOSE + 1, GIFT_PURPOSE, 16, 255];
        for (uint256 i = 0; i < unknown.length; ++i) {
            record.purpose = unknown[i];
            assertTrue(!credits.purposeAllowed(unknown[i]), "not allowed");
            _refused(ICredits.CreditsPurposeUnknown.selector, unknown[i]);
            _send(record);
        }
    }

    function test_rule13_purposesAreASetting() public {
        vm.expectEmit(address(credits));
        emit ICredits.PurposeSet(GIFT_PURPOSE, true, "gift", unicode"赠与", "gift");
        vm.prank(authority);
        credits.setPurpose(GIFT_PURPOSE, true, "gift", unicode"赠与", "gift");
        assertTrue(credits.purposeAllowed(GIFT_PURPOSE), "allowed");
        assertTrue(credits.purposeAllowed(EVENT_PURPOSE), "the others stay");
        assertTrue(!credits.totals().paused, "the pause beside it stays");
        ICredits.Retirement memory record = _retirement(ID, _first, 1);
        record.purpose = GIFT_PURPOSE;
        _send(record);
        vm.prank(authority);
        credits.setPurpose(GIFT_PURPOSE, false, "gift", unicode"赠与", "gift");
        assertTrue(!credits.purposeAllowed(GIFT_PURPOSE), "not any more");
        assertTrue(credits.purposeAllowed(EVENT_PURPOSE), "the others stay allowed");
        record.retirementId = "another";
        _refused(ICredits.CreditsPurposeUnknown.selector, GIFT_PURPOSE);
        _send(record);
    }

    function test_rule13_purposeNeedsANumberACodeAndNames() public {
        _refused(ICredits.CreditsPurposeUnknown.selector, 16);
        vm.prank(authority);
        credits.setPurpose(16, true, "gift", "gift", "gift");
        _refused(IMembers.MembersMissing.selector, "code");
        vm.prank(authority);
        credits.setPurpose(GIFT_PURPOSE, true, "", "gift", "gift");
        _refused(IMembers.MembersMissing.selector, "nameZh");
        vm.prank(authority);
        credits.setPurpose(GIFT_PURPOSE, true, "gift", "", "gift");
        _refused(IMembers.MembersMissing.selector, "nameEn");
        vm.prank(authority);
        credits.setPurpose(GIFT_PURPOSE, true, "gift", "gift", "");
    }

    // ---------------------------------------------------------------- who, and when not

    function test_rule02_onlyAnActiveMemberRetires() public {
        _refused(IMembers.MembersAccountUnknown.selector, _word(stranger));
        _retire(stranger, ID, _first, 1);
        _suspend(BUYER_MEMBER);
        _notActive(BUYER_MEMBER, IMembers.Standing.SUSPENDED);
        _retire(buyer, ID, _first, 1);
    }

    function test_rule16_frozenGramsAreNotRetired() public {
        uint64 until = uint64(block.timestamp + 1 days);
        _freezeCredit(_first, until);
        _refused(ICredits.CreditsFrozen.selector, _first, until);
        _retire(buyer, ID, _first, 1);
        _refused(ICredits.CreditsFrozen.selector, _first, until);
        _send(_threeLines(1, 1, 1));
        vm.warp(until);
        _freezeAccount(buyer, until + 1);
        _refused(IMembers.MembersAccountFrozen.selector, _word(buyer), until + 1);
        _retire(buyer, ID, _first, 1);
        vm.warp(until + 1);
        _retire(buyer, ID, _first, 1);
    }

    function test_rule16_nothingIsRetiredWhilePaused() public {
        _pause();
        _refused(ICredits.CreditsPaused.selector);
        _retire(buyer, ID, _first, 1);
    }

    function test_rule13_refusedRetirementLeavesItsNumberFree() public {
        _refused(IERC1155Errors.ERC1155InsufficientBalance.selector, _word(buyer), 500, 501, _second);
        _send(_threeLines(10, 501, 10));
        assertEq(credits.recordHash(ID), 0, "no record");
        assertEq(credits.credit(_first).retired, 0, "no serial taken");
        _send(_threeLines(10, 500, 10));
    }

    function test_rule10_issuedIsHeldRetiredAndCancelled() public {
        _send(_threeLines(10, 20, 30));
        uint64 id = _proposeCancellation(_first, buyer, 60, 0);
        vm.prank(authority);
        cancellations.confirmCancellation(id);
        vm.prank(buyer);
        credits.safeTransferFrom(buyer, broker, _first, 300, "");
        ICredits.Credit memory one = credits.credit(_first);
        uint256 held = credits.balanceOf(buyer, _first) + credits.balanceOf(broker, _first);
        assertEq(one.issued, held + one.retired + one.cancelled, "of the credit");
        ICredits.Totals memory all = credits.totals();
        held += credits.balanceOf(buyer, _second);
        assertEq(all.issued, held + all.retired + all.cancelled, "in all");
    }
}
