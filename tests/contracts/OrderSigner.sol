// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICredits} from "../../contracts/interfaces/ICredits.sol";
import {Test} from "./Base.t.sol";

/// @title EIP-712 as a wallet would do it
/// @dev Written from the EIP and the interface alone: it shares no code with contracts/Orders.sol.
abstract contract OrderSigner is Test {
    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    string private constant LINE = "Line(uint256 tokenId,uint64 grams)";
    string private constant RETIREMENT =
        "Retirement(bytes32 retirementId,uint8 purpose,bytes32 beneficiaryHash,uint32 consumedFrom,uint32 consumedUntil,string beneficiary,string caseReference,string place,string note,Line[] lines)";
    string private constant ORDER = "RetirementOrder(address holder,uint64 deadline,Retirement retirement)";
    string private constant TRANSFER =
        "TransferOrder(bytes32 orderId,address from,address to,uint256 tokenId,uint64 grams,uint64 deadline)";

    function _domain(uint256 chainId, address verifyingContract) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(DOMAIN_TYPE, keccak256("Tanhui Credits"), keccak256("1"), chainId, verifyingContract)
        );
    }

    function _digest(bytes32 domain, bytes32 structHash) internal pure returns (bytes32) {
        return keccak256(bytes.concat(hex"1901", domain, structHash));
    }

    function _hashText(string memory text) private pure returns (bytes memory) {
        return abi.encode(keccak256(bytes(text)));
    }

    function _retirementHash(ICredits.Retirement memory record) internal pure returns (bytes32) {
        bytes memory lines;
        for (uint256 i = 0; i < record.lines.length; ++i) {
            bytes memory line =
                abi.encode(keccak256(bytes(LINE)), record.lines[i].tokenId, record.lines[i].grams);
            lines = bytes.concat(lines, abi.encode(keccak256(line)));
        }
        bytes memory encoded = abi.encode(keccak256(bytes(string.concat(RETIREMENT, LINE))));
        encoded =
            bytes.concat(encoded, abi.encode(record.retirementId, record.purpose, record.beneficiaryHash));
        encoded = bytes.concat(encoded, abi.encode(record.consumedFrom, record.consumedUntil));
        encoded = bytes.concat(encoded, _hashText(record.beneficiary), _hashText(record.caseReference));
        encoded = bytes.concat(encoded, _hashText(record.place), _hashText(record.note));
        encoded = bytes.concat(encoded, abi.encode(keccak256(lines)));
        return keccak256(encoded);
    }

    function _orderHash(address holder, uint64 deadline, ICredits.Retirement memory record)
        internal
        pure
        returns (bytes32)
    {
        bytes32 typeHash = keccak256(bytes(string.concat(ORDER, LINE, RETIREMENT)));
        return keccak256(abi.encode(typeHash, holder, deadline, _retirementHash(record)));
    }

    function _transferHash(ICredits.TransferOrder memory order) internal pure returns (bytes32) {
        bytes32 typeHash = keccak256(bytes(TRANSFER));
        bytes memory first = abi.encode(typeHash, order.orderId, order.from, order.to);
        return keccak256(bytes.concat(first, abi.encode(order.tokenId, order.grams, order.deadline)));
    }

    function _retirementDigest(
        ICredits target,
        address holder,
        uint64 deadline,
        ICredits.Retirement memory record
    ) internal view returns (bytes32) {
        return _digest(_domain(block.chainid, address(target)), _orderHash(holder, deadline, record));
    }

    function _transferDigest(ICredits target, ICredits.TransferOrder memory order)
        internal
        view
        returns (bytes32)
    {
        return _digest(_domain(block.chainid, address(target)), _transferHash(order));
    }

    function _signDigest(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function _signRetirement(
        uint256 key,
        ICredits target,
        address holder,
        uint64 deadline,
        ICredits.Retirement memory record
    ) internal view returns (bytes memory) {
        return _signDigest(key, _retirementDigest(target, holder, deadline, record));
    }

    function _signTransfer(uint256 key, ICredits target, ICredits.TransferOrder memory order)
        internal
        view
        returns (bytes memory)
    {
        return _signDigest(key, _transferDigest(target, order));
    }
}
