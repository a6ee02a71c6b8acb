"""The shipped layouts of the Word narrative, written from the wording below into `config/layouts/`.

The form is that of official documents (GB/T 9704—2012): A4, margins 37/28/26/35 mm, body 仿宋 16 pt
on 28.95 pt, title 小标宋 22 pt, headings 黑体 and 楷体, page numbers "— 1 —" outside. Fonts that are
missing fall back by name, see `_FONTS`. Run `python layouts/make.py` after a change; a test compares
the files. In a workspace officers edit the Word files themselves.

A line of wording is `style: text`; a line that begins with `{%` steers and is a paragraph of its
own; `table: name` puts in one of the tables.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

FOLDER = Path(__file__).resolve().parent.parent / "config" / "layouts"
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MM = 1440 / 25.4  # twips
_LINE = 579  # twips: 22 lines on 225 mm
_TEXT_WIDTH = 8845  # twips: 156 mm

# What stands in where a font is not installed, in order.
_FONTS = {
    "方正小标宋简体": "小标宋体,华文中宋,宋体,SimSun,Noto Serif CJK SC",
    "仿宋": "FangSong,仿宋_GB2312,华文仿宋,STFangsong,Noto Serif CJK SC",
    "黑体": "SimHei,华文黑体,Noto Sans CJK SC",
    "楷体": "KaiTi,楷体_GB2312,华文楷体,Noto Serif CJK SC",
    "宋体": "SimSun,华文宋体,Noto Serif CJK SC",
    "Times New Roman": "Liberation Serif,Noto Serif",
}

_ZH = """
title: {{ unit }}
subtitle: {{ period }}工作总结
body: 本总结所述为{{ start }}至{{ end }}的工作，数字取自各单位的季度报表，截至{{ cut_off }}。应报单位{{ Q01 }}，已报{{ Q02 }}，报送率{{ Q05 }}{{ Q05.change }}{% if not complete %}；未报单位的工作没有计入以下各数{% if reported and coverage %}，合计所含：{{ coverage }}{% endif %}{% endif %}。
{%p if reported %}
body: 期末有职工{{ O01 }}、会员{{ O02 }}{{ O02.change }}。本季度开展活动{{ A01 }}{{ A01.change }}，参与{{ A03 }}{{ A03.change }}；收会费{{ D02 }}{{ D02.change }}，收缴率{{ D04 }}{{ D04.change }}；走访慰问{{ V01 }}{{ V01.change }}，发放慰问金和慰问品{{ V03 }}{{ V03.change }}；到期计划{{ P01 }}，完成{{ P02 }}，完成率{{ P03 }}{{ P03.change }}。
{%p else %}
body: 到目前为止没有一个单位报送，以下各项数字待报送以后补齐。
{%p endif %}
h1: {{ nr }}、组织和报送情况
body: （一）报送。按时率{{ Q06 }}，报表一次合格率{{ Q07 }}{{ Q07.change }}。{% if nil_units %}零报告{{ Q03 }}：{{ nil_units }}。{% endif %}{% if late_units %}迟报：{{ late_units }}。{% endif %}{% if missing_units %}未报{{ Q04 }}：{{ missing_units }}。{% else %}全部单位都已报送。{% endif %}
{%p if reported %}
body: （二）队伍。职工{{ O01 }}，会员{{ O02 }}，其中女会员{{ O03 }}；入会率{{ O04 }}{{ O04.change }}，本季度净增会员{{ O05 }}。
h1: {{ nr }}、活动开展情况
body: 开展活动{{ A01 }}、{{ A02 }}，参与{{ A03 }}；参与率{{ A04 }}{{ A04.change }}，会员人均参加{{ A05 }}，有活动的单位占{{ A06 }}。支出{{ A07 }}{{ A07.change }}，预算执行率{{ A08 }}。{% if A01.by.category %}按类别分，{{ A01.by.category }}；{% endif %}{% if A03.by.month %}按月份分，参与{{ A03.by.month }}。{% endif %}
{%p if activities %}
h2: （一）活动举例
{%p endif %}
{%p for it in activities %}
body: {{ it.when }}，{{ it.unit }}在{{ it.place }}开展“{{ it.title }}”{% if it.attended %}，{{ it.attended }}人次参加{% endif %}。{% if it.result %}{{ it.result }}。{% endif %}
{%p endfor %}
{%p if more_activities %}
body: 其余{{ more_activities }}项见各单位的活动台账。
{%p endif %}
h1: {{ nr }}、会费收缴情况
body: 应缴会费{{ D01 }}，实缴{{ D02 }}，欠缴{{ D03 }}；收缴率{{ D04 }}，缴费人数率{{ D05 }}。{% if D06 %}另补缴以前月份会费{{ D06 }}。{% endif %}人均每月会费{{ D07 }}。{% if D02.by.month %}实缴按月份分，{{ D02.by.month }}。{% endif %}
h1: {{ nr }}、走访慰问情况
body: 走访慰问{{ V01 }}、{{ V02 }}，慰问金和慰问品合计{{ V03 }}，人均{{ V04 }}。{% if V01.by.visit_type %}按类型分，{{ V01.by.visit_type }}。{% endif %}{% if V01.by.target_class %}按对象分，{{ V01.by.target_class }}。{% endif %}走访及时率{{ V05 }}，诉求办结率{{ V06 }}{{ V06.change }}。
h1: {{ nr }}、计划完成情况
body: 本季度到期计划{{ P01 }}，完成{{ P02 }}，完成率{{ P03 }}。{% if undone %}没有完成的有：{% endif %}
{%p for it in undone %}
body: {{ it.unit }}“{{ it.item }}”：计划{{ it.months }}办{{ it.target }}场，已办{{ it.held }}场；{% if it.reason %}原因：{{ it.reason }}。{% else %}台账里没有写明原因。{% endif %}
{%p endfor %}
{%p if more_undone %}
body: 另有{{ more_undone }}项没有完成，见汇总表。
{%p endif %}
{%p endif %}
h1: {{ nr }}、存在的问题
{%p if missing_units %}
body: {{ Q04 }}单位没有报送：{{ missing_units }}，这些单位的情况不清楚。
{%p endif %}
{%p for it in problems %}
body: {{ it.unit }}“{{ it.activity }}”：{{ it.text }}。
{%p endfor %}
{%p if more_problems %}
body: 各单位另外还提出问题{{ more_problems }}条，见活动台账。
{%p endif %}
{%p if issues %}
body: 报表里还有需要改正或核对的地方：{% for it in issues %}{{ it.title }}{% if it.count %}（{{ it.count }}处）{% endif %}{% if not loop.last %}，{% endif %}{% endfor %}。
{%p endif %}
{%p if not missing_units and not problems and not issues %}
body: 各单位没有填写问题，报表里也没有待改正的地方。
{%p endif %}
h1: {{ nr }}、下季度打算
{%p if coming %}
body: 按各单位的年度计划，{{ next_period }}要做{{ coming_count }}项，主要有：{% for it in coming %}{{ it.item }}（{{ it.units }}，{{ it.months }}）{% if not loop.last %}；{% endif %}{% endfor %}。{% if more_coming %}其余{{ more_coming }}项见各单位的计划。{% endif %}
{%p else %}
body: 年度计划里没有列入{{ next_period }}的事项，请各单位补报计划。
{%p endif %}
{%p if missing_units or undone %}
body: {% if missing_units %}请未报单位尽快补报。{% endif %}{% if undone %}没有完成的计划，请有关单位说明原因，并在{{ next_period }}补上。{% endif %}
{%p endif %}
{%p if reported %}
blank:
annexfirst: 附件：{{ annex[0] }}. 主要指标对比表
annexes: {{ annex[1] }}. 各单位主要数字
{%p if charts %}
annexes: {{ annex[2] }}. 图表
{%p endif %}
{%p endif %}
blank:
signature: {{ unit }}
signature: {{ date }}
{%p if reported %}
annex: 附件{{ annex[0] }}
tabletitle: {{ unit }}{{ period }}主要指标对比表
table: key
annex: 附件{{ annex[1] }}
tabletitle: {{ unit }}{{ period }}各单位主要数字
table: units
{%p if more_units %}
note: 其余{{ more_units }}个单位见汇总表“各单位对比”。
{%p endif %}
note: “—”表示没有数据或未报，与零不同。
{%p if charts %}
annex: 附件{{ annex[2] }}
{%p endif %}
{%p for it in charts %}
tabletitle: {{ it.title }}
picture: {{ it.picture }}
{%p if it.note %}
note: {{ it.note }}
{%p endif %}
{%p endfor %}
{%p endif %}
"""

_EN = """
title: {{ unit }}
subtitle: Report for {{ period }}
body: This report covers {{ start }} to {{ end }}. Its figures come from the units' quarterly workbooks, as of {{ cut_off }}. {{ Q02.bare }} of {{ Q01 }} reported, a rate of {{ Q05 }}{{ Q05.change }}.{% if not complete %} What the other units did is not counted below.{% if reported and coverage %} The totals cover {{ coverage }}.{% endif %}{% endif %}
{%p if reported %}
body: At the end of the quarter the staff were {{ O01.bare }} and the members {{ O02.bare }}{{ O02.change }}. The units held {{ A01 }}{{ A01.change }} with {{ A03 }}{{ A03.change }}. Dues paid came to {{ D02 }}{{ D02.change }}, a collection rate of {{ D04 }}{{ D04.change }}. Visits reached {{ V01 }}{{ V01.change }} with gifts worth {{ V03 }}{{ V03.change }}. Of the plan {{ P01 }} were due and {{ P02.bare }} done, a rate of {{ P03 }}{{ P03.change }}.
{%p else %}
body: No unit has reported so far; the figures below will follow.
{%p endif %}
h1: {{ nr }}. Organisation and reporting
body: Reported on time: {{ Q06 }}; right at the first attempt: {{ Q07 }}{{ Q07.change }}. {% if nil_units %}Nil returns, {{ Q03 }}: {{ nil_units }}. {% endif %}{% if late_units %}Late: {{ late_units }}. {% endif %}{% if missing_units %}Missing, {{ Q04 }}: {{ missing_units }}.{% else %}All units have reported.{% endif %}
{%p if reported %}
body: Staff {{ O01.bare }}, members {{ O02.bare }}, women among them {{ O03.bare }}; membership rate {{ O04 }}{{ O04.change }}; net change in members {{ O05.bare }}.
h1: {{ nr }}. Activities
body: {{ A01 }}, {{ A02 }} and {{ A03 }}; attendance rate {{ A04 }}{{ A04.change }}, {{ A05.bare }} times a member; units with activities {{ A06 }}. Spent {{ A07 }}{{ A07.change }}, {{ A08 }} of the budget.{% if A01.by.category %} By category: {{ A01.by.category }}.{% endif %}{% if A03.by.month %} By month: {{ A03.by.month }}.{% endif %}
{%p for it in activities %}
body: {{ it.when }}, {{ it.unit }}: “{{ it.title }}” at {{ it.place }}{% if it.attended %}, {{ it.attended }} attendances{% endif %}.{% if it.result %} {{ it.result }}.{% endif %}
{%p endfor %}
{%p if more_activities %}
body: {{ more_activities }} more are in the units' ledgers.
{%p endif %}
h1: {{ nr }}. Dues
body: Due {{ D01 }}, paid {{ D02 }}, in arrears {{ D03 }}; collection rate {{ D04 }}, paid up {{ D05 }}.{% if D06 %} Earlier dues made good: {{ D06 }}.{% endif %} Average a member and month {{ D07 }}.{% if D02.by.month %} Paid by month: {{ D02.by.month }}.{% endif %}
h1: {{ nr }}. Visits
body: Visits reached {{ V01 }} in {{ V02 }}; money and goods {{ V03 }}, {{ V04 }} a person.{% if V01.by.visit_type %} By occasion: {{ V01.by.visit_type }}.{% endif %}{% if V01.by.target_class %} By group: {{ V01.by.target_class }}.{% endif %} In time {{ V05 }}; requests settled {{ V06 }}{{ V06.change }}.
h1: {{ nr }}. Plan
body: {{ P01 }} were due and {{ P02.bare }} done, a rate of {{ P03 }}.{% if undone %} Not done:{% endif %}
{%p for it in undone %}
body: {{ it.unit }}, “{{ it.item }}”: planned for {{ it.months }}, {{ it.held }} of {{ it.target }} sessions held; {% if it.reason %}reason: {{ it.reason }}.{% else %}no reason given.{% endif %}
{%p endfor %}
{%p if more_undone %}
body: {{ more_undone }} more were not done; see the summary workbook.
{%p endif %}
{%p endif %}
h1: {{ nr }}. Problems
{%p if missing_units %}
body: {{ Q04 }} did not report: {{ missing_units }}. How they stand is not known.
{%p endif %}
{%p for it in problems %}
body: {{ it.unit }}, “{{ it.activity }}”: {{ it.text }}.
{%p endfor %}
{%p if more_problems %}
body: {{ more_problems }} more problems are in the units' ledgers.
{%p endif %}
{%p if issues %}
body: Still to be corrected or checked in the workbooks: {% for it in issues %}{{ it.title }}{% if it.count %} ({{ it.count }}){% endif %}{% if not loop.last %}, {% endif %}{% endfor %}.
{%p endif %}
{%p if not missing_units and not problems and not issues %}
body: The units name no problem, and nothing is left to correct in the workbooks.
{%p endif %}
h1: {{ nr }}. Next quarter
{%p if coming %}
body: The yearly plans hold {{ coming_count }} items for {{ next_period }}, among them: {% for it in coming %}{{ it.item }} ({{ it.units }}; {{ it.months }}){% if not loop.last %}; {% endif %}{% endfor %}.{% if more_coming %} {{ more_coming }} more are in the units' plans.{% endif %}
{%p else %}
body: The yearly plans hold nothing for {{ next_period }}; units are asked to send their plans.
{%p endif %}
{%p if missing_units or undone %}
body: {% if missing_units %}Units that are missing are asked to report soon. {% endif %}{% if undone %}Units that left a plan item undone are asked for the reason, and to make up for it in {{ next_period }}.{% endif %}
{%p endif %}
{%p if reported %}
blank:
annexfirst: Annexes: {{ annex[0] }}. Key figures compared
annexes: {{ annex[1] }}. Main figures of each unit
{%p if charts %}
annexes: {{ annex[2] }}. Charts
{%p endif %}
{%p endif %}
blank:
signature: {{ unit }}
signature: {{ date }}
{%p if reported %}
annex: Annex {{ annex[0] }}
tabletitle: {{ unit }}, {{ period }}: key figures compared
table: key
annex: Annex {{ annex[1] }}
tabletitle: {{ unit }}, {{ period }}: main figures of each unit
table: units
{%p if more_units %}
note: {{ more_units }} more units are in the summary workbook.
{%p endif %}
note: “—” stands for no data, or not reported; it is not zero.
{%p if charts %}
annex: Annex {{ annex[2] }}
{%p endif %}
{%p for it in charts %}
tabletitle: {{ it.title }}
picture: {{ it.picture }}
{%p if it.note %}
note: {{ it.note }}
{%p endif %}
{%p endfor %}
{%p endif %}
"""

_SHORT_ZH = """
title: {{ unit }}
subtitle: {{ period }}工作总结
body: 应报单位{{ Q01 }}，已报{{ Q02 }}，报送率{{ Q05 }}{% if missing_units %}；未报：{{ missing_units }}{% endif %}。数字截至{{ cut_off }}。
{%p if reported %}
body: 会员{{ O02 }}。开展活动{{ A01 }}{{ A01.change }}，参与{{ A03 }}；收会费{{ D02 }}，收缴率{{ D04 }}；走访慰问{{ V01 }}，慰问金和慰问品{{ V03 }}{{ V03.change }}；到期计划{{ P01 }}，完成{{ P02 }}。
{%p for it in activities %}
body: {{ it.when }}，{{ it.unit }}在{{ it.place }}开展“{{ it.title }}”{% if it.attended %}，{{ it.attended }}人次参加{% endif %}。{% if it.result %}{{ it.result }}。{% endif %}
{%p endfor %}
{%p else %}
body: 到目前为止没有一个单位报送，各项数字待报送以后补齐。
{%p endif %}
{%p if problems or undone %}
body: 问题：{% for it in undone %}{{ it.unit }}“{{ it.item }}”没有完成；{% endfor %}{% for it in problems %}{{ it.unit }}“{{ it.activity }}”，{{ it.text }}{% if not loop.last %}；{% endif %}{% endfor %}。
{%p endif %}
{%p if coming %}
body: {{ next_period }}计划{{ coming_count }}项：{% for it in coming %}{{ it.item }}（{{ it.units }}）{% if not loop.last %}、{% endif %}{% endfor %}{% if more_coming %}等{% endif %}。
{%p endif %}
signature: {{ unit }}
signature: {{ date }}
"""

_SHORT_EN = """
title: {{ unit }}
subtitle: Report for {{ period }}
body: {{ Q02.bare }} of {{ Q01 }} reported, a rate of {{ Q05 }}{% if missing_units %}; missing: {{ missing_units }}{% endif %}. Figures as of {{ cut_off }}.
{%p if reported %}
body: Members: {{ O02.bare }}. The units held {{ A01 }}{{ A01.change }} with {{ A03 }}. Dues paid: {{ D02 }}, a rate of {{ D04 }}. Visits reached {{ V01 }} with gifts worth {{ V03 }}{{ V03.change }}. Of the plan {{ P01 }} were due and {{ P02.bare }} done.
{%p for it in activities %}
body: {{ it.when }}, {{ it.unit }}: “{{ it.title }}” at {{ it.place }}{% if it.attended %}, {{ it.attended }} attendances{% endif %}.{% if it.result %} {{ it.result }}.{% endif %}
{%p endfor %}
{%p else %}
body: No unit has reported so far; the figures will follow.
{%p endif %}
{%p if problems or undone %}
body: Problems: {% for it in undone %}{{ it.unit }}, “{{ it.item }}” not done; {% endfor %}{% for it in problems %}{{ it.unit }}, “{{ it.activity }}”: {{ it.text }}{% if not loop.last %}; {% endif %}{% endfor %}.
{%p endif %}
{%p if coming %}
body: Next quarter, {{ coming_count }} plan items: {% for it in coming %}{{ it.item }} ({{ it.units }}){% if not loop.last %}, {% endif %}{% endfor %}{% if more_coming %} and more{% endif %}.
{%p endif %}
signature: {{ unit }}
signature: {{ date }}
"""

LAYOUTS = {
    "narrative_zh.docx": (_ZH, "zh"),
    "narrative_en.docx": (_EN, "en"),
    "narrative_short_zh.docx": (_SHORT_ZH, "zh"),
    "narrative_short_en.docx": (_SHORT_EN, "en"),
}
_KEY_HEADS = {
    "zh": ("指标", "本季度", "上季度", "去年同期", "比上季度", "比去年同期"),
    "en": ("Figure", "Now", "Quarter before", "Year ago", "Change", "Change on year"),
}
_UNIT_HEAD = {"zh": "单位", "en": "Unit"}


def make_layouts() -> dict[str, dict[str, str]]:
    """Return every layout as its parts, by file name."""
    return {name: _parts(wording, lang) for name, (wording, lang) in LAYOUTS.items()}


def write_layouts(folder: Path = FOLDER) -> None:
    """Write every layout; the same wording gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, parts in make_layouts().items():
        with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as package:
            for part, content in parts.items():
                info = zipfile.ZipInfo(part, (1980, 1, 1, 0, 0, 0))
                package.writestr(info, content, zipfile.ZIP_DEFLATED)


def _parts(wording: str, lang: str) -> dict[str, str]:
    return {
        "[Content_Types].xml": _content_types(),
        "_rels/.rels": _relationships(
            ("officeDocument", "officeDocument/2006/relationships", "word/document.xml"),
            ("core-properties", "package/2006/relationships/metadata", "docProps/core.xml"),
        ),
        "docProps/core.xml": _core(),
        "word/document.xml": _document(wording, lang),
        "word/_rels/document.xml.rels": _relationships(
            *(
                (kind, "officeDocument/2006/relationships", target)
                for kind, target in (
                    ("styles", "styles.xml"),
                    ("settings", "settings.xml"),
                    ("fontTable", "fontTable.xml"),
                    ("footer", "footer1.xml"),
                    ("footer", "footer2.xml"),
                )
            )
        ),
        "word/styles.xml": _styles(lang),
        "word/settings.xml": _settings(),
        "word/fontTable.xml": _font_table(),
        "word/footer1.xml": _footer("right"),
        "word/footer2.xml": _footer("left"),
    }


def _document(wording: str, lang: str) -> str:
    body = "".join(_line(line, lang) for line in wording.strip().splitlines())
    margins = {"top": 37, "right": 26, "bottom": 35, "left": 28, "header": 15, "footer": 23}
    page = "".join(f' w:{side}="{round(mm * _MM)}"' for side, mm in margins.items())
    section = (
        '<w:sectPr><w:footerReference w:type="default" r:id="rId4"/>'
        '<w:footerReference w:type="even" r:id="rId5"/>'
        f'<w:pgSz w:w="11906" w:h="16838"/><w:pgMar{page} w:gutter="0"/></w:sectPr>'
    )
    return f"{_HEAD}<w:document {_W} {_R}><w:body>{body}{section}</w:body></w:document>"


def _line(line: str, lang: str) -> str:
    if line.startswith("{%"):
        return _paragraph("Steer", line)
    style, _, text = line.partition(":")
    if style == "table":
        return _key_table(lang) if text.strip() == "key" else _unit_table(lang)
    return _paragraph(_STYLE_IDS[style], text.strip())


_STYLE_IDS = {
    "title": "Title", "subtitle": "Subtitle", "body": "Normal", "h1": "Heading1", "h2": "Heading2", "blank": "Blank",
    "annexfirst": "AnnexFirst", "annexes": "AnnexList", "signature": "Signature", "annex": "Annex", "tabletitle": "TableTitle",
    "note": "TableNote", "picture": "Picture",
}  # fmt: skip


def _paragraph(style: str, text: str) -> str:
    run = f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r>' if text else ""
    look = "" if style == "Normal" else f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>'
    return f"<w:p>{look}{run}</w:p>"


def _key_table(lang: str) -> str:
    widths = (2345, 1200, 1200, 1200, 1450, 1450)
    fields = (
        "it.heading",
        "it.bare",
        "it.before",
        "it.year_ago",
        "it.short_change",
        "it.short_change_on_year",
    )
    head = _row([(h, "TableHead") for h in _KEY_HEADS[lang]], widths, head=True)
    cells = [
        (f"{{{{ {f} }}}}", "TableCell" if n == 0 else "TableNumber") for n, f in enumerate(fields)
    ]
    return _table(
        widths,
        head + _steer("{%tr for it in key_figures %}", widths) + _row(cells, widths)
        + _steer("{%tr endfor %}", widths),
    )  # fmt: skip


def _unit_table(lang: str) -> str:
    widths = (2245, 800, 900, 1200, 850, 800, 1200, 850)
    head = [(_UNIT_HEAD[lang], "TableHead")]
    head += [(f"{{{{ unit_columns[{n}] }}}}", "TableHead") for n in range(7)]
    cells = [("{{ row.unit }}", "TableCell")]
    cells += [(f"{{{{ row.cells[{n}] }}}}", "TableNumber") for n in range(7)]
    return _table(
        widths,
        _row(head, widths, head=True) + _steer("{%tr for row in unit_rows %}", widths)
        + _row(cells, widths) + _steer("{%tr endfor %}", widths),
    )  # fmt: skip


def _table(widths: tuple[int, ...], rows: str) -> str:
    edges = "".join(
        f'<w:{edge} w:val="single" w:sz="4" w:space="0" w:color="000000"/>'
        for edge in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    return (
        f'<w:tbl><w:tblPr><w:tblW w:w="{_TEXT_WIDTH}" w:type="dxa"/><w:jc w:val="center"/>'
        f'<w:tblBorders>{edges}</w:tblBorders><w:tblLayout w:type="fixed"/><w:tblCellMar>'
        '<w:left w:w="57" w:type="dxa"/><w:right w:w="57" w:type="dxa"/></w:tblCellMar></w:tblPr>'
        f"<w:tblGrid>{grid}</w:tblGrid>{rows}</w:tbl>"
    )


def _row(cells: list[tuple[str, str]], widths: tuple[int, ...], head: bool = False) -> str:
    made = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/><w:vAlign w:val="center"/></w:tcPr>'
        f"{_paragraph(style, text)}</w:tc>"
        for (text, style), width in zip(cells, widths, strict=True)
    )
    look = "<w:cantSplit/>" + ("<w:tblHeader/>" if head else "")
    return f"<w:tr><w:trPr>{look}</w:trPr>{made}</w:tr>"


def _steer(text: str, widths: tuple[int, ...]) -> str:
    return _row([(text, "TableCell"), *(("", "TableCell") for _ in widths[1:])], widths)


def _styles(lang: str) -> str:
    # id, name, east Asian font, half-points, bold, paragraph properties
    lines = f'<w:spacing w:before="0" w:after="0" w:line="{_LINE}" w:lineRule="exact"/>'
    narrow = '<w:spacing w:before="20" w:after="20" w:line="300" w:lineRule="exact"/>'
    first = '<w:ind w:firstLineChars="200" w:firstLine="640"/>'
    none = '<w:ind w:firstLineChars="0" w:firstLine="0"/>'
    keep = "<w:keepNext/>"
    bold = lang == "en"
    styles = [
        _style("Normal", "Normal", "仿宋", 32, "", lines + first + '<w:jc w:val="both"/>'),
        _style("Title", "Title", "方正小标宋简体", 44, "", keep
               + '<w:spacing w:before="0" w:after="0" w:line="700" w:lineRule="exact"/>' + none
               + '<w:jc w:val="center"/>', bold=bold),
        _style("Subtitle", "Subtitle", "方正小标宋简体", 44, "", keep
               + '<w:spacing w:before="0" w:after="579" w:line="700" w:lineRule="exact"/>' + none
               + '<w:jc w:val="center"/>', bold=bold),
        _style("Heading1", "heading 1", "黑体", 32, "", keep + lines + first
               + '<w:outlineLvl w:val="0"/>', bold=bold),
        _style("Heading2", "heading 2", "楷体", 32, "", keep + lines + first
               + '<w:outlineLvl w:val="1"/>'),
        _style("Steer", "Steering line", "仿宋", 20, "808080", lines + none),
        _style("Blank", "Blank line", "仿宋", 32, "", keep + lines + first),
        _style("AnnexFirst", "Annex list, first", "仿宋", 32, "", keep + lines + first),
        _style("AnnexList", "Annex list", "仿宋", 32, "", keep + lines
               + f'<w:ind w:leftChars="500" w:left="{1600 if lang == "zh" else 1960}"'
               ' w:firstLineChars="0" w:firstLine="0"/>'),
        _style("Signature", "Signature", "仿宋", 32, "", keep + lines
               + '<w:ind w:left="3800" w:right="640" w:firstLineChars="0" w:firstLine="0"/>'
               '<w:jc w:val="center"/>'),
        _style("Annex", "Annex", "黑体", 32, "", "<w:pageBreakBefore/>" + lines + none,
               bold=bold),
        _style("TableTitle", "Table title", "黑体", 24, "", keep
               + '<w:spacing w:before="120" w:after="120" w:line="240" w:lineRule="auto"/>' + none
               + '<w:jc w:val="center"/>', bold=bold),
        _style("TableHead", "Table head", "黑体", 21, "", keep + narrow + none
               + '<w:jc w:val="center"/>', bold=bold),
        _style("TableCell", "Table cell", "仿宋", 21, "", narrow + none + '<w:jc w:val="left"/>'),
        _style("TableNumber", "Table number", "仿宋", 21, "", narrow + none
               + '<w:jc w:val="right"/>'),
        _style("Picture", "Picture", "仿宋", 21, "",
               '<w:spacing w:before="0" w:after="120" w:line="240" w:lineRule="auto"/>' + none
               + '<w:jc w:val="center"/>'),
        _style("TableNote", "Table note", "仿宋", 21, "", narrow + none),
        _style("Footer", "footer", "宋体", 28, "", '<w:spacing w:before="0" w:after="0"/>' + none),
    ]  # fmt: skip
    defaults = (
        "<w:docDefaults><w:rPrDefault><w:rPr>" + _fonts("仿宋")
        + '<w:kern w:val="2"/><w:sz w:val="32"/><w:szCs w:val="32"/>'
        '<w:lang w:val="en-US" w:eastAsia="zh-CN"/></w:rPr></w:rPrDefault>'
        "<w:pPrDefault><w:pPr><w:widowControl/></w:pPr></w:pPrDefault></w:docDefaults>"
    )  # fmt: skip
    return f"{_HEAD}<w:styles {_W}>{defaults}{''.join(styles)}</w:styles>"


def _style(
    key: str, name: str, font: str, size: int, colour: str, look: str, bold: bool = False
) -> str:
    default = ' w:default="1"' if key == "Normal" else ""
    based = "" if key == "Normal" else '<w:basedOn w:val="Normal"/>'
    weight = "<w:b/>" if bold else ""
    paint = f'<w:color w:val="{colour}"/>' if colour else ""
    return (
        f'<w:style w:type="paragraph"{default} w:styleId="{key}"><w:name w:val="{name}"/>{based}'
        f"<w:qFormat/><w:pPr>{look}</w:pPr><w:rPr>{_fonts(font)}{weight}{paint}"
        f'<w:sz w:val="{size}"/><w:szCs w:val="{size}"/></w:rPr></w:style>'
    )


def _fonts(east: str) -> str:
    latin = "宋体" if east == "宋体" else "Times New Roman"
    return f'<w:rFonts w:ascii="{latin}" w:hAnsi="{latin}" w:eastAsia="{east}" w:cs="{latin}"/>'


def _font_table() -> str:
    fonts = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{others}"/><w:charset w:val='
        f'"{"00" if name.isascii() else "86"}"/></w:font>'
        for name, others in _FONTS.items()
    )
    return f"{_HEAD}<w:fonts {_W}>{fonts}</w:fonts>"


def _settings() -> str:
    return (
        f'{_HEAD}<w:settings {_W}><w:evenAndOddHeaders/><w:characterSpacingControl w:val='
        '"compressPunctuation"/><w:compat><w:compatSetting w:name="compatibilityMode" w:uri='
        '"http://schemas.microsoft.com/office/word" w:val="15"/></w:compat></w:settings>'
    )  # fmt: skip


def _footer(side: str) -> str:
    """A page number between dashes, one character in from the outer edge."""
    field = "".join(
        f"<w:r>{part}</w:r>"
        for part in (
            '<w:t xml:space="preserve">— </w:t>',
            '<w:fldChar w:fldCharType="begin"/>',
            '<w:instrText xml:space="preserve"> PAGE </w:instrText>',
            '<w:fldChar w:fldCharType="separate"/>',
            "<w:t/>",
            '<w:fldChar w:fldCharType="end"/>',
            '<w:t xml:space="preserve"> —</w:t>',
        )
    )
    look = (
        f'<w:pPr><w:pStyle w:val="Footer"/><w:ind w:{side}="280" w:firstLineChars="0"'
        f' w:firstLine="0"/><w:jc w:val="{side}"/></w:pPr>'
    )
    return f"{_HEAD}<w:ftr {_W}><w:p>{look}{field}</w:p></w:ftr>"


def _core() -> str:
    return (
        f"{_HEAD}<cp:coreProperties xmlns:cp="
        '"http://schemas.openxmlformats.org/package/2006/metadata/core-properties"/>'
    )


def _relationships(*targets: tuple[str, str, str]) -> str:
    made = "".join(
        f'<Relationship Id="rId{n}" Type="http://schemas.openxmlformats.org/{base}/{kind}"'
        f' Target="{target}"/>'
        for n, (kind, base, target) in enumerate(targets, 1)
    )
    base = "http://schemas.openxmlformats.org/package/2006/relationships"
    return f'{_HEAD}<Relationships xmlns="{base}">{made}</Relationships>'


def _content_types() -> str:
    word = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    overrides = {
        "word/document.xml": f"{word}.document.main+xml",
        "word/styles.xml": f"{word}.styles+xml",
        "word/settings.xml": f"{word}.settings+xml",
        "word/fontTable.xml": f"{word}.fontTable+xml",
        "word/footer1.xml": f"{word}.footer+xml",
        "word/footer2.xml": f"{word}.footer+xml",
        "docProps/core.xml": "application/vnd.openxmlformats-package.core-properties+xml",
    }
    made = "".join(
        f'<Override PartName="/{part}" ContentType="{kind}"/>' for part, kind in overrides.items()
    )
    return (
        f'{_HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="png" ContentType="image/png"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{made}</Types>'
    )


if __name__ == "__main__":
    write_layouts()
