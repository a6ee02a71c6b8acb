"""Numbers as people write them: `1,200`, `12人次`, `一百二十`, `0.2万元`, `约40`, `十余户`.

In: the text of a cell, folded by `texts.fold`, and the kind of quantity expected. Out: a `Figure`,
or the reason why there is none, as a predicate whose subject is the quoted value.

The whole text must be accounted for: a sign, one number, a scale, a unit and a word for "about",
nothing else. Whatever is left over refuses the text, so `5%`, `30元/人` and `40-50` are never
read as 5, 30 or 40.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from pipeline.texts import Text


@dataclass(frozen=True, slots=True)
class Figure:
    """An exact decimal; `approximate` when it was written as "about" or "more than" it."""

    value: Decimal
    approximate: bool


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a number counts: how it may be written, its smallest step and its largest size."""

    pattern: re.Pattern[str]
    step: Decimal
    limit: Decimal
    example: str
    too_fine: Text


def parse_figure(text: str, quantity: Quantity) -> Figure | Text:
    """Return the figure that folded `text` states, or the predicate that says why there is none.

    >>> parse_figure("1.2千", COUNT)
    Figure(value=Decimal('1200'), approximate=False)
    >>> parse_figure("十余户", COUNT)
    Figure(value=Decimal('10'), approximate=True)
    >>> parse_figure("40-50", COUNT).zh
    '是一个范围。请填一个确切的数，例如 12。'
    """
    if len(text) > _LONGEST:
        return NOT_A_NUMBER.format(example=quantity.example)
    text = join_spaced(text).replace("\N{MINUS SIGN}", "-")
    match = quantity.pattern.fullmatch(text)
    value = _value(match) if match else None
    if match is None or value is None:
        return _refusal(text, quantity)
    settled = settle(value, quantity)
    if isinstance(settled, Text):
        return settled
    return Figure(settled, any(match[word] for word in ("about", "more", "and_more", "or_so")))


def settle(value: Decimal, quantity: Quantity, slack: Decimal = Decimal("1e-9")) -> Decimal | Text:
    """Round `value` to the quantity's step where it lies within `slack` of it, or say why not.

    >>> settle(Decimal("0.30000000000000004"), MONEY)
    Decimal('0.30')
    """
    if abs(value) >= quantity.limit:
        return _TOO_LARGE.format(example=quantity.example)
    rounded = value.quantize(quantity.step)
    if abs(rounded - value) > slack:
        return quantity.too_fine
    return rounded + 0  # the addition turns -0 into 0


def chinese_value(text: str) -> int | None:
    """Return the whole number that a Chinese numeral spells, or None if it is not spelt in full.

    Colloquial endings and neighbouring digits are None rather than a guess: 一百二 (120), 三五 (3
    to 5). Single Arabic digits may stand in for Chinese ones.

    >>> [chinese_value(text) for text in ("一百二十", "两", "1万2千", "壹仟零伍", "一百二", "三五")]
    [120, 2, 12000, 1005, None, None]
    """
    words = _BARE_TEN.sub("一十", text.translate(_PLAIN))
    if len(words) > _LONGEST or not _NUMERAL.fullmatch(words):
        return None
    total = section = digit = 0
    for word in words:
        if word in _DIGITS:
            digit = _DIGITS.index(word)
            continue
        if word == "万":
            total += (section + digit) * 10**4
        elif word == "亿":
            total = (total + section + digit) * 10**8
        else:
            section += digit * _SCALES[word]
            digit = 0
            continue
        section = digit = 0
    value = total + section + digit
    return value if _spell(value) == words else None


def join_spaced(text: str) -> str:
    """Drop the spaces that part words and numbers, but none between two digits or separators.

    >>> join_spaced("12 人次"), join_spaced("12  30")
    ('12人次', '12  30')
    """
    return _SPACE.sub("", text)


_LONGEST = 40
_DIGITS = "零一二三四五六七八九"
_SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}
_PLAIN = str.maketrans(
    "〇0123456789两兩壹贰貳叁參肆伍陆陸柒捌玖拾佰仟萬億",
    "零零一二三四五六七八九二二一二二三三四五六六七八九十百千万亿",
)
_NUMERAL = re.compile(r"[零一二三四五六七八九十百千万亿]+")
_BARE_TEN = re.compile(r"(?<![一二三四五六七八九])十")
# The class on the far side of each lookaround holds the space itself: without it the second of
# two spaces between digits would go, then the first, and "12  30" would become 1230.
_SPACE = re.compile(r"(?<![0-9.,\s])\s+|\s+(?![0-9.,\s])")

_HAN = "〇零一二两三四五六七八九十百千万亿兩壹贰貳叁參肆伍陆陸柒捌玖拾佰仟萬億"
_NUMBER = (
    r"(?:(?P<digits>(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+)"
    rf"|(?P<words>[0-9{_HAN}]+))"
    r"(?P<more>[余多来几])?(?P<scale>万亿|[百千]?[万亿]?)(?P<and_more>[余多来几])?"
)
_ABOUT = r"(?P<about>大约|大概|大致|约为|约|将近|接近|近|差不多|[~≈])?"
_OR_SO = r"(?P<or_so>左右|上下|[余多])?"
_COUNTED = (
    r"人次|人/次|人数|人|[位名个](?:人|会员|职工|教职工|员工|教师|同志)?|员|户次|户|家|场次|场"
    r"|次|期|轮|回|项|条|份|组|件|例|对|批|届|篇|支|队|处"
)

NOT_A_NUMBER = Text(
    "不是数字。请只填数字，例如 {example}。",
    "is not a number. Please enter digits only, e.g. {example}.",
)
COUNT = Quantity(
    pattern=re.compile(rf"{_ABOUT}(?:共计?)?(?P<sign>[-+]?){_NUMBER}(?:{_COUNTED})?{_OR_SO}"),
    step=Decimal(1),
    limit=Decimal(10**15),
    example="12",
    too_fine=Text(
        "不是整数。请填整数，例如 12。", "is not a whole number. Please enter a whole one, e.g. 12."
    ),
)
MONEY = Quantity(
    pattern=re.compile(
        rf"{_ABOUT}(?:共计?)?(?P<sign>[-+]?(?:¥|rmb|人民币)|(?:¥|rmb|人民币)?[-+]?){_NUMBER}"
        rf"(?:(?:元|圆|块钱?|rmb)[整正]?)?{_OR_SO}"
    ),
    step=Decimal("0.01"),
    limit=Decimal(10**13),
    example="1200.50",
    too_fine=Text(
        "小数超过两位，金额最多到分。请按实际金额填写，例如 1200.50。",
        "has more than two decimals. Please enter the amount to the fen, e.g. 1200.50.",
    ),
)

_TOO_LARGE = Text(
    "太大，不像实际的数。请核对后重填，例如 {example}。",
    "is too large to be real. Please check and enter it again, e.g. {example}.",
)
_LETTER = Text(
    "里有字母 {letter}，不是数字。请只填数字，例如 {example}。",
    "has the letter {letter} in it and is not a number. Please enter digits only, e.g. {example}.",
)
_UNFINISHED = Text(
    "的数字没有写全，看不出是多少。请填阿拉伯数字，例如 {example}。",
    "is not spelt in full. Please enter digits, e.g. {example}.",
)
_UNKNOWN_UNIT = Text(
    "里的“{rest}”在这一栏不能用。请只填数字，例如 {example}。",
    "has “{rest}”, which this column cannot use. Please enter digits only, e.g. {example}.",
)
# The first pattern found anywhere in the text says what kind of slip it is.
_SLIPS = (
    (
        re.compile(r"[%‰]|百分|[成折]$"),
        Text(
            "是比例，不是数量。请填实际的数，例如 {example}。",
            "is a ratio, not an amount. Please enter the actual figure, e.g. {example}.",
        ),
    ),
    (
        re.compile(r"/[^0-9]|[0-9]/$|每|人均|平均"),
        Text(
            "是单价或平均数，不是总数。请填总数，例如 {example}。",
            "is a price or an average, not a total. Please enter the total, e.g. {example}.",
        ),
    ),
    (
        re.compile(r"以上|以下|以内|不到|不足|不少于|不超过|超过?|至少|至多|最多|最少|[<>≤≥]"),
        Text(
            "只说了上限或下限。请填实际的数，例如 {example}。",
            "only gives a limit. Please enter the actual figure, e.g. {example}.",
        ),
    ),
    (
        re.compile(r"[0-9\u4e00-\u9fff][+*×÷=][0-9\u4e00-\u9fff]|^="),
        Text(
            "是算式，不是结果。请填算好的数，例如 {example}。",
            "is a sum still to be done. Please enter its result, e.g. {example}.",
        ),
    ),
    (
        re.compile(
            rf"[0-9{_HAN}][^0-9]?[-‐-―~至到][0-9{_HAN}]|^[二两三四五六七八九]{{2}}[十百千万]?(?:[^十百千万]|$)"
        ),
        Text(
            "是一个范围。请填一个确切的数，例如 {example}。",
            "is a range. Please enter one exact figure, e.g. {example}.",
        ),
    ),
    (
        re.compile(r"^[-+¥]*[0-9]*,[0-9,]*(?:\.[0-9]+)?[^0-9,]*$"),
        Text(
            "里的逗号位置不对，看不出是多少。请去掉逗号，例如 {example}。",
            "has a comma in the wrong place. Please leave commas out, e.g. {example}.",
        ),
    ),
    (
        re.compile(r"[0-9][^0-9.a-z]+[0-9]|[0-9]\.[0-9]+\."),
        Text(
            "里不止一个数。请只填一个数，例如 {example}。",
            "holds more than one number. Please enter one only, e.g. {example}.",
        ),
    ),
    (
        re.compile(r"^\(.*\)$"),
        Text(
            "带括号，看不出是不是负数。请去掉括号，例如 {example}。",
            "is in brackets, which may or may not mean minus. Please leave them out, e.g. {example}.",
        ),
    ),
    (
        re.compile(
            r"若干|几|数[十百千]|许多|不少|[多余]$|吧|可能|估|左右|大概|[大约]约|全[体部员]"
        ),
        Text(
            "没有写出确切的数。请填数字，例如 {example}。",
            "gives no exact figure. Please enter a number, e.g. {example}.",
        ),
    ),
)
_LOOKALIKE = re.compile(r"(?=.*[0-9])(?=.*[oil])[0-9oil.,]+")
_LETTERS = re.compile(r"[0-9][a-z]|[a-z][0-9]")
_CHINESE = re.compile(rf"(?=.*[{_HAN}])[0-9{_HAN}]+(?:{_COUNTED})?")
_MENDED = str.maketrans("oil", "011", ",")
_WITH_TAIL = re.compile(r"[-+]?[0-9.,]+(?P<rest>[^0-9.,]+)")


def _value(match: re.Match[str]) -> Decimal | None:
    if match["digits"]:
        value = Decimal(match["digits"].replace(",", ""))
    else:
        words = match["words"]
        if match["more"] and words in _SCALES:
            words = "一" + words  # 百余人, 千多元
        spelt = chinese_value(words)
        if spelt is None:
            return None
        value = Decimal(spelt)
    if match["more"] and value < 10:
        return None  # 1几 is no 1
    for scale in match["scale"]:
        value *= _SCALES[scale]
    return -value if "-" in match["sign"] else value


def _spell(number: int) -> str:
    """Return the full Chinese spelling, every 一 and 零 in place: 1010 is 一千零一十."""
    for scale in ("亿", "万", "千", "百", "十"):
        unit = _SCALES[scale]
        if number >= unit:
            high, low = divmod(number, unit)
            gap = "零" if 0 < low < unit // 10 else ""
            return _spell(high) + scale + gap + (_spell(low) if low else "")
    return _DIGITS[number]


def _refusal(text: str, quantity: Quantity) -> Text:
    if _LOOKALIKE.fullmatch(text):
        return _letter_slip(text, text.translate(_MENDED))
    for pattern, reason in _SLIPS:
        if pattern.search(text):
            return reason.format(example=quantity.example)
    if _LETTERS.search(text):
        return _letter_slip(text, quantity.example)
    if _CHINESE.fullmatch(text):
        return _UNFINISHED.format(example=quantity.example)
    if tail := _WITH_TAIL.fullmatch(text):
        return _UNKNOWN_UNIT.format(rest=tail["rest"], example=quantity.example)
    return NOT_A_NUMBER.format(example=quantity.example)


def _letter_slip(text: str, example: str) -> Text:
    letter = next(mark for mark in text if "a" <= mark <= "z")
    shown = letter if letter == "l" else letter.upper()
    return _LETTER.format(letter=shown, example=example)
