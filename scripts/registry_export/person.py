"""Who must not be named on chain: a narrow reading of names that are likely those of natural persons.

The rules look for signs that organisations' names rarely carry, each explained where it stands. A name that
is a person's in truth but carries no sign ("Kaynã", which may be a shop) is not found: operators add such
names through `persons`. A brand that is a person's name ("Paul Smith") is found, and its retirement then
carries a commitment instead of the name, which can be opened later; the opposite mistake could never be
undone.
"""

from __future__ import annotations

import re

from scripts.registry_export.field import name_of_text

# Any of these words, as a whole word, and the name is an organisation's.
_ORGANISATION_WORDS = frozenset(
    """
    inc incorporated llc llp lp ltd ltda limited plc corp corporation co company companies group gmbh ag
    kg bv nv sa sas sarl srl spa ab as asa oy oyj pty pte pvt pbc pc eireli me mei foundation fund trust
    association society institute instituto university college school academy bank banco insurance
    seguros church congregation hospital hotel hotels airport council city county state government
    ministry agency department tribunal holding holdings partners realty management advisors media
    services solutions energy industries international global capital financial jewelry eyewear office
    establishment viagens produções producoes eventos ambiental club team brewing coffee foods studio
    studios customers retail terminal terminals federation confederação confederacao empresa indústria
    industria store shop brand design consulting events productions travel tours logistics motors
    airlines sons brothers family families
    """.split()  # noqa: SIM905 - words read better in lines
)
# Single characters decide only at the end of a name: in the middle they are common in personal names.
_CHINESE_ORGANISATION = re.compile(
    r"公司|集团|中心|协会|学会|商会|学校|大学|中学|小学|学院|银行|酒店|宾馆|饭店|医院|法院|政府|基金|工厂|研究|事务|"
    r"企业|商店|超市|电力|石油|能源|科技|委员会|合作社|[厂院局店馆校厅署委社部]$"
)
_CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002ffff]+")
_CHINESE_HONORIFIC = re.compile(r"[\u4e00-\u9fff]{1,4}(?:先生|女士|小姐|同学|老师)")
_CHINESE_DOTTED = re.compile(r"[\u4e00-\u9fff]+(?:[·•・][\u4e00-\u9fff]+)+")
_COMPOUND_SURNAMES = (
    "欧阳",
    "司马",
    "上官",
    "诸葛",
    "东方",
    "皇甫",
    "尉迟",
    "公孙",
    "慕容",
    "令狐",
    "司徒",
    "夏侯",
)
_HONORIFIC = re.compile(
    r"(?:mr|mrs|ms|miss|mx|dr|prof|sr|sra|srta|senhor|senhora|señor|señora|herr|frau|mme|mlle"
    r"|monsieur|madame)\.?"
    r"(?:\s+[^\W\d_][\w'’.-]*){1,4}",
    re.IGNORECASE,
)
_SELF = re.compile(
    r"\b(?:myself|my family|my wedding|our wedding|private person|natural person|pessoa física)\b|本人|个人"
)
# A taxpayer number of a natural person in Brazil; an organisation's (CNPJ) has another shape.
_PERSONAL_NUMBER = re.compile(r"\b[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}\b|\b[0-9]{17}[0-9Xx]\b")
_E_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_WORD = r"[^\W\d_][\w'’-]*"
_INITIALS = re.compile(rf"(?:[^\W\d_](?:\.\s?|\s)){{1,3}}{_WORD}(?: {_WORD})?")
_SURNAME_FIRST = re.compile(rf"{_WORD}, {_WORD}(?: [^\W\d_]\.?)?")
_GIVEN_NAMES = frozenset(
    """
    adam alan albert alejandro alex alexander alice amy ana andre andrea andreas andrew angela anna anne
    anthony antonio barbara ben benjamin beatriz bernd bob brian bruno camila carla carlos carol caroline
    catherine charles charlotte chris christian christine christopher claudia daniel daniela david
    deborah diana diego donald edward eduardo elena elizabeth emily emma eric erik eva felipe fernanda
    fernando francisco frank gabriel gabriela george hans helen henry ian isabel jack jacob james jan
    jane jason javier jean jeff jennifer jessica jim joana joão joe johannes john jon jonathan jorge josé
    jose joseph joshua juan julia julian juliana karen karl kate katherine kevin klaus larissa laura
    lauren leonardo linda lisa lucas lucia luis luiz marco marcos margaret maria mariana marie mario
    martin mary matthew michael michelle miguel nancy natalia nathan nicholas nick nicole olivia oliver
    pablo patricia patrick paul paula paulo pedro peter philip rachel rafael rebecca renata ricardo
    richard robert roberto rodrigo ronald ruth ryan samuel sandra sara sarah scott sean sebastian sergio
    simon sofia stefan stephanie stephen steven susan teresa thiago thomas tim tom valentina victor
    victoria vanessa wei william xavier
    """.split()  # noqa: SIM905 - words read better in lines
)


def looks_like_person(name: str) -> bool:
    """True when `name` carries a sign of a natural person and none of an organisation."""
    text = name_of_text(name)
    if not text:
        return False
    # These speak for themselves, whatever else the text holds.
    if _SELF.search(text.casefold()) or _PERSONAL_NUMBER.search(text):
        return True
    if _CHINESE_ORGANISATION.search(text) or _has_organisation_word(text):
        return False
    if _is_chinese_person(text):
        return True
    if re.search(r"[0-9&/@(]", text):
        return False
    return _HONORIFIC.fullmatch(text) is not None or _is_western_person(text)


def _has_organisation_word(text: str) -> bool:
    words = re.findall(r"[^\W\d_]+", text.casefold())
    # "S.A." and "S/A" fall apart into letters; joined they are the same sign.
    joined = re.sub(r"(?<=\b\w)[./](?=\w\b)", "", text.casefold())
    joined_words = re.findall(r"[^\W\d_]+", joined)
    # "A S" or "Sa" at the front is a name's part, so legal forms of two letters count only at the end.
    legal_forms = {word for word in _ORGANISATION_WORDS if len(word) <= 2}
    if joined_words and joined_words[-1] in legal_forms:
        return True
    return any(word in _ORGANISATION_WORDS - legal_forms for word in words)


def _is_chinese_person(text: str) -> bool:
    """Two or three Chinese characters, four after a compound surname, dotted, or with an honorific."""
    if _CHINESE_HONORIFIC.fullmatch(text) or _CHINESE_DOTTED.fullmatch(text):
        return True
    closed = text.replace(" ", "")
    runs = _CHINESE.findall(closed)
    rest = _CHINESE.sub("", closed)
    # A name in both scripts, "张三 Zhang San", is one name: the other script is letters only.
    if len(runs) != 1 or not all(character.isalpha() or character in "()()'’-" for character in rest):
        return False
    return len(runs[0]) in (2, 3) or (len(runs[0]) == 4 and runs[0].startswith(_COMPOUND_SURNAMES))


def _is_western_person(text: str) -> bool:
    words = text.replace(",", "").split()
    if not all(word[:1].isupper() for word in words) or not 2 <= len(words) <= 4:
        return False
    # "G Silva", "J. R. Smith": initials before a word of mixed case ("B BRAUN" is a firm's way of writing).
    if _INITIALS.fullmatch(text) and len(words[-1]) > 2 and not words[-1].isupper():
        return True
    # "Silva, Gabriel": firms write a legal form behind the comma, which was ruled out above.
    if _SURNAME_FIRST.fullmatch(text):
        return True
    # "Tom Self": a common given name, then one or two more words of letters only.
    return (
        len(words) <= 3 and words[0].casefold() in _GIVEN_NAMES and all(_is_name_word(word) for word in words)
    )


def _is_name_word(word: str) -> bool:
    return re.fullmatch(rf"{_WORD}\.?", word) is not None


def folded_names(persons: frozenset[str]) -> frozenset[str]:
    """The operator's names as `is_person` compares them: NFC, single blanks, without case."""
    return frozenset(name_of_text(person).casefold() for person in persons) - {""}


def is_person(name: str, folded_persons: frozenset[str]) -> bool:
    """True when the operator named it (`folded_names`) or it looks like a person."""
    return name_of_text(name).casefold() in folded_persons or looks_like_person(name)


def without_persons(note: str, names: frozenset[str]) -> str:
    """The note without these names (whole, or any word of three letters), e-mail addresses, tax numbers."""
    cleaned = _PERSONAL_NUMBER.sub("[number]", _E_MAIL.sub("[e-mail]", note))
    parts: set[str] = set()
    for name in names:
        parts.add(name_of_text(name))
        parts.update(word for word in re.findall(r"[^\W\d_]+", name) if len(word) >= 3)
    for part in sorted((part for part in parts if part), key=lambda part: (-len(part), part)):
        pattern = r"\s+".join(re.escape(word) for word in part.split())
        bounds = ("", "") if _CHINESE.search(part) else (r"(?<!\w)", r"(?!\w)")
        cleaned = re.sub(bounds[0] + pattern + bounds[1], "[person]", cleaned, flags=re.IGNORECASE)
    return re.sub(r"\[person\](?:\s*\[person\])+", "[person]", cleaned)
