// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IERC1155Receiver} from "@openzeppelin/contracts/token/ERC1155/IERC1155Receiver.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

/// @title A contract that holds credits and keeps what it was told
contract Wallet is IERC1155Receiver, IERC1271 {
    enum Manner {
        ACCEPT,
        REFUSE,
        REVERT,
        CALL
    }

    error WalletRefuses();

    address private immutable SIGNER;
    Manner private _manner;
    address private _target;
    bytes[] private _calls;

    uint256 public received;
    address public operator;
    address public from;
    bytes32 public idsHash;
    bytes32 public valuesHash;
    bytes public data;

    constructor(address signer) {
        SIGNER = signer;
    }

    function setManner(Manner manner) external {
        _manner = manner;
    }

    /// @dev From now on the next receipt makes these calls to the target.
    function callBack(address target, bytes[] calldata calls) external {
        _manner = Manner.CALL;
        _target = target;
        delete _calls;
        for (uint256 i = 0; i < calls.length; ++i) {
            _calls.push(calls[i]);
        }
    }

    function act(address target, bytes calldata call) external returns (bytes memory) {
        return _call(target, call);
    }

    function onERC1155Received(address by, address sender, uint256 id, uint256 value, bytes calldata extra)
        external
        returns (bytes4)
    {
        (operator, from, data) = (by, sender, extra);
        (idsHash, valuesHash) = (keccak256(abi.encodePacked(id)), keccak256(abi.encodePacked(value)));
        return _receive() ? IERC1155Receiver.onERC1155Received.selector : bytes4(0);
    }

    function onERC1155BatchReceived(
        address by,
        address sender,
        uint256[] calldata ids,
        uint256[] calldata values,
        bytes calldata extra
    ) external returns (bytes4) {
        (operator, from, data) = (by, sender, extra);
        (idsHash, valuesHash) = (keccak256(abi.encodePacked(ids)), keccak256(abi.encodePacked(values)));
        return _receive() ? IERC1155Receiver.onERC1155BatchReceived.selector : bytes4(0);
    }

    /// @dev Accepts 65 bytes signed by the signer, unless the wallet refuses everything.
    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        if (_manner == Manner.REVERT) revert WalletRefuses();
        if (_manner == Manner.REFUSE) return 0xffffffff;
        bytes32 r = bytes32(signature[:32]);
        bytes32 s = bytes32(signature[32:64]);
        bool good = ecrecover(digest, uint8(signature[64]), r, s) == SIGNER;
        return good ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }

    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == type(IERC1155Receiver).interfaceId || id == type(IERC165).interfaceId;
    }

    function _receive() private returns (bool) {
        ++received;
        if (_manner == Manner.REVERT) revert WalletRefuses();
        if (_manner == Manner.CALL) {
            _manner = Manner.ACCEPT;
            for (uint256 i = 0; i < _calls.length; ++i) {
                _call(_target, _calls[i]);
            }
        }
        return _manner == Manner.ACCEPT;
    }

    function _call(address target, bytes memory call) private returns (bytes memory) {
        (bool done, bytes memory answer) = target.call(call);
        if (!done) {
            assembly {
                revert(add(answer, 32), mload(answer))
            }
        }
        return answer;
    }
}

/// @title A contract that knows nothing of ERC-1155
contract Deaf {
    uint256 public nothing;
}
