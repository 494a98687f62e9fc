"""One credit as it grows row by row."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from scripts.registry_export.export import Block, RetirementText


@dataclass(slots=True)
class Credit:
    """The rows that brought volume and those that retired some; a row of Verra's may be in both lists."""

    first: Block
    volume: list[Block] = field(default_factory=list)
    retired: list[tuple[Block, RetirementText]] = field(default_factory=list)
    grams: int = 0
    retired_grams: int = 0

    def add_volume(self, block: Block) -> None:
        """The credit is larger by this block."""
        self.volume.append(block)
        self.grams += block.grams

    def add_retired(self, block: Block, text: RetirementText) -> None:
        """This block of the credit is retired."""
        self.retired.append((block, text))
        self.retired_grams += block.grams

    def remove(self, block: Block, text: RetirementText) -> None:
        """The block, which proved both an issuance and a retirement, is in neither."""
        self.volume.remove(block)
        self.retired.remove((block, text))
        self.grams -= block.grams
        self.retired_grams -= block.grams

    @property
    def listed(self) -> bool:
        """True when the registry's issuance rows name it, false when only retirements prove it."""
        return self.first.lists_issuance

    @property
    def issued_on(self) -> date:
        """The day of issuance, or where no row tells, that of the first retirement: it was issued by then."""
        known = [block.issued_on for block in self.volume if block.issued_on is not None]
        return min(known or [text.retired_on for _, text in self.retired])

    @property
    def blocks(self) -> list[Block]:
        """Every row of this credit, once."""
        return self.volume + [block for block, _ in self.retired if self.listed and not block.lists_issuance]
