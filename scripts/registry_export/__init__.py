"""Real registries' exports, read and checked: `parse(paths, "verra")` gives an `Export` to replay.

export = parse([Path("vcus.csv")], "verra", persons=frozenset({"Kaynã"})) export.issued_grams,
export.retired_grams, export.refused, export.notes
"""

from scripts.registry_export.export import (
    GRAMS_PER_TONNE,
    MAX_TOTAL_GRAMS,
    PURPOSES,
    BrokenExport,
    Export,
    Issuance,
    Methodology,
    Problem,
    Project,
    Report,
    Retirement,
)
from scripts.registry_export.formats import FORMATS, detect, parse
from scripts.registry_export.person import looks_like_person

__all__ = [
    "FORMATS",
    "GRAMS_PER_TONNE",
    "MAX_TOTAL_GRAMS",
    "PURPOSES",
    "BrokenExport",
    "Export",
    "Issuance",
    "Methodology",
    "Problem",
    "Project",
    "Report",
    "Retirement",
    "detect",
    "looks_like_person",
    "parse",
]
