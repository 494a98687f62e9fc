// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICredits} from "./interfaces/ICredits.sol";

/// @title EIP-712 struct hashes of what holders sign
/// @dev The record hash of a retirement is built on the same hash, so that what was signed is what the chain keeps.
library Orders {
    bytes32 internal constant LINE_TYPEHASH = keccak256("Line(uint256 tokenId,uint64 grams)");
    bytes32 internal constant RETIREMENT_TYPEHASH = keccak256(
        "Retirement(bytes32 retirementId,uint8 purpose,bytes32 beneficiaryHash,uint32 consumedFrom,"
        "uint32 consumedUntil,string beneficiary,string caseReference,string place,string note,Line[] lines)Line(uint256 tokenId,uint64 grams)"
    );
    bytes32 internal constant RETIREMENT_ORDER_TYPEHASH = keccak256(
        "RetirementOrder(address holder,uint64 deadline,Retirement retirement)"
        "Line(uint256 tokenId,uint64 grams)"
        "Retirement(bytes32 retirementId,uint8 purpose,bytes32 beneficiaryHash,uint32 consumedFrom,"
        "uint32 consumedUntil,string beneficiary,string caseReference,string place,string note,Line[] lines)"
    );
    bytes32 internal constant TRANSFER_ORDER_TYPEHASH = keccak256(
        "TransferOrder(bytes32 orderId,address from,address to,uint256 tokenId,uint64 grams,uint64 deadline)"
    );

    /// @notice Struct hash of a retirement.
    /// @param retirement The record.
    /// @return EIP-712 hashStruct.
    function hash(ICredits.Retirement calldata retirement) internal pure returns (bytes32) {
        // In two parts, since twelve values do not fit the stack; their bytes join as they are.
        bytes memory head = abi.encode(
            RETIREMENT_TYPEHASH,
            retirement.retirementId,
            retirement.purpose,
            retirement.beneficiaryHash,
            retirement.consumedFrom,
            retirement.consumedUntil
        );
        return keccak256(
            abi.encodePacked(
                head,
                keccak256(bytes(retirement.beneficiary)),
                keccak256(bytes(retirement.caseReference)),
                keccak256(bytes(retirement.place)),
                keccak256(bytes(retirement.note)),
                _hash(retirement.lines)
            )
        );
    }

    function _hash(ICredits.Line[] calldata lines) private pure returns (bytes32) {
        if (lines.length == 1) return keccak256(abi.encode(_hash(lines[0])));
        bytes32[] memory hashes = new bytes32[](lines.length);
        for (uint256 i = 0; i < lines.length; ++i) {
            hashes[i] = _hash(lines[i]);
        }
        return keccak256(abi.encodePacked(hashes));
    }

    function _hash(ICredits.Line calldata line) private pure returns (bytes32) {
        return keccak256(abi.encode(LINE_TYPEHASH, line.tokenId, line.grams));
    }

    /// @notice Struct hash of a retirement order.
    /// @param holder Holder and signer.
    /// @param deadline Unix seconds.
    /// @param retirementHash Struct hash of the retirement.
    /// @return EIP-712 hashStruct.
    function hash(address holder, uint64 deadline, bytes32 retirementHash) internal pure returns (bytes32) {
        return keccak256(abi.encode(RETIREMENT_ORDER_TYPEHASH, holder, deadline, retirementHash));
    }

    /// @notice Struct hash of a transfer order.
    /// @param order The order.
    /// @return EIP-712 hashStruct.
    function hash(ICredits.TransferOrder calldata order) internal pure returns (bytes32) {
        return keccak256(abi.encode(TRANSFER_ORDER_TYPEHASH, order));
    }
}
