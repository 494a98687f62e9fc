"""A ledger on a real chain with every kind of event, made without the sending side.

Flow: `World.deploy` → `World.act` (calldata by eth_abi, sent by eth_sendTransaction from accounts that anvil lets us be)
→ `everything` emits each event of each contract at least once.

Texts may be given as bytes, so that hostile ones can be sent, which no client of ours would encode.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eth_abi.abi import encode
from eth_account import Account
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from node_client.chain import Chain, Log, abi_of
from node_client.deployment import GRANT_DELAY_SECONDS, Deployment, deploy
from node_client.orders import TransferOrder, transfer_order
from node_client.signer import Key
from node_client.units import encode_token_id

# anvil's first account: its key is public.
FIRST_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
AUTHORITY, OPERATOR, VERIFIER, EXPERT, OWNER, BUYER = 1, 2, 3, 4, 5, 6
HOSTILE = b"\xff\xfe\x00bad\xed\xa0\x80 \xe7\xa2\xb3 =cmd|'/c'!A1 <script>\\x00"
DAY = 86_400
FIRST_DAY = 20_089  # 2025-01-01
TONNE = 1_000_000


def b32(text: str) -> bytes:
    """32 bytes that differ for each text."""
    return bytes(keccak(text=text))


def canonical(entry: dict[str, Any]) -> str:
    kind: str = entry["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(canonical(part) for part in entry['components'])}){kind.removeprefix('tuple')}"


def as_bytes(value: Any) -> Any:
    """Every text as its bytes, except addresses, which eth_abi wants as they are."""
    if isinstance(value, str) and not (value.startswith("0x") and len(value) == 42):
        return value.encode()
    if isinstance(value, (list, tuple)):
        return tuple(as_bytes(part) for part in value)
    return value


def calldata(contract: str, function: str, *args: Any) -> str:
    """The calldata of a function; texts are encoded as bytes, which is the same encoding."""
    (entry,) = [
        each
        for each in abi_of(contract)
        if each["type"] == "function" and each["name"] == function and len(each["inputs"]) == len(args)
    ]
    kinds = [canonical(part) for part in entry["inputs"]]
    selector = keccak(text=f"{function}({','.join(kinds)})")[:4]
    plain = [kind.replace("string", "bytes") for kind in kinds]
    return "0x" + (selector + encode(plain, [as_bytes(arg) for arg in args])).hex()


class Liar(Chain):
    """The real node with a tongue of its own: `lie` turns its logs into others."""

    def __init__(self, url: str, lie: Callable[[list[Log]], list[Log]]) -> None:
        super().__init__(url)
        self.lie = lie

    def logs(self, first: int, last: int, addresses: Sequence[str]) -> list[Log]:
        return self.lie(super().logs(first, last, addresses))

    def logs_of_blocks(self, asked: Mapping[int, Sequence[str]]) -> dict[int, list[Log]]:
        return {block: self.lie(logs) for block, logs in super().logs_of_blocks(asked).items()}


@dataclass
class World:
    """A ledger and its accounts by name."""

    chain: Chain
    deployment: Deployment
    accounts: dict[str, str] = field(default_factory=dict)
    last_block: int = 0
    counter: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def deploy(cls, url: str) -> World:
        chain = Chain(url)
        key = Key(Account.from_key(FIRST_KEY))
        deployment = deploy(chain, key, authority_name="主管部门", registration_hash=b32("authority"))
        return cls(chain, deployment, {"authority": key.address})

    def rpc(self, method: str, *params: Any) -> Any:
        return self.chain.rpc.call(method, *params)

    def account(self, name: str) -> str:
        """The address of a name, which anvil lets us send from."""
        if name not in self.accounts:
            # Other worlds on the same chain have other addresses.
            seed = keccak(text=f"{self.deployment.address('Credits')} {name}")
            self.accounts[name] = to_checksum_address(seed[-20:])
            self.rpc("anvil_impersonateAccount", self.accounts[name])
        return self.accounts[name]

    def send(self, sender: str, to: str, data: str) -> None:
        transaction = {
            "from": self.account(sender),
            "to": to,
            "data": data,
            "gas": hex(10_000_000),
            "gasPrice": "0x0",
        }
        receipt = self.chain.receipt(self.rpc("eth_sendTransaction", transaction))
        assert receipt.ok, (sender, to, data)
        self.last_block = receipt.block

    def act(self, sender: str, contract: str, function: str, *args: Any) -> None:
        to = self.deployment.address(contract)
        data = calldata(contract, function, *args)
        self.chain.simulate(self.account(sender), to, data)
        self.send(sender, to, data)

    def wait(self, seconds: int) -> None:
        self.rpc("evm_increaseTime", seconds)
        self.rpc("evm_mine")

    def now(self) -> int:
        return self.chain.headers(self.chain.head(), self.chain.head())[0].timestamp

    def members(self) -> None:
        """Members 2 to 6 with an account each, their roles, and the purposes."""
        kinds = {"operator": 2, "verifier": 3, "expert": 4, "owner": 5, "buyer": 6}
        roles = {"operator": 2, "verifier": 3, "expert": 4}
        for number, (name, kind) in enumerate(kinds.items(), start=2):
            self.act("authority", "Credits", "registerMember", kind, b32(name), f"成员 {name}")
            self.act("authority", "Credits", "openAccount", self.account(name), number)
            if name in roles:
                self.act("authority", "Roles", "grantRole", roles[name], self.account(name), 0)
        self.act("authority", "Roles", "grantRole", 5, self.account("operator"), 0)
        self.act("authority", "Credits", "appointOperator", OPERATOR)
        self.act("authority", "Credits", "setPurpose", 0, True, "event", "大型活动", "Event")
        self.act("authority", "Credits", "setPurpose", 3, True, "office", HOSTILE, "Office")
        self.act("authority", "Credits", "setPurpose", 3, True, "office", "办公", "Office operation")

    def credit(self, grams: int = 500 * TONNE, holder: str = "owner", vintage: int = 2025) -> int:
        """A credit issued to a holder, through methodology, project, report and issuance; its token id."""
        number = next(self.counter)
        methodology = self.methodology(f"M{number}")
        period = (FIRST_DAY, FIRST_DAY + 365)
        submission = (
            methodology,
            FIRST_DAY,
            FIRST_DAY + 3650,
            b32(f"pdd{number}"),
            f"P{number}",
            f"项目 {number}",
            "哈尔滨",
            [b32(f"key{number}"), b32(f"key{number}b")],
        )
        self.act("owner", "Projects", "submitProject", submission)
        project = self.count("ProjectSubmitted")
        self.act("operator", "Projects", "registerProject", project)
        self.act(
            "owner", "Projects", "submitReport", project, *period, grams, b32("data"), b32(f"report{number}")
        )
        report = self.count("ReportSubmitted")
        self.act("verifier", "Projects", "verifyReport", report, True, grams, b32("verification"))
        self.act(
            "operator",
            "Issuances",
            "proposeIssuance",
            report,
            1,
            self.account(holder),
            grams,
            vintage,
            "VCS 1-2 <1>",
        )
        issuance = self.count("IssuanceProposed")
        self.wait(8 * DAY)
        self.act("authority", "Issuances", "confirmIssuance", issuance)
        return int(encode_token_id(project, 1))

    def methodology(self, code: str) -> int:
        """A filed methodology; its number."""
        self.act("owner", "Methodologies", "submitMethodology", b32(code), code, "1.0", "交通", "gCO2e")
        number = self.count("MethodologySubmitted")
        self.act("operator", "Methodologies", "openAppraisal", number)
        self.act("expert", "Methodologies", "appraise", number, 90, b32("opinion"))
        self.act("authority", "Methodologies", "fileMethodology", number)
        return number

    def count(self, event: str) -> int:
        """How many events of a kind there are, which is the newest number."""
        for contract in self.deployment.addresses:
            for entry in abi_of(contract):
                if entry["type"] == "event" and entry["name"] == event:
                    signature = f"{event}({','.join(canonical(part) for part in entry['inputs'])})"
                    topic = "0x" + keccak(text=signature).hex()
                    logs = self.chain.logs(
                        self.deployment.block, self.chain.head(), [self.deployment.address(contract)]
                    )
                    return sum(log.topics[0] == topic for log in logs)
        raise AssertionError(event)

    def retirement(self, lines: list[tuple[int, int]], **fields: Any) -> tuple[Any, ...]:
        """A record with texts of every kind, of a number of its own."""
        number = b32(f"retirement {self.deployment.address('Credits')} {next(self.counter)}")
        texts = {
            "beneficiary": "哈尔滨某公司",
            "case": "2026 马拉松",
            "place": "哈尔滨",
            "note": "净零",
            **fields,
        }
        return (
            number,
            texts.get("purpose", 0),
            b32("beneficiary"),
            texts.get("since", 20_500),
            texts.get("until", 20_502),
            *(texts[name] for name in ("beneficiary", "case", "place", "note")),
            lines,
        )


def everything(world: World) -> None:
    """Each event of each contract stands on the chain at least once, hostile texts and extreme values among them."""
    world.members()
    world.act("authority", "Methodologies", "setAppraisalRule", 1, 50)
    first = world.credit()
    second = world.credit(grams=7 * TONNE + 1, vintage=2025)
    _methodologies(world)
    _projects(world)
    _issuances(world)
    _movements(world, first, second)
    _cancellations(world, first)
    _supervision(world, first)
    _members(world)
    _roles(world)
    # Left held, partly locked and partly retired, so that audits have something to look at.
    world.act(
        "owner", "Credits", "lock", b32("last lock"), first, 5, world.account("operator"), 2**64 - 1, ""
    )
    world.act("owner", "Credits", "retire", world.retirement([(first, 1), (second, 2)]))


def _methodologies(world: World) -> None:
    number = world.methodology("M-states")
    world.act("authority", "Methodologies", "suspendMethodology", number, "复核")
    world.act("authority", "Methodologies", "resumeMethodology", number, HOSTILE)
    world.act("authority", "Methodologies", "withdrawMethodology", number, "")
    world.act("owner", "Methodologies", "submitMethodology", b32("x"), HOSTILE, b"\x00", HOSTILE, HOSTILE)
    world.act("authority", "Methodologies", "rejectMethodology", number + 1, "no")


def _projects(world: World) -> None:
    submission = (1, 0, 2**32 - 1, b32("doc"), HOSTILE, HOSTILE, "", [b32("same"), b32("other")])
    world.act("owner", "Projects", "submitProject", submission)
    project = world.count("ProjectSubmitted")
    world.act("operator", "Projects", "registerProject", project)
    for number, verdict in enumerate(("withdraw", "reject", "keep")):
        start = 10_000 + number
        most = 2**64 - 1 if verdict == "keep" else 5
        world.act(
            "owner", "Projects", "submitReport", project, start, start + 1, most, b32("d"), b32(f"r{number}")
        )
        report = world.count("ReportSubmitted")
        if verdict == "withdraw":
            world.act("owner", "Projects", "withdrawReport", report, HOSTILE)
        elif verdict == "reject":
            world.act("verifier", "Projects", "verifyReport", report, False, 0, b32("v"))
        else:
            world.act("verifier", "Projects", "verifyReport", report, True, most, b32("v"))
    world.act("authority", "Projects", "suspendProject", project, "x")
    world.act("authority", "Projects", "resumeProject", project, "x")


def _issuances(world: World) -> None:
    report = world.count("ReportSubmitted")
    vintage = 1997  # day 10,002
    world.act(
        "operator",
        "Issuances",
        "proposeIssuance",
        report,
        2**128 - 1,
        world.account("buyer"),
        2**64 - 1,
        vintage,
        HOSTILE,
    )
    issuance = world.count("IssuanceProposed")
    world.act("buyer", "Issuances", "objectToIssuance", issuance, HOSTILE)
    world.act("owner", "Issuances", "objectToIssuance", issuance, "异议")
    world.act("authority", "Issuances", "answerObjection", world.count("IssuanceObjected"), "答复")
    world.act("authority", "Issuances", "returnIssuance", issuance, "退回")
    world.act("authority", "Issuances", "setNoticeLength", 7 * DAY)


def _movements(world: World, first: int, second: int) -> None:
    owner, buyer, operator = world.account("owner"), world.account("buyer"), world.account("operator")
    world.act("owner", "Credits", "safeTransferFrom", owner, buyer, first, 100 * TONNE, b"")
    world.act("owner", "Credits", "safeTransferFrom", owner, owner, first, 1, b"")
    world.act("owner", "Credits", "safeTransferFrom", owner, buyer, 2**256 - 1, 0, b"")
    world.act("owner", "Credits", "safeBatchTransferFrom", owner, buyer, [first, second], [2 * TONNE, 1], b"")
    world.act("owner", "Credits", "safeBatchTransferFrom", owner, buyer, [], [], b"")
    world.act("owner", "Credits", "setApprovalForAll", operator, True)
    world.act("operator", "Credits", "safeTransferFrom", owner, buyer, second, 5, b"")
    _orders(world, first)
    later = world.now() + 30 * DAY
    for name in ("release", "deliver", "retire", "cancel"):
        world.act("buyer", "Credits", "lock", b32(name), first, 10 * TONNE, operator, later, HOSTILE)
    world.act("operator", "Credits", "releaseLock", b32("release"), 4 * TONNE)
    world.act("operator", "Credits", "deliverLock", b32("deliver"), owner, 10 * TONNE)
    world.act("buyer", "Credits", "retireLocked", b32("retire"), world.retirement([(first, 3 * TONNE)]))
    world.act(
        "buyer", "Credits", "retire", world.retirement([(first, 1), (first, 2), (second, 1)], purpose=3)
    )
    hostile = dict.fromkeys(("beneficiary", "case", "place", "note"), HOSTILE)
    world.act("buyer", "Credits", "retire", world.retirement([(first, 9)], **hostile, since=0, until=0))
    far = world.retirement([(first, 9)], since=0, until=2**32 - 1, beneficiary="")
    world.act("buyer", "Credits", "retire", far)
    for number, text in enumerate(("更正", HOSTILE)):
        correction = (b32(f"correction {number}"), far[0], b32("new"), text, text, "", text, text)
        world.act("operator", "Corrections", "correctRetirement", correction)


def _orders(world: World, token_id: int) -> None:
    signer = Key(Account.from_key(keccak(text=f"order {world.deployment.address('Credits')}")))
    world.act("authority", "Credits", "openAccount", signer.address, BUYER)
    world.act(
        "owner", "Credits", "safeTransferFrom", world.account("owner"), signer.address, token_id, 50, b""
    )
    order = TransferOrder(b32("order"), signer.address, world.account("buyer"), token_id, 20, 2**40)
    signature = signer.sign_typed_data(transfer_order(world.deployment, order))
    fields = (order.order_id, order.sender, order.receiver, order.token_id, order.grams, order.deadline)
    world.act("verifier", "Credits", "transferByOrder", fields, signature)


def _cancellations(world: World, token_id: int) -> None:
    buyer = world.account("buyer")
    code = b"error".ljust(32, b"\0")
    stranger = "0x" + "77" * 20
    world.act(
        "operator", "Cancellations", "proposeCancellation", token_id, buyer, 7, bytes(32), code, b32("c")
    )
    world.act(
        "operator",
        "Cancellations",
        "proposeCancellation",
        token_id,
        buyer,
        10 * TONNE,
        b32("cancel"),
        b"\xff" * 32,
        b32("c"),
    )
    world.act(
        "operator", "Cancellations", "proposeCancellation", 999, stranger, 2**64 - 1, b32("?"), code, b32("c")
    )
    world.act("authority", "Cancellations", "confirmCancellation", 1)
    world.act("authority", "Cancellations", "confirmCancellation", 2)
    world.act("authority", "Cancellations", "returnCancellation", 3)


def _supervision(world: World, token_id: int) -> None:
    world.act("authority", "Supervision", "freezeAccount", world.account("buyer"), 2**64 - 1, "案 1")
    world.act("authority", "Supervision", "freezeCredit", token_id, world.now() + DAY, HOSTILE)
    world.act("authority", "Supervision", "unfreezeCredit", token_id, "案 2")
    world.act("authority", "Supervision", "unfreezeAccount", world.account("buyer"), "案 3")
    world.act("authority", "Supervision", "freezeAccount", world.account("expert"), world.now() + DAY, "案 4")
    world.act("operator", "Supervision", "pause", HOSTILE)
    world.act("operator", "Supervision", "proposeUnpause")
    world.act("authority", "Supervision", "confirmUnpause")


def _members(world: World) -> None:
    world.act("authority", "Credits", "registerMember", 8, b32("fund"), HOSTILE)
    number = world.count("MemberRegistered")
    world.act("authority", "Credits", "changeStanding", number, 2, HOSTILE)
    world.act("authority", "Credits", "changeStanding", number, 3, "关闭")


def _roles(world: World) -> None:
    """What the manager of roles can say, delayed operations too."""
    nowhere = "0x" + "66" * 20
    issuances = world.deployment.address("Issuances")
    world.act("authority", "Roles", "labelRole", 2**64 - 2, HOSTILE)
    world.act("authority", "Roles", "setRoleAdmin", 2**64 - 2, 1)
    world.act("authority", "Roles", "setRoleGuardian", 2**64 - 2, 5)
    world.act("authority", "Roles", "setGrantDelay", 2**64 - 2, 60)
    world.act("authority", "Roles", "setTargetFunctionRole", nowhere, [b"\1\2\3\4"], 2**64 - 1)
    world.act("authority", "Roles", "setTargetClosed", nowhere, True)
    world.act("authority", "Roles", "setTargetAdminDelay", nowhere, 60)
    world.act("authority", "Roles", "grantRole", 4, world.account("nobody"), 0)
    world.act("authority", "Roles", "grantRole", 4, world.account("nobody"), 120)
    world.act("authority", "Roles", "revokeRole", 4, world.account("nobody"))
    world.act("authority", "Credits", "openAccount", world.account("second authority"), AUTHORITY)
    world.act("authority", "Roles", "grantRole", 1, world.account("second authority"), 60)
    world.wait(GRANT_DELAY_SECONDS + 1)
    data = bytes.fromhex(calldata("Issuances", "setNoticeLength", 6 * DAY)[2:])
    world.act("second authority", "Roles", "schedule", issuances, data, 0)
    world.act("second authority", "Roles", "cancel", world.account("second authority"), issuances, data)
    world.act("second authority", "Roles", "schedule", issuances, data, 0)
    world.wait(61)
    world.act("second authority", "Issuances", "setNoticeLength", 6 * DAY)
