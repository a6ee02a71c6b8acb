"""Whose workbook it is, where folder, cover and template might tell of different units.

In: the place of a file in the inbox, the unit on its cover, the unit its template was made for.
Out: the unit whose folder it lies in, and what is wrong. The rule: a folder of the inbox that bears
a unit's code takes that unit's workbooks only, and nobody is shown what may be another unit's.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.issues import Issue
from pipeline.orgunits import OrgTree
from pipeline.texts import Text, fold

MISPLACED = "C-08"
_TITLE = Text("别的单位的报表", "Another unit's workbook")
_MESSAGE = Text(
    "这个文件夹是“{folder}”的，这份报表封面上的单位编码却是“{unit}”，所以没有读取。"
    "请在这里放“{folder}”自己的报表；这一份请交给“{unit}”，由它放进自己的文件夹。",
    "This folder is “{folder}”'s, but the unit code on the cover is “{unit}”, so it was not read. "
    "Put “{folder}”'s own workbook here; leave this one to “{unit}” and its folder.",
)


class Folders:
    """The folders of the inbox that belong to units."""

    def __init__(self, tree: OrgTree) -> None:
        self._tree = tree
        self._folded = {fold(code): code for code in tree.units}

    def owner(self, path: str) -> str:
        """Return the code of the unit whose folder a file lies in, "" for nobody's.

        It is told by the first folder of `path`; one within it may belong to a unit below, as where
        the folders follow the tree.
        """
        owner = ""
        for level, name in enumerate(path.split("/")[:-1]):
            found = name if name in self._tree.units else self._folded.get(fold(name), "")
            if found and (level == 0 or (owner and _is_below(found, owner, self._tree))):
                owner = found
        return owner


def misplaced(unit: str, folder: str, tree: OrgTree) -> Issue | None:
    """Return what is wrong where a unit's workbook lies in another unit's folder."""
    if not folder or folder == unit or unit not in tree.units:
        return None
    message = _MESSAGE.format(folder=folder, unit=unit)
    return Issue(MISPLACED, "error", "", _TITLE, message, field="unit", value=unit)


def is_doubtful(unit: str, meta: Mapping[str, str] | None, tree: OrgTree) -> bool:
    """Tell whether cover and template name two units, so that either may own what is in it."""
    other = (meta or {}).get("unit", "")
    return other != unit and other in tree.units and unit in tree.units


def is_about_owner(issue: Issue) -> bool:
    """Tell whether an issue says only whose workbook it is."""
    return issue.field == "unit" and issue.severity == "error"


def _is_below(code: str, above: str, tree: OrgTree) -> bool:
    while code and code != above:
        code = tree.units[code].parent
    return bool(code)
