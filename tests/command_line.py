"""The command line as tests drive it: in this process, with a data folder and a node of their own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from scripts.main import app


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command printed and ended with."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Scheme:
    """The command line with a data folder and a node."""

    environment: dict[str, str]

    def run(self, *words: str, **extra: str) -> Answer:
        result = CliRunner().invoke(app, list(words), env=self.environment | extra)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Answer(result.exit_code, result.stdout, result.stderr)

    def done(self, *words: str) -> Any:
        """The JSON of a command that must succeed."""
        answer = self.run(*words, "--json")
        assert answer.code == 0, answer.out + answer.err
        return answer.json

    def refused(self, error: str, *words: str, code: int = 3) -> Any:
        """The JSON of a command that must fail with an error and an exit code."""
        answer = self.run(*words, "--json")
        assert answer.code == code, answer.out + answer.err
        assert answer.json["error"] == error
        assert answer.json["remedy"]
        return answer.json


def new_scheme(folder: Path, node_url: str) -> Scheme:
    scheme = Scheme({"TANHUI_DATA": str(folder), "TANHUI_NODE_URL": node_url, "COLUMNS": "200"})
    scheme.done("keys", "init")
    scheme.done("keys", "create", "authority")
    scheme.done("deploy", "--authority-name", "示范市生态环境局", "--authority-code", "DEVELOPMENT-authority")
    scheme.done("scheme", "develop")
    return scheme
