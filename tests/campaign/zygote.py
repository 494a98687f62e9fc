"""Starts real `tanhui` processes fast: everything is imported once, each process is a fork of that.

Flow: `python -m tests.campaign.zygote` reads a JSON line: {"args": [...], "env": {...}, "log": path, "file_limit": bytes} →
forks, the child is `tanhui ARGS` → answers its process id; or {"wait": id, "seconds": s} → answers its exit code, null while
it runs. `Zygote` is the other end.

A fork is a process like any other: it has its own connections, and SIGKILL ends it at any instruction.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class Zygote:
    """The process that forks. Ends with its `with`, and everything it started too."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.campaign.zygote"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._running: set[int] = set()

    def __enter__(self) -> Zygote:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pid in list(self._running):
            self.kill(pid)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def _ask(self, **question: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def start(self, *args: str, env: dict[str, str], log: Path, file_limit: int | None = None) -> int:
        """`tanhui ARGS` runs; its process id. What it prints goes to `log`; no file it writes may exceed `file_limit` bytes."""
        pid = int(self._ask(args=args, env=env, log=str(log), file_limit=file_limit))
        self._running.add(pid)
        return pid

    def wait(self, pid: int, seconds: float) -> int | None:
        """Its exit code (negative: the signal), or None when it still runs after so long."""
        code: int | None = self._ask(wait=pid, seconds=seconds)
        if code is not None:
            self._running.discard(pid)
        return code

    def kill(self, pid: int) -> int:
        """The process is dead; its exit code, -9 unless it had ended by itself."""
        # Nobody else has this id: an ended child keeps it until it is waited for.
        os.kill(pid, signal.SIGKILL)
        code = self.wait(pid, 20)
        assert code is not None
        return code


def _wait(pid: int, seconds: float) -> int | None:
    deadline = time.monotonic() + seconds
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            return None
        time.sleep(0.002)


def _become(question: dict[str, Any]) -> None:
    from scripts.main import app  # noqa: PLC0415 - imported before the fork by `main`

    log = os.open(question["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.update(question["env"])
    if question["file_limit"]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (question["file_limit"], question["file_limit"]))
    sys.argv = ["tanhui", *question["args"]]
    app()


def main() -> None:
    """Answers until its standard input ends."""
    import scripts.main  # noqa: F401, PLC0415 - what every child needs

    for line in sys.stdin:
        question = json.loads(line)
        if "wait" in question:
            answer: int | None = _wait(question["wait"], question["seconds"])
        else:
            answer = os.fork()
            if answer == 0:
                code = 1
                try:
                    _become(question)
                    code = 0
                except SystemExit as end:
                    code = end.code if isinstance(end.code, int) else 1
                finally:
                    sys.stdout.flush()
                    os._exit(code)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
