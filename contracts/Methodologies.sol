// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Acts} from "./Acts.sol";
import {ICredits} from "./interfaces/ICredits.sol";
import {IMembers} from "./interfaces/IMembers.sol";
import {IMethodologies} from "./interfaces/IMethodologies.sol";

/// @title Methodologies and their appraisal
contract Methodologies is IMethodologies, Acts {
    uint64 private _count;
    uint32 private _quorum = 3;
    uint8 private _passMark = 60;
    mapping(uint64 methodologyId => Methodology) private _methodologies;
    mapping(bytes32 codeHash => uint64 methodologyId) private _byCode;
    mapping(uint64 methodologyId => mapping(address expert => bool voted)) private _voted;

    /// @param manager The scheme's AccessManager.
    /// @param creditsContract The contract of credits.
    constructor(address manager, ICredits creditsContract) Acts(manager, creditsContract) {}

    /// @inheritdoc IMethodologies
    function submitMethodology(
        bytes32 documentHash,
        string calldata code,
        string calldata version,
        string calldata sector,
        string calldata unit
    ) external returns (uint64 methodologyId) {
        uint32 memberId = _act();
        require(documentHash != 0, MethodologiesDocumentMissing());
        bytes32 codeHash = _codeHash(code, version);
        uint64 present = _byCode[codeHash];
        require(
            present == 0 && bytes(code).length != 0 && bytes(version).length != 0,
            MethodologiesCodeTaken(present)
        );
        methodologyId = ++_count;
        _byCode[codeHash] = methodologyId;
        _methodologies[methodologyId] = Methodology(State.SUBMITTED, memberId, 0, 0, documentHash);
        emit MethodologySubmitted(methodologyId, memberId, documentHash, code, version, sector, unit);
    }

    /// @inheritdoc IMethodologies
    function openAppraisal(uint64 methodologyId) external restricted {
        uint32 memberId = _actAsOperator();
        _requireState(methodologyId, State.SUBMITTED, State.SUBMITTED);
        _change(methodologyId, State.APPRAISAL, memberId, "");
    }

    /// @inheritdoc IMethodologies
    function appraise(uint64 methodologyId, uint8 score, bytes32 opinionHash) external restricted {
        uint32 memberId = _actAs(IMembers.MemberKind.EXPERT);
        _requireState(methodologyId, State.APPRAISAL, State.APPRAISAL);
        require(score <= 100, MethodologiesScoreInvalid(score));
        require(opinionHash != 0, MethodologiesDocumentMissing());
        Methodology storage judged = _methodologies[methodologyId];
        require(judged.submitterId != memberId, MethodologiesOwnWork(methodologyId, memberId));
        require(!_voted[methodologyId][msg.sender], MethodologiesExpertVoted(methodologyId, msg.sender));
        _voted[methodologyId][msg.sender] = true;
        judged.opinions += 1;
        judged.scoreSum += score;
        emit MethodologyAppraised(methodologyId, msg.sender, score, opinionHash);
    }

    /// @inheritdoc IMethodologies
    function fileMethodology(uint64 methodologyId) external restricted {
        uint32 memberId = _actAs(IMembers.MemberKind.AUTHORITY);
        _requireState(methodologyId, State.APPRAISAL, State.APPRAISAL);
        Methodology memory judged = _methodologies[methodologyId];
        uint64 needed = uint64(judged.opinions) * _passMark;
        require(
            judged.opinions >= _quorum && judged.scoreSum >= needed,
            MethodologiesNotPassed(methodologyId, judged.opinions, _quorum, judged.scoreSum, needed)
        );
        _change(methodologyId, State.FILED, memberId, "");
    }

    /// @inheritdoc IMethodologies
    function rejectMethodology(uint64 methodologyId, string calldata reason) external restricted {
        uint32 memberId = _actAs(IMembers.MemberKind.AUTHORITY);
        _requireState(methodologyId, State.SUBMITTED, State.APPRAISAL);
        _change(methodologyId, State.REJECTED, memberId, reason);
    }

    /// @inheritdoc IMethodologies
    function suspendMethodology(uint64 methodologyId, string calldata reason) external restricted {
        uint32 memberId = _actAs(IMembers.MemberKind.AUTHORITY);
        _requireState(methodologyId, State.FILED, State.FILED);
        _change(methodologyId, State.SUSPENDED, memberId, reason);
    }

    /// @inheritdoc IMethodologies
    function resumeMethodology(uint64 methodologyId, string calldata reason) external restricted {
        uint32 memberId = _actAs(IMembers.MemberKind.AUTHORITY);
        _requireState(methodologyId, State.SUSPENDED, State.SUSPENDED);
        _change(methodologyId, State.FILED, memberId, reason);
    }

    /// @inheritdoc IMethodologies
    function withdrawMethodology(uint64 methodologyId, string calldata reason) external restricted {
        uint32 memberId = _actAs(IMembers.MemberKind.AUTHORITY);
        _requireState(methodologyId, State.FILED, State.SUSPENDED);
        _change(methodologyId, State.WITHDRAWN, memberId, reason);
    }

    /// @inheritdoc IMethodologies
    function setAppraisalRule(uint32 quorum, uint8 passMark) external restricted {
        _actAs(IMembers.MemberKind.AUTHORITY);
        require(quorum != 0, MethodologiesScoreInvalid(0));
        require(passMark <= 100, MethodologiesScoreInvalid(passMark));
        _quorum = quorum;
        _passMark = passMark;
        emit AppraisalRuleSet(quorum, passMark);
    }

    /// @inheritdoc IMethodologies
    function methodology(uint64 methodologyId) external view returns (Methodology memory) {
        return _methodologies[methodologyId];
    }

    /// @inheritdoc IMethodologies
    function methodologyByCode(string calldata code, string calldata version)
        external
        view
        returns (uint64 methodologyId)
    {
        return _byCode[_codeHash(code, version)];
    }

    /// @inheritdoc IMethodologies
    function appraisalRule() external view returns (uint32 quorum, uint8 passMark) {
        return (_quorum, _passMark);
    }

    function _change(uint64 methodologyId, State state, uint32 memberId, string memory reason) private {
        _methodologies[methodologyId].state = state;
        emit MethodologyStateChanged(methodologyId, state, memberId, reason);
    }

    function _requireState(uint64 methodologyId, State first, State second) private view {
        State state = _methodologies[methodologyId].state;
        require(state == first || state == second, MethodologiesWrongState(methodologyId, state));
    }

    function _codeHash(string calldata code, string calldata version) private pure returns (bytes32) {
        return keccak256(abi.encode(code, version));
    }
}
