"""Chinese first, English beside it: the type of everything that people read.

A `Text` holds both languages, so that a form, an issue or a heading is written once and shown
in either. The language is chosen only where something is printed or saved.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Final, Literal, TypeVar

Lang = Literal["zh", "en"]
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Text:
    """One wording in both languages.

    >>> Text("会费", "Dues")["en"]
    'Dues'
    >>> Text("第 {n} 行", "row {n}").format(n=3).zh
    '第 3 行'
    """

    zh: str
    en: str

    def __getitem__(self, lang: Lang) -> str:
        return self.en if lang == "en" else self.zh

    def format(self, **values: object) -> Text:
        """Fill the placeholders of both wordings; a missing one is a KeyError, never a blank."""
        return Text(self.zh.format_map(values), self.en.format_map(values))


_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))


def fold(text: str) -> str:
    """Return the form in which two spellings of a label or choice are compared.

    Width and case are folded, invisible characters and outer spaces go; inner spaces stay.

    >>> fold("　ＡＢＣ（元） ")
    'abc(元)'
    """
    return unicodedata.normalize("NFKC", text).translate(_INVISIBLE).strip().casefold()


_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    r"""Return a line with what steers a terminal, breaks a line or turns it round as escapes.

    >>> print(printable("季报\n\x1b[31m.xlsx"))
    季报\x0a\x1b[31m.xlsx
    """
    return _STEERING.sub(lambda found: _escape(ord(found[0])), text)


def one_clean_line(text: str) -> str:
    r"""Return a name from the configuration as one line without what steers or turns round.

    >>> one_clean_line(" 甲小学\n工会\x0b\u202e ")
    '甲小学 工会'
    """
    return " ".join(_STEERING.sub(" ", text).split())


def header_text(text: str, limit: int) -> str:
    """Return foreign text for the head or foot of a printed sheet, where `&` begins a code.

    A doubled `&` would do in Excel, but XlsxWriter counts `&&G` for a picture that is missing.
    """
    return text[:limit].replace("&", "＆")


def _escape(code: int) -> str:
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


_SHORT: Final = 100
_LABEL_MARKS = re.compile(r"[\s*:]+")


def remembers_short(answer: Callable[[str], Answer]) -> Callable[[str], Answer]:
    """Remember what is answered to some thousand texts that are no longer than a heading.

    Longer ones are hardly met twice, and what a hostile file could make us keep stays small.
    """
    remembered = lru_cache(maxsize=4096)(answer)

    @wraps(answer)
    def ask(text: str) -> Answer:
        return remembered(text) if len(text) <= _SHORT else answer(text)

    return ask


@remembers_short  # the same few headings stand in thousands of workbooks
def label_key(text: str) -> str:
    """Return the form in which headings are compared: folded, without spaces, `*` and colons.

    >>> label_key("应参加\\n人数 ＊") == label_key("应参加人数")
    True
    """
    return _LABEL_MARKS.sub("", fold(text))
