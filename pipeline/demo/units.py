"""Who reports in the demo: a district union, schools and companies below two inner unions.

One inner union reports too, and one union is founded in the newest quarter.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date
from typing import Literal

from pipeline.demo.samples import items, sample_rows, span
from pipeline.orgunits import COLUMNS, OrgUnit
from pipeline.periods import Period

FOUNDED_LAST = "QY-06"

_STEMS = "甲乙丙丁戊己庚辛壬癸"
_DIGITS: tuple[str, ...] = ("", *"一二三四五六七八九")
_NAMES_A_UNIT = 30


@dataclass(frozen=True, slots=True)
class DemoUnit:
    """A reporting unit with what its reports are made from.

    `number` is its place in the tree; `women` the share of women; `base` the span of basic wages.
    """

    org: OrgUnit
    number: int
    kind: Literal["school", "company"]
    members: int
    women: float
    base: tuple[int, int]
    plans: tuple[str, ...]


def demo_tree(newest: Period) -> tuple[OrgUnit, ...]:
    """Return all units in the order of the tree; `newest` is the demo's last quarter."""
    return tuple(_org_unit(number, row, newest) for number, row in enumerate(sample_rows("units")))


def demo_units(newest: Period) -> tuple[DemoUnit, ...]:
    """Return the reporting units."""
    rows = sample_rows("units")
    return tuple(
        DemoUnit(
            org=unit,
            number=number,
            kind="school" if row["kind"] == "school" else "company",
            members=int(row["members"]),
            women=float(row["women"]),
            base=span(row["base"]),
            plans=items(row["plans"]),
        )
        for number, (row, unit) in enumerate(zip(rows, demo_tree(newest), strict=True))
        if unit.reports
    )


def tree_csv(tree: tuple[OrgUnit, ...]) -> str:
    """Return the tree as `orgunits.csv`; it begins with a BOM, so that Excel shows Chinese."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for unit in tree:
        since = "" if unit.active_from == date.min else unit.active_from.isoformat()
        writer.writerow(
            [
                unit.code, unit.name, unit.parent, "是" if unit.reports else "否",
                unit.email, unit.contact, ";".join(unit.aliases), since, "",
            ]
        )  # fmt: skip
    return "\ufeff" + text.getvalue()


def person_name(unit: int, person: int) -> str:
    """Return a plainly invented name, one of its own for every person of the demo.

    >>> person_name(0, 0), person_name(1, 1), person_name(3, 29)
    ('甲一', '乙四', '癸十二')
    """
    number = unit * _NAMES_A_UNIT + person
    tens, ones = divmod(number // len(_STEMS) + 1, 10)
    counted = (_DIGITS[tens] if tens > 1 else "") + ("十" if tens else "") + _DIGITS[ones]
    return _STEMS[number % len(_STEMS)] + counted


def phone(unit: int) -> str:
    """Return a telephone number that cannot be anyone's."""
    return f"000-0000{unit:02d}00"


def _org_unit(number: int, row: dict[str, str], newest: Period) -> OrgUnit:
    return OrgUnit(
        code=row["code"],
        name=row["name"],
        parent=row["parent"],
        reports=row["reports"] == "是",
        email=f"{row['code'].lower()}@example.invalid",
        contact=f"{person_name(number, 1)} {phone(number)}",
        aliases=items(row["aliases"]),
        active_from=newest.start if row["code"] == FOUNDED_LAST else date.min,
    )
