// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICredits} from "../../contracts/interfaces/ICredits.sol";
import {IMembers} from "../../contracts/interfaces/IMembers.sol";
import {World} from "./Base.t.sol";
import {Deaf, Wallet} from "./Wallets.sol";
import {IERC1155Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC1155} from "@openzeppelin/contracts/token/ERC1155/IERC1155.sol";
import {IERC1155Receiver} from "@openzeppelin/contracts/token/ERC1155/IERC1155Receiver.sol";
import {IERC1155MetadataURI} from "@openzeppelin/contracts/token/ERC1155/extensions/IERC1155MetadataURI.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

/// @title ERC-1155 as its standard and OpenZeppelin's documentation describe it, between members' accounts
contract CreditsTest is World {
    uint256 private _first;
    uint256 private _second;
    uint256 private _third;
    Wallet private _wallet;

    function setUp() public override {
        super.setUp();
        _first = _credit(buyer, 1000);
        _second = _credit(buyer, 2000);
        _third = _credit(broker, 3000);
        _wallet = new Wallet(_account("signer"));
        _openAccount(address(_wallet), RIVAL_MEMBER);
    }

    function _pair(uint256 a, uint256 b) private pure returns (uint256[] memory list) {
        list = new uint256[](2);
        (list[0], list[1]) = (a, b);
    }

    function _none() private pure returns (uint256[] memory) {
        return new uint256[](0);
    }

    function _send(address by, address from, address to, uint256 id, uint256 value) private {
        vm.prank(by);
        credits.safeTransferFrom(from, to, id, value, "");
    }

    function _sendBatch(address to, uint256[] memory ids, uint256[] memory values, bytes memory data)
        private
    {
        vm.prank(buyer);
        credits.safeBatchTransferFrom(buyer, to, ids, values, data);
    }

    function _approve(address holder, address approved, bool allowed) private {
        vm.prank(holder);
        credits.setApprovalForAll(approved, allowed);
    }

    // ---------------------------------------------------------------- reads

    function test_interfacesAreAnnounced() public view {
        assertTrue(credits.supportsInterface(type(IERC165).interfaceId), "ERC-165");
        assertTrue(credits.supportsInterface(0xd9b67a26), "ERC-1155");
        assertTrue(credits.supportsInterface(type(IERC1155).interfaceId), "ERC-1155 by type");
        assertTrue(credits.supportsInterface(type(IERC1155MetadataURI).interfaceId), "metadata");
        assertTrue(!credits.supportsInterface(0xffffffff), "nothing else");
        assertTrue(!credits.supportsInterface(type(IERC1155Receiver).interfaceId), "no receiver");
    }

    function test_uriIsTheSameTemplateForEveryCredit() public view {
        assertEq(bytes(credits.uri(_first)), bytes(URI), "first");
        assertEq(bytes(credits.uri(0)), bytes(URI), "unknown");
    }

    function test_balancesOfManyAccountsAreReadAtOnce() public {
        address[] memory accounts = new address[](4);
        (accounts[0], accounts[1], accounts[2], accounts[3]) = (buyer, broker, stranger, buyer);
        uint256[] memory ids = new uint256[](4);
        (ids[0], ids[1], ids[2], ids[3]) = (_first, _third, _first, _second);
        uint256[] memory balances = credits.balanceOfBatch(accounts, ids);
        assertEq(balances[0], 1000, "buyer, first");
        assertEq(balances[1], 3000, "broker, third");
        assertEq(balances[2], 0, "stranger");
        assertEq(balances[3], 2000, "buyer, second");
        _refused(IERC1155Errors.ERC1155InvalidArrayLength.selector, 2, 4);
        credits.balanceOfBatch(accounts, _pair(1, 2));
    }

    function test_balanceIsFreeAndLockedTogether() public {
        _lock(buyer, "lock", _first, 400, broker);
        assertEq(credits.balanceOf(buyer, _first), 1000, "balance");
        assertEq(_free(buyer, _first), 600, "free");
        assertEq(_locked(buyer, _first), 400, "locked");
    }

    function testFuzz_tokenIdJoinsProjectAndCredit(uint128 projectId, uint128 creditId) public view {
        uint256 tokenId = credits.encodeTokenId(projectId, creditId);
        assertEq(tokenId >> 128, projectId, "project half");
        assertEq(tokenId & type(uint128).max, creditId, "credit half");
        (uint128 a, uint128 b) = credits.decodeTokenId(tokenId);
        assertEq(a, projectId, "project");
        assertEq(b, creditId, "credit");
    }

    // ---------------------------------------------------------------- approvals

    function test_approvalIsSetAndTakenBack() public {
        assertTrue(!credits.isApprovedForAll(buyer, broker), "not yet");
        vm.expectEmit(address(credits));
        emit IERC1155.ApprovalForAll(buyer, broker, true);
        _approve(buyer, broker, true);
        assertTrue(credits.isApprovedForAll(buyer, broker), "approved");
        assertTrue(!credits.isApprovedForAll(broker, buyer), "one way only");
        vm.expectEmit(address(credits));
        emit IERC1155.ApprovalForAll(buyer, broker, false);
        _approve(buyer, broker, false);
        assertTrue(!credits.isApprovedForAll(buyer, broker), "taken back");
    }

    function test_approvalOfTheZeroAddressIsRefused() public {
        _refused(IERC1155Errors.ERC1155InvalidOperator.selector, 0);
        _approve(buyer, address(0), true);
    }

    function test_rule02_approvalIsAnActOfAnActiveMember() public {
        _refused(IMembers.MembersAccountUnknown.selector, _word(stranger));
        _approve(stranger, broker, true);
        _suspend(BUYER_MEMBER);
        _notActive(BUYER_MEMBER, IMembers.Standing.SUSPENDED);
        _approve(buyer, broker, true);
    }

    function test_approvedAccountTransfers() public {
        _approve(buyer, broker, true);
        vm.expectEmit(address(credits));
        emit IERC1155.TransferSingle(broker, buyer, owner, _first, 10);
        _send(broker, buyer, owner, _first, 10);
        vm.prank(broker);
        credits.safeBatchTransferFrom(buyer, owner, _pair(_first, _second), _pair(1, 2), "");
        assertEq(credits.balanceOf(owner, _first), 11, "received");
    }

    function test_unapprovedAccountIsRefused() public {
        bytes4 error = IERC1155Errors.ERC1155MissingApprovalForAll.selector;
        _refused(error, _word(broker), _word(buyer));
        _send(broker, buyer, owner, _first, 10);
        _refused(error, _word(broker), _word(buyer));
        vm.prank(broker);
        credits.safeBatchTransferFrom(buyer, owner, _pair(_first, _second), _pair(1, 2), "");
        _refused(error, _word(broker), 0);
        _send(broker, address(0), owner, _first, 10);
    }

    function test_rule02_approvedStrangerOrSuspendedMemberIsRefused() public {
        _approve(buyer, stranger, true);
        _refused(IMembers.MembersAccountUnknown.selector, _word(stranger));
        _send(stranger, buyer, owner, _first, 10);
        _refused(IMembers.MembersAccountUnknown.selector, _word(stranger));
        vm.prank(stranger);
        credits.safeBatchTransferFrom(buyer, owner, _pair(_first, _second), _pair(1, 2), "");
        _approve(buyer, broker, true);
        _suspend(BROKER_MEMBER);
        _notActive(BROKER_MEMBER, IMembers.Standing.SUSPENDED);
        _send(broker, buyer, owner, _first, 10);
        _notActive(BROKER_MEMBER, IMembers.Standing.SUSPENDED);
        vm.prank(broker);
        credits.safeBatchTransferFrom(buyer, owner, _pair(_first, _second), _pair(1, 2), "");
    }

    // ---------------------------------------------------------------- single transfer

    function test_transferMovesGramsAndSaysSo() public {
        vm.expectEmit(address(credits));
        emit IERC1155.TransferSingle(buyer, buyer, owner, _first, 10);
        _send(buyer, buyer, owner, _first, 10);
        assertEq(credits.balanceOf(buyer, _first), 990, "sender");
        assertEq(credits.balanceOf(owner, _first), 10, "receiver");
    }

    function test_transferOfZeroAndOfAllIsAllowed() public {
        _send(buyer, buyer, owner, _first, 0);
        assertEq(credits.balanceOf(owner, _first), 0, "nothing");
        _send(buyer, buyer, owner, _first, 1000);
        assertEq(credits.balanceOf(owner, _first), 1000, "all");
        assertEq(credits.balanceOf(buyer, _first), 0, "none left");
    }

    function test_transferToOneselfChangesNothing() public {
        _send(buyer, buyer, buyer, _first, 1000);
        assertEq(credits.balanceOf(buyer, _first), 1000, "balance");
        _refused(IERC1155Errors.ERC1155InsufficientBalance.selector, _word(buyer), 1000, 1001, _first);
        _send(buyer, buyer, buyer, _first, 1001);
    }

    function test_transferToZeroIsRefused() public {
        _refused(IERC1155Errors.ERC1155InvalidReceiver.selector, 0);
        _send(buyer, buyer, address(0), _first, 1);
        _refused(IERC1155Errors.ERC1155InvalidReceiver.selector, 0);
        _sendBatch(address(0), _pair(_first, _second), _pair(1, 2), "");
    }

    /// @dev Amounts beyond 64 bits are refused with the true amount, never cut to their low bits.
    function testFuzz_transferAboveTheBalanceIsRefused(uint256 value) public {
        value = bound(value, 1001, type(uint256).max);
        bytes4 error = IERC1155Errors.ERC1155InsufficientBalance.selector;
        _refused(error, _word(buyer), 1000, value, _first);
        _send(buyer, buyer, owner, _first, value);
        _refused(error, _word(buyer), 1000, value, _first);
        _sendBatch(owner, _pair(_second, _first), _pair(1, value), "");
    }

    function test_transferOfHugeAmountsWhoseLowBitsFitIsRefused() public {
        uint256[4] memory values = [uint256(1) << 64, (uint256(1) << 64) + 10, 1 << 128, 1 << 255];
        for (uint256 i = 0; i < values.length; ++i) {
            _refused(
                IERC1155Errors.ERC1155InsufficientBalance.selector, _word(buyer), 1000, values[i], _first
            );
            _send(buyer, buyer, owner, _first, values[i]);
        }
    }

    function test_transferOfAnUnknownCreditIsRefused() public {
        _refused(IERC1155Errors.ERC1155InsufficientBalance.selector, _word(buyer), 0, 1, 77);
        _send(buyer, buyer, owner, 77, 1);
    }

    // ---------------------------------------------------------------- batch transfer

    function test_batchMovesManyCreditsAndSaysSoOnce() public {
        vm.expectEmit(address(credits));
        emit IERC1155.TransferBatch(buyer, buyer, owner, _pair(_first, _second), _pair(10, 20));
        _sendBatch(owner, _pair(_first, _second), _pair(10, 20), "");
        assertEq(credits.balanceOf(owner, _first), 10, "first");
        assertEq(credits.balanceOf(owner, _second), 20, "second");
        assertEq(credits.balanceOf(buyer, _first), 990, "left of the first");
    }

    function test_batchOfOneIsASingleTransfer() public {
        uint256[] memory ids = new uint256[](1);
        uint256[] memory values = new uint256[](1);
        (ids[0], values[0]) = (_first, 5);
        vm.expectEmit(address(credits));
        emit IERC1155.TransferSingle(buyer, buyer, owner, _first, 5);
        _sendBatch(owner, ids, values, "");
    }

    function test_emptyBatchMovesNothing() public {
        uint256 before = _sequence();
        vm.expectEmit(address(credits));
        emit IERC1155.TransferBatch(buyer, buyer, owner, _none(), _none());
        _sendBatch(owner, _none(), _none(), "");
        assertEq(_sequence(), before + 1, "sequence");
    }

    function test_batchMayNameACreditTwiceButNotTakeMoreThanThereIs() public {
        _sendBatch(owner, _pair(_first, _first), _pair(600, 400), "");
        assertEq(credits.balanceOf(owner, _first), 1000, "both parts");
        uint256 state = _sequence();
        _refused(IERC1155Errors.ERC1155InsufficientBalance.selector, _word(buyer), 800, 1200, _second);
        _sendBatch(owner, _pair(_second, _second), _pair(1200, 1200), "");
        assertEq(_sequence(), state, "nothing happened");
        assertEq(credits.balanceOf(buyer, _second), 2000, "nothing moved");
    }

    function test_batchWithListsOfUnequalLengthIsRefused() public {
        bytes4 error = IERC1155Errors.ERC1155InvalidArrayLength.selector;
        _refused(error, 2, 0);
        _sendBatch(owner, _pair(_first, _second), _none(), "");
        _refused(error, 0, 2);
        _sendBatch(owner, _none(), _pair(1, 2), "");
    }

    // ---------------------------------------------------------------- receivers that are contracts

    function test_receivingContractIsAsked() public {
        vm.prank(buyer);
        credits.safeTransferFrom(buyer, address(_wallet), _first, 10, "invoice 5");
        assertEq(_wallet.received(), 1, "asked once");
        assertEq(_wallet.operator(), buyer, "operator");
        assertEq(_wallet.from(), buyer, "from");
        assertEq(_wallet.idsHash(), keccak256(abi.encodePacked(_first)), "id");
        assertEq(_wallet.valuesHash(), keccak256(abi.encodePacked(uint256(10))), "value");
        assertEq(_wallet.data(), "invoice 5", "data");
    }

    function test_receivingContractIsAskedOnceForABatch() public {
        _sendBatch(address(_wallet), _pair(_first, _second), _pair(10, 20), "invoice 6");
        assertEq(_wallet.received(), 1, "asked once");
        assertEq(_wallet.idsHash(), keccak256(abi.encodePacked(_pair(_first, _second))), "ids");
        assertEq(_wallet.valuesHash(), keccak256(abi.encodePacked(_pair(10, 20))), "values");
        assertEq(_wallet.data(), "invoice 6", "data");
    }

    function test_contractThatRefusesReceivesNothing() public {
        _wallet.setManner(Wallet.Manner.REFUSE);
        _refused(IERC1155Errors.ERC1155InvalidReceiver.selector, _word(address(_wallet)));
        _send(buyer, buyer, address(_wallet), _first, 10);
        _refused(IERC1155Errors.ERC1155InvalidReceiver.selector, _word(address(_wallet)));
        _sendBatch(address(_wallet), _pair(_first, _second), _pair(10, 20), "");
        assertEq(credits.balanceOf(buyer, _first), 1000, "nothing moved");
    }

    function test_reasonOfARevertingReceiverIsPassedOn() public {
        _wallet.setManner(Wallet.Manner.REVERT);
        _refused(Wallet.WalletRefuses.selector);
        _send(buyer, buyer, address(_wallet), _first, 10);
        _refused(Wallet.WalletRefuses.selector);
        _sendBatch(address(_wallet), _pair(_first, _second), _pair(10, 20), "");
    }

    function test_contractWithoutHooksReceivesNothing() public {
        address deaf = address(new Deaf());
        _openAccount(deaf, RIVAL_MEMBER);
        _refused(IERC1155Errors.ERC1155InvalidReceiver.selector, _word(deaf));
        _send(buyer, buyer, deaf, _first, 10);
        _refused(IERC1155Errors.ERC1155InvalidReceiver.selector, _word(deaf));
        _sendBatch(deaf, _pair(_first, _second), _pair(10, 20), "");
    }

    function test_contractIsAskedAtIssuance() public {
        _wallet.setManner(Wallet.Manner.REVERT);
        uint64 issuanceId = _propose(_verifiedReport(TONNE), 1, address(_wallet), TONNE);
        vm.warp(block.timestamp + 7 days);
        _refused(Wallet.WalletRefuses.selector);
        vm.prank(authority);
        issuances.confirmIssuance(issuanceId);
        _wallet.setManner(Wallet.Manner.ACCEPT);
        vm.prank(authority);
        issuances.confirmIssuance(issuanceId);
        assertEq(_wallet.received(), 1, "asked");
    }

    // ---------------------------------------------------------------- receivers that call back

    /// @dev What a receiver does within its hook sees the finished transfer, and is counted like any other act.
    function test_receiverMaySpendWhatItJustGotAndNotMore() public {
        bytes[] memory calls = new bytes[](3);
        address wallet = address(_wallet);
        calls[0] = abi.encodeCall(credits.safeTransferFrom, (wallet, owner, _first, 4, ""));
        calls[1] = abi.encodeCall(credits.retire, (_retirement("in the hook", _first, 3)));
        calls[2] =
            abi.encodeCall(credits.lock, ("in the hook", _first, 3, broker, uint64(block.timestamp + 1), ""));
        _wallet.callBack(address(credits), calls);
        uint256 before = _sequence();
        _send(buyer, buyer, wallet, _first, 10);
        assertEq(_sequence() - before, 5, "two transfers, a retirement of two events, a lock");
        assertEq(credits.balanceOf(owner, _first), 4, "passed on");
        assertEq(_locked(wallet, _first), 3, "locked");
        assertEq(credits.retiredBalanceOf(wallet, _first), 3, "retired");
        calls[0] = abi.encodeCall(credits.safeTransferFrom, (wallet, owner, _first, 11, ""));
        _wallet.callBack(address(credits), calls);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC1155Errors.ERC1155InsufficientBalance.selector, wallet, 3 + 7, 11, _first
            )
        );
        _send(buyer, buyer, wallet, _first, 7);
    }

    function test_deliveredLockCannotBeDeliveredAgainFromTheHook() public {
        address wallet = address(_wallet);
        _lock(buyer, "lock", _first, 10, wallet);
        bytes[] memory calls = new bytes[](1);
        calls[0] = abi.encodeCall(credits.deliverLock, ("lock", wallet, 1));
        _wallet.callBack(address(credits), calls);
        _refused(ICredits.CreditsLockTooSmall.selector, uint256(bytes32("lock")), 0, 1);
        _wallet.act(address(credits), abi.encodeCall(credits.deliverLock, ("lock", wallet, 10)));
    }
}
