"""How a receipt that comes back as a workbook is known: by the sheet that lists what to mend."""

from __future__ import annotations

import re

from pipeline.texts import Text

LIST_SHEET = Text("需修改", "To fix")

_LIST_NAME = re.compile(rf"(?:{LIST_SHEET.zh}|{LIST_SHEET.en})(?: \(\d+\))?", re.IGNORECASE)


def is_list_sheet(name: str) -> bool:
    """Tell whether a sheet bears the name of our list, which a reader passes over.

    >>> [is_list_sheet(name) for name in ("需修改", "to fix", "需修改 (2)", "需修改的活动")]
    [True, True, True, False]
    """
    return _LIST_NAME.fullmatch(name.strip()) is not None
