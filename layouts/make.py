"""The shipped layouts of the Word narrative, written from `wording.py` into `config/layouts/`.

The form is that of official documents (GB/T 9704—2012): A4, margins 37/28/26/35 mm, body 仿宋 16 pt
on 28.95 pt, title 小标宋 22 pt, headings 黑体 and 楷体, page numbers "— 1 —" outside. Fonts that are
missing fall back by name, see `_FONTS`. Run `python layouts/make.py` after a change; a test compares
the files. In a workspace officers edit the Word files themselves.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

from wording import KEY_HEADS, UNIT_HEAD, WORDINGS

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


def make_layouts() -> dict[str, dict[str, str]]:
    """Return every layout as its parts, by file name."""
    return {name: _parts(wording, lang) for name, (wording, lang) in WORDINGS.items()}


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
    head = _row([(h, "TableHead") for h in KEY_HEADS[lang]], widths, head=True)
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
    head = [(UNIT_HEAD[lang], "TableHead")]
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
