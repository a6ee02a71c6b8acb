"""The organisation tree: `config/orgunits.csv` or `.xlsx` in, a checked tree of units out.

A unit is active in a period if it is active on the period's last day. An inner unit may report
too; its own workbook then counts in its summary and above, under its own code.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from pipeline.errors import ConfigError, unknown_key
from pipeline.texts import one_clean_line

COLUMNS = (
    "code", "name", "parent", "reports", "email", "contact", "aliases", "active_from", "active_to",
)  # fmt: skip
_REQUIRED = ("code", "name", "parent", "reports")
_YES = {"是": True, "否": False, "y": True, "n": False, "yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class OrgUnit:
    """One unit of the tree; `parent` is "" for the root."""

    code: str
    name: str
    parent: str
    reports: bool
    email: str = ""
    contact: str = ""
    aliases: tuple[str, ...] = ()
    active_from: date = date.min
    active_to: date = date.max

    def active_on(self, day: date) -> bool:
        """Whether the unit exists on `day` (both ends included)."""
        return self.active_from <= day <= self.active_to


@dataclass(frozen=True)
class OrgTree:
    """All units, by code, in the order of the file."""

    units: Mapping[str, OrgUnit]
    root: OrgUnit
    _children: Mapping[str, tuple[OrgUnit, ...]] = field(repr=False)

    def children(self, code: str, *days: date) -> tuple[OrgUnit, ...]:
        """Return the direct children of `code` that are active on any of `days`, in file order."""
        below = self._children.get(code, ())
        return tuple(unit for unit in below if any(map(unit.active_on, days)))

    def inner(self, day: date) -> tuple[OrgUnit, ...]:
        """Return the active units that have units below them, the root first."""
        return tuple(u for u in self.walk(self.root.code, day) if self.children(u.code, day))

    def walk(self, code: str, day: date) -> Iterator[OrgUnit]:
        """Yield the unit and everything active below it, parents before children."""
        waiting = [self.units[code]]
        while waiting:
            unit = waiting.pop()
            if unit.active_on(day):
                yield unit
                waiting += reversed(self._children.get(unit.code, ()))

    def reporting(self, code: str, day: date) -> tuple[OrgUnit, ...]:
        """Return the units that owe a workbook below `code` (itself too, if it reports)."""
        return tuple(unit for unit in self.walk(code, day) if unit.reports)


def read_orgunits(path: Path, root: str = "") -> OrgTree:
    """Read the tree from CSV (UTF-8 or GB18030) or `.xlsx`.

    Raises ConfigError naming file, line and column for a missing column, a code twice, an unknown
    parent, a loop, no or several roots, or a root other than `root` where that is given.
    """
    rows = _rows_of_xlsx(path) if path.suffix.lower() == ".xlsx" else _rows_of_csv(path)
    units = (_unit(path, number, row) for number, row in rows if any(row.values()))
    return build_tree(units, root, path.name)


def build_tree(units: Iterable[OrgUnit], root: str = "", where: str = "orgunits") -> OrgTree:
    """Check and link units; see `read_orgunits` for the errors."""
    by_code: dict[str, OrgUnit] = {}
    children: dict[str, list[OrgUnit]] = {}
    for unit in units:
        if unit.code in by_code:
            raise ConfigError(
                f"{where}: 单位编码 {unit.code} 出现了两次 (code twice)。请改成唯一的编码。"
            )
        by_code[unit.code] = unit
        children.setdefault(unit.parent, []).append(unit)
    for unit in by_code.values():
        if unit.parent and unit.parent not in by_code:
            raise ConfigError(
                f"{where}: {unit.code} 的上级 {unit.parent} 不在表中 (unknown parent)。请补上该单位或改正 parent。"
            )
    roots = children.get("", [])
    if len(roots) != 1:
        named = "、".join(unit.code for unit in roots) or "无"
        raise ConfigError(
            f"{where}: 应当恰有一个最上级单位（parent 为空），现在是：{named} (exactly one root)。"
        )
    if root and roots[0].code != root:
        raise ConfigError(
            f"union.toml [union] root = “{root}”，而 {where} 的最上级单位是 {roots[0].code} (root differs)。请改成一致。"
        )
    tree = OrgTree(by_code, roots[0], {code: tuple(below) for code, below in children.items()})
    _refuse_loops(by_code, where)
    return tree


def _refuse_loops(units: Mapping[str, OrgUnit], where: str) -> None:
    reach_root: set[str] = set()
    for unit in units.values():
        path: list[str] = []
        code = unit.code
        while code and code not in reach_root:
            if code in path:
                raise ConfigError(
                    f"{where}: 上下级成了圈：{' → '.join([*path, code])} (loop)。请改正 parent。"
                )
            path.append(code)
            code = units[code].parent
        reach_root.update(path)


def _rows_of_csv(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: 读不了单位表 (cannot read): {error.strerror}") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError:
            raise ConfigError(
                f"{path.name}: 既不是 UTF-8 也不是 GB18030 编码 (encoding)。请另存为 UTF-8 的 CSV。"
            ) from None
    reader = csv.reader(io.StringIO(text, newline=""))
    header = _header(path, next(reader, []))
    for row in reader:
        yield reader.line_num, dict(zip(header, (cell.strip() for cell in row), strict=False))


def _rows_of_xlsx(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    import openpyxl  # only where the tree is kept as a workbook

    try:
        book = openpyxl.load_workbook(path, data_only=True)
    except Exception as error:  # openpyxl raises what the file makes it raise
        raise ConfigError(f"{path.name}: 打不开单位表 (cannot open): {error}") from None
    grid = book.worksheets[0].iter_rows(values_only=True)
    header = _header(path, [_cell_text(value) for value in next(grid, ())])
    for number, row in enumerate(grid, start=2):
        yield number, dict(zip(header, map(_cell_text, row), strict=False))


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _header(path: Path, cells: list[str]) -> list[str]:
    header = [cell.strip().lower() for cell in cells]
    for name in header:
        if name and name not in COLUMNS:
            raise unknown_key(f"{path.name} 表头", name, COLUMNS)
    for name in _REQUIRED:
        if name not in header:
            raise ConfigError(
                f"{path.name}: 缺少 {name} 列 (missing column)。表头应为 {','.join(COLUMNS)}"
            )
    return header


def _unit(path: Path, number: int, row: dict[str, str]) -> OrgUnit:
    where = f"{path.name} 第 {number} 行"
    for name in ("code", "name"):
        if not one_clean_line(row.get(name, "")):
            raise ConfigError(f"{where}: {name} 不能为空 (must not be blank)。")
    reports = _YES.get(row.get("reports", "").lower())
    if reports is None:
        raise ConfigError(
            f"{where}: reports 应为 是 或 否，现在是 “{row.get('reports', '')}” (yes or no)。"
        )
    return OrgUnit(
        code=_safe_code(where, row["code"]),
        name=one_clean_line(row["name"]),
        parent=row.get("parent", ""),
        reports=reports,
        email=row.get("email", ""),
        contact=one_clean_line(row.get("contact", "")),
        aliases=tuple(filter(None, map(one_clean_line, row.get("aliases", "").split(";")))),
        active_from=_day(where, "active_from", row.get("active_from", "")) or date.min,
        active_to=_day(where, "active_to", row.get("active_to", "")) or date.max,
    )


def _safe_code(where: str, code: str) -> str:
    # The code names folders and files, so it must be a plain file name on every system.
    if (
        code.startswith(".")
        or any(c in '<>:"/\\|?*' or ord(c) < 32 for c in code)
        or len(code) > 64
    ):
        raise ConfigError(
            f"{where}: 单位编码 “{code}” 不能用作文件名 (not usable in a file name)。请只用字母、数字、- 和 _。"
        )
    return code


def _day(where: str, name: str, text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text.replace("/", "-"))
    except ValueError:
        raise ConfigError(f"{where}: {name} 应写成 2026-07-01，现在是 “{text}” (date)。") from None
