"""Free text that a group wrote in, the same text without persons out, before it is published.

A name that the unit's own ledgers hold becomes its first character and 某 (王小明 → 王某, 欧阳小明
→ 欧阳某; a name in other letters 某 alone), wherever it stands, also within a longer word. Telephone,
identity and card numbers, mail addresses and the members' own numbers become ×××, whether a
ledger holds them or not. Spaces and invisible marks inside a name hide nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

SOMEBODY: Final = "某"
LEFT_OUT: Final = "×××"

# What people write beside a name where only the name is asked for.
_TITLES: Final = (
    "副主席|主席|副书记|书记|副校长|校长|园长|厂长|经理|副主任|主任|老师|教师|同志|师傅|委员"
    "|组长|班长|队长|科长|先生|女士|会长|干事|代表"
)
_BEHIND: Final = "一行|等人|等|本人|一家|家庭|家属|遗属|子女|爱人|母亲|父亲|住院|生育"
# What is many people and no name.
_MANY: Final = (
    "职工|员工|教工|人员|岗位|保安|单位|企业|师生|全体|小组|年级|工人|队|组|班|科|室|部|处|户"
)
_SURNAMES: Final = frozenset(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章云苏潘葛奚范彭郎鲁韦"
    "马苗凤方俞任袁柳酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄穆萧尹姚"
    "邵汪祁毛禹狄米贝明臧计伏成戴宋庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆"
    "高夏蔡田樊胡凌霍虞万支柯管卢莫房缪丁宣邓郁单杭洪包诸左石崔吉龚程邢裴陆荣翁荀甄曲封芮储靳邴井段富"
    "巫乌焦巴弓牧山谷车侯全班秋仲宫宁仇栾甘厉祖武符刘景詹束龙叶幸司黎薄印白蒲从鄂索赖卓蔺屠蒙池乔阴闻"
    "党翟谭贡姬申扶冉宰雍桑桂牛边燕冀浦尚农温庄晏柴瞿阎连习艾容向古易廖耿满匡国文寇广东欧沃利师聂关敖"
    "冷辛简饶曾沙鞠丰游权盖覃甲乙丙丁戊己庚辛壬癸闫付邸肖代涂岳佟仝"
)
_COMPOUND: Final = ("欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐",
                    "夏侯", "司徒", "端木", "南宫", "独孤", "长孙", "宇文", "闻人", "申屠", "轩辕")  # fmt: skip

_APART = re.compile(r"[、,，;；/|&+()（）\[\]【】:：]+")
_TITLED = re.compile(rf"^.*(?:{_TITLES})(?P<name>\w{{2,4}})$")
_TAIL = re.compile(rf"(?:{_TITLES}|{_BEHIND}|{_MANY})$")
_AND = re.compile("[和及与]")
_GAP = r"[\s.\-‐-―－]{0,2}"
_NUMBER = re.compile(
    rf"1[3-9](?:{_GAP}\d){{9}}"  # a mobile telephone
    rf"|(?<!\d)[(（]?0\d{{2,3}}[)）]?{_GAP}\d{{3,4}}{_GAP}\d{{4}}"  # one on a desk
    rf"|\d(?:{_GAP}\d){{13,}}{_GAP}[\dXxＸｘ]"  # an identity or a bank card
    r"|\d{10,}[XxＸｘ]?|(?<!\d)\d{7,9}(?!\d)(?!(?:\.\d+)?\s*[元万亿])"
)
_ADDRESS = re.compile(r"[\w.+\-]+[@＠][\w\-]+(?:[.．][\w\-]+)+", re.ASCII | re.IGNORECASE)


def names_in(entry: str) -> Iterator[str]:
    """Yield the names of persons in what stands in a field for one or several of them.

    What is plainly many people is no name; what may be one is.

    >>> list(names_in("工会主席王小明、李四老师")), list(names_in("各年级组职工"))
    (['王小明', '李四'], [])
    """
    for part in _APART.split(entry):
        pieces = part.split()
        if any(len(piece) < 2 for piece in pieces):
            pieces = ["".join(pieces)]  # 王 明 is one name
        for piece in pieces:
            both = _AND.split(piece)
            together = len(piece) >= 5 and min(map(len, both)) >= 2
            for name in both if together else [piece]:
                yield from filter(None, [_bare(name)])


class Masker:
    """Masks the names and the members' numbers that some ledgers hold.

    >>> Masker(["王小明", "欧阳小明"]).mask("王 小明、欧阳小明（13800000000）获一等奖")
    '王某、欧阳某（×××）获一等奖'
    """

    def __init__(self, names: Iterable[str], ids: Iterable[str] = ()) -> None:
        self._by_start = defaultdict[str, set[str]](set)
        self._ids = set[str]()
        for name in names:
            letters = _folded(name)
            if len(letters) >= 2 and SOMEBODY not in letters:
                self._by_start[letters[:2]].add(letters)
        for entry in ids:
            letters = _folded(entry)
            if _is_number_of_a_member(letters):
                self._by_start[letters[:2]].add(letters)
                self._ids.add(letters)

    def mask(self, text: str) -> str:
        """Return the text without these persons, and without numbers by which they are known."""
        letters, places = _laid_out(text)
        spans = [
            (places[start], places[end - 1] + 1, self._shown(letters[start:end]))
            for start, end in self._found(letters)
        ]
        for pattern in (_NUMBER, _ADDRESS):
            spans += [(*found.span(), LEFT_OUT) for found in pattern.finditer(text)]
        return _replaced(text, spans)

    def _found(self, letters: str) -> Iterator[tuple[int, int]]:
        for start in range(len(letters) - 1):
            for name in self._by_start.get(letters[start : start + 2], ()):
                end = start + len(name)
                if letters.startswith(name, start) and (
                    name not in self._ids or _stands_alone(letters, start, end)
                ):
                    yield start, end

    def _shown(self, name: str) -> str:
        if name in self._ids:
            return LEFT_OUT
        surname = name[:2] if name[:2] in _COMPOUND and len(name) > 2 else name[0]
        if surname in self._by_start.get(surname, ()):
            surname = name[0]  # the two characters are somebody's name, too
        return surname + SOMEBODY if _is_han(surname[0]) else SOMEBODY


def _bare(name: str) -> str:
    """Return a name without what stands before and behind it; "" where no name is left."""
    bare = name
    while len(bare) > 1 and (tail := _TAIL.search(bare)):
        bare = bare[: tail.start()]
    if titled := _TITLED.match(bare):
        bare = titled["name"]
    if bare == name:
        return "" if bare.isdecimal() or len(bare) < 2 else bare
    if 2 <= len(bare) <= 4 and (bare[0] in _SURNAMES or bare[:2] in _COMPOUND):
        return bare
    return ""


def _replaced(text: str, spans: list[tuple[int, int, str]]) -> str:
    """Return the text with each span replaced; of spans that overlap, the first one speaks."""
    out, done = [], 0
    for start, end, shown in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start >= done:
            out += [text[done:start], shown]
        done = max(done, end)
    return "".join(out) + text[done:]


def _laid_out(text: str) -> tuple[str, list[int]]:
    """Return the letters that are compared, and where each stands in the text."""
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        folded = _folded(character)
        letters += folded
        places += [place] * len(folded)
    return "".join(letters), places


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if not c.isspace() and unicodedata.category(c)[0] != "C")


def _is_number_of_a_member(letters: str) -> bool:
    """Whether it is told from an ordinary number: by a letter, or by four figures."""
    return len(letters) >= 4 or (len(letters) >= 2 and not letters.isdecimal())


def _stands_alone(letters: str, start: int, end: int) -> bool:
    around = letters[start - 1 : start] + letters[end : end + 1]
    return not any(c.isascii() and c.isalnum() for c in around)


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff"
