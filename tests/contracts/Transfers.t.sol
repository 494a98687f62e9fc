// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICredits} from "../../contracts/interfaces/ICredits.sol";
import {IMembers} from "../../contracts/interfaces/IMembers.sol";
import {World} from "./Base.t.sol";
import {IERC1155Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

/// @title Who may hold, send and receive, and how much: rules 2, 10, 11 and 16
contract TransfersTest is World {
    uint256 private _tokenId;
    uint256 private _other;

    function setUp() public override {
        super.setUp();
        _tokenId = _credit(buyer, 1000);
        _other = _credit(buyer, 500);
    }

    function _send(address from, address to, uint256 value) private {
        vm.prank(from);
        credits.safeTransferFrom(from, to, _tokenId, value, "");
    }

    function _sendBoth(address from, address to, uint256 value) private {
        uint256[] memory ids = new uint256[](2);
        uint256[] memory values = new uint256[](2);
        (ids[0], ids[1], values[0], values[1]) = (_other, _tokenId, value, value);
        vm.prank(from);
        credits.safeBatchTransferFrom(from, to, ids, values, "");
    }

    function test_rule02_strangerMayNotReceive() public {
        _refused(IMembers.MembersAccountUnknown.selector, _word(stranger));
        _send(buyer, stranger, 1);
        _refused(IMembers.MembersAccountUnknown.selector, _word(stranger));
        _sendBoth(buyer, stranger, 1);
        _refused(IMembers.MembersAccountUnknown.selector, _word(stranger));
        _send(buyer, stranger, 0);
    }

    function test_rule02_strangerMayNotSend() public {
        _refused(IMembers.MembersAccountUnknown.selector, _word(stranger));
        _send(stranger, buyer, 0);
    }

    function test_rule02_suspendedMemberMayNeitherSendNorReceive() public {
        _send(buyer, broker, 10);
        _suspend(BROKER_MEMBER);
        _notActive(BROKER_MEMBER, IMembers.Standing.SUSPENDED);
        _send(buyer, broker, 1);
        _notActive(BROKER_MEMBER, IMembers.Standing.SUSPENDED);
        _sendBoth(buyer, broker, 1);
        _notActive(BROKER_MEMBER, IMembers.Standing.SUSPENDED);
        _send(broker, buyer, 1);
        assertEq(credits.balanceOf(broker, _tokenId), 10, "what it has stays");
    }

    function test_rule02_closedMemberMayNeitherSendNorReceive() public {
        _send(buyer, broker, 10);
        _setStanding(BROKER_MEMBER, IMembers.Standing.CLOSED);
        _notActive(BROKER_MEMBER, IMembers.Standing.CLOSED);
        _send(buyer, broker, 1);
        _notActive(BROKER_MEMBER, IMembers.Standing.CLOSED);
        _send(broker, buyer, 1);
    }

    function test_rule02_everyAccountOfAMemberFollowsItsStanding() public {
        _send(buyer, ownerDeputy, 10);
        _suspend(OWNER_MEMBER);
        _notActive(OWNER_MEMBER, IMembers.Standing.SUSPENDED);
        _send(ownerDeputy, buyer, 1);
        _notActive(OWNER_MEMBER, IMembers.Standing.SUSPENDED);
        _send(buyer, owner, 1);
    }

    function test_rule11_lockedGramsAreNotSent() public {
        _lock(buyer, "lock", _tokenId, 400, broker);
        bytes4 error = ICredits.CreditsNotFree.selector;
        _refused(error, _word(buyer), _tokenId, 600, 601);
        _send(buyer, broker, 601);
        _refused(error, _word(buyer), _tokenId, 600, 1000);
        _send(buyer, broker, 1000);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC1155Errors.ERC1155InsufficientBalance.selector, buyer, 1000, 1001, _tokenId
            )
        );
        _send(buyer, broker, 1001);
        _send(buyer, broker, 600);
        assertEq(credits.balanceOf(buyer, _tokenId), 400, "locked grams remain");
    }

    function test_rule16_nothingLeavesAFrozenAccountButItMayReceive() public {
        uint64 until = uint64(block.timestamp + 10 days);
        _send(buyer, broker, 100);
        _freezeAccount(buyer, until);
        _refused(IMembers.MembersAccountFrozen.selector, _word(buyer), until);
        _send(buyer, broker, 1);
        _refused(IMembers.MembersAccountFrozen.selector, _word(buyer), until);
        _sendBoth(buyer, broker, 1);
        _send(broker, buyer, 100);
        assertEq(credits.balanceOf(buyer, _tokenId), 1000, "received");
    }

    function test_rule16_freezeOfAnAccountEndsByTime() public {
        uint64 until = uint64(block.timestamp + 10 days);
        _freezeAccount(buyer, until);
        vm.warp(until - 1);
        _refused(IMembers.MembersAccountFrozen.selector, _word(buyer), until);
        _send(buyer, broker, 1);
        vm.warp(until);
        _send(buyer, broker, 1);
    }

    function test_rule16_freezeIsOfOneAccountNotOfItsMember() public {
        _send(buyer, owner, 10);
        _send(buyer, ownerDeputy, 10);
        _freezeAccount(owner, block.timestamp + 10 days);
        _send(ownerDeputy, buyer, 10);
    }

    function test_rule16_approvalDoesNotOpenAFrozenAccount() public {
        vm.prank(buyer);
        credits.setApprovalForAll(broker, true);
        uint64 until = uint64(block.timestamp + 10 days);
        _freezeAccount(buyer, until);
        _refused(IMembers.MembersAccountFrozen.selector, _word(buyer), until);
        vm.prank(broker);
        credits.safeTransferFrom(buyer, owner, _tokenId, 1, "");
    }

    function test_rule16_frozenCreditStandsStill() public {
        uint64 until = uint64(block.timestamp + 10 days);
        _freezeCredit(_tokenId, until);
        _refused(ICredits.CreditsFrozen.selector, _tokenId, until);
        _send(buyer, broker, 1);
        _refused(ICredits.CreditsFrozen.selector, _tokenId, until);
        _sendBoth(buyer, broker, 1);
        vm.prank(buyer);
        credits.safeTransferFrom(buyer, broker, _other, 1, "");
        vm.warp(until);
        _send(buyer, broker, 1);
    }

    function test_rule16_nothingMovesWhilePaused() public {
        _pause();
        _refused(ICredits.CreditsPaused.selector);
        _send(buyer, broker, 1);
        _refused(ICredits.CreditsPaused.selector);
        _sendBoth(buyer, broker, 1);
    }

    function testFuzz_rule10_transfersKeepTheSum(uint64 a, uint64 b, uint64 c) public {
        a = uint64(bound(a, 0, 1000));
        b = uint64(bound(b, 0, a));
        c = uint64(bound(c, 0, 1000 - a + b));
        _send(buyer, broker, a);
        _send(broker, buyer, b);
        _send(buyer, owner, c);
        uint256 held = credits.balanceOf(buyer, _tokenId) + credits.balanceOf(broker, _tokenId)
            + credits.balanceOf(owner, _tokenId);
        assertEq(held, 1000, "held");
        assertEq(credits.balanceOf(broker, _tokenId), a - b, "broker");
    }
}
