"""Start, find again and end a development chain that runs as a process of its own.

Flow of `start`: look at the record in the data folder → if the chain it names is alive and answers, that
is the answer → else choose a port, start the command in a process group of its own, write a record at
once, wait until the RPC answers with the right chain id, and write the record again with all processes
of the group.

A record names each process by pid AND start time, because a pid alone may belong to somebody else after
a reboot; `stop` ends only processes for which both agree.

    <data folder>/<name>.json    the record
    <data folder>/<name>.log     what the chain said
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from node_client.errors import TanhuiError, ToolMissing

ROOT: Final = Path(__file__).resolve().parent.parent.parent
LOOPBACK: Final = "127.0.0.1"
_PROC: Final = Path("/proc")

# Children that this process itself started and must wait for once they end, or they would stay as zombies.
# They are not Popen objects because those warn about a child left running, and a chain is meant to outlive
# the command that started it.
_children: set[int] = set()


class NetworkFailed(TanhuiError):
    """A development chain could not be started, or is not the one asked for."""


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """One process, told from any later one with the same pid by when it started."""

    pid: int
    started: str


@dataclass(frozen=True, slots=True)
class ChainProcess:
    """A chain that answers on loopback."""

    name: str
    data_folder: Path
    port: int
    chain_id: int
    group: int
    members: tuple[ProcessIdentity, ...]

    @property
    def pid(self) -> int:
        """The process that was started, which leads its group."""
        return self.group

    @property
    def rpc_url(self) -> str:
        """Where its JSON-RPC answers."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def log_file(self) -> Path:
        """What the chain wrote to its output."""
        return self.data_folder / f"{self.name}.log"


@dataclass(frozen=True, slots=True)
class ChainCommand:
    """How to start one kind of chain: its name and its command line for a port."""

    name: str
    chain_id: int
    arguments: Callable[[int], list[str]]


def start(command: ChainCommand, data_folder: Path, port: int, timeout_seconds: float = 60) -> ChainProcess:
    """The chain runs and answers; one already running in the folder is returned as it is.

    Port 0 takes the port of the last start in this folder if that is free, else any free one.
    Raises `NetworkFailed` if another chain id is kept in the folder, the port is taken, or the chain does
    not answer in time, and `ToolMissing` without Node or the npm packages.
    """
    data_folder = data_folder.resolve()
    data_folder.mkdir(parents=True, exist_ok=True)
    record = _read_record(data_folder, command.name)
    if record is not None:
        _refuse_other_chain(record, command)
        if _alive(record) and _answers(record):
            return _refuse_other_port(record, port)
        stop(data_folder, command.name)
    chain = _spawn(command, data_folder, _choose_port(port, record))
    try:
        _wait_until_ready(chain, timeout_seconds)
    except BaseException:
        stop(data_folder, command.name)
        raise
    return _write_record(_with_members(chain))


def stop(data_folder: Path, name: str, timeout_seconds: float = 20) -> bool:
    """No process of the chain is left; true if one was running.

    It is asked first (SIGTERM, so that it can write its state) and killed after `timeout_seconds`.
    Processes that only happen to have a recorded pid are not touched.
    """
    record = _read_record(data_folder.resolve(), name)
    if record is None:
        return False
    targets = _living_members(record)
    for request in (signal.SIGTERM, signal.SIGKILL):
        for target in targets:
            _signal(target, request)
        if _wait_until_gone(targets, timeout_seconds):
            return bool(targets)
    raise NetworkFailed(
        f"{name} does not end: processes {[target.pid for target in targets]}",
        remedy="look at these processes by hand",
    )


def running(data_folder: Path, name: str) -> ChainProcess | None:
    """The chain of this name that runs with this data folder and answers, if there is one."""
    record = _read_record(data_folder.resolve(), name)
    return record if record is not None and _alive(record) and _answers(record) else None


def npx(package: str, *arguments: str) -> list[str]:
    """The command line that runs an installed npm package's program, and never downloads one.

    Raises `ToolMissing` with the remedy when Node or the package is not there.
    """
    program = shutil.which("npx")
    if program is None:
        raise ToolMissing(
            "Node is not installed: there is no npx", remedy="install Node 20 or newer, then run `make setup`"
        )
    if not (ROOT / "node_modules" / ".bin" / package).exists():
        raise ToolMissing(f"the npm package {package} is not installed", remedy="run `make setup`")
    return [program, "--prefix", str(ROOT), "--no-install", package, *arguments]


def rpc(url: str, method: str, *params: Any, timeout_seconds: float = 5) -> Any:
    """The result of one JSON-RPC call; `OSError` or `ValueError` when there is none.

    For readiness checks only: everything else goes through node_client.chain.
    """
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 - loopback
    # A proxy named in the environment must not see calls to this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=timeout_seconds) as response:
        answer = json.load(response)
    if "error" in answer:
        raise ValueError(answer["error"].get("message", "refused"))
    return answer["result"]


def _spawn(command: ChainCommand, data_folder: Path, port: int) -> ChainProcess:
    arguments = command.arguments(port)
    with (data_folder / f"{command.name}.log").open("ab") as log:
        files = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, log.fileno(), 1),
            (os.POSIX_SPAWN_DUP2, log.fileno(), 2),
        ]
        # A session of its own: a closed terminal or a Ctrl-C meant for us does not reach the chain, and
        # everything that npx starts is found again as the members of one group.
        pid = os.posix_spawn(arguments[0], arguments, os.environ, file_actions=files, setsid=True)
    _children.add(pid)
    chain = ChainProcess(command.name, data_folder, port, command.chain_id, pid, ())
    # Written before the chain is ready: whoever finds us killed in between can still end the child.
    return _write_record(_with_members(chain))


def _wait_until_ready(chain: ChainProcess, timeout_seconds: float) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not _answers(chain):
        if not _group_members(chain.group):
            raise NetworkFailed(
                f"{chain.name} ended at once: {_last_words(chain)}", remedy=f"read {chain.log_file}"
            )
        if time.monotonic() > deadline:
            raise NetworkFailed(
                f"{chain.name} did not answer within {timeout_seconds:g} s: {_last_words(chain)}",
                remedy=f"read {chain.log_file}",
            )
        time.sleep(0.05)
    # Another server on the same port would answer in place of ours, which then fails to listen and ends.
    if not _group_members(chain.group):
        raise NetworkFailed(f"port {chain.port} is taken by another chain", remedy="choose another port")


def _last_words(chain: ChainProcess) -> str:
    return " / ".join(chain.log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])


def _answers(chain: ChainProcess) -> bool:
    try:
        return bool(int(rpc(chain.rpc_url, "eth_chainId"), 16) == chain.chain_id)
    except (OSError, ValueError, TypeError):
        return False


def _refuse_other_chain(record: ChainProcess, command: ChainCommand) -> None:
    if record.chain_id != command.chain_id:
        raise NetworkFailed(
            f"{record.data_folder} keeps chain id {record.chain_id}, not {command.chain_id}",
            remedy="choose another data folder or the former chain id",
        )


def _refuse_other_port(record: ChainProcess, port: int) -> ChainProcess:
    if port not in {0, record.port}:
        raise NetworkFailed(
            f"{record.name} already runs with {record.data_folder} on port {record.port}, not {port}",
            remedy="take it down first",
        )
    return record


def _choose_port(port: int, record: ChainProcess | None) -> int:
    if port != 0:
        if not _is_free(port):
            raise NetworkFailed(f"port {port} is taken", remedy="choose another, or 0 for any free one")
        return port
    if record is not None and _is_free(record.port):
        return record.port
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: connections of the last run that still linger do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _write_record(chain: ChainProcess) -> ChainProcess:
    path = chain.data_folder / f"{chain.name}.json"
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(asdict(chain), default=str, indent=2) + "\n", encoding="utf-8")
    temporary.replace(path)
    return chain


def _read_record(data_folder: Path, name: str) -> ChainProcess | None:
    try:
        fields = json.loads((data_folder / f"{name}.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    members = tuple(ProcessIdentity(**member) for member in fields.pop("members"))
    # The folder may have been moved since; where we found the record is where the chain's data is.
    return ChainProcess(**{**fields, "data_folder": data_folder}, members=members)


def _with_members(chain: ChainProcess) -> ChainProcess:
    members = tuple(_group_members(chain.group))
    return ChainProcess(chain.name, chain.data_folder, chain.port, chain.chain_id, chain.group, members)


def _alive(record: ChainProcess) -> bool:
    return bool(_living_members(record))


def _living_members(record: ChainProcess) -> list[ProcessIdentity]:
    """Recorded processes that still run, and whatever else has joined a group that still is ours."""
    living = [member for member in record.members if _identify(member.pid) == member]
    joined = _group_members(record.group) if living else []
    return list({*living, *joined})


def _group_members(group: int) -> list[ProcessIdentity]:
    """All running processes of a process group."""
    if _PROC.is_dir():
        pids = [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]
    else:
        listed = subprocess.run(["ps", "-A", "-o", "pid="], capture_output=True, text=True, check=True)
        pids = [int(word) for word in listed.stdout.split()]
    identities = [_identify(pid) for pid in pids if _group_of(pid) == group]
    return [identity for identity in identities if identity is not None]


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except OSError:
        return None


def _identify(pid: int) -> ProcessIdentity | None:
    """The running process with this pid; None for none, and for one that ended but was not yet waited for."""
    if pid in _children and os.waitpid(pid, os.WNOHANG) != (0, 0):
        _children.discard(pid)
    if not _PROC.is_dir():
        listed = subprocess.run(
            ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        state, _, started = listed.stdout.strip().partition(" ")
        return ProcessIdentity(pid, started.strip()) if state and not state.startswith("Z") else None
    try:
        # The program's name in parentheses may hold spaces, so count fields after it: 3 is the state, 22
        # the start in clock ticks since boot.
        fields = (
            (_PROC / str(pid) / "stat")
            .read_text(encoding="utf-8", errors="replace")
            .rpartition(")")[2]
            .split()
        )
        boot = (_PROC / "sys" / "kernel" / "random" / "boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None
    return None if fields[0] in {"Z", "X"} else ProcessIdentity(pid, f"{boot}:{fields[19]}")


def _signal(target: ProcessIdentity, request: signal.Signals) -> None:
    if _identify(target.pid) == target:
        try:
            os.kill(target.pid, request)
        except ProcessLookupError:
            return  # ended between the look and the signal, which is what we want


def _wait_until_gone(targets: list[ProcessIdentity], timeout_seconds: float) -> bool:
    deadline = time.monotonic() + timeout_seconds
    while any(_identify(target.pid) == target for target in targets):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
