"""Words for what rows hold as codes: states, kinds of members, events, reasons, problems.

Flow: a code of SQL → the English sentence here, marked for extraction → gettext. Codes without a word are shown as they are.
"""

from __future__ import annotations

from typing import Final

from api.site.language import N_

STATES: Final[dict[str, str]] = {
    "submitted": N_("submitted"),
    "appraisal": N_("under appraisal"),
    "filed": N_("filed"),
    "rejected": N_("rejected"),
    "suspended": N_("suspended"),
    "withdrawn": N_("withdrawn"),
    "registered": N_("registered"),
    "returned": N_("returned"),
    "closed": N_("closed"),
    "verified": N_("verified"),
    "proposed": N_("proposed"),
    "confirmed": N_("confirmed"),
    "active": N_("active"),
    "frozen": N_("frozen"),
    "none": N_("none"),
}

# How a state looks: done, waiting, stopped; shown as a sign beside the word, never by colour alone.
TONES: Final[dict[str, str]] = {
    **dict.fromkeys(("filed", "registered", "verified", "confirmed", "active"), "good"),
    **dict.fromkeys(("submitted", "appraisal", "proposed"), "open"),
    **dict.fromkeys(("rejected", "suspended", "withdrawn", "returned", "closed", "frozen"), "stop"),
}

KINDS: Final[dict[str, str]] = {
    "authority": N_("competent authority"),
    "operator": N_("operator"),
    "verifier": N_("third-party body"),
    "expert": N_("expert"),
    "project_owner": N_("project owner"),
    "buyer": N_("buyer"),
    "broker": N_("broker"),
    "fund": N_("fund"),
}

TRANSFERS: Final[dict[str, str]] = {
    "transfer": N_("transfer"),
    "issuance": N_("issuance"),
    "retirement": N_("retirement"),
    "cancellation": N_("cancellation"),
}

# One for each event of the ledger, in the past tense; a test walks the ABI.
EVENTS: Final[dict[str, str]] = {
    "MemberRegistered": N_("Member registered"),
    "MemberStandingChanged": N_("Standing of a member changed"),
    "AccountOpened": N_("Account opened"),
    "OperatorAppointed": N_("Operator appointed"),
    "PurposeSet": N_("Purpose of retirement set"),
    "CreditIssued": N_("Credit issued"),
    "TransferOrderCarried": N_("Transfer order carried"),
    "CreditsLocked": N_("Credits locked"),
    "LockReleased": N_("Lock released"),
    "LockDelivered": N_("Locked credits delivered"),
    "LockRetired": N_("Locked credits retired"),
    "CreditsRetired": N_("Credits retired"),
    "CreditsCancelled": N_("Credits cancelled"),
    "TransferSingle": N_("Credits moved"),
    "TransferBatch": N_("Several credits moved"),
    "ApprovalForAll": N_("Approval of an account changed"),
    "MethodologySubmitted": N_("Methodology submitted"),
    "MethodologyAppraised": N_("Methodology appraised"),
    "MethodologyStateChanged": N_("State of a methodology changed"),
    "AppraisalRuleSet": N_("Rule of appraisal set"),
    "ProjectSubmitted": N_("Project submitted"),
    "ProjectStateChanged": N_("State of a project changed"),
    "ReportSubmitted": N_("Monitoring report submitted"),
    "ReportWithdrawn": N_("Monitoring report withdrawn"),
    "ReportVerified": N_("Monitoring report verified"),
    "IssuanceProposed": N_("Issuance proposed"),
    "IssuanceObjected": N_("Objection to an issuance"),
    "ObjectionAnswered": N_("Objection answered"),
    "IssuanceConfirmed": N_("Issuance confirmed"),
    "IssuanceReturned": N_("Issuance returned"),
    "NoticeLengthSet": N_("Length of the public notice set"),
    "CancellationProposed": N_("Cancellation proposed"),
    "CancellationConfirmed": N_("Cancellation confirmed"),
    "CancellationReturned": N_("Cancellation returned"),
    "AccountFrozen": N_("Account frozen"),
    "AccountUnfrozen": N_("Account unfrozen"),
    "CreditFrozen": N_("Credit frozen"),
    "CreditUnfrozen": N_("Credit unfrozen"),
    "LedgerPaused": N_("Ledger paused"),
    "UnpauseProposed": N_("End of the pause proposed"),
    "LedgerUnpaused": N_("Ledger unpaused"),
    "RetirementCorrected": N_("Retirement corrected"),
}

ROLES: Final[dict[str, str]] = {
    "0": N_("administrator of roles"),
    "1": N_("competent authority"),
    "2": N_("operator"),
    "3": N_("third-party body"),
    "4": N_("expert"),
    "5": N_("guardian"),
    "6": N_("contract that records acts"),
    "7": N_("contract of issuances"),
    "8": N_("contract of cancellations"),
    "9": N_("contract of supervision"),
}

# What an act can be about, and the list its page stands in; none for what has no page.
SUBJECTS: Final[dict[str, tuple[str, str]]] = {
    "member": (N_("member"), "members"),
    "account": (N_("account"), "accounts"),
    "purpose": (N_("purpose"), "purposes"),
    "methodology": (N_("methodology"), "methodologies"),
    "project": (N_("project"), "projects"),
    "report": (N_("monitoring report"), "reports"),
    "issuance": (N_("issuance"), "issuances"),
    "credit": (N_("credit"), "credits"),
    "transfer": (N_("transfer"), "acts"),
    "lock": (N_("lock"), "locks"),
    "retirement": (N_("retirement"), "retirements"),
    "cancellation": (N_("cancellation"), "cancellations"),
    "order": (N_("order"), ""),
    "setting": (N_("setting"), "status"),
    "ledger": (N_("ledger"), "status"),
}
