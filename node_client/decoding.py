"""Decoders of events, written as Python source from the ABI and compiled once.

Flow: an event's ABI inputs and its struct → `decoder` → source with every offset worked out → one function of topics and data
→ the struct.

What a generic reader decides at every word is decided once here: a log of known form costs slices and comparisons, no calls.
Strict means: exactly the bytes Solidity writes for these values and no others. Padding must be zero, offsets must follow each
other, and nothing may trail. So a value that was altered, cut or extended on its way is refused, and equal events have equal
bytes. Tests hold the decoders against eth-abi.
"""

from __future__ import annotations

import functools
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec
from eth_utils.address import to_checksum_address

from node_client.units import text_from_bytes

Decode: TypeAlias = Callable[[tuple[str, ...], bytes], Any]
Field: TypeAlias = dict[str, Any]


class Undecodable(ValueError):
    """The bytes are not what Solidity writes for this event."""


class EscapedText(str):
    """A text whose bytes were not clean UTF-8; `raw` are the bytes."""

    __slots__ = ("raw",)
    raw: bytes


def snake(name: str) -> str:
    """A Solidity name in Python's spelling: `tokenId` is `token_id`, a keyword gets a trailing underscore."""
    text = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
    return f"{text}_" if text == "from" else text


def abi_type(field: Mapping[str, Any]) -> str:
    """The type of an input or output as signatures have it: structs as their fields' types in brackets."""
    kind: str = field["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(map(abi_type, field['components']))}){kind.removeprefix('tuple')}"


def decoder(name: str, inputs: Sequence[Field], struct: type[Any]) -> Decode:
    """The decoder of an event's topics and data into its struct; it raises `Undecodable`.

    Raises TypeError when the struct's fields are not the ABI's, or the ABI has a type that no event of ours has.
    """
    source = _Source()
    source.event(inputs, struct)
    # The text is made from the committed ABI alone, never from what a node says.
    exec(compile("\n".join(source.lines), f"<decoder of {name}>", "exec"), source.names)  # noqa: S102 - see above
    made: Decode = source.names["decode"]
    return made


def _topic(text: str) -> bytes:
    try:
        raw = bytes.fromhex(text[2:])
    except ValueError as error:
        raise Undecodable(f"the topic {text} is no hexadecimal number") from error
    if len(raw) != 32 or len(text) != 66:
        raise Undecodable(f"the topic {text} is not of 32 bytes")
    return raw


# Accounts come again and again, and a checksum costs a hash.
@functools.lru_cache(maxsize=50_000)
def _address(word: bytes) -> str:
    if any(word[:12]) or len(word) != 32:
        raise Undecodable(f"the word {word.hex()} is no address")
    return str(to_checksum_address(word[12:]))


@functools.lru_cache(maxsize=50_000)
def _address_topic(text: str) -> str:
    return _address(_topic(text))


def _text(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8")
        if "\0" not in text:
            return text
    except UnicodeDecodeError:
        pass
    escaped = EscapedText(text_from_bytes(raw))
    escaped.raw = raw
    return escaped


_HELPERS: Final[dict[str, Any]] = {
    "Undecodable": Undecodable,
    "int_of": int.from_bytes,
    "address": _address,
    "address_topic": _address_topic,
    "topic": _topic,
    "text": _text,
}


def _words(field: Field) -> int:
    """How many words a field takes in place; 0 when it lies behind an offset."""
    kind: str = field["type"]
    if kind.endswith("[]") or kind in {"string", "bytes"}:
        return 0
    if kind == "tuple":
        parts = [_words(part) for part in field["components"]]
        return sum(parts) if all(parts) else 0
    return 1


class _Source:
    """A decoder's lines as they are written. Places are texts: `64`, or `at3 + 64` behind an offset."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = dict(_HELPERS)
        self._count = 0
        self._indent = 0

    def event(self, inputs: Sequence[Field], struct: type[Any]) -> None:
        """The whole function."""
        hints = _struct_hints(inputs, struct)
        topics = [f"topic{place}" for place, field in enumerate(inputs) if field["indexed"]]
        self._line("def decode(topics, data):")
        self._indent = 1
        self._line(f"if len(topics) != {len(topics) + 1}:")
        self._fail(f"{{len(topics)}} topics instead of {len(topics) + 1}")
        if topics:
            self._line(f"_, {', '.join(topics)} = topics")
        self._line("size = len(data)")
        values = {
            place: self._topic_value(f"topic{place}", field)
            for place, field in enumerate(inputs)
            if field["indexed"]
        }
        plain = {place: field for place, field in enumerate(inputs) if not field["indexed"]}
        read = self._frame(list(plain.values()), [hints[place] for place in plain], "")
        values.update(zip(plain, read, strict=True))
        self._line("if end != size:")
        self._fail("{size - end} bytes trail")
        self._line(f"return {self._named(struct)}({', '.join(values[place] for place in sorted(values))})")

    def _frame(self, fields: Sequence[Field], hints: Sequence[Any], base: str) -> list[str]:
        """Fields one after the other from `base` on, those of unknown length behind them; `end` is where they end."""
        head = 32 * sum(_words(field) or 1 for field in fields)
        self._line(f"end = {_plus(base, head)}")
        self._line("if end > size:")
        self._fail("ends at byte {size}, where more must follow")
        values, offset = [], 0
        for field, hint in zip(fields, hints, strict=True):
            words = _words(field)
            if words:
                values.append(self._static(field, hint, base, offset))
            else:
                self._line(f"if {self._int(base, offset)} != end{f' - {base}' if base else ''}:")
                self._fail(f"the offset at byte {{{_plus(base, offset)}}} is not where the next part starts")
                values.append(self._dynamic(field, hint))
            offset += 32 * (words or 1)
        return values

    def _static(self, field: Field, hint: Any, base: str, offset: int) -> str:
        """A value of known length; the name that holds it."""
        kind: str = field["type"]
        if kind == "tuple":
            values = []
            for part, inner in zip(
                field["components"], _struct_hints(field["components"], hint), strict=True
            ):
                values.append(self._static(part, inner, base, offset))
                offset += 32 * _words(part)
            return self._keep(f"{self._named(hint)}({', '.join(values)})")
        word = f"data[{_plus(base, offset)}:{_plus(base, offset + 32)}]"
        return self._word(kind, word, _plus(base, offset))

    def _word(self, kind: str, word: str, place: str) -> str:
        if kind == "address":
            return self._keep(f"address({word})")
        if kind == "bool" or kind.startswith("uint"):
            value = self._keep(f'int_of({word}, "big")')
            bits = 1 if kind == "bool" else int(kind[4:])
            if bits < 256:
                self._line(f"if {value} >> {bits}:")
                self._fail(f"{{{value}}} at byte {{{place}}} does not fit {bits} bits")
            return self._keep(f"{value} == 1") if kind == "bool" else value
        if kind.startswith("bytes"):
            raw = self._keep(word)
            length = int(kind[5:])
            if length < 32:
                self._line(f"if any({raw}[{length}:]):")
                self._fail(f"the word at byte {{{place}}} is longer than {length} bytes")
            return self._keep(f'"0x" + {raw}[:{length}].hex()')
        raise TypeError(f"no decoder for {kind}")

    def _topic_value(self, topic: str, field: Field) -> str:
        if field["type"] == "address":
            return self._keep(f"address_topic({topic})")
        return self._word(field["type"], self._keep(f"topic({topic})"), "0")

    def _dynamic(self, field: Field, hint: Any) -> str:
        """A value of unknown length that starts at `end`, which then is where it ends; the name that holds it."""
        kind: str = field["type"]
        start = self._keep("end")
        if kind in {"string", "bytes"}:
            first, last = self._keep(f"{start} + 32"), self._name()
            self._line(f"{last} = {first} + {self._int(start, 0)}")
            self._line(f"end = {last} + ({first} - {last}) % 32")
            self._line(f"if end > size or data.count(0, {last}, end) != end - {last}:")
            self._fail(f"the text at byte {{{start}}} is cut, or not padded with zeros")
            raw = f"data[{first}:{last}]"
            return self._keep(f"text({raw})" if kind == "string" else f'"0x" + {raw}.hex()')
        if kind == "tuple":
            values = self._frame(field["components"], _struct_hints(field["components"], hint), start)
            return self._keep(f"{self._named(hint)}({', '.join(values)})")
        return self._array({**field, "type": kind[:-2]}, typing.get_args(hint)[0], start)

    def _array(self, field: Field, hint: Any, start: str) -> str:
        step = 32 * _words(field)
        if not step:
            raise TypeError(f"no decoder for lists of {field['type']}")
        first, item, values = self._keep(f"{start} + 32"), self._name(), self._keep("[]")
        self._line(f"end = {first} + {self._int(start, 0)} * {step}")
        self._line("if end > size:")
        self._fail(f"the list at byte {{{start}}} claims {{(end - {first}) // {step}}} entries")
        self._line(f"for {item} in range({first}, end, {step}):")
        self._indent += 1
        self._line(f"{values}.append({self._static(field, hint, item, 0)})")
        self._indent -= 1
        return self._keep(f"tuple({values})")

    def _int(self, base: str, offset: int) -> str:
        return f'int_of(data[{_plus(base, offset)}:{_plus(base, offset + 32)}], "big")'

    def _named(self, struct: Any) -> str:
        self.names[struct.__name__] = struct
        return str(struct.__name__)

    def _keep(self, expression: str) -> str:
        name = self._name()
        self._line(f"{name} = {expression}")
        return name

    def _name(self) -> str:
        self._count += 1
        return f"value{self._count}"

    def _line(self, text: str) -> None:
        self.lines.append("    " * self._indent + text)

    def _fail(self, message: str) -> None:
        self._line(f'    raise Undecodable(f"{message}")')


def _plus(base: str, offset: int) -> str:
    if not base:
        return str(offset)
    return f"{base} + {offset}" if offset else base


def _struct_hints(fields: Sequence[Field], struct: Any) -> list[Any]:
    """The types of a struct's fields. Raises TypeError when they are not named as the ABI's."""
    names = [snake(field["name"]) for field in fields]
    own = [field.name for field in msgspec.structs.fields(struct)]
    if names != own:
        raise TypeError(f"{struct.__name__} has the fields {own}, its ABI {names}")
    hints = typing.get_type_hints(struct)
    return [hints[name] for name in names]
