// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICredits} from "./interfaces/ICredits.sol";

/// @title EIP-712 struct hashes of what holders sign
/// @dev The record hash of a retirement is built on the same hash, so that what was signed is what the chain keeps.
library Orders {
    bytes32 internal constant LINE_TYPEHASH = keccak256("Line(uint256 tokenId,uint64 grams)");
    bytes32 internal constant RETIREMENT_TYPEHASH = keccak256(
        "Retirement(bytes32 retirementId,bytes32 purpose,bytes32 beneficiaryHash,uint32 consumedFrom,"
        "uint32 consumedUntil,string beneficiary,string caseReference,string place,string note,string origin,"
        "Line[] lines)Line(uint256 tokenId,uint64 grams)"
    );
    bytes32 internal constant RETIREMENT_ORDER_TYPEHASH = keccak256(
        "RetirementOrder(address holder,uint64 deadline,Retirement retirement)"
        "Line(uint256 tokenId,uint64 grams)"
        "Retirement(bytes32 retirementId,bytes32 purpose,bytes32 beneficiaryHash,uint32 consumedFrom,"
        "uint32 consumedUntil,string beneficiary,string caseReference,string place,string note,string origin,"
        "Line[] lines)"
    );
    bytes32 internal constant TRANSFER_ORDER_TYPEHASH = keccak256(
        "TransferOrder(bytes32 orderId,address from,address to,uint256 tokenId,uint64 grams,uint64 deadline)"
    );

    /// @notice Struct hash of a retirement.
    /// @param retirement The record.
    /// @return EIP-712 hashStruct.
    function hash(ICredits.Retirement calldata retirement) internal pure returns (bytes32) {
        uint256 count = retirement.lines.length;
        bytes32[] memory lines = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            lines[i] = keccak256(
                abi.encode(LINE_TYPEHASH, retirement.lines[i].tokenId, retirement.lines[i].grams)
            );
        }
        // Two halves, since one call with twelve values does not fit the stack; their bytes join as they are.
        return keccak256(
            bytes.concat(
                abi.encode(
                    RETIREMENT_TYPEHASH,
                    retirement.retirementId,
                    retirement.purpose,
                    retirement.beneficiaryHash,
                    retirement.consumedFrom,
                    retirement.consumedUntil
                ),
                abi.encode(
                    keccak256(bytes(retirement.beneficiary)),
                    keccak256(bytes(retirement.caseReference)),
                    keccak256(bytes(retirement.place)),
                    keccak256(bytes(retirement.note)),
                    keccak256(bytes(retirement.origin)),
                    keccak256(abi.encodePacked(lines))
                )
            )
        );
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
