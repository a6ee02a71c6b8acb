"""File names of ours that echo a name of the group's: foreign name in, a safe one out.

A safe name is one plain component on every system, short enough for Windows, and says nothing to
a shell: no separators, no control or direction-turning characters, no leading dash or dot.
"""

from __future__ import annotations

import re
import unicodedata

UNIDENTIFIED = "_unidentified"

_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_UNSAFE = re.compile(r'[<>:"/\\|?*]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)
_MOST_CHARACTERS, _MOST_BYTES = 60, 180  # a path on Windows has 260 characters in all


def safe_stem(name: str) -> str:
    """Return the name of a file without its extension, made safe; "file" where nothing is left.

    >>> safe_stem("-2026Q3 报表(1).xlsx"), safe_stem("NUL.xlsx"), safe_stem("../..")
    ('2026Q3 报表(1)', '_NUL', 'file')
    """
    stem = _SUFFIX.sub("", unicodedata.normalize("NFC", name))
    stem = "".join("_" if _is_unsafe(character) else character for character in stem)
    stem = stem.lstrip(" .-~$_")[:_MOST_CHARACTERS]
    stem = stem.encode()[:_MOST_BYTES].decode(errors="ignore").rstrip(" .")
    return f"_{stem}" if _RESERVED.match(stem) else stem or "file"


def suffix_of(name: str) -> str:
    """Return the extension of a file name in lower case, "" where it has none.

    >>> suffix_of("报表.XLSX"), suffix_of("7.15活动")
    ('.xlsx', '')
    """
    found = _SUFFIX.search(name)
    return found[0].lower() if found else ""


def receipt_path(owner: str, name: str, sha256: str, before: int, suffix: str) -> str:
    """Return where the receipt for a file goes, relative to the outputs folder.

    `owner` is the unit whose folder it is, "" for none; `before` is how many files with the same
    bytes were taken earlier, so that every file has a receipt of its own.

    >>> receipt_path("U01", "三季度.xls", "ab12cd34ef56", 1, ".xlsx")
    'receipts/U01/三季度_ab12cd34_1.xlsx'
    """
    number = f"_{before}" if before else ""
    return f"receipts/{owner or UNIDENTIFIED}/{safe_stem(name)}_{sha256[:8]}{number}{suffix}"


def _is_unsafe(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] == "C" or category in ("Zl", "Zp") or _UNSAFE.match(character) is not None
