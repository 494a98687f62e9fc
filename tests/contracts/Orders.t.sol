// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Credits} from "../../contracts/Credits.sol";
import {ICredits} from "../../contracts/interfaces/ICredits.sol";
import {IMembers} from "../../contracts/interfaces/IMembers.sol";
import {World} from "./Base.t.sol";
import {OrderSigner} from "./OrderSigner.sol";
import {Wallet} from "./Wallets.sol";
import {IERC1155} from "@openzeppelin/contracts/token/ERC1155/IERC1155.sol";

/// @title Transfers and retirements by signed order: rule 14
contract OrdersTest is World, OrderSigner {
    uint256 private _tokenId;
    uint64 private _deadline;
    Wallet private _wallet;

    function setUp() public override {
        super.setUp();
        _tokenId = _credit(buyer, 1000);
        _wallet = new Wallet(_account("signer"));
        _openAccount(address(_wallet), RIVAL_MEMBER);
        vm.prank(buyer);
        credits.safeTransferFrom(buyer, address(_wallet), _tokenId, 300, "");
        _deadline = uint64(block.timestamp + 1 hours);
    }

    function _order() private view returns (ICredits.TransferOrder memory) {
        return ICredits.TransferOrder("order", buyer, broker, _tokenId, 100, _deadline);
    }

    function _carry(ICredits.TransferOrder memory order, bytes memory signature) private {
        vm.prank(stranger);
        credits.transferByOrder(order, signature);
    }

    function _carryRetirement(
        address holder,
        uint64 deadline,
        ICredits.Retirement memory record,
        bytes memory signature
    ) private {
        vm.prank(stranger);
        credits.retireByOrder(holder, deadline, record, signature);
    }

    function _invalid(address holder) private {
        _refused(ICredits.CreditsOrderSignatureInvalid.selector, _word(holder));
    }

    function _signed(ICredits.TransferOrder memory order) private view returns (bytes memory) {
        return _signTransfer(_key("buyer"), credits, order);
    }

    function _signedRetirement(ICredits.Retirement memory record) private view returns (bytes memory) {
        return _signRetirement(_key("buyer"), credits, buyer, _deadline, record);
    }

    // ---------------------------------------------------------------- the encoding

    function _typedData(string memory types, string memory primary, string memory message)
        private
        view
        returns (bytes32)
    {
        string memory domain = string.concat(
            '{"name":"Tanhui Credits","version":"1","chainId":',
            vm.toString(block.chainid),
            ',"verifyingContract":"',
            vm.toString(address(credits)),
            '"}'
        );
        string memory domainType =
            '"EIP712Domain":[{"name":"name","type":"string"},{"name":"version","type":"string"},{"name":"chainId","type":"uint256"},{"name":"verifyingContract","type":"address"}]';
        string memory head = string.concat('{"types":{', domainType, ",", types, '},"primaryType":"', primary);
        return vm.eip712HashTypedData(string.concat(head, '","domain":', domain, ',"message":', message, "}"));
    }

    /// @dev The digest that forge's own EIP-712 library finds for what a wallet would show.
    function test_rule14_transferOrderIsWhatAWalletShows() public view {
        ICredits.TransferOrder memory order = _order();
        string memory types =
            '"TransferOrder":[{"name":"orderId","type":"bytes32"},{"name":"from","type":"address"},{"name":"to","type":"address"},{"name":"tokenId","type":"uint256"},{"name":"grams","type":"uint64"},{"name":"deadline","type":"uint64"}]';
        string memory message = string.concat(
            '{"orderId":"',
            vm.toString(order.orderId),
            '","from":"',
            vm.toString(order.from),
            '","to":"',
            vm.toString(order.to),
            '","tokenId":"',
            vm.toString(order.tokenId)
        );
        message =
            string.concat(message, '","grams":"100","deadline":"', vm.toString(uint256(_deadline)), '"}');
        bytes32 expected = _typedData(types, "TransferOrder", message);
        assertEq(_transferDigest(credits, order), expected, "digest");
    }

    function test_rule14_retirementOrderIsWhatAWalletShows() public view {
        ICredits.Retirement memory record = _retirement("certificate", _tokenId, 7);
        record.lines = new ICredits.Line[](2);
        record.lines[0] = ICredits.Line(_tokenId, 7);
        record.lines[1] = ICredits.Line(5, 6);
        string memory types =
            '"RetirementOrder":[{"name":"holder","type":"address"},{"name":"deadline","type":"uint64"},{"name":"retirement","type":"Retirement"}],"Line":[{"name":"tokenId","type":"uint256"},{"name":"grams","type":"uint64"}],"Retirement":[{"name":"retirementId","type":"bytes32"},{"name":"purpose","type":"uint8"},{"name":"beneficiaryHash","type":"bytes32"},{"name":"consumedFrom","type":"uint32"},{"name":"consumedUntil","type":"uint32"},{"name":"beneficiary","type":"string"},{"name":"caseReference","type":"string"},{"name":"place","type":"string"},{"name":"note","type":"string"},{"name":"lines","type":"Line[]"}]';
        string memory message = string.concat(
            '{"holder":"', vm.toString(buyer), '","deadline":"', vm.toString(uint256(_deadline))
        );
        message = string.concat(
            message,
            '","retirement":{"retirementId":"',
            vm.toString(record.retirementId),
            '","purpose":"3","beneficiaryHash":"',
            vm.toString(record.beneficiaryHash)
        );
        message = string.concat(
            message,
            '","consumedFrom":"20089","consumedUntil":"20454","beneficiary":"',
            record.beneficiary,
            '","caseReference":"Marathon 2025","place":"',
            record.place,
            '","note":"scope 3","lines":[{"tokenId":"'
        );
        message =
            string.concat(message, vm.toString(_tokenId), '","grams":"7"},{"tokenId":"5","grams":"6"}]}}');
        bytes32 expected = _typedData(types, "RetirementOrder", message);
        assertEq(_retirementDigest(credits, buyer, _deadline, record), expected, "digest");
    }

    // ---------------------------------------------------------------- transfer by order

    function test_rule14_anyRelayerCarriesATransferOrder() public {
        ICredits.TransferOrder memory order = _order();
        bytes memory signature = _signed(order);
        vm.expectEmit(address(credits));
        emit ICredits.TransferOrderCarried("order", buyer);
        vm.expectEmit(address(credits));
        emit IERC1155.TransferSingle(stranger, buyer, broker, _tokenId, 100);
        _carry(order, signature);
        assertEq(credits.balanceOf(broker, _tokenId), 100, "received");
    }

    function test_rule14_transferOrderIsCarriedOnce() public {
        ICredits.TransferOrder memory order = _order();
        bytes memory signature = _signed(order);
        _carry(order, signature);
        _refused(ICredits.CreditsOrderUsed.selector, uint256(bytes32("order")));
        _carry(order, signature);
        order.orderId = "second";
        _carry(order, _signed(order));
        assertEq(credits.balanceOf(broker, _tokenId), 200, "two orders, two transfers");
    }

    function test_rule14_otherHalfOfTheSignatureSpaceDoesNotReopenAnOrder() public {
        ICredits.TransferOrder memory order = _order();
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_key("buyer"), _transferDigest(credits, order));
        uint256 curve = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        bytes memory mirrored = abi.encodePacked(r, bytes32(curve - uint256(s)), v == 27 ? 28 : 27);
        _invalid(buyer);
        _carry(order, mirrored);
        _carry(order, abi.encodePacked(r, s, v));
    }

    function test_rule14_transferOrderExpiresAfterItsDeadline() public {
        ICredits.TransferOrder memory order = _order();
        bytes memory signature = _signed(order);
        vm.warp(uint256(_deadline) + 1);
        _refused(ICredits.CreditsOrderExpired.selector, _deadline, uint256(_deadline) + 1);
        _carry(order, signature);
        vm.warp(_deadline);
        _carry(order, signature);
    }

    function test_rule14_everyFieldOfATransferOrderIsSigned() public {
        bytes memory signature = _signed(_order());
        for (uint256 field = 0; field < 6; ++field) {
            ICredits.TransferOrder memory altered = _order();
            if (field == 0) altered.orderId = "altered";
            if (field == 1) altered.from = address(_wallet);
            if (field == 2) altered.to = owner;
            if (field == 3) altered.tokenId += 1;
            if (field == 4) altered.grams += 1;
            if (field == 5) altered.deadline += 1;
            _invalid(altered.from);
            _carry(altered, signature);
        }
        _carry(_order(), signature);
    }

    function test_rule14_orderOfAnotherSignerIsRefused() public {
        ICredits.TransferOrder memory order = _order();
        bytes memory signature = _signTransfer(_key("broker"), credits, order);
        _invalid(buyer);
        _carry(order, signature);
        _invalid(buyer);
        _carry(order, "");
        _invalid(buyer);
        _carry(order, new bytes(65));
        order.from = address(0);
        _invalid(address(0));
        _carry(order, new bytes(65));
    }

    function test_rule14_orderOfAForeignChainIsRefused() public {
        ICredits.TransferOrder memory order = _order();
        ICredits.Retirement memory record = _retirement("certificate", _tokenId, 10);
        bytes memory transfer = _signed(order);
        bytes memory retirement = _signedRetirement(record);
        uint256 home = block.chainid;
        vm.chainId(home + 1);
        _invalid(buyer);
        _carry(order, transfer);
        _invalid(buyer);
        _carryRetirement(buyer, _deadline, record, retirement);
        _carry(order, _signed(order)); // signed for the chain that it is now
        vm.chainId(home);
        _carryRetirement(buyer, _deadline, record, retirement);
    }

    function test_rule14_orderOfAForeignContractIsRefused() public {
        Credits other = new Credits(address(roles), URI, "Bureau", "hash", authority);
        ICredits.TransferOrder memory order = _order();
        ICredits.Retirement memory record = _retirement("certificate", _tokenId, 10);
        bytes memory signature = _signTransfer(_key("buyer"), other, order);
        _invalid(buyer);
        _carry(order, signature);
        signature = _signRetirement(_key("buyer"), other, buyer, _deadline, record);
        _invalid(buyer);
        _carryRetirement(buyer, _deadline, record, signature);
    }

    function test_rule14_orderKeepsTheRulesOfATransfer() public {
        ICredits.TransferOrder memory order = _order();
        bytes memory signature = _signed(order);
        _lock(buyer, "lock", _tokenId, 601, owner);
        _refused(ICredits.CreditsNotFree.selector, _word(buyer), _tokenId, 99, 100);
        _carry(order, signature);
        vm.prank(owner);
        credits.releaseLock("lock", 601);
        _suspend(BROKER_MEMBER);
        _notActive(BROKER_MEMBER, IMembers.Standing.SUSPENDED);
        _carry(order, signature);
        _setStanding(BROKER_MEMBER, IMembers.Standing.ACTIVE);
        _pause();
        _refused(ICredits.CreditsPaused.selector);
        _carry(order, signature);
    }

    function test_rule14_refusedOrderMayBeCarriedLater() public {
        ICredits.TransferOrder memory order = _order();
        bytes memory signature = _signed(order);
        uint64 until = uint64(block.timestamp + 10 minutes);
        _freezeAccount(buyer, until);
        _refused(IMembers.MembersAccountFrozen.selector, _word(buyer), until);
        _carry(order, signature);
        vm.warp(until);
        _carry(order, signature);
    }

    // ---------------------------------------------------------------- retirement by order

    function test_rule14_anyRelayerCarriesARetirementOrder() public {
        ICredits.Retirement memory record = _retirement("certificate", _tokenId, 100);
        bytes memory signature = _signedRetirement(record);
        uint64[] memory serials = new uint64[](1);
        serials[0] = 1;
        bytes32 hash = _retirementHash(record);
        vm.expectEmit(address(credits));
        emit ICredits.CreditsRetired("certificate", buyer, hash, serials, record);
        vm.expectEmit(address(credits));
        emit IERC1155.TransferSingle(stranger, buyer, address(0), _tokenId, 100);
        _carryRetirement(buyer, _deadline, record, signature);
        assertEq(credits.retiredBalanceOf(buyer, _tokenId), 100, "of the holder, not of the relayer");
    }

    function test_rule14_retirementOrderIsCarriedOnce() public {
        ICredits.Retirement memory record = _retirement("certificate", _tokenId, 100);
        bytes memory signature = _signedRetirement(record);
        _carryRetirement(buyer, _deadline, record, signature);
        _refused(ICredits.CreditsRetirementIdUsed.selector, uint256(bytes32("certificate")));
        _carryRetirement(buyer, _deadline, record, signature);
        assertEq(credits.credit(_tokenId).retired, 100, "retired once");
    }

    function test_rule14_retirementOrderExpiresAfterItsDeadline() public {
        ICredits.Retirement memory record = _retirement("certificate", _tokenId, 100);
        bytes memory signature = _signedRetirement(record);
        vm.warp(uint256(_deadline) + 1);
        _refused(ICredits.CreditsOrderExpired.selector, _deadline, uint256(_deadline) + 1);
        _carryRetirement(buyer, _deadline, record, signature);
        vm.warp(_deadline);
        _carryRetirement(buyer, _deadline, record, signature);
    }

    function _altered(uint256 field) private view returns (ICredits.Retirement memory record) {
        record = _retirement("certificate", _tokenId, 100);
        if (field == 0) record.retirementId = "altered";
        if (field == 1) record.purpose += 1;
        if (field == 2) record.beneficiaryHash = "altered";
        if (field == 3) record.consumedFrom += 1;
        if (field == 4) record.consumedUntil += 1;
        if (field == 5) record.beneficiary = "altered";
        if (field == 6) record.caseReference = "altered";
        if (field == 7) record.place = "altered";
        if (field == 8) record.note = "altered";
        if (field == 9) record.lines[0].tokenId += 1;
        if (field == 10) record.lines[0].grams += 1;
        if (field == 11) record.lines = new ICredits.Line[](0);
        if (field == 12) {
            ICredits.Line memory line = record.lines[0];
            record.lines = new ICredits.Line[](2);
            (record.lines[0], record.lines[1]) = (line, line);
        }
        if (field == 13) (record.place, record.note) = (record.note, record.place);
    }

    function test_rule14_everyFieldOfARetirementOrderIsSigned() public {
        bytes memory signature = _signedRetirement(_altered(99));
        for (uint256 field = 0; field < 14; ++field) {
            ICredits.Retirement memory record = _altered(field);
            _invalid(buyer);
            _carryRetirement(buyer, _deadline, record, signature);
        }
        _invalid(address(_wallet));
        _carryRetirement(address(_wallet), _deadline, _altered(99), signature);
        _invalid(buyer);
        _carryRetirement(buyer, _deadline + 1, _altered(99), signature);
        _carryRetirement(buyer, _deadline, _altered(99), signature);
    }

    function test_rule14_orderOfManyLinesIsSignedLineByLine() public {
        ICredits.Retirement memory record = _retirement("certificate", _tokenId, 1);
        record.lines = new ICredits.Line[](3);
        record.lines[0] = ICredits.Line(_tokenId, 1);
        record.lines[1] = ICredits.Line(_tokenId, 2);
        record.lines[2] = ICredits.Line(_tokenId, 3);
        bytes memory signature = _signedRetirement(record);
        (record.lines[0], record.lines[1]) = (record.lines[1], record.lines[0]);
        _invalid(buyer);
        _carryRetirement(buyer, _deadline, record, signature);
        (record.lines[0], record.lines[1]) = (record.lines[1], record.lines[0]);
        _carryRetirement(buyer, _deadline, record, signature);
        assertEq(credits.credit(_tokenId).retired, 6, "retired");
    }

    function test_rule14_transferSignatureIsNoRetirementSignature() public {
        ICredits.Retirement memory record = _retirement("certificate", _tokenId, 100);
        bytes memory bare = _signDigest(
            _key("buyer"), _digest(_domain(block.chainid, address(credits)), _retirementHash(record))
        );
        _invalid(buyer);
        _carryRetirement(buyer, _deadline, record, bare);
        bytes memory transfer = _signed(_order());
        _invalid(buyer);
        _carryRetirement(buyer, _deadline, record, transfer);
    }

    // ---------------------------------------------------------------- holders that are contracts

    function test_rule14_contractHolderAcceptsOrdersOfItsSigner() public {
        ICredits.TransferOrder memory order = _order();
        order.from = address(_wallet);
        _carry(order, _signTransfer(_key("signer"), credits, order));
        assertEq(credits.balanceOf(broker, _tokenId), 100, "transferred");
        ICredits.Retirement memory record = _retirement("certificate", _tokenId, 100);
        bytes memory signature = _signRetirement(_key("signer"), credits, address(_wallet), _deadline, record);
        _carryRetirement(address(_wallet), _deadline, record, signature);
        assertEq(credits.retiredBalanceOf(address(_wallet), _tokenId), 100, "retired");
        _refused(ICredits.CreditsOrderUsed.selector, uint256(bytes32("order")));
        _carry(order, _signTransfer(_key("signer"), credits, order));
    }

    function test_rule14_contractHolderRefusesOrdersOfOthers() public {
        ICredits.TransferOrder memory order = _order();
        order.from = address(_wallet);
        bytes memory signature = _signed(order);
        _invalid(address(_wallet));
        _carry(order, signature);
        ICredits.Retirement memory record = _retirement("certificate", _tokenId, 100);
        signature = _signRetirement(_key("buyer"), credits, address(_wallet), _deadline, record);
        _invalid(address(_wallet));
        _carryRetirement(address(_wallet), _deadline, record, signature);
    }

    function test_rule14_contractHolderThatRevertsRefuses() public {
        ICredits.TransferOrder memory order = _order();
        order.from = address(_wallet);
        bytes memory signature = _signTransfer(_key("signer"), credits, order);
        _wallet.setManner(Wallet.Manner.REVERT);
        _invalid(address(_wallet));
        _carry(order, signature);
        _wallet.setManner(Wallet.Manner.REFUSE);
        _invalid(address(_wallet));
        _carry(order, signature);
    }
}
