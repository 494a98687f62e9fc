"""The command `tanhui`: every verb, gathered."""

from __future__ import annotations

import typer

from scripts import (
    api,
    cancellation,
    chain,
    issuance,
    keys,
    lock,
    member,
    methodology,
    mirror,
    project,
    report,
    request,
    scheme,
    supervision,
)
from scripts.console import examples
from scripts.demo import demo
from scripts.deploy import deploy
from scripts.explain import explain
from scripts.import_file import import_file
from scripts.retire import correct, retire
from scripts.transfer import transfer

app = typer.Typer(
    help="Tanhui (碳惠): the ledger of a city's carbon-inclusion scheme. Settings: docs/settings.md.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
)

app.add_typer(chain.app, name="chain")
app.add_typer(keys.app, name="keys")
app.command(
    epilog=examples("tanhui deploy --authority-name 示范市生态环境局 --authority-code 11230100XXXXXXXXXX")
)(deploy)
app.add_typer(scheme.app, name="scheme")
app.add_typer(member.app, name="member")
app.add_typer(member.roles, name="role")
app.add_typer(methodology.app, name="methodology")
app.add_typer(project.app, name="project")
app.add_typer(report.app, name="report")
app.add_typer(issuance.app, name="issue")
app.command(epilog=examples("tanhui transfer 3-1 100 --to hotel --key owner"))(transfer)
app.add_typer(lock.app, name="lock")
app.add_typer(supervision.freeze, name="freeze")
app.add_typer(supervision.unfreeze, name="unfreeze")
app.add_typer(supervision.pause, name="pause")
app.add_typer(cancellation.app, name="cancel")
app.add_typer(scheme.purposes, name="purpose")
app.command(
    epilog=examples(
        "tanhui retire 3-1=9.6 --purpose event --beneficiary 某某冰雪节组委会 --case 2026-冰雪节 --key hotel"
    )
)(retire)
app.command(epilog=examples('tanhui correct 0x… --reason "name misspelt" --beneficiary 某某公司'))(correct)

app.command(
    "import",
    epilog=examples(
        "tanhui import vcus.csv --format verra", "tanhui import a.csv b.csv --format acr --dry-run"
    ),
)(import_file)

app.add_typer(mirror.tables, name="db")
app.add_typer(mirror.app, name="mirror")
app.command(epilog=examples("tanhui audit", "tanhui audit --json"))(mirror.audit)

app.command(epilog=examples("tanhui explain CreditsNotFree"))(explain)

app.add_typer(api.app, name="api")
app.add_typer(request.app, name="request")
app.command(epilog=examples("tanhui demo", "tanhui demo --once --port 0"))(demo)

if __name__ == "__main__":
    app()
