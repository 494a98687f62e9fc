"""A city's scheme on a real chain, with names, amounts and months as people would meet them, hostile texts among them.

Flow: `World.deploy` → `build(world)` → members, methodologies, projects, reports, issuances, transfers, locks, retirements,
a correction, cancellations and a freeze, spread over a year.
"""

from __future__ import annotations

from eth_utils.crypto import keccak

from node_client.units import encode_token_id
from tests.node_client.ledger_world import DAY, TONNE, World, b32

PURPOSES = (
    ("other", "其他", "Other"),
    ("event", "大型活动碳中和", "Event"),
    ("office", "办公运营", "Office operation"),
    ("product", "产品", "Product"),
    ("travel", "出行", "Travel"),
    ("compliance", "履约", "Compliance"),
    ("damage_restoration", "生态环境损害替代修复", "Damage restoration"),
    ("public_welfare", "公益", "Public welfare"),
)
MEMBERS = (
    ("operator", 2, "冰城碳普惠运营中心有限公司"),
    ("verifier", 3, "北方质量认证中心"),
    ("expert-1", 4, "北国大学环境学院"),
    ("expert-2", 4, "寒地建筑科学研究院"),
    ("expert-3", 4, "林业碳汇研究所"),
    ("owner-1", 5, "松江公共交通集团"),
    ("owner-2", 5, "太阳岛新能源科技有限责任公司"),
    ("owner-3", 5, "Northern Heat Pump Cooperative"),
    ("buyer-1", 6, "中央大街会展酒店有限公司"),
    ("buyer-2", 6, "Amur River Bank, Harbin Branch"),
    ("fund", 8, "冰雪活动碳中和基金"),
)
METHODOLOGIES = (
    ("HRB-CM-001", "1.0", "交通 / 公共交通出行", "gCO2e"),
    ("HRB-CM-002", "1.1", "能源 / 分布式光伏", "gCO2e"),
    ("HRB-CM-003", "1.0", "建筑 / 空气源热泵供暖", "gCO2e"),
)
PROJECTS = (
    ("owner-1", 0, "HRB-BUS-2024", "城市公共交通出行减排项目（一期）", "黑龙江省哈尔滨市"),
    ("owner-2", 1, "HRB-PV-0007", "松北区户用分布式光伏减排项目", "哈尔滨市松北区"),
    ("owner-3", 2, "HRB-HP-0001", "Air-source heat pumps in village schools", "Shuangcheng, Harbin"),
)
HOSTILE_NAME = '<script>alert("1")</script>\u202e很长的项目名称❄️👩‍🔬 & "引号" ' + "寒地低碳示范" * 140
HOSTILE_NOTE = b"<img src=x onerror=alert(1)>\x00 \xe2\x80\xae abc \xff' OR 1=1 -- {{ 7*7 }} %(n)s"
FIRST_DAY = 19_723  # 2024-01-01


def build(world: World, *, pause_days: int = 21, hostile: bool = True) -> None:
    """The scheme is on the chain, from the first member to the last retirement."""
    _found(world)
    _methodologies(world)
    projects = [_project(world, index) for index in range(len(PROJECTS))]
    issued: list[int] = []
    amounts = (182_455_250_000, 46_120 * TONNE, 9_600_000, 73_004_500_001, 20_000 * TONNE, 12_500_250_000)
    for place, grams in enumerate(amounts):
        project = projects[place % 3]
        owner = PROJECTS[place % 3][0]
        issued.append(_issue(world, project, owner, grams, year=2024 + place // 3, credit_id=1 + place // 3))
        world.wait(pause_days * DAY)
        _trade(world, issued[-1], owner, grams, place)
        world.wait(pause_days * DAY)
    _settle(world, issued)
    if hostile:
        _hostile(world, projects[0], issued[0])


def _found(world: World) -> None:
    for number, (code, zh, en) in enumerate(PURPOSES):
        world.act("authority", "Credits", "setPurpose", number, True, code, zh, en)
    for name, kind, title in MEMBERS:
        world.act("authority", "Credits", "registerMember", kind, b32(f"city {name}"), title)
        number = world.count("MemberRegistered") + 1  # the authority was there before any event could say so
        world.act("authority", "Credits", "openAccount", world.account(name), _member(world, number))
    roles = {"operator": 2, "verifier": 3, "expert-1": 4, "expert-2": 4, "expert-3": 4}
    for name, role in roles.items():
        world.act("authority", "Roles", "grantRole", role, world.account(name), 0)
    world.act("authority", "Roles", "grantRole", 5, world.account("operator"), 0)
    world.act("authority", "Credits", "appointOperator", 2)


def _member(world: World, guess: int) -> int:
    """The newest member's number: the ledger's own count."""
    address = world.deployment.address("Credits")
    count: int = world.chain.call(address, "Credits", "memberCount")
    assert guess - 1 <= count <= guess
    return count


def _methodologies(world: World) -> None:
    for place, (code, version, sector, unit) in enumerate(METHODOLOGIES, start=1):
        world.act("owner-1", "Methodologies", "submitMethodology", b32(code), code, version, sector, unit)
        world.act("operator", "Methodologies", "openAppraisal", place)
        for expert, score in (("expert-1", 88), ("expert-2", 74), ("expert-3", 91)):
            world.act(expert, "Methodologies", "appraise", place, score, b32(f"{expert} on {code}"))
        world.act("authority", "Methodologies", "fileMethodology", place)
    world.act(
        "owner-2",
        "Methodologies",
        "submitMethodology",
        b32("draft"),
        "HRB-CM-004",
        "0.9",
        "林业 / 碳汇造林",
        "gCO2e",
    )


def _project(world: World, index: int) -> int:
    owner, methodology, code, name, place = PROJECTS[index]
    keys = [b32(f"{code} site {number}") for number in range(3 + index)]
    submission = (methodology + 1, FIRST_DAY, FIRST_DAY + 3653, b32(f"pdd {code}"), code, name, place, keys)
    world.act(owner, "Projects", "submitProject", submission)
    number = world.count("ProjectSubmitted")
    world.act("operator", "Projects", "registerProject", number)
    return number


def _issue(world: World, project: int, owner: str, grams: int, *, year: int, credit_id: int) -> int:
    start = FIRST_DAY if year == 2024 else FIRST_DAY + 366
    period = (start, start + 365)
    report_hash = keccak(text=f"report {project} {year}")
    world.act(owner, "Projects", "submitReport", project, *period, grams, b32("root"), report_hash)
    report = world.count("ReportSubmitted")
    world.act("verifier", "Projects", "verifyReport", report, True, grams, b32("opinion"))
    origin = "VCS-VCU-1529-VER-CN-1-2413-01012024-31122024-0, 2025-02-14" if credit_id == 2 else ""
    world.act(
        "operator",
        "Issuances",
        "proposeIssuance",
        report,
        credit_id,
        world.account(owner),
        grams,
        year,
        origin,
    )
    issuance = world.count("IssuanceProposed")
    world.act("buyer-1", "Issuances", "objectToIssuance", issuance, "请说明数据来源与采样方法。")
    world.act(
        "authority",
        "Issuances",
        "answerObjection",
        world.count("IssuanceObjected"),
        "数据来自运营平台，已经第三方机构核查。",
    )
    world.wait(8 * DAY)
    world.act("authority", "Issuances", "confirmIssuance", issuance)
    return int(encode_token_id(project, credit_id))


def record(
    world: World, text: str, purpose: int, lines: list[tuple[int, int]], **fields: object
) -> tuple[object, ...]:
    """A retirement's record."""
    return (
        b32(f"{world.deployment.address('Credits')} {text}"),
        purpose,
        fields.get("hash", b32(text) if fields.get("beneficiary") else bytes(32)),
        fields.get("since", 0),
        fields.get("until", 0),
        fields.get("beneficiary", ""),
        fields.get("case", ""),
        fields.get("place", ""),
        fields.get("note", ""),
        lines,
    )


def _trade(world: World, token: int, owner: str, grams: int, place: int) -> None:
    part = grams // 3
    buyer = "buyer-1" if place % 2 else "buyer-2"
    world.act(
        owner, "Credits", "safeTransferFrom", world.account(owner), world.account(buyer), token, part, b""
    )
    world.wait(5 * DAY)
    names = (
        "2025哈尔滨国际马拉松组织委员会",
        "Amur River Bank, Harbin Branch",
        "亚洲冬季运动会碳中和工作组",
        "太阳岛国际雪雕艺术博览会",
        "",
        "中央大街会展酒店有限公司",
    )
    fields: dict[str, object] = {
        "beneficiary": names[place],
        "case": ("2025-MARATHON-01", "", "AWG-2025", "", "", "HT-2026-118")[place],
        "place": ("黑龙江省哈尔滨市道里区", "Harbin", "哈尔滨", "", "", "哈尔滨市道里区中央大街")[place],
        "note": (
            "用于抵销赛事组织、参赛选手市内交通与现场用能产生的温室气体排放。",
            "Head office electricity and business travel, 2025.",
            "",
            "",
            "家庭自愿减排",
            "全年办公运营碳中和",
        )[place],
        "since": 20_330,
        "until": 20_332 if place % 2 == 0 else 20_450,
    }
    if place == 4:
        fields["hash"] = b32("a person, salted")
    retired = part // 2 + (1 if place == 2 else 0)
    world.act(
        buyer,
        "Credits",
        "retire",
        record(world, f"trade {place}", (1, 2, 1, 1, 7, 2)[place], [(token, retired)], **fields),
    )


def _settle(world: World, issued: list[int]) -> None:
    buyer, operator = world.account("buyer-1"), world.account("operator")
    world.act(
        "owner-1",
        "Credits",
        "safeTransferFrom",
        world.account("owner-1"),
        buyer,
        issued[0],
        30_000 * TONNE,
        b"",
    )
    lines = [(issued[0], 1_200 * TONNE), (issued[1], 134_040_000), (issued[3], 5_000_500_000)]
    fields = {
        "beneficiary": "松花江流域生态环境损害赔偿替代修复项目",
        "case": "（2026）黑01民初118号",
        "place": "哈尔滨市",
        "note": "赔偿义务人认购碳普惠减排量并注销，用于替代修复。",
    }
    world.act(
        "owner-1",
        "Credits",
        "safeTransferFrom",
        world.account("owner-1"),
        buyer,
        issued[3],
        6_000 * TONNE,
        b"",
    )
    damage = record(world, "damage", 6, lines, **fields)
    world.act("buyer-1", "Credits", "retire", damage)
    correction = (
        b32("city correction"),
        damage[0],
        bytes(32),
        "",
        "（2026）黑01民初181号",
        "",
        "",
        "案号录入有误，应为181号。",
    )
    world.act("operator", "Corrections", "correctRetirement", correction)
    later = world.now() + 90 * DAY
    world.act(
        "buyer-1",
        "Credits",
        "lock",
        b32("city lock"),
        issued[0],
        2_000 * TONNE,
        operator,
        later,
        "挂牌点选 2026-07",
    )
    code = b"double-counting".ljust(32, b"\0")
    world.act(
        "operator",
        "Cancellations",
        "proposeCancellation",
        issued[3],
        buyer,
        12_250_000,
        bytes(32),
        code,
        b32("case"),
    )
    world.act("authority", "Cancellations", "confirmCancellation", world.count("CancellationProposed"))
    world.act(
        "authority", "Supervision", "freezeCredit", issued[5], world.now() + 60 * DAY, "监管〔2026〕7号"
    )


def _hostile(world: World, project: int, token: int) -> None:
    submission = (
        1,
        FIRST_DAY,
        FIRST_DAY + 365,
        b32("evil"),
        "<b>EVIL</b>",
        HOSTILE_NAME[:900],
        HOSTILE_NOTE,
        [b32("evil site")],
    )
    world.act("owner-1", "Projects", "submitProject", submission)
    texts: dict[str, object] = dict.fromkeys(("beneficiary", "case", "place", "note"), HOSTILE_NOTE)
    world.act("buyer-2", "Credits", "retire", record(world, "hostile", 0, [(token, 1)], **texts))
