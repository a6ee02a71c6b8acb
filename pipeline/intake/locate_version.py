"""Workbooks of another version of our template: what they mean, and what is said about it.

In: what `_meta` says. Out: the labels, removed columns and defaults of that version, and the notes.
A workbook of a newer version than is known here is refused: what its new columns hold would be lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from pipeline.forms.model import Form, Value, Workbook
from pipeline.forms.versions import labels_then, removed_since, stand_for_missing
from pipeline.intake.findings import Place, fill, finding
from pipeline.intake.places import CoverPlace, LedgerPlace, Wanted
from pipeline.issues import Issue
from pipeline.texts import Text

_OLDER = Text(
    "这份报表用的是第 {version} 版模板，现在是第 {known} 版；已按旧版读取。下次请用新发的模板。",
    "This was made from version {version} of the template, now it is {known}; it was read as such. "
    "Please use the new one next time.",
)
_STOOD_FOR = Text(
    "旧版模板没有“{label}”，按“{value}”计。",
    "The older template has no “{label}”; it counts as “{value}”.",
)
_BLANK, _YES, _NO = Text("空白", "blank"), Text("是", "yes"), Text("否", "no")


def version_of(meta: Mapping[str, str] | None) -> int | None:
    """Return the version that a workbook says it was made with, None where it says none."""
    text = (meta or {}).get("version", "")
    return int(text) if text.isdecimal() and len(text) < _LONGEST else None


@lru_cache(maxsize=64)
def wanted_of(workbook: Workbook, version: int | None) -> Mapping[str, Wanted]:
    """Return what is looked for in a workbook of this version, by form key."""
    return {
        form.key: Wanted.of(
            form,
            labels_then(form, version),
            removed_since(form, version),
            stand_for_missing(form, version),
        )
        for form in workbook.forms
    }


def came_later(workbook: Workbook, form: Form, version: int | None) -> bool:
    """Tell whether a workbook of this version cannot have the form's sheet."""
    return version is not None and version < workbook.since.get(form.key, 0)


def about_version(
    workbook: Workbook, version: int | None, places: Iterable[CoverPlace | LedgerPlace]
) -> Iterator[Issue]:
    """Yield what is to be said about a workbook's version."""
    if version is None or version == workbook.version:
        return
    known = workbook.version
    if version > known:
        yield finding("R-23", Place(""), version=version, known=known)
        return
    yield finding("R-22", Place(""), reason=_OLDER.format(version=version, known=known))
    for place in places:
        if isinstance(place, LedgerPlace) and len(place.sheet.rows) <= place.header_row:
            continue  # without a row there is nothing that a default could stand in
        for key, value in sorted(place.defaults.items()):
            label = place.form.field(key).label
            reason = fill(_STOOD_FOR, {"label": label, "value": _shown(value)})
            yield finding("R-22", Place(place.form.label.zh, field=key), reason=reason)


_LONGEST = 6  # digits of a version; more is none of ours


def _shown(value: Value) -> Text | str:
    if value is None:
        return _BLANK
    if isinstance(value, bool):
        return _YES if value else _NO
    return str(value)
