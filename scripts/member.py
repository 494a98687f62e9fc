"""tanhui member and tanhui role: organisations, their accounts, and what the accounts may do."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from node_client.acts import member
from node_client.acts.member import MemberKind, Standing
from node_client.deployment import Role
from scripts.console import AsJson, DryRunOption, acting, examples, key_option, registration_hash

app = typer.Typer(help="Register organisations and open their accounts.", no_args_is_help=True)
roles = typer.Typer(help="Grant and revoke the roles of accounts.", no_args_is_help=True)


class KindName(StrEnum):
    """Kinds of members as typed."""

    authority = "authority"
    operator = "operator"
    verifier = "verifier"
    expert = "expert"
    project_owner = "project-owner"
    buyer = "buyer"
    broker = "broker"
    fund = "fund"


class StandingName(StrEnum):
    """Standings as typed."""

    active = "active"
    suspended = "suspended"
    closed = "closed"


class RoleName(StrEnum):
    """Roles of people as typed."""

    admin = "admin"
    authority = "authority"
    operator = "operator"
    verifier = "verifier"
    expert = "expert"
    guardian = "guardian"


MemberId = Annotated[int, typer.Argument(help="Number of the member.", min=1)]
Account = Annotated[str, typer.Argument(help="Address, or name of a key.")]


@app.command(
    epilog=examples("tanhui member register 哈尔滨某某酒店有限公司 --kind buyer --code 91230100MA1BXXXX00")
)
def register(
    name: Annotated[str, typer.Argument(help="Name of the organisation; never of a natural person.")],
    kind: Annotated[KindName, typer.Option(help="What kind of organisation it is.")],
    code: Annotated[str, typer.Option(help="Its registration code; only the hash goes on the chain.")],
    key: str = key_option("authority"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The organisation is a member, in active standing. By the authority."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        member_id = member.register_member(
            act.ledger,
            act.signer,
            kind=MemberKind[kind.name.upper()],
            registration_hash=registration_hash(code),
            name=name,
        )
        act.show(f"{name} is member {member_id}", member_id=member_id, name=name, kind=kind.value)


@app.command(epilog=examples('tanhui member standing 7 suspended --reason "licence expired"'))
def standing(
    member_id: MemberId,
    to: Annotated[StandingName, typer.Argument(help="The new standing; closed is final.")],
    reason: Annotated[str, typer.Option(help="Why; public.")],
    key: str = key_option("authority"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The member has the standing; unless active, none of its accounts can act. By the authority."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = member.change_standing(
            act.ledger, act.signer, member_id=member_id, standing=Standing[to.name.upper()], reason=reason
        )
        act.show(
            f"member {member_id} is {to.value}", member_id=member_id, standing=to.value, tx=receipt.tx_hash
        )


@app.command(epilog=examples("tanhui member account 7 hotel"))
def account(
    member_id: MemberId,
    account: Account,
    key: str = key_option("authority"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The account belongs to the member, for ever. By the authority."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        address = act.account(account)
        receipt = member.open_account(act.ledger, act.signer, account=address, member_id=member_id)
        act.show("the account is open", account=address, member_id=member_id, tx=receipt.tx_hash)


@app.command(epilog=examples("tanhui member operator 2"))
def operator(
    member_id: MemberId,
    key: str = key_option("authority"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The member operates the scheme; the former operator's accounts have stopped. By the authority."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = member.appoint_operator(act.ledger, act.signer, member_id=member_id)
        act.show(f"member {member_id} is the operator", member_id=member_id, tx=receipt.tx_hash)


@roles.command(
    epilog=examples(
        "tanhui role grant verifier lab", "tanhui role grant authority bureau --delay-seconds 86400"
    )
)
def grant(
    role: RoleName,
    account: Account,
    delay_seconds: Annotated[int, typer.Option(help="Time its acts must be scheduled ahead.", min=0)] = 0,
    key: str = key_option("authority"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The account has the role. By the administrator."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        address = act.account(account)
        receipt = member.grant_role(
            act.ledger, act.signer, role=Role[role.name.upper()], account=address, delay_seconds=delay_seconds
        )
        act.show(f"{address} is {role.value}", role=role.value, account=address, tx=receipt.tx_hash)


@roles.command(epilog=examples("tanhui role revoke verifier lab"))
def revoke(
    role: RoleName,
    account: Account,
    key: str = key_option("authority"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The account does not have the role. By the administrator."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        address = act.account(account)
        receipt = member.revoke_role(act.ledger, act.signer, role=Role[role.name.upper()], account=address)
        act.show(f"{address} is not {role.value}", role=role.value, account=address, tx=receipt.tx_hash)
