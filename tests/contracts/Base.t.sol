// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Cancellations} from "../../contracts/Cancellations.sol";
import {Corrections} from "../../contracts/Corrections.sol";
import {Credits} from "../../contracts/Credits.sol";
import {Issuances} from "../../contracts/Issuances.sol";
import {Methodologies} from "../../contracts/Methodologies.sol";
import {Projects} from "../../contracts/Projects.sol";
import {Roles} from "../../contracts/Roles.sol";
import {Supervision} from "../../contracts/Supervision.sol";
import {ICorrections} from "../../contracts/interfaces/ICorrections.sol";
import {ICredits} from "../../contracts/interfaces/ICredits.sol";
import {IMembers} from "../../contracts/interfaces/IMembers.sol";
import {IProjects} from "../../contracts/interfaces/IProjects.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

/// @dev The cheat codes of forge that these tests use.
interface Vm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    function addr(uint256 key) external pure returns (address);
    function assume(bool condition) external pure;
    function chainId(uint256 id) external;
    function eip712HashTypedData(string calldata json) external pure returns (bytes32);
    function expectEmit(address emitter) external;
    function expectRevert(bytes calldata error) external;
    function getRecordedLogs() external returns (Log[] memory);
    function prank(address sender) external;
    function recordLogs() external;
    function revertToState(uint256 id) external returns (bool);
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function snapshotState() external returns (uint256 id);
    function toString(address value) external pure returns (string memory);
    function toString(bytes32 value) external pure returns (string memory);
    function toString(uint256 value) external pure returns (string memory);
    function warp(uint256 timestamp) external;
}

/// @title What a test needs of forge: the cheat codes and assertions
abstract contract Test {
    bool public constant IS_TEST = true;
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    error Unequal(string what, string actual, string expected);
    error Untrue(string what);

    function assertTrue(bool condition, string memory what) internal pure {
        if (!condition) revert Untrue(what);
    }

    function assertEq(uint256 actual, uint256 expected, string memory what) internal pure {
        if (actual != expected) revert Unequal(what, vm.toString(actual), vm.toString(expected));
    }

    function assertEq(address actual, address expected, string memory what) internal pure {
        if (actual != expected) revert Unequal(what, vm.toString(actual), vm.toString(expected));
    }

    function assertEq(bytes32 actual, bytes32 expected, string memory what) internal pure {
        if (actual != expected) revert Unequal(what, vm.toString(actual), vm.toString(expected));
    }

    function assertEq(bytes memory actual, bytes memory expected, string memory what) internal pure {
        assertEq(keccak256(actual), keccak256(expected), what);
    }

    function bound(uint256 value, uint256 lowest, uint256 highest) internal pure returns (uint256) {
        return lowest + value % (highest - lowest + 1);
    }
}

/// @title The scheme, deployed and manned
/// @dev Member 1 is the authority. Members 2 to 12 follow in the order of `_enrolAll`; each account's key is the hash of
/// its name, so that holders can sign.
abstract contract World is Test {
    uint64 internal constant AUTHORITY_ROLE = 1;
    uint64 internal constant OPERATOR_ROLE = 2;
    uint64 internal constant VERIFIER_ROLE = 3;
    uint64 internal constant EXPERT_ROLE = 4;
    uint64 internal constant GUARDIAN_ROLE = 5;
    uint64 internal constant LEDGER_ROLE = 6;
    uint64 internal constant ISSUANCES_ROLE = 7;
    uint64 internal constant CANCELLATIONS_ROLE = 8;
    uint64 internal constant SUPERVISION_ROLE = 9;

    uint32 internal constant AUTHORITY_MEMBER = 1;
    uint32 internal constant OPERATOR_MEMBER = 2;
    uint32 internal constant VERIFIER_MEMBER = 3;
    uint32 internal constant EXPERT_MEMBER = 4;
    uint32 internal constant GUARDIAN_MEMBER = 7;
    uint32 internal constant OWNER_MEMBER = 8;
    uint32 internal constant BUYER_MEMBER = 9;
    uint32 internal constant BROKER_MEMBER = 10;
    uint32 internal constant RIVAL_MEMBER = 11;
    uint32 internal constant NEXT_OPERATOR_MEMBER = 12;

    uint256 internal constant NOW = 1_767_225_600; // 2026-01-01T00:00:00Z
    uint32 internal constant TODAY = 20_454; // 2026-01-01
    uint32 internal constant LAST_YEAR = 20_089; // 2025-01-01
    uint32 internal constant CREDITING_START = 18_262; // 2020-01-01
    uint32 internal constant CREDITING_END = 21_915; // 2030-01-01
    uint64 internal constant TONNE = 1_000_000;
    uint8 internal constant EVENT_PURPOSE = 3;
    uint8 internal constant GIFT_PURPOSE = 15; // not set at first
    string internal constant URI = "https://tanhui.example/credits/{id}.json";

    Roles internal roles;
    Credits internal credits;
    Methodologies internal methodologies;
    Projects internal projects;
    Issuances internal issuances;
    Cancellations internal cancellations;
    Supervision internal supervision;
    Corrections internal corrections;

    address internal authority = _account("authority");
    address internal authorityDeputy = _account("authorityDeputy");
    address internal operator = _account("operator");
    address internal operatorDeputy = _account("operatorDeputy");
    address internal verifier = _account("verifier");
    address internal expert = _account("expert");
    address internal expertTwo = _account("expertTwo");
    address internal expertThree = _account("expertThree");
    address internal guardian = _account("guardian");
    address internal owner = _account("owner");
    address internal ownerDeputy = _account("ownerDeputy");
    address internal buyer = _account("buyer");
    address internal broker = _account("broker");
    address internal rival = _account("rival");
    address internal nextOperator = _account("nextOperator");
    address internal stranger = _account("stranger");

    uint64 internal filedId;
    mapping(address emitter => bool) private _isLedger;
    uint256 private _made;

    function setUp() public virtual {
        vm.warp(NOW);
        _deploy();
        _wire();
        _enrolAll();
        vm.prank(authority);
        credits.setPurpose(EVENT_PURPOSE, true, "event", unicode"大型活动", "large event");
        filedId = _fileMethodology("TH-M-001");
    }

    // ---------------------------------------------------------------- deployment

    function _deploy() private {
        roles = new Roles(address(this));
        address manager = address(roles);
        credits = new Credits(manager, URI, "Bureau of Ecology", "hash of authority", authority);
        methodologies = new Methodologies(manager, credits);
        projects = new Projects(manager, credits, methodologies);
        issuances = new Issuances(manager, credits, projects);
        cancellations = new Cancellations(manager, credits);
        supervision = new Supervision(manager, credits);
        corrections = new Corrections(manager, credits);
    }

    function _wire() private {
        address[8] memory ledger = _ledger();
        for (uint256 i = 1; i < ledger.length; ++i) {
            _grant(LEDGER_ROLE, ledger[i]);
        }
        for (uint256 i = 0; i < ledger.length; ++i) {
            _isLedger[ledger[i]] = true;
        }
        _grant(ISSUANCES_ROLE, address(issuances));
        _grant(CANCELLATIONS_ROLE, address(cancellations));
        _grant(SUPERVISION_ROLE, address(supervision));
        _allow(address(credits), credits.record.selector, LEDGER_ROLE);
        _allow(address(credits), credits.issue.selector, ISSUANCES_ROLE);
        _allow(address(credits), credits.cancel.selector, CANCELLATIONS_ROLE);
        _allow(address(credits), credits.setAccountFreeze.selector, SUPERVISION_ROLE);
        _allow(address(credits), credits.setCreditFreeze.selector, SUPERVISION_ROLE);
        _allow(address(credits), credits.setPaused.selector, SUPERVISION_ROLE);
        _allow(address(credits), credits.registerMember.selector, AUTHORITY_ROLE);
        _allow(address(credits), credits.changeStanding.selector, AUTHORITY_ROLE);
        _allow(address(credits), credits.openAccount.selector, AUTHORITY_ROLE);
        _allow(address(credits), credits.appointOperator.selector, AUTHORITY_ROLE);
        _allow(address(credits), credits.setPurpose.selector, AUTHORITY_ROLE);
        _wireOrigin();
        _wireLater();
    }

    function _wireOrigin() private {
        address target = address(methodologies);
        _allow(target, methodologies.openAppraisal.selector, OPERATOR_ROLE);
        _allow(target, methodologies.appraise.selector, EXPERT_ROLE);
        _allow(target, methodologies.fileMethodology.selector, AUTHORITY_ROLE);
        _allow(target, methodologies.rejectMethodology.selector, AUTHORITY_ROLE);
        _allow(target, methodologies.suspendMethodology.selector, AUTHORITY_ROLE);
        _allow(target, methodologies.resumeMethodology.selector, AUTHORITY_ROLE);
        _allow(target, methodologies.withdrawMethodology.selector, AUTHORITY_ROLE);
        _allow(target, methodologies.setAppraisalRule.selector, AUTHORITY_ROLE);
        target = address(projects);
        _allow(target, projects.registerProject.selector, OPERATOR_ROLE);
        _allow(target, projects.returnProject.selector, OPERATOR_ROLE);
        _allow(target, projects.suspendProject.selector, AUTHORITY_ROLE);
        _allow(target, projects.resumeProject.selector, AUTHORITY_ROLE);
        _allow(target, projects.closeProject.selector, AUTHORITY_ROLE);
        _allow(target, projects.verifyReport.selector, VERIFIER_ROLE);
    }

    function _wireLater() private {
        address target = address(issuances);
        _allow(target, issuances.proposeIssuance.selector, OPERATOR_ROLE);
        _allow(target, issuances.answerObjection.selector, AUTHORITY_ROLE);
        _allow(target, issuances.confirmIssuance.selector, AUTHORITY_ROLE);
        _allow(target, issuances.returnIssuance.selector, AUTHORITY_ROLE);
        _allow(target, issuances.setNoticeLength.selector, AUTHORITY_ROLE);
        target = address(cancellations);
        _allow(target, cancellations.proposeCancellation.selector, OPERATOR_ROLE);
        _allow(target, cancellations.confirmCancellation.selector, AUTHORITY_ROLE);
        _allow(target, cancellations.returnCancellation.selector, AUTHORITY_ROLE);
        target = address(supervision);
        _allow(target, supervision.freezeAccount.selector, AUTHORITY_ROLE);
        _allow(target, supervision.unfreezeAccount.selector, AUTHORITY_ROLE);
        _allow(target, supervision.freezeCredit.selector, AUTHORITY_ROLE);
        _allow(target, supervision.unfreezeCredit.selector, AUTHORITY_ROLE);
        _allow(target, supervision.pause.selector, GUARDIAN_ROLE);
        _allow(target, supervision.proposeUnpause.selector, GUARDIAN_ROLE);
        _allow(target, supervision.confirmUnpause.selector, AUTHORITY_ROLE);
        _allow(address(corrections), corrections.correctRetirement.selector, OPERATOR_ROLE);
    }

    function _enrolAll() private {
        _grant(AUTHORITY_ROLE, authority);
        _openAccount(authorityDeputy, AUTHORITY_MEMBER);
        _grant(AUTHORITY_ROLE, authorityDeputy);
        _enrol(IMembers.MemberKind.OPERATOR, operator, OPERATOR_ROLE);
        _openAccount(operatorDeputy, OPERATOR_MEMBER);
        _grant(OPERATOR_ROLE, operatorDeputy);
        _enrol(IMembers.MemberKind.VERIFIER, verifier, VERIFIER_ROLE);
        _enrol(IMembers.MemberKind.EXPERT, expert, EXPERT_ROLE);
        _enrol(IMembers.MemberKind.EXPERT, expertTwo, EXPERT_ROLE);
        _enrol(IMembers.MemberKind.EXPERT, expertThree, EXPERT_ROLE);
        _enrol(IMembers.MemberKind.FUND, guardian, GUARDIAN_ROLE);
        _enrol(IMembers.MemberKind.PROJECT_OWNER, owner, 0);
        _enrol(IMembers.MemberKind.BUYER, buyer, 0);
        _enrol(IMembers.MemberKind.BROKER, broker, 0);
        _enrol(IMembers.MemberKind.PROJECT_OWNER, rival, 0);
        _enrol(IMembers.MemberKind.OPERATOR, nextOperator, OPERATOR_ROLE);
        _openAccount(ownerDeputy, OWNER_MEMBER);
        vm.prank(authority);
        credits.appointOperator(OPERATOR_MEMBER);
    }

    function _ledger() internal view returns (address[8] memory) {
        return [
            address(credits),
            address(methodologies),
            address(projects),
            address(issuances),
            address(cancellations),
            address(supervision),
            address(corrections),
            address(0) // room for one contract more; holds no role and emits nothing
        ];
    }

    // ---------------------------------------------------------------- members

    function _key(string memory name) internal pure returns (uint256) {
        return uint256(keccak256(bytes(name))) >> 1;
    }

    function _account(string memory name) internal pure returns (address) {
        return vm.addr(_key(name));
    }

    function _grant(uint64 role, address account) internal {
        if (account != address(0)) roles.grantRole(role, account, 0);
    }

    function _allow(address target, bytes4 selector, uint64 role) internal {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        roles.setTargetFunctionRole(target, selectors, role);
    }

    /// @dev Registers a member with one account and, unless 0, grants it a role.
    function _enrol(IMembers.MemberKind kind, address account, uint64 role)
        internal
        returns (uint32 memberId)
    {
        vm.prank(authority);
        memberId = credits.registerMember(kind, keccak256(abi.encode(account)), "a member");
        _openAccount(account, memberId);
        if (role != 0) _grant(role, account);
    }

    function _openAccount(address account, uint32 memberId) internal {
        vm.prank(authority);
        credits.openAccount(account, memberId);
    }

    function _otherAuthority() internal returns (address account) {
        account = _account("other authority");
        vm.prank(authority);
        uint32 memberId = credits.registerMember(
            IMembers.MemberKind.AUTHORITY, keccak256("other authority"), "other authority"
        );
        _openAccount(account, memberId);
        _grant(AUTHORITY_ROLE, account);
    }

    function _setStanding(uint32 memberId, IMembers.Standing standing) internal {
        // Nobody changes its own standing: the authority's is changed by another authority.
        vm.prank(memberId == AUTHORITY_MEMBER ? _otherAuthority() : authority);
        credits.changeStanding(memberId, standing, "decision 7");
    }

    function _suspend(uint32 memberId) internal {
        _setStanding(memberId, IMembers.Standing.SUSPENDED);
    }

    // ---------------------------------------------------------------- from methodology to credit

    function _submitMethodology(string memory code) internal returns (uint64 methodologyId) {
        vm.prank(owner);
        methodologyId =
            methodologies.submitMethodology(keccak256(bytes(code)), code, "1.0", "transport", "trip");
    }

    function _openMethodology(string memory code) internal returns (uint64 methodologyId) {
        methodologyId = _submitMethodology(code);
        vm.prank(operator);
        methodologies.openAppraisal(methodologyId);
    }

    function _passMethodology(string memory code) internal returns (uint64 methodologyId) {
        methodologyId = _openMethodology(code);
        address[3] memory jury = [expert, expertTwo, expertThree];
        for (uint256 i = 0; i < jury.length; ++i) {
            vm.prank(jury[i]);
            methodologies.appraise(methodologyId, 80, keccak256("opinion"));
        }
    }

    function _fileMethodology(string memory code) internal returns (uint64 methodologyId) {
        methodologyId = _passMethodology(code);
        vm.prank(authority);
        methodologies.fileMethodology(methodologyId);
    }

    function _submission(bytes32 claimKey) internal returns (IProjects.ProjectSubmission memory) {
        bytes32[] memory keys = new bytes32[](1);
        keys[0] = claimKey;
        return IProjects.ProjectSubmission({
            methodologyId: filedId,
            creditingStart: CREDITING_START,
            creditingEnd: CREDITING_END,
            documentHash: keccak256("design document"),
            code: string.concat("TH-P-", vm.toString(++_made)),
            name: unicode"公共自行车",
            place: unicode"西区",
            claimKeys: keys
        });
    }

    function _submitProject(address projectOwner, bytes32 claimKey) internal returns (uint64 projectId) {
        IProjects.ProjectSubmission memory submission = _submission(claimKey);
        vm.prank(projectOwner);
        projectId = projects.submitProject(submission);
    }

    function _registerProject(address projectOwner, bytes32 claimKey) internal returns (uint64 projectId) {
        projectId = _submitProject(projectOwner, claimKey);
        vm.prank(operator);
        projects.registerProject(projectId);
    }

    function _nextHash() internal returns (bytes32) {
        return keccak256(abi.encode("hash", ++_made));
    }

    function _submitReport(address projectOwner, uint64 projectId, uint32 start, uint32 end, uint64 grams)
        internal
        returns (uint64 reportId)
    {
        bytes32 reportHash = _nextHash();
        vm.prank(projectOwner);
        reportId = projects.submitReport(projectId, start, end, grams, keccak256("data"), reportHash);
    }

    function _verifyReport(uint64 reportId, uint64 grams) internal {
        vm.prank(verifier);
        projects.verifyReport(reportId, true, grams, keccak256("verification"));
    }

    /// @dev A project of the owner with a report over 2025, verified in full.
    function _verifiedReport(uint64 grams) internal returns (uint64 reportId) {
        uint64 projectId = _registerProject(owner, _nextHash());
        reportId = _submitReport(owner, projectId, LAST_YEAR, TODAY, grams);
        _verifyReport(reportId, grams);
    }

    function _propose(uint64 reportId, uint128 creditId, address holder, uint64 grams)
        internal
        returns (uint64 issuanceId)
    {
        vm.prank(operator);
        issuanceId = issuances.proposeIssuance(reportId, creditId, holder, grams, 2025, "");
    }

    /// @dev A credit of its own project, issued to a holder; seven days pass.
    function _credit(address holder, uint64 grams) internal returns (uint256 tokenId) {
        uint64 issuanceId = _propose(_verifiedReport(grams), 1, holder, grams);
        tokenId = issuances.issuance(issuanceId).tokenId;
        vm.warp(block.timestamp + 7 days);
        vm.prank(authority);
        issuances.confirmIssuance(issuanceId);
    }

    // ---------------------------------------------------------------- life of a credit

    function _retirement(bytes32 retirementId, uint256 tokenId, uint64 grams)
        internal
        pure
        returns (ICredits.Retirement memory record)
    {
        record.retirementId = retirementId;
        record.purpose = EVENT_PURPOSE;
        record.beneficiaryHash = keccak256("registration code");
        record.consumedFrom = LAST_YEAR;
        record.consumedUntil = TODAY;
        record.beneficiary = unicode"某公司";
        record.caseReference = "Marathon 2025";
        record.place = unicode"体育场";
        record.note = "scope 3";
        record.lines = new ICredits.Line[](1);
        record.lines[0] = ICredits.Line(tokenId, grams);
    }

    function _retire(address holder, bytes32 retirementId, uint256 tokenId, uint64 grams) internal {
        vm.prank(holder);
        credits.retire(_retirement(retirementId, tokenId, grams));
    }

    function _lock(address holder, bytes32 lockId, uint256 tokenId, uint64 grams, address keeper) internal {
        vm.prank(holder);
        credits.lock(lockId, tokenId, grams, keeper, uint64(block.timestamp + 30 days), "offer 1");
    }

    function _proposeCancellation(uint256 tokenId, address holder, uint64 grams, bytes32 lockId)
        internal
        returns (uint64 cancellationId)
    {
        vm.prank(operator);
        cancellationId =
            cancellations.proposeCancellation(tokenId, holder, grams, lockId, "ERROR", keccak256("case"));
    }

    function _pause() internal {
        vm.prank(guardian);
        supervision.pause("key lost");
    }

    function _freezeAccount(address account, uint256 until) internal {
        vm.prank(authority);
        supervision.freezeAccount(account, uint64(until), "case 1");
    }

    function _freezeCredit(uint256 tokenId, uint256 until) internal {
        vm.prank(authority);
        supervision.freezeCredit(tokenId, uint64(until), "case 2");
    }

    // ---------------------------------------------------------------- what is

    function _free(address account, uint256 tokenId) internal view returns (uint256) {
        return credits.holding(account, tokenId).free;
    }

    function _locked(address account, uint256 tokenId) internal view returns (uint256) {
        return credits.holding(account, tokenId).locked;
    }

    function _sequence() internal view returns (uint256) {
        return credits.totals().sequence;
    }

    /// @dev Rule 17 counts every event of the ledger's contracts but AuthorityUpdated.
    function _isLedgerEvent(Vm.Log memory log) internal view returns (bool) {
        if (log.topics[0] == IAccessManaged.AuthorityUpdated.selector) return false;
        return _isLedger[log.emitter];
    }

    function _ledgerEvents(Vm.Log[] memory logs) internal view returns (uint256 count) {
        for (uint256 i = 0; i < logs.length; ++i) {
            if (_isLedgerEvent(logs[i])) ++count;
        }
    }

    // ---------------------------------------------------------------- refusals

    function _refused(bytes4 error) internal {
        vm.expectRevert(abi.encodeWithSelector(error));
    }

    function _refused(bytes4 error, uint256 a) internal {
        vm.expectRevert(abi.encodeWithSelector(error, a));
    }

    function _refused(bytes4 error, uint256 a, uint256 b) internal {
        vm.expectRevert(abi.encodeWithSelector(error, a, b));
    }

    function _refused(bytes4 error, uint256 a, uint256 b, uint256 c) internal {
        vm.expectRevert(abi.encodeWithSelector(error, a, b, c));
    }

    function _refused(bytes4 error, uint256 a, uint256 b, uint256 c, uint256 d) internal {
        vm.expectRevert(abi.encodeWithSelector(error, a, b, c, d));
    }

    function _refused(bytes4 error, string memory text) internal {
        vm.expectRevert(abi.encodeWithSelector(error, text));
    }

    function _word(address account) internal pure returns (uint256) {
        return uint256(uint160(account));
    }

    function _unauthorized(address caller) internal {
        _refused(IAccessManaged.AccessManagedUnauthorized.selector, _word(caller));
    }

    function _notActive(uint32 memberId, IMembers.Standing standing) internal {
        _refused(IMembers.MembersNotActive.selector, memberId, uint256(standing));
    }
}
