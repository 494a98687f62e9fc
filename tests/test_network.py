"""Development chains start, are found again, survive a crash and leave nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import psycopg
import pytest
from sqlalchemy import create_engine, text

from node_client.network import ChainProcess, NetworkFailed, anvil, ganache
from node_client.network.process import rpc
from node_client.rpc import Rpc

UNFUNDED = "0x" + "12" * 20


@pytest.fixture(params=[anvil, ganache], ids=["anvil", "ganache"])
def network(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ModuleType]:
    module: ModuleType = request.param
    yield module
    module.down(tmp_path)


def processes_of(chain: ChainProcess) -> list[int]:
    alive = []
    for member in chain.members:
        stat = Path(f"/proc/{member.pid}/stat")
        if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z":
            alive.append(member.pid)
    return alive


def transfer(chain: ChainProcess, wei: int) -> str:
    sender = rpc(chain.rpc_url, "eth_accounts")[0]
    transaction = {"from": sender, "to": UNFUNDED, "value": hex(wei), "gas": hex(21_000), "gasPrice": "0x0"}
    digest: str = rpc(chain.rpc_url, "eth_sendTransaction", transaction)
    deadline = time.monotonic() + 10
    while rpc(chain.rpc_url, "eth_getTransactionReceipt", digest) is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return digest


def test_a_chain_has_the_chain_id_asked_for_and_listens_on_loopback_only(
    network: ModuleType, tmp_path: Path
) -> None:
    chain = network.up(tmp_path, chain_id=20_333)
    assert int(rpc(chain.rpc_url, "eth_chainId"), 16) == 20_333
    listening = [
        line.split()[1].split(":")[0]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[3] == "0A" and int(line.split()[1].split(":")[1], 16) == chain.port
    ]
    assert listening == ["0100007F"]


def test_a_second_up_returns_the_running_chain(network: ModuleType, tmp_path: Path) -> None:
    first = network.up(tmp_path)
    assert network.up(tmp_path) == first
    assert network.status(tmp_path) == first


def test_a_chain_started_again_and_again_keeps_its_first_block(network: ModuleType, tmp_path: Path) -> None:
    firsts = set()
    for _ in range(4):
        chain = Rpc(network.up(tmp_path).rpc_url)
        firsts.add(chain.call("eth_getBlockByNumber", "0x0", False)["hash"])
        chain.call("evm_mine")
        chain.close()
        network.down(tmp_path)
        time.sleep(1)
    assert len(firsts) == 1


def test_down_leaves_no_process(network: ModuleType, tmp_path: Path) -> None:
    chain = network.up(tmp_path)
    assert len(processes_of(chain)) >= 2, "npx and what it started"
    assert network.down(tmp_path) is True
    assert processes_of(chain) == []
    assert network.status(tmp_path) is None
    assert network.down(tmp_path) is False


def test_down_ends_the_chain_even_when_npx_was_killed_before(network: ModuleType, tmp_path: Path) -> None:
    chain = network.up(tmp_path)
    os.kill(chain.pid, signal.SIGKILL)
    time.sleep(0.2)
    assert network.down(tmp_path) is True or network is anvil
    assert processes_of(chain) == []


def test_down_spares_a_process_that_only_has_the_recorded_pid(network: ModuleType, tmp_path: Path) -> None:
    chain = network.up(tmp_path)
    network.down(tmp_path)
    record = tmp_path / f"{network.NAME}.json"
    # As after a reboot: the pids now belong to somebody else, here to this very test.
    aged = record.read_text()
    for pid in {chain.pid, *(member.pid for member in chain.members)}:
        aged = aged.replace(str(pid), str(os.getpid()))
    record.write_text(aged)
    assert network.down(tmp_path) is False


def test_a_restart_keeps_state_port_and_accounts(network: ModuleType, tmp_path: Path) -> None:
    first = network.up(tmp_path)
    transfer(first, 7)
    accounts = rpc(first.rpc_url, "eth_accounts")
    network.down(tmp_path)
    second = network.up(tmp_path)
    assert second.port == first.port
    assert rpc(second.rpc_url, "eth_accounts") == accounts
    assert int(rpc(second.rpc_url, "eth_getBalance", UNFUNDED, "latest"), 16) == 7


def test_ganache_keeps_its_state_through_kill_9(tmp_path: Path) -> None:
    first = ganache.up(tmp_path)
    digest = transfer(first, 9)
    for member in first.members:
        os.kill(member.pid, signal.SIGKILL)
    second = ganache.up(tmp_path)
    try:
        assert second.members != first.members
        assert rpc(second.rpc_url, "eth_getTransactionReceipt", digest)["status"] == "0x1"
        assert int(rpc(second.rpc_url, "eth_getBalance", UNFUNDED, "latest"), 16) == 9
    finally:
        ganache.down(tmp_path)


def test_blocks_come_at_the_interval_asked_for(network: ModuleType, tmp_path: Path) -> None:
    chain = network.up(tmp_path, block_seconds=1)
    before = int(rpc(chain.rpc_url, "eth_blockNumber"), 16)
    time.sleep(2.5)
    assert int(rpc(chain.rpc_url, "eth_blockNumber"), 16) - before in {2, 3}


def test_a_contract_beyond_the_size_limit_is_refused(network: ModuleType, tmp_path: Path) -> None:
    chain = network.up(tmp_path)
    sender = rpc(chain.rpc_url, "eth_accounts")[0]
    # PUSH2 size, PUSH1 0, RETURN: a constructor that leaves `size` zero bytes as code.
    outcomes = []
    for size in (0x6000, 0x6001):
        creation = {
            "from": sender,
            "data": f"0x61{size:04x}6000f3",
            "gas": hex(10_000_000),
            "gasPrice": "0x0",
        }
        try:
            rpc(chain.rpc_url, "eth_call", creation, "latest")
            digest = rpc(chain.rpc_url, "eth_sendTransaction", creation)
            time.sleep(0.5)
            outcomes.append(rpc(chain.rpc_url, "eth_getTransactionReceipt", digest)["status"])
        except ValueError:
            outcomes.append("refused")
    assert outcomes[0] == "0x1"
    assert outcomes[1] in {"0x0", "refused"}


def test_a_taken_port_is_refused_with_a_remedy(network: ModuleType, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(NetworkFailed, match="is taken") as refusal:
            network.up(tmp_path, port=other.getsockname()[1])
    assert "choose another" in refusal.value.remedy


def test_another_chain_id_on_the_same_data_is_refused(network: ModuleType, tmp_path: Path) -> None:
    network.up(tmp_path, chain_id=5001)
    network.down(tmp_path)
    with pytest.raises(NetworkFailed, match="keeps chain id 5001"):
        network.up(tmp_path, chain_id=5002)


def test_each_test_has_a_database_that_remembers_nothing(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE once (id INTEGER PRIMARY KEY)"))
    engine.dispose()


def test_postgres_is_a_real_server_with_utf8(postgres_url: str) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
        assert connection.execute("SELECT '碳惠'").fetchone() == ("碳惠",)
