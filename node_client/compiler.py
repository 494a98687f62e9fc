"""Compile contracts/ from Python, and keep the committed ABI files equal to what it yields.

Flow: contracts/compiler.json and every source reachable from contracts/ make one self-contained
standard-JSON input → its SHA-256 names a file under build/solc/ → unless that exists, py-solc-x runs
bin/solc (npm's WebAssembly compiler) → the answer is reduced to one `Artifact` per deployable contract.

Deployable is every contract in a file of contracts/ itself (not in its folders) that is neither abstract
nor an interface nor a library.

    python -m node_client.compiler            compile and write node_client/abi/*.json
    python -m node_client.compiler --check    compile and fail if the committed files differ
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import solcx
from solcx.exceptions import SolcError

from node_client.errors import CompilationFailed, TanhuiError, ToolMissing

ROOT: Final = Path(__file__).resolve().parent.parent
ABI_FOLDER: Final = Path(__file__).resolve().parent / "abi"

# EIP-170: no chain accepts deployed code of more bytes than this, and we never lift the limit in tests.
DEPLOYED_SIZE_LIMIT_BYTES: Final = 24_576

_IMPORT = re.compile(r"""^\s*import\b[^;"']*["']([^"']+)["'][^;]*;""", re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/|^\s*//[^\n]*", re.DOTALL | re.MULTILINE)
_OUTPUTS: Final = ("abi", "evm.bytecode", "evm.deployedBytecode")

AbiEntry: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Artifact:
    """What the compiler made of one deployable contract.

    `bytecode` is what a deployment sends, ahead of the encoded constructor arguments; `deployed_bytecode`
    what then stands on the chain, with zeros where `immutable_ranges` (start and length in bytes) say.
    """

    name: str
    source: str
    abi: tuple[AbiEntry, ...]
    bytecode: bytes
    deployed_bytecode: bytes
    immutable_ranges: tuple[tuple[int, int], ...]

    @property
    def deployed_size_bytes(self) -> int:
        """Bytes of code that a deployment leaves on the chain."""
        return len(self.deployed_bytecode)


def compile_contracts(root: Path = ROOT) -> Mapping[str, Artifact]:
    """Every deployable contract is compiled; the answer maps names to artifacts, sorted by name.

    `root` is a tree with contracts/, node_modules/ and bin/solc. An unchanged tree is answered from
    build/solc/ without starting the compiler.

    Raises `ToolMissing` without Node or the npm packages and `CompilationFailed` with the compiler's own
    words, or when a contract is too large for a chain.
    """
    standard_input = build_standard_input(root)
    wire = json.dumps(standard_input, sort_keys=True, separators=(",", ":"))
    cached = root / "build" / "solc" / f"{hashlib.sha256(wire.encode()).hexdigest()}.json"
    with _only_one_process(root / "build" / "solc"):
        if not cached.exists():
            _write_atomically(cached, json.dumps(_run_compiler(standard_input, root)))
    artifacts = _to_artifacts(json.loads(cached.read_text(encoding="utf-8")))
    check_deployed_sizes(artifacts)
    return artifacts


def build_standard_input(root: Path = ROOT) -> dict[str, Any]:
    """The compiler's whole input as standard JSON, with the text of every source it can reach.

    Because it is self-contained, it is also what an auditor or a block explorer needs to reproduce the
    bytecode, and its hash changes exactly when the output may.
    """
    settings = json.loads((root / "contracts" / "compiler.json").read_text(encoding="utf-8"))
    version = settings.pop("version")
    sources = _reachable_sources(root, settings["remappings"])
    own = sorted(unit for unit in sources if unit.startswith("contracts/"))
    # The syntax tree tells contracts from libraries and abstract ones; nothing else needs it.
    selection: dict[str, dict[str, list[str]]] = {unit: {"*": list(_OUTPUTS), "": ["ast"]} for unit in own}
    return {
        "language": "Solidity",
        "sources": {unit: {"content": sources[unit]} for unit in sorted(sources)},
        "settings": {**settings, "outputSelection": selection},
        # Not part of the standard; `_run_compiler` takes it out again. Here so that the hash covers it.
        "version": version,
    }


def check_deployed_sizes(artifacts: Mapping[str, Artifact]) -> None:
    """No contract is larger than a chain accepts; `CompilationFailed` names those that are."""
    too_large = [
        f"{artifact.name}: {artifact.deployed_size_bytes} of {DEPLOYED_SIZE_LIMIT_BYTES} bytes"
        for artifact in artifacts.values()
        if artifact.deployed_size_bytes >= DEPLOYED_SIZE_LIMIT_BYTES
    ]
    if too_large:
        raise CompilationFailed(
            f"contracts too large to deploy: {'; '.join(too_large)}",
            remedy="move code into a contract of its own; the limit is the chain's (EIP-170)",
        )


def write_abi(folder: Path = ABI_FOLDER, root: Path = ROOT) -> list[Path]:
    """The folder holds exactly one current ABI file per deployable contract; the paths changed come back."""
    wanted = _abi_files(root)
    folder.mkdir(parents=True, exist_ok=True)
    changed = [folder / name for name in _differing(folder, wanted)]
    for path in changed:
        if path.name in wanted:
            _write_atomically(path, wanted[path.name])
        else:
            path.unlink()
    return changed


def check_abi(folder: Path = ABI_FOLDER, root: Path = ROOT) -> None:
    """The committed ABI files are current; `CompilationFailed` lists those that are not."""
    differing = _differing(folder, _abi_files(root))
    if differing:
        raise CompilationFailed(
            f"ABI files that do not match contracts/: {', '.join(differing)}",
            remedy="run `make abi` and commit the result",
        )


def _abi_files(root: Path) -> dict[str, str]:
    return {f"{name}.json": render_abi(artifact.abi) for name, artifact in compile_contracts(root).items()}


def render_abi(abi: tuple[AbiEntry, ...]) -> str:
    """The ABI as text that depends on nothing but its meaning: entries sorted, keys sorted, indented."""
    return json.dumps(sort_abi(abi), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def sort_abi(abi: tuple[AbiEntry, ...]) -> list[AbiEntry]:
    """Entries in the order of their kind, name and parameter types, whatever order a compiler gave."""
    return sorted(
        abi, key=lambda entry: (entry["type"], entry.get("name", ""), json.dumps(entry, sort_keys=True))
    )


def _differing(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    present = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return sorted(name for name in present.keys() | wanted.keys() if present.get(name) != wanted.get(name))


def _reachable_sources(root: Path, remappings: list[str]) -> dict[str, str]:
    """Source unit name → text, for every file of contracts/ and all that they import, however far."""
    pending = sorted(path.relative_to(root).as_posix() for path in (root / "contracts").rglob("*.sol"))
    if not pending:
        raise CompilationFailed(
            "contracts/ holds no Solidity source", remedy="check out the whole repository"
        )
    found: dict[str, str] = {}
    while pending:
        unit = pending.pop()
        if unit in found:
            continue
        found[unit] = _read_source(root, unit)
        imported = _IMPORT.findall(_COMMENT.sub("", found[unit]))
        pending.extend(_resolve_import(unit, name, remappings) for name in imported)
    return found


def _read_source(root: Path, unit: str) -> str:
    try:
        return (root / unit).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        if unit.startswith("node_modules/"):
            raise ToolMissing(f"{unit} is not installed", remedy="run `make setup`") from error
        raise CompilationFailed(f"no source {unit}", remedy="correct the import that names it") from error


def _resolve_import(importer: str, name: str, remappings: list[str]) -> str:
    if name.startswith("."):
        return os.path.normpath(f"{Path(importer).parent.as_posix()}/{name}")
    for remapping in remappings:
        prefix, target = remapping.split("=", 1)
        if name.startswith(prefix):
            return target + name.removeprefix(prefix)
    return name


def _run_compiler(standard_input: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """Contract name → the parts of the compiler's answer that an `Artifact` holds."""
    _require_tools(root, standard_input["version"])
    pure = {key: value for key, value in standard_input.items() if key != "version"}
    try:
        output = solcx.compile_standard(
            pure, solc_binary=root / "bin" / "solc", base_path=root, allow_paths=root
        )
    except SolcError as error:
        # str(error) would hold the whole input and output, which is megabytes.
        raise CompilationFailed(_explain(error), remedy="correct the source named above") from None
    return {
        name: {**_reduce(output["contracts"][unit][name]), "source": unit}
        for unit, name in _deployable(output)
    }


def _explain(error: SolcError) -> str:
    reports = getattr(error, "error_dict", None) or []
    said = [report["formattedMessage"] for report in reports if report["severity"] == "error"]
    return "\n".join(said) or str(error.stderr_data).strip() or "the compiler failed without a word"


def _require_tools(root: Path, version: str) -> None:
    if shutil.which("node") is None:
        raise ToolMissing("Node is not installed", remedy="install Node 20 or newer, then run `make setup`")
    package = root / "node_modules" / "solc" / "package.json"
    if not package.exists():
        raise ToolMissing("the npm package solc is not installed", remedy="run `make setup`")
    installed = json.loads(package.read_text(encoding="utf-8"))["version"]
    if installed != version:
        raise ToolMissing(
            f"solc {installed} is installed but contracts/compiler.json asks for {version}",
            remedy="run `make setup`; if you are changing the version, change it in package.json too",
        )


def _deployable(output: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for unit, source in output["sources"].items():
        for node in source.get("ast", {}).get("nodes", []):
            if node["nodeType"] != "ContractDefinition":
                continue
            whole = node["contractKind"] == "contract" and not node["abstract"]
            ours = Path(unit).parent.as_posix() == "contracts"
            if whole and ours:
                yield unit, node["name"]


def _reduce(contract: Mapping[str, Any]) -> dict[str, Any]:
    code, deployed = contract["evm"]["bytecode"], contract["evm"]["deployedBytecode"]
    if code["linkReferences"]:
        raise CompilationFailed(
            f"a contract needs linking with {sorted(code['linkReferences'])}",
            remedy="make the library's functions internal; deployment links nothing",
        )
    ranges = [place for places in deployed["immutableReferences"].values() for place in places]
    return {
        "abi": contract["abi"],
        "bytecode": code["object"],
        "deployed_bytecode": deployed["object"],
        "immutable_ranges": sorted((place["start"], place["length"]) for place in ranges),
    }


def _to_artifacts(reduced: Mapping[str, Any]) -> Mapping[str, Artifact]:
    return MappingProxyType(
        {
            name: Artifact(
                name=name,
                source=parts["source"],
                abi=tuple(sort_abi(tuple(parts["abi"]))),
                bytecode=bytes.fromhex(parts["bytecode"]),
                deployed_bytecode=bytes.fromhex(parts["deployed_bytecode"]),
                immutable_ranges=tuple((start, length) for start, length in parts["immutable_ranges"]),
            )
            for name, parts in sorted(reduced.items())
        }
    )


@contextmanager
def _only_one_process(folder: Path) -> Iterator[None]:
    """Parallel tests wait for the first of them to compile instead of all starting the compiler."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _write_atomically(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def main(arguments: list[str] | None = None) -> int:
    """The ABI files are current, or with --check known to be; 0 for that, 1 with the reason on stderr."""
    parser = argparse.ArgumentParser(prog="python -m node_client.compiler", description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, fail if a file is not current")
    check = parser.parse_args(arguments).check
    try:
        if check:
            check_abi()
        else:
            for path in write_abi():
                print(f"changed {path.relative_to(ROOT)}")
        for artifact in compile_contracts().values():
            print(
                f"{artifact.name:<24} {artifact.deployed_size_bytes:>6} of {DEPLOYED_SIZE_LIMIT_BYTES} bytes"
            )
    except TanhuiError as error:
        print(f"{error.message}\n→ {error.remedy}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
