"""Python, Hardhat and forge compile the same contracts to the same thing."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from node_client import compiler
from node_client.compiler import Artifact, compile_contracts, render_abi, sort_abi
from node_client.errors import CompilationFailed, ToolMissing

ROOT = compiler.ROOT
SETTINGS = json.loads((ROOT / "contracts" / "compiler.json").read_text())


@pytest.fixture(scope="module")
def artifacts() -> Mapping[str, Artifact]:
    return compile_contracts()


def run(*command: str) -> str:
    """Output of a program of node_modules; its whole output is the failure when it fails."""
    environment = {**os.environ, "HARDHAT_DISABLE_TELEMETRY_PROMPT": "true"}
    # Two workers building into the same folder would disturb each other.
    (ROOT / "build").mkdir(exist_ok=True)
    with (ROOT / "build" / f"{command[0]}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(
            ["npx", "--no-install", *command],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def unit_of(artifact: Artifact) -> str:
    return artifact.source.removeprefix("node_modules/")


@pytest.fixture(scope="module")
def hardhat(artifacts: Mapping[str, Artifact]) -> Callable[[str], tuple[list[dict[str, Any]], str, str]]:
    run("hardhat", "compile")

    def read(name: str) -> tuple[list[dict[str, Any]], str, str]:
        path = ROOT / "build" / "hardhat" / "artifacts" / unit_of(artifacts[name]) / f"{name}.json"
        made = json.loads(path.read_text())
        return made["abi"], made["bytecode"], made["deployedBytecode"]

    return read


@pytest.fixture(scope="module")
def forge(artifacts: Mapping[str, Artifact]) -> Callable[[str], tuple[list[dict[str, Any]], str, str]]:
    run("forge", "build")

    def read(name: str) -> tuple[list[dict[str, Any]], str, str]:
        path = ROOT / "build" / "forge" / Path(artifacts[name].source).name / f"{name}.json"
        made = json.loads(path.read_text())
        return made["abi"], made["bytecode"]["object"], made["deployedBytecode"]["object"]

    return read


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["hardhat", "forge"])
def test_every_deployable_contract_is_the_same_from_every_tool(
    tool: str, artifacts: Mapping[str, Artifact], request: pytest.FixtureRequest
) -> None:
    read = request.getfixturevalue(tool)
    for name, artifact in artifacts.items():
        abi, bytecode, deployed = read(name)
        assert sort_abi(tuple(abi)) == list(artifact.abi), name
        assert bytecode == f"0x{artifact.bytecode.hex()}", name
        assert deployed == f"0x{artifact.deployed_bytecode.hex()}", name


def test_our_contracts_and_the_access_manager_are_deployable(artifacts: Mapping[str, Artifact]) -> None:
    assert "Roles" in artifacts
    assert all(artifact.bytecode for artifact in artifacts.values())


def test_every_contract_fits_on_a_chain(artifacts: Mapping[str, Artifact]) -> None:
    assert max(artifact.deployed_size_bytes for artifact in artifacts.values()) < 24_576


def test_foundry_agrees_with_compiler_json() -> None:
    profile = tomllib.loads((ROOT / "foundry.toml").read_text())["profile"]["default"]
    assert profile["evm_version"] == SETTINGS["evmVersion"]
    assert profile["optimizer"] == SETTINGS["optimizer"]["enabled"]
    assert profile["optimizer_runs"] == SETTINGS["optimizer"]["runs"]
    assert profile["bytecode_hash"] == SETTINGS["metadata"]["bytecodeHash"]
    assert profile["remappings"] == SETTINGS["remappings"]
    assert profile["solc"] == "./bin/solc"
    assert profile.get("via_ir", False) is SETTINGS.get("viaIR", False)


def test_hardhat_agrees_with_compiler_json() -> None:
    script = (
        "const {solidity, networks} = require('./hardhat.config.js');"
        "console.log(JSON.stringify({solidity, hardfork: networks.hardhat.hardfork}))"
    )
    # The configuration registers a subtask, for which Hardhat must be loaded first.
    command = ["node", "-e", f"require('hardhat'); {script}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    config = json.loads(done.stdout)
    assert config["hardfork"] == SETTINGS["evmVersion"]
    assert config["solidity"]["version"] == SETTINGS["version"]
    assert config["solidity"]["settings"] == {
        key: SETTINGS[key] for key in SETTINGS if key not in {"version", "remappings"}
    }


def test_the_locked_npm_packages_are_the_ones_asked_for() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    manifest = json.loads((ROOT / "package.json").read_text())
    # `make setup` cannot use `npm ci`, which would refuse a lock file that lags behind package.json.
    for kind in ("dependencies", "devDependencies"):
        assert packages[""][kind] == manifest[kind]
        assert all(packages[f"node_modules/{name}"]["version"] == at for name, at in manifest[kind].items())
    assert packages["node_modules/solc"]["version"] == SETTINGS["version"]
    assert packages["node_modules/@openzeppelin/contracts"]["version"] == "5.3.0"
    assert not any("resolved" in package for package in packages.values()), "the lock names hosts"


def test_an_invariant_run_makes_at_least_200_000_calls() -> None:
    invariant = tomllib.loads((ROOT / "foundry.toml").read_text())["profile"]["default"]["invariant"]
    assert invariant["runs"] * invariant["depth"] >= 200_000


def test_the_committed_abi_files_are_current() -> None:
    compiler.check_abi()


# A tree of our own, with the real compiler and one small contract.
SMALL = """// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;
// import "./NoSuchFile.sol"; is only a comment
import {Shared} from "./parts/Shared.sol";
import {
    Strings
} from "@openzeppelin/contracts/utils/Strings.sol";
abstract contract Half { function f() external virtual; }
contract Small is Shared {
    uint256 public immutable CAP = 5;
    event Zero(uint256 a);
    event Alpha(uint256 a);
    function text() external pure returns (string memory) { return Strings.toString(5); }
}
"""
SHARED = """// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;
contract Shared { error Refused(uint256 actual); }
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "contracts" / "parts").mkdir(parents=True)
    (tmp_path / "contracts" / "compiler.json").write_text(json.dumps(SETTINGS))
    (tmp_path / "contracts" / "Small.sol").write_text(SMALL)
    (tmp_path / "contracts" / "parts" / "Shared.sol").write_text(SHARED)
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    (tmp_path / "bin").mkdir()
    shutil.copy(ROOT / "bin" / "solc", tmp_path / "bin" / "solc")
    return tmp_path


def test_only_contracts_of_the_top_folder_that_are_whole_are_deployable(tree: Path) -> None:
    artifacts = compile_contracts(tree)
    assert list(artifacts) == ["Small"]
    assert artifacts["Small"].source == "contracts/Small.sol"
    assert all(length == 32 for _, length in artifacts["Small"].immutable_ranges)
    assert artifacts["Small"].immutable_ranges


def test_an_unchanged_tree_is_not_compiled_again(tree: Path) -> None:
    first = compile_contracts(tree)
    (tree / "bin" / "solc").unlink()
    assert compile_contracts(tree) == first


def test_abi_files_are_written_once_and_a_stale_one_is_named(tree: Path) -> None:
    folder = tree / "abi"
    assert [path.name for path in compiler.write_abi(folder, tree)] == ["Small.json"]
    assert compiler.write_abi(folder, tree) == []
    compiler.check_abi(folder, tree)
    (folder / "Small.json").write_text("[]")
    (folder / "Gone.json").write_text("[]")
    with pytest.raises(CompilationFailed, match=r"Gone\.json, Small\.json") as refusal:
        compiler.check_abi(folder, tree)
    assert "make abi" in refusal.value.remedy
    compiler.write_abi(folder, tree)
    assert [path.name for path in folder.iterdir()] == ["Small.json"]


def test_abi_text_does_not_depend_on_the_order_of_entries(tree: Path) -> None:
    abi = compile_contracts(tree)["Small"].abi
    assert render_abi(abi) == render_abi(tuple(reversed(abi)))


def test_a_source_that_does_not_compile_is_explained_in_the_compilers_words(tree: Path) -> None:
    (tree / "contracts" / "Small.sol").write_text(SMALL.replace("uint256 public", "uint257 public"))
    with pytest.raises(CompilationFailed, match=r"contracts/Small\.sol") as refusal:
        compile_contracts(tree)
    assert "uint257" in refusal.value.message
    assert len(refusal.value.message) < 2_000


def test_an_import_of_nothing_is_named(tree: Path) -> None:
    (tree / "contracts" / "Small.sol").write_text(SMALL.replace("./parts/Shared", "./parts/Nothing"))
    with pytest.raises(CompilationFailed, match=r"contracts/parts/Nothing\.sol"):
        compile_contracts(tree)


def test_a_contract_beyond_the_limit_is_refused(artifacts: Mapping[str, Artifact]) -> None:
    big = Artifact("Big", "contracts/Big.sol", (), b"", bytes(24_576), ())
    with pytest.raises(CompilationFailed, match="Big: 24576 of 24576 bytes"):
        compiler.check_deployed_sizes({"Big": big})


def test_missing_node_is_an_error_with_a_remedy(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tree))
    with pytest.raises(ToolMissing) as refusal:
        compile_contracts(tree)
    assert "Node 20" in refusal.value.remedy


def test_missing_packages_are_an_error_with_a_remedy(tree: Path) -> None:
    (tree / "node_modules").unlink()
    with pytest.raises(ToolMissing) as refusal:
        compile_contracts(tree)
    assert "make setup" in refusal.value.remedy
