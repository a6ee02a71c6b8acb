"""What the sheet itself said about its rows, held against what the pipeline finds.

In: where the ledgers are, and all issues of a workbook. Out: at most one note. The pipeline trusts
only its own verdict, so whatever has become of the formulas does no harm; but where somebody saw ✓
on a row that is refused, that is worth a word. The rule: only a plain ✓ or ✗ is compared, since
everything else, and a formula that was never calculated, says nothing for certain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pipeline.forms.anchors import FAIL, PASS
from pipeline.intake.findings import Place, finding
from pipeline.intake.places import LedgerPlace
from pipeline.issues import Issue
from pipeline.texts import Text

_DIFFERS = Text(
    "“{sheet}”第 {row} 行{more}，表里左边一列的“{said}”和这次的核对不同。以这次的核对为准；"
    "多半是公式被改过，或改好以后没有重新计算就保存了。",
    "“{sheet}”, row {row}{more}: the “{said}” at its left differs from this verdict, which is the "
    "one that counts. The formula may have been changed, or the file saved without calculating.",
)
_MORE = Text("等 {count} 行", " and others, {count} in all")
_NO_MORE = Text("", "")


def compare_verdicts(ledgers: Iterable[LedgerPlace], issues: Iterable[Issue]) -> Iterator[Issue]:
    """Yield a note on each ledger of whose rows the sheet said something else."""
    refused = {(i.sheet, i.row) for i in issues if i.severity == "error"}
    for place in ledgers:
        sheet = place.form.label.zh
        wrong = [
            (row, said) for row, said in _said(place) if (said == FAIL) != ((sheet, row) in refused)
        ]
        if wrong:
            row, said = wrong[0]
            more = _MORE.format(count=len(wrong)) if len(wrong) > 1 else _NO_MORE
            reason = Text(
                *(words.format(sheet=sheet, row=row, more=rest, said=said)
                  for words, rest in ((_DIFFERS.zh, more.zh), (_DIFFERS.en, more.en)))
            )  # fmt: skip
            yield finding("R-24", Place(sheet, "", row), said, reason=reason)


def _said(place: LedgerPlace) -> Iterator[tuple[int, str]]:
    """Yield the rows of which the sheet said plainly that they are well or not."""
    for column in place.own:
        for row, cells in enumerate(place.sheet.rows[place.header_row :], place.header_row + 1):
            shown = cells[column] if column < len(cells) else None
            if isinstance(shown, str) and shown[:1] in (PASS, FAIL):
                yield row, shown[:1]
