// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IMembers} from "./IMembers.sol";

/// @title Credits: what is held, moved, locked, retired and cancelled
/// @notice One ERC-1155 token id per credit: `projectId << 128 | creditId`. Every amount is in grams of CO2 equivalent
/// (1 t = 1,000,000 g). At every block, per credit and in total: issued = held + retired + cancelled.
/// The sequence counts every event of the ledger's contracts (all but AuthorityUpdated).
interface ICredits is IMembers {
    /// @notice The whole ledger in one storage slot.
    /// @param issued Grams ever issued, at most 2^63 - 1.
    /// @param retired Grams ever retired.
    /// @param cancelled Grams ever cancelled.
    /// @param sequence Number of events that the ledger's contracts have emitted.
    /// @param purposes One bit a purpose of retirement: whether it is allowed.
    /// @param paused Whether credits stand still.
    struct Totals {
        uint64 issued;
        uint64 retired;
        uint64 cancelled;
        uint40 sequence;
        uint16 purposes;
        bool paused;
    }

    /// @notice One credit in one storage slot.
    /// @param issued Grams issued, once, never 0 for a credit that exists.
    /// @param retired Grams retired; serials 1 to `retired` are retired, without gaps.
    /// @param cancelled Grams cancelled.
    /// @param frozenUntil Unix seconds at which a freeze ends; 0 or past when not frozen.
    struct Credit {
        uint64 issued;
        uint64 retired;
        uint64 cancelled;
        uint64 frozenUntil;
    }

    /// @notice What one account has of one credit, in one storage slot.
    /// @param free Grams it may move, lock or retire.
    /// @param locked Grams bound to locks.
    /// @param retired Grams it has retired.
    struct Holding {
        uint64 free;
        uint64 locked;
        uint64 retired;
    }

    /// @notice Grams bound to a case or an offer.
    /// @param holder Account whose grams are bound.
    /// @param grams Grams still bound; 0 when the lock has ended.
    /// @param keeper Account that may release or deliver them.
    /// @param expiresAt Unix seconds from which the holder may release them too.
    /// @param tokenId The credit.
    struct Lock {
        address holder;
        uint64 grams;
        address keeper;
        uint64 expiresAt;
        uint256 tokenId;
    }

    /// @notice One credit's part of a retirement.
    /// @param tokenId The credit.
    /// @param grams Grams to retire, not 0.
    struct Line {
        uint256 tokenId;
        uint64 grams;
    }

    /// @notice The record of a retirement; its EIP-712 struct hash is what a holder signs and what the chain keeps.
    /// @param retirementId Number of the certificate, chosen by the caller, not 0, used once.
    /// @param purpose Number of the purpose, 0 to 15; must be allowed.
    /// @param beneficiaryHash Hash of the beneficiary's registration code, or the salted commitment of a person; or 0.
    /// @param consumedFrom First UTC day of the consumption that is offset, days since 1970; 0 when none is stated.
    /// @param consumedUntil Day after the last; above `consumedFrom`, or both 0.
    /// @param beneficiary Name of the organisation it is for, UTF-8; empty for a person.
    /// @param caseReference Case or event, or registry and serial numbers under which another registry retired these
    /// units, UTF-8, may be empty.
    /// @param place Place of the consumption, UTF-8, may be empty.
    /// @param note Public note, UTF-8, may be empty.
    /// @param lines Credits and grams, at least one.
    struct Retirement {
        bytes32 retirementId;
        uint8 purpose;
        bytes32 beneficiaryHash;
        uint32 consumedFrom;
        uint32 consumedUntil;
        string beneficiary;
        string caseReference;
        string place;
        string note;
        Line[] lines;
    }

    /// @notice A holder's signed will to transfer (EIP-712).
    /// @param orderId Number of the order, chosen by the holder, so that equal orders differ.
    /// @param from Holder and signer.
    /// @param to Receiver.
    /// @param tokenId The credit.
    /// @param grams Grams to move.
    /// @param deadline Unix seconds up to which the order may be carried.
    struct TransferOrder {
        bytes32 orderId;
        address from;
        address to;
        uint256 tokenId;
        uint64 grams;
        uint64 deadline;
    }

    /// @notice A purpose of retirement was added, renamed, allowed or disallowed.
    /// @param purpose Its number, 0 to 15.
    /// @param allowed Whether retirements may name it from now on.
    /// @param code Its code for machines, such as "event".
    /// @param nameZh Its Chinese name, UTF-8.
    /// @param nameEn Its English name.
    event PurposeSet(uint8 indexed purpose, bool allowed, string code, string nameZh, string nameEn);

    /// @notice A credit was issued, its whole volume at once. A TransferSingle from zero follows.
    /// @param tokenId The credit.
    /// @param issuanceId The confirmed issuance.
    /// @param holder First holder.
    /// @param grams Its volume.
    event CreditIssued(
        uint256 indexed tokenId, uint64 indexed issuanceId, address indexed holder, uint64 grams
    );

    /// @notice A transfer order was carried. The TransferSingle that follows is the transfer itself.
    /// @param orderId The order's number.
    /// @param holder Its signer.
    event TransferOrderCarried(bytes32 indexed orderId, address indexed holder);

    /// @notice Grams were locked by their holder.
    /// @param lockId Number of the lock, chosen by the holder.
    /// @param holder The holder.
    /// @param tokenId The credit.
    /// @param grams Grams bound.
    /// @param keeper Account that may release or deliver them.
    /// @param expiresAt Unix seconds from which the holder may release them too.
    /// @param caseReference The case or offer, UTF-8.
    event CreditsLocked(
        bytes32 indexed lockId,
        address indexed holder,
        uint256 indexed tokenId,
        uint64 grams,
        address keeper,
        uint64 expiresAt,
        string caseReference
    );

    /// @notice Locked grams became free again.
    /// @param lockId The lock.
    /// @param grams Grams set free.
    event LockReleased(bytes32 indexed lockId, uint64 grams);

    /// @notice Locked grams were delivered. The TransferSingle that follows is the transfer itself.
    /// @param lockId The lock.
    /// @param to Receiver.
    /// @param grams Grams delivered.
    event LockDelivered(bytes32 indexed lockId, address indexed to, uint64 grams);

    /// @notice Locked grams were retired. The CreditsRetired that follows is the retirement itself.
    /// @param lockId The lock.
    /// @param retirementId The retirement.
    /// @param grams Grams retired from the lock.
    event LockRetired(bytes32 indexed lockId, bytes32 indexed retirementId, uint64 grams);

    /// @notice Credits were retired, for ever. A TransferSingle or TransferBatch to zero follows.
    /// @param retirementId Number of the certificate.
    /// @param holder Account that retired.
    /// @param recordHash EIP-712 struct hash of `record`: what the chain keeps.
    /// @param firstSerials First serial of each line; a line's serials are firstSerial to firstSerial + grams - 1.
    /// @param record The record as given.
    event CreditsRetired(
        bytes32 indexed retirementId,
        address indexed holder,
        bytes32 recordHash,
        uint64[] firstSerials,
        Retirement record
    );

    /// @notice Credits were cancelled, for ever, which is no offset. A TransferSingle to zero follows.
    /// @param cancellationId The confirmed cancellation.
    /// @param tokenId The credit.
    /// @param holder Account they were taken from.
    /// @param grams Grams cancelled.
    /// @param lockId The lock they were taken from; 0 for free grams.
    event CreditsCancelled(
        uint64 indexed cancellationId,
        uint256 indexed tokenId,
        address indexed holder,
        uint64 grams,
        bytes32 lockId
    );

    /// @notice The ledger is paused.
    error CreditsPaused();

    /// @notice An amount of zero grams is refused.
    error CreditsZeroGrams();

    /// @notice The amount does not fit: lifetime issuance is capped, and amounts are whole grams below 2^63.
    /// @param grams The amount asked for.
    /// @param allowed The highest amount possible.
    error CreditsAboveCap(uint256 grams, uint256 allowed);

    /// @notice The credit has been issued before.
    /// @param tokenId The credit.
    error CreditsAlreadyIssued(uint256 tokenId);

    /// @notice No such credit has been issued.
    /// @param tokenId The credit asked for.
    error CreditsUnknown(uint256 tokenId);

    /// @notice The credit is frozen.
    /// @param tokenId The credit.
    /// @param until Unix seconds at which the freeze ends.
    error CreditsFrozen(uint256 tokenId, uint64 until);

    /// @notice The account holds enough, but part of it is locked.
    /// @param account The holder.
    /// @param tokenId The credit.
    /// @param freeGrams Grams that are free.
    /// @param requiredGrams Grams the act needs.
    error CreditsNotFree(address account, uint256 tokenId, uint64 freeGrams, uint256 requiredGrams);

    /// @notice A lock's number has been used before, or is 0.
    /// @param lockId The number.
    error CreditsLockIdUsed(bytes32 lockId);

    /// @notice A lock must end in the future.
    /// @param expiresAt The end asked for, Unix seconds.
    /// @param nowSeconds The block's time, Unix seconds.
    error CreditsLockEndPassed(uint64 expiresAt, uint64 nowSeconds);

    /// @notice The lock binds fewer grams than the act needs; an unknown lock binds none.
    /// @param lockId The lock.
    /// @param lockedGrams Grams it binds.
    /// @param requiredGrams Grams the act needs.
    error CreditsLockTooSmall(bytes32 lockId, uint64 lockedGrams, uint64 requiredGrams);

    /// @notice The caller may not do this with the lock now.
    /// @param lockId The lock.
    /// @param caller Who tried.
    /// @param keeper Who may.
    /// @param expiresAt Unix seconds from which the holder may release.
    error CreditsLockNotYours(bytes32 lockId, address caller, address keeper, uint64 expiresAt);

    /// @notice A retirement with this number exists, or the number is 0.
    /// @param retirementId The number.
    error CreditsRetirementIdUsed(bytes32 retirementId);

    /// @notice The purpose is not in the table or is not allowed now.
    /// @param purpose Its number.
    error CreditsPurposeUnknown(uint8 purpose);

    /// @notice A retirement needs at least one line; one from a lock needs exactly one.
    /// @param lines Lines given.
    error CreditsLinesMissing(uint256 lines);

    /// @notice The consumption period ends before it starts.
    /// @param consumedFrom First day, days since 1970.
    /// @param consumedUntil Day after the last.
    error CreditsPeriodInvalid(uint32 consumedFrom, uint32 consumedUntil);

    /// @notice The order's deadline has passed.
    /// @param deadline Unix seconds.
    /// @param nowSeconds The block's time, Unix seconds.
    error CreditsOrderExpired(uint64 deadline, uint64 nowSeconds);

    /// @notice The signature is not the holder's for this order on this chain and contract.
    /// @param holder Who should have signed.
    error CreditsOrderSignatureInvalid(address holder);

    /// @notice The order has been carried before.
    /// @param orderId The order.
    error CreditsOrderUsed(bytes32 orderId);

    /// @notice Counts one event of a ledger contract. Only the ledger's own contracts may call it.
    /// @param actor Account that acts; must be of an active member.
    /// @return memberId Its member.
    function record(address actor) external returns (uint32 memberId);

    /// @notice Issues a credit's whole volume. Only the contract of issuances may call it.
    /// @param tokenId The credit, not issued before.
    /// @param holder First holder, of an active member.
    /// @param grams Volume, not 0.
    /// @param issuanceId The confirmed issuance.
    function issue(uint256 tokenId, address holder, uint64 grams, uint64 issuanceId) external;

    /// @notice Cancels grams of a holder. Only the contract of cancellations may call it.
    /// @param tokenId The credit.
    /// @param holder Account they are taken from, whatever its standing or freeze.
    /// @param grams Grams, not 0.
    /// @param lockId Lock to take them from; 0 for free grams.
    /// @param cancellationId The confirmed cancellation.
    function cancel(uint256 tokenId, address holder, uint64 grams, bytes32 lockId, uint64 cancellationId)
        external;

    /// @notice Adds, renames, allows or disallows a purpose of retirement. Authority's act.
    /// @param purpose Its number, 0 to 15.
    /// @param allowed Whether retirements may name it.
    /// @param code Its code for machines, not empty.
    /// @param nameZh Chinese name, UTF-8, not empty.
    /// @param nameEn English name, not empty.
    function setPurpose(
        uint8 purpose,
        bool allowed,
        string calldata code,
        string calldata nameZh,
        string calldata nameEn
    ) external;

    /// @notice Sets the end of a credit's freeze. Only the contract of supervision may call it.
    /// @param tokenId An issued credit.
    /// @param until Unix seconds; 0 ends the freeze.
    function setCreditFreeze(uint256 tokenId, uint64 until) external;

    /// @notice Pauses or unpauses every movement of credits. Only the contract of supervision may call it.
    /// @param paused Whether credits stand still.
    function setPaused(bool paused) external;

    /// @notice Carries a holder's signed transfer. Anyone may call it.
    /// @param order The order.
    /// @param signature The holder's EIP-712 signature, or what its contract accepts by ERC-1271.
    function transferByOrder(TransferOrder calldata order, bytes calldata signature) external;

    /// @notice Binds free grams of the caller to a case or an offer.
    /// @param lockId Number of the lock, not 0, used once.
    /// @param tokenId The credit.
    /// @param grams Grams, not 0.
    /// @param keeper Account of a member that may release or deliver them.
    /// @param expiresAt Unix seconds, in the future, from which the caller may release them.
    /// @param caseReference The case or offer, UTF-8, may be empty.
    function lock(
        bytes32 lockId,
        uint256 tokenId,
        uint64 grams,
        address keeper,
        uint64 expiresAt,
        string calldata caseReference
    ) external;

    /// @notice Sets locked grams free. By the keeper at any time, by the holder once the lock has expired.
    /// @param lockId The lock.
    /// @param grams Grams, not 0.
    function releaseLock(bytes32 lockId, uint64 grams) external;

    /// @notice Delivers locked grams to a receiver. By the keeper.
    /// @param lockId The lock.
    /// @param to Receiver, of an active member.
    /// @param grams Grams, not 0.
    function deliverLock(bytes32 lockId, address to, uint64 grams) external;

    /// @notice Retires the caller's locked grams. The retirement has one line, of the lock's credit.
    /// @param lockId A lock of the caller.
    /// @param retirement The record.
    function retireLocked(bytes32 lockId, Retirement calldata retirement) external;

    /// @notice Retires the caller's credits. Final.
    /// @param retirement The record.
    function retire(Retirement calldata retirement) external;

    /// @notice Carries a holder's signed retirement. Anyone may call it.
    /// @param holder Holder and signer.
    /// @param deadline Unix seconds up to which the order may be carried.
    /// @param retirement The record.
    /// @param signature The holder's EIP-712 signature of RetirementOrder, or what its contract accepts by ERC-1271.
    function retireByOrder(
        address holder,
        uint64 deadline,
        Retirement calldata retirement,
        bytes calldata signature
    ) external;

    /// @notice Issued, retired and cancelled grams, the sequence and the pause.
    /// @return The totals.
    function totals() external view returns (Totals memory);

    /// @notice A credit's amounts and freeze.
    /// @param tokenId The credit; an unknown one gives zeros.
    /// @return The credit.
    function credit(uint256 tokenId) external view returns (Credit memory);

    /// @notice What an account has of a credit.
    /// @param account The account.
    /// @param tokenId The credit.
    /// @return The holding.
    function holding(address account, uint256 tokenId) external view returns (Holding memory);

    /// @notice Grams of a credit that an account has retired.
    /// @param account The account.
    /// @param tokenId The credit.
    /// @return Grams.
    function retiredBalanceOf(address account, uint256 tokenId) external view returns (uint256);

    /// @notice A lock.
    /// @param lockId Its number; an unknown one gives zeros.
    /// @return The lock.
    function lockOf(bytes32 lockId) external view returns (Lock memory);

    /// @notice The hash kept for a retirement.
    /// @param retirementId Its number.
    /// @return The hash; 0 when there is none.
    function recordHash(bytes32 retirementId) external view returns (bytes32);

    /// @notice Whether retirements may name a purpose.
    /// @param purpose Its number.
    /// @return True when allowed.
    function purposeAllowed(uint8 purpose) external view returns (bool);

    /// @notice Token id of a credit.
    /// @param projectId The project, below 2^128.
    /// @param creditId The credit within the project.
    /// @return tokenId `projectId << 128 | creditId`.
    function encodeTokenId(uint128 projectId, uint128 creditId) external pure returns (uint256 tokenId);

    /// @notice Project and credit of a token id.
    /// @param tokenId The credit.
    /// @return projectId The project.
    /// @return creditId The credit within the project.
    function decodeTokenId(uint256 tokenId) external pure returns (uint128 projectId, uint128 creditId);
}
