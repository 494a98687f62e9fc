// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";

/// @title What the ledger's gas is held against: OpenZeppelin's ERC-1155 with nothing around it, and the plainest
/// retirement with a certificate of three slots
contract Bare is ERC1155 {
    struct Certificate {
        address holder;
        uint64 grams;
        uint256 tokenId;
        bytes32 textHash;
    }

    uint256 public retired;
    mapping(uint256 number => Certificate) public certificates;

    event Retired(uint256 indexed number, address indexed holder, uint256 tokenId, uint64 grams, string beneficiary, string note);

    constructor() ERC1155("") {}

    /// @notice Mints without asking who calls.
    function mint(address to, uint256 id, uint256 value) external {
        _mint(to, id, value, "");
    }

    /// @notice Burns and keeps a certificate.
    function retire(uint256 id, uint64 grams, string calldata beneficiary, string calldata note) external {
        _burn(msg.sender, id, grams);
        uint256 number = ++retired;
        certificates[number] = Certificate(msg.sender, grams, id, keccak256(abi.encode(beneficiary, note)));
        emit Retired(number, msg.sender, id, grams, beneficiary, note);
    }
}
