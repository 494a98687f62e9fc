"""What each Solidity error means and what mends it: one Python class per error, with its HTTP status.

Flow: a node's revert data → node_client.chain decodes name and arguments by ABI → `refuse(name, arguments)` → an instance
of the class of that name → command line, API problem and docs/errors.md all speak from the same table.

A test walks the ABI and fails when an error is missing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from node_client.errors import Refused

MISSING: Final = 404
FORBIDDEN: Final = 403
CONFLICT: Final = 409
INVALID: Final = 422


class Meaning(NamedTuple):
    """HTTP status, what happened (with the error's arguments in braces), and what mends it."""

    status: int
    message: str
    remedy: str


_ASK_AUTHORITY = "ask the authority"
_READ_AGAIN = "read the state again before you repeat the act"

MEANINGS: Final[dict[str, Meaning]] = {
    # Members
    "MembersAccountUnknown": Meaning(
        FORBIDDEN, "account {account} belongs to no member", "have the authority open it for a member"
    ),
    "MembersAccountTaken": Meaning(
        CONFLICT, "account {account} belongs to member {memberId} already", "use another account"
    ),
    "MembersNotActive": Meaning(
        FORBIDDEN, "member {memberId} is not active", "ask the authority about its standing"
    ),
    "MembersUnknown": Meaning(
        MISSING, "there is no member {memberId}", "look the number up in the list of members"
    ),
    "MembersStandingRefused": Meaning(
        CONFLICT,
        "member {memberId} cannot change to that standing",
        "a closed member stays closed; name a different standing",
    ),
    "MembersRegistrationTaken": Meaning(
        CONFLICT, "the organisation is member {memberId} already", "use that member"
    ),
    "MembersWrongKind": Meaning(
        FORBIDDEN,
        "member {memberId} is not of the kind this act needs",
        "let an account of the right member act",
    ),
    "MembersNotOperator": Meaning(
        FORBIDDEN, "member {memberId} is not the operator, member {operatorId} is", "let the operator act"
    ),
    "MembersOwnStanding": Meaning(
        FORBIDDEN, "member {memberId} may not change its own standing", "let another authority do it"
    ),
    "MembersMissing": Meaning(INVALID, "{field} is missing", "give a value that is not empty or zero"),
    "MembersAccountFrozen": Meaning(
        FORBIDDEN,
        "account {account} is frozen until {until} (Unix seconds)",
        "wait for the end of the freeze, or settle its case",
    ),
    # Credits
    "CreditsPaused": Meaning(CONFLICT, "the ledger is paused", "wait until two members have ended the pause"),
    "CreditsZeroGrams": Meaning(INVALID, "an amount of zero grams is refused", "give an amount above zero"),
    "CreditsAboveCap": Meaning(
        INVALID, "{grams} g is more than the {allowed} g the ledger can still take", "give a smaller amount"
    ),
    "CreditsAlreadyIssued": Meaning(
        CONFLICT,
        "credit {tokenId} has been issued before",
        "a credit is issued once; use a new credit number",
    ),
    "CreditsUnknown": Meaning(
        MISSING, "credit {tokenId} has not been issued", "look the credit up in the list of credits"
    ),
    "CreditsFrozen": Meaning(
        FORBIDDEN,
        "credit {tokenId} is frozen until {until} (Unix seconds)",
        "wait for the end of the freeze, or use another credit",
    ),
    "CreditsNotFree": Meaning(
        CONFLICT,
        "only {freeGrams} g of credit {tokenId} are free, {requiredGrams} g are needed",
        "release a lock first, or use less",
    ),
    "CreditsLockIdUsed": Meaning(
        CONFLICT, "lock {lockId} exists already, or its number is zero", "choose a new lock number"
    ),
    "CreditsLockEndPassed": Meaning(
        INVALID, "the lock would end in the past ({expiresAt}, now {nowSeconds})", "give an end in the future"
    ),
    "CreditsLockTooSmall": Meaning(
        CONFLICT,
        "lock {lockId} binds {lockedGrams} g, {requiredGrams} g are needed",
        "give at most what the lock binds",
    ),
    "CreditsLockNotYours": Meaning(
        FORBIDDEN,
        "{caller} may not do this with lock {lockId}",
        "let the lock's keeper act, or wait until it has expired",
    ),
    "CreditsRetirementIdUsed": Meaning(
        CONFLICT,
        "retirement {retirementId} exists already, or its number is zero",
        "if this was a repeat, nothing is left to do; else choose a new number",
    ),
    "CreditsPurposeUnknown": Meaning(
        INVALID,
        "purpose {purpose} is not in the table of purposes",
        "choose one of the purposes listed, or have the authority add it",
    ),
    "CreditsLinesMissing": Meaning(
        INVALID,
        "a retirement needs at least one line, and one from a lock exactly one of the lock's credit",
        "give the credits and amounts",
    ),
    "CreditsPeriodInvalid": Meaning(
        INVALID,
        "the consumption period ends before it starts ({consumedFrom} to {consumedUntil})",
        "give its first day and the day after its last",
    ),
    "CreditsOrderExpired": Meaning(
        CONFLICT,
        "the order's deadline has passed ({deadline}, now {nowSeconds})",
        "have the holder sign a new order",
    ),
    "CreditsOrderSignatureInvalid": Meaning(
        FORBIDDEN,
        "the signature is not {holder}'s for this order on this chain",
        "have the holder sign exactly this order, for this chain and contract",
    ),
    "CreditsOrderUsed": Meaning(
        CONFLICT,
        "order {orderId} has been carried before",
        "nothing is left to do, or sign a new order with another number",
    ),
    # Methodologies
    "MethodologiesCodeTaken": Meaning(
        CONFLICT,
        "methodology {methodologyId} has this code and version, or they are empty",
        "give a code with a new version",
    ),
    "MethodologiesDocumentMissing": Meaning(
        INVALID, "the document's hash is missing", "give the hash of the document"
    ),
    "MethodologiesWrongState": Meaning(
        CONFLICT, "methodology {methodologyId} is not in a state that allows this", _READ_AGAIN
    ),
    "MethodologiesExpertVoted": Meaning(
        CONFLICT, "expert {expert} has judged methodology {methodologyId} before", "an expert votes once"
    ),
    "MethodologiesOwnWork": Meaning(
        FORBIDDEN,
        "member {memberId} submitted methodology {methodologyId} and may not judge it",
        "let an expert of another member judge it",
    ),
    "MethodologiesScoreInvalid": Meaning(
        INVALID, "{value} is no score from 0 to 100, or no quorum of at least 1", "correct the number"
    ),
    "MethodologiesNotPassed": Meaning(
        CONFLICT,
        "methodology {methodologyId} has {opinions} of {quorum} opinions and {scoreSum} of {scoreNeeded} points",
        "wait for more opinions, or reject it",
    ),
    # Projects and reports
    "ProjectsCodeTaken": Meaning(
        CONFLICT,
        "project {projectId} has this code, or the code is empty",
        "use that project, or another code",
    ),
    "ProjectsMethodologyNotFiled": Meaning(
        CONFLICT, "methodology {methodologyId} is not filed", "wait until the authority has filed it"
    ),
    "ProjectsPeriodInvalid": Meaning(
        INVALID,
        "the period {periodStart} to {periodEnd} does not lie within {allowedStart} to {allowedEnd} (days since 1970)",
        "correct the period",
    ),
    "ProjectsMissing": Meaning(INVALID, "{field} is missing", "give a value that is not empty or zero"),
    "ProjectsWrongState": Meaning(
        CONFLICT, "project {projectId} is not in a state that allows this", _READ_AGAIN
    ),
    "ProjectsNotOwner": Meaning(
        FORBIDDEN,
        "project {projectId} belongs to member {ownerId}, not to member {memberId}",
        "let the owner act",
    ),
    "ProjectsOwnProject": Meaning(
        FORBIDDEN, "member {ownerId} owns project {projectId} and may not judge it", "let another member act"
    ),
    "ProjectsDayClaimed": Meaning(
        CONFLICT,
        "day {day} (since 1970) of claim key {claimKey} is claimed already",
        "report only days that no other report claims",
    ),
    "ProjectsReportTaken": Meaning(
        CONFLICT, "report {reportId} has this hash", "this report was submitted before"
    ),
    "ProjectsReportWrongState": Meaning(
        CONFLICT, "report {reportId} is not in a state that allows this", _READ_AGAIN
    ),
    "ProjectsVerifiedInvalid": Meaning(
        INVALID,
        "{verifiedGrams} g cannot be verified of report {reportId}, which claims {claimedGrams} g",
        "verify at most what is claimed, and nothing with a negative verdict",
    ),
    # Issuances
    "IssuancesReportNotVerified": Meaning(
        CONFLICT,
        "report {reportId} is not verified, or its project is not registered",
        "have the report verified first",
    ),
    "IssuancesZeroGrams": Meaning(INVALID, "an amount of zero grams is refused", "give an amount above zero"),
    "IssuancesAboveVerified": Meaning(
        CONFLICT,
        "report {reportId} has {left} g left to issue, not {grams} g",
        "issue at most what is left of the verified amount",
    ),
    "IssuancesVintageOutside": Meaning(
        INVALID,
        "year {vintage} lies outside the report's period {periodStart} to {periodEnd} (days since 1970)",
        "give a year of the period",
    ),
    "IssuancesCreditTaken": Meaning(
        CONFLICT,
        "credit {tokenId} is proposed or issued by issuance {issuanceId}, or its number is zero",
        "a credit is issued once; use a new credit number",
    ),
    "IssuancesWrongState": Meaning(
        CONFLICT, "issuance {issuanceId} is not proposed, or no longer", _READ_AGAIN
    ),
    "IssuancesNoticeRunning": Meaning(
        CONFLICT,
        "the notice of issuance {issuanceId} runs until {noticeEndsAt}, now {nowSeconds} (Unix seconds)",
        "confirm after the end of the notice",
    ),
    "IssuancesObjectionsOpen": Meaning(
        CONFLICT,
        "{openObjections} objections to issuance {issuanceId} wait for an answer",
        "answer them first",
    ),
    "IssuancesSameMember": Meaning(
        FORBIDDEN, "member {memberId} proposed this and may not confirm it", "let another member confirm"
    ),
    "IssuancesObjectionNotOpen": Meaning(
        CONFLICT, "objection {objectionId} is unknown or answered", "look it up in the list of objections"
    ),
    "IssuancesReasonMissing": Meaning(INVALID, "the reason is missing", "say why"),
    "IssuancesNoticeTooLong": Meaning(
        INVALID,
        "a notice of {noticeSeconds} s is longer than the {longestSeconds} s allowed",
        "give a shorter notice",
    ),
    # Cancellations
    "CancellationsMissing": Meaning(INVALID, "{field} is missing", "give a value that is not empty or zero"),
    "CancellationsWrongState": Meaning(
        CONFLICT, "cancellation {cancellationId} is not proposed, or no longer", _READ_AGAIN
    ),
    "CancellationsSameMember": Meaning(
        FORBIDDEN, "member {memberId} proposed this and may not confirm it", "let another member confirm"
    ),
    # Supervision
    "SupervisionFreezeEndPassed": Meaning(
        INVALID, "the freeze would end in the past ({until}, now {nowSeconds})", "give an end in the future"
    ),
    "SupervisionCaseMissing": Meaning(INVALID, "the case number or the reason is missing", "name the case"),
    "SupervisionNotPaused": Meaning(CONFLICT, "the ledger is not paused", _READ_AGAIN),
    "SupervisionUnpauseNotProposed": Meaning(
        CONFLICT, "nobody has proposed to end the pause", "propose it first, by another member"
    ),
    "SupervisionSameMember": Meaning(
        FORBIDDEN, "member {memberId} proposed this and may not confirm it", "let another member confirm"
    ),
    # Corrections
    "CorrectionsRetirementUnknown": Meaning(
        MISSING, "there is no retirement {retirementId}", "look the number up in the list of retirements"
    ),
    "CorrectionsIdUsed": Meaning(
        CONFLICT, "correction {correctionId} exists already, or its number is zero", "choose a new number"
    ),
    "CorrectionsReasonMissing": Meaning(INVALID, "the reason is missing", "say why"),
    # Of OpenZeppelin, for ERC-1155
    "ERC1155InsufficientBalance": Meaning(
        CONFLICT,
        "{sender} holds {balance} g of credit {tokenId}, {needed} g are needed",
        "use at most what the account holds",
    ),
    "ERC1155InvalidApprover": Meaning(INVALID, "{approver} cannot approve", "use an account of a member"),
    "ERC1155InvalidArrayLength": Meaning(
        INVALID, "{idsLength} credits but {valuesLength} amounts", "give one amount for each credit"
    ),
    "ERC1155InvalidOperator": Meaning(
        INVALID, "{operator} cannot be approved", "name an account of a member"
    ),
    "ERC1155InvalidReceiver": Meaning(
        CONFLICT, "{receiver} does not accept credits", "send to an account that does"
    ),
    "ERC1155InvalidSender": Meaning(INVALID, "{sender} cannot send", "name an account of a member"),
    "ERC1155MissingApprovalForAll": Meaning(
        FORBIDDEN, "{operator} may not move credits of {owner}", "let the owner act, or sign an order"
    ),
    # Of OpenZeppelin, for its access manager
    "AccessManagedInvalidAuthority": Meaning(CONFLICT, "{authority} is no access manager", _ASK_AUTHORITY),
    "AccessManagedRequiredDelay": Meaning(
        FORBIDDEN, "{caller} must schedule this act {delay} s ahead", "schedule it with the access manager"
    ),
    "AccessManagedUnauthorized": Meaning(
        FORBIDDEN, "{caller} does not have the role this act needs", "let an account with the role act"
    ),
    "AccessManagerAlreadyScheduled": Meaning(
        CONFLICT, "operation {operationId} is scheduled already", _READ_AGAIN
    ),
    "AccessManagerBadConfirmation": Meaning(
        INVALID, "a role is renounced only by its own account", "use that account"
    ),
    "AccessManagerExpired": Meaning(CONFLICT, "operation {operationId} has expired", "schedule it again"),
    "AccessManagerInvalidInitialAdmin": Meaning(
        INVALID, "{initialAdmin} cannot be the first administrator", "name an account"
    ),
    "AccessManagerLockedRole": Meaning(FORBIDDEN, "role {roleId} is locked", "it cannot be changed"),
    "AccessManagerNotReady": Meaning(
        CONFLICT, "operation {operationId} is not ready yet", "wait for the end of its delay"
    ),
    "AccessManagerNotScheduled": Meaning(
        MISSING, "operation {operationId} is not scheduled", "schedule it first"
    ),
    "AccessManagerUnauthorizedAccount": Meaning(
        FORBIDDEN, "{msgsender} does not have role {roleId}", "let an account with the role act"
    ),
    "AccessManagerUnauthorizedCall": Meaning(
        FORBIDDEN, "{caller} may not make this call", "let an account with the role act"
    ),
    "AccessManagerUnauthorizedCancel": Meaning(
        FORBIDDEN, "{msgsender} may not cancel this operation", "let its guardian cancel it"
    ),
    "AccessManagerUnauthorizedConsume": Meaning(
        FORBIDDEN, "{target} may not consume an operation", "only a managed contract does"
    ),
    # OpenZeppelin: what cannot happen in the ledger's own calls, but stands in its ABI
    "AddressEmptyCode": Meaning(CONFLICT, "there is no contract at {target}", "check the address"),
    "FailedCall": Meaning(
        CONFLICT, "a call between contracts failed without a reason", "report this with the transaction"
    ),
    "InsufficientBalance": Meaning(
        CONFLICT, "a contract holds {balance}, {needed} is needed", "send no coin; the ledger has none"
    ),
    "InvalidShortString": Meaning(CONFLICT, "a short string is not one", "report this with the transaction"),
    "SafeCastOverflowedUintDowncast": Meaning(
        INVALID, "{value} does not fit {bits} bits", "give a smaller number"
    ),
    "StringTooLong": Meaning(INVALID, "a text is too long: {str}", "give a shorter text"),
}

REFUSALS: Final[dict[str, type[Refused]]] = {
    name: type(name, (Refused,), {"__doc__": meaning.message, "status": meaning.status, "name": name})
    for name, meaning in MEANINGS.items()
}


def refuse(name: str, arguments: Mapping[str, Any]) -> Refused:
    """The error of a Solidity error's class, with its message filled in."""
    meaning = MEANINGS.get(name)
    if meaning is None:
        return Refused(
            f"the contract refused the act: {name or 'no reason given'} {dict(arguments) or ''}".strip(),
            remedy="look at the arguments of the act",
            arguments=arguments,
        )
    return REFUSALS[name](
        meaning.message.format_map(dict(arguments)), remedy=meaning.remedy, arguments=arguments
    )
