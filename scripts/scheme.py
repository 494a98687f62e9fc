"""tanhui scheme and tanhui purpose: the parties, settings and purposes that a new ledger starts with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final

import typer
from rich.progress import track

from node_client import database
from node_client.acts import issuance, member, methodology, supervision
from node_client.acts.member import MemberKind
from node_client.deployment import Role
from node_client.errors import BadInput
from node_client.ledger import Ledger
from node_client.settings import Settings
from node_client.signer import Key, Keystore, keystore_of, new_password_file
from scripts.console import (
    AsJson,
    DryRunOption,
    acting,
    err,
    errors_shown,
    examples,
    key_option,
    registration_hash,
    show,
    show_rows,
)
from scripts.deploy import deploy_once

app = typer.Typer(help="Set up the parties and settings of a new ledger.", no_args_is_help=True)
purposes = typer.Typer(help="The purposes that a retirement may have.", no_args_is_help=True)


@dataclass(frozen=True, slots=True)
class Purpose:
    """A purpose of retirement: number on the chain, code for machines, names for people."""

    number: int
    code: str
    name_zh: str
    name_en: str


# The table a new ledger starts with; the authority changes it by act. Numbers never change their meaning.
PURPOSES: Final = (
    Purpose(0, "other", "其他", "Other"),
    Purpose(1, "event", "大型活动碳中和", "Event"),
    Purpose(2, "office", "办公运营", "Office operation"),
    Purpose(3, "product", "产品", "Product"),
    Purpose(4, "travel", "出行", "Travel"),
    Purpose(5, "compliance", "履约", "Compliance"),
    Purpose(6, "damage_restoration", "生态环境损害替代修复", "Damage restoration"),
    Purpose(7, "public_welfare", "公益", "Public welfare"),
    Purpose(8, "gift", "赠礼", "Gift"),
    Purpose(9, "emissions_inventory", "温室气体清单", "Emissions inventory"),
)


@dataclass(frozen=True, slots=True)
class Party:
    """A party of a development ledger: key, kind, name, role of its account."""

    key: str
    kind: MemberKind
    name: str
    roles: tuple[Role, ...] = ()


AUTHORITY_NAME: Final = "示范市生态环境局"
# Registration codes of the development parties are made up from their keys' names; no real organisation has them.
DEVELOPMENT_PARTIES: Final = (
    Party("operator", MemberKind.OPERATOR, "示范市碳普惠运营中心", (Role.OPERATOR,)),
    Party("guardian", MemberKind.OPERATOR, "示范市数据监管中心", (Role.GUARDIAN,)),
    Party("verifier", MemberKind.VERIFIER, "示范核查有限公司", (Role.VERIFIER,)),
    Party("expert-1", MemberKind.EXPERT, "示范大学低碳研究院", (Role.EXPERT,)),
    Party("owner", MemberKind.PROJECT_OWNER, "示范项目业主联合体"),
    Party("buyer", MemberKind.BUYER, "示范国际会展酒店有限公司"),
)
RELAYER: Final = "relayer"


def purpose_number(code: str) -> int:
    """The number of a purpose's code, or the number itself. Raises `BadInput`."""
    for purpose in PURPOSES:
        if code == purpose.code:
            return purpose.number
    if code.isdecimal() and int(code) < 16:
        return int(code)
    known = ", ".join(purpose.code for purpose in PURPOSES)
    raise BadInput(f"{code!r} is no purpose", remedy=f"use one of: {known}, or a number from 0 to 15")


def development_code(key: str) -> str:
    """The made-up registration code of a development party."""
    return f"DEVELOPMENT-{key}"


@app.command(epilog=examples("tanhui scheme develop", "tanhui scheme develop --notice-seconds 60"))
def develop(
    notice_seconds: Annotated[int, typer.Option(help="Length of the public notice.", min=0)] = 0,
    as_json: AsJson = False,
) -> None:
    """A development ledger stands, with keys, tables, parties, roles, purposes and settings; what is there stays.

    For trying out and for tests: one keystore holds the keys of all parties, which a real scheme never does. Contracts are
    deployed on the data folder's own development chain only.
    """
    with errors_shown(as_json=as_json):
        settings = Settings()
        if not settings.node_url:
            if not settings.password_file and not settings.password.get_secret_value():
                new_password_file(settings.data / "password")
            ensure_development_keys(keystore_of(settings))
            deploy_once(settings, "authority", AUTHORITY_NAME, development_code("authority"), as_json=as_json)
            database.upgrade(settings.effective_database_url)
        ledger = Ledger.open(settings)
        try:
            members = set_up_development(
                ledger, keystore_of(settings), notice_seconds=notice_seconds, quiet=as_json
            )
        finally:
            ledger.close()
        show("the development scheme is set up", {"members": members}, as_json=as_json)


def ensure_development_keys(keystore: Keystore) -> None:
    """The keystore holds a key for every development party, the authority and the relayer."""
    names = ["authority", *(party.key for party in DEVELOPMENT_PARTIES), RELAYER]
    missing = [name for name in names if name not in keystore.names()]
    for name in track(missing, "making keys", console=err, transient=True):
        keystore.create(name)


def set_up_development(
    ledger: Ledger, keystore: Keystore, *, notice_seconds: int = 0, quiet: bool = False
) -> dict[str, int]:
    """As `develop`; gives the member number of each party's key."""
    ensure_development_keys(keystore)
    authority = keystore.open("authority")
    steps = [
        *(
            (lambda party=party: _ensure_party(ledger, authority, keystore, party))
            for party in DEVELOPMENT_PARTIES
        ),
        *((lambda purpose=purpose: _ensure_purpose(ledger, authority, purpose)) for purpose in PURPOSES),
        lambda: _ensure_settings(ledger, authority, notice_seconds),
    ]
    step: Callable[[], None]
    for step in track(steps, "setting up the scheme", console=err, transient=True, disable=quiet):
        step()
    return {
        party.key: ledger.read("Credits", "memberOf", keystore.address(party.key))
        for party in DEVELOPMENT_PARTIES
    }


def _ensure_party(ledger: Ledger, authority: Key, keystore: Keystore, party: Party) -> None:
    account = keystore.address(party.key)
    code = registration_hash(development_code(party.key))
    if ledger.read("Credits", "memberOf", account) == 0:
        member_id = _member_with(ledger, code)
        if member_id == 0:
            member_id = member.register_member(
                ledger, authority, kind=party.kind, registration_hash=code, name=party.name
            )
        member.open_account(ledger, authority, account=account, member_id=member_id)
    if party.key == "operator" and ledger.read("Credits", "operator") == 0:
        member_id = ledger.read("Credits", "memberOf", account)
        member.appoint_operator(ledger, authority, member_id=member_id)
    for role in party.roles:
        granted, _delay = ledger.read("Roles", "hasRole", int(role), account)
        if not granted:
            member.grant_role(ledger, authority, role=role, account=account)


def _member_with(ledger: Ledger, registration: bytes) -> int:
    """The member registered with a hash, 0 for none; for a set-up that was killed between two acts."""
    for member_id in range(1, ledger.read("Credits", "memberCount") + 1):
        if ledger.read("Credits", "member", member_id)["registrationHash"] == registration:
            return member_id
    return 0


def _ensure_purpose(ledger: Ledger, authority: Key, purpose: Purpose) -> None:
    if not ledger.read("Credits", "purposeAllowed", purpose.number):
        supervision.set_purpose(
            ledger,
            authority,
            purpose=purpose.number,
            allowed=True,
            code=purpose.code,
            name_zh=purpose.name_zh,
            name_en=purpose.name_en,
        )


def _ensure_settings(ledger: Ledger, authority: Key, notice_seconds: int) -> None:
    if ledger.read("Issuances", "noticeLength") != notice_seconds:
        issuance.set_notice_length(ledger, authority, notice_seconds=notice_seconds)
    if tuple(ledger.read("Methodologies", "appraisalRule")) != (1, 60):
        # One expert is enough to try the scheme out; a real one keeps three or more.
        methodology.set_appraisal_rule(ledger, authority, quorum=1, pass_mark=60)


@purposes.command("list", epilog=examples("tanhui purpose list"))
def list_purposes(as_json: AsJson = False) -> None:
    """The purposes that a new ledger starts with are printed."""
    rows = [
        {"number": each.number, "code": each.code, "zh": each.name_zh, "en": each.name_en}
        for each in PURPOSES
    ]
    show_rows("purposes", rows, as_json=as_json)


@purposes.command("set", epilog=examples("tanhui purpose set 10 loan --zh 绿色贷款 --en 'Green loan'"))
def set_purpose(
    number: Annotated[int, typer.Argument(help="Number on the chain.", min=0, max=15)],
    code: Annotated[str, typer.Argument(help="Code for machines.")],
    name_zh: Annotated[str, typer.Option("--zh", help="Chinese name.")],
    name_en: Annotated[str, typer.Option("--en", help="English name.")],
    forbid: Annotated[bool, typer.Option("--forbid", help="Retirements may no longer have it.")] = False,
    key: str = key_option("authority"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The purpose has these names, and retirements may, or may no longer, have it. By the authority."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = supervision.set_purpose(
            act.ledger,
            act.signer,
            purpose=number,
            allowed=not forbid,
            code=code,
            name_zh=name_zh,
            name_en=name_en,
        )
        act.show(f"purpose {code} is set", number=number, code=code, allowed=not forbid, tx=receipt.tx_hash)
