"""Every reason why a file is set aside unread: what it is, and the one thing to do about it.

A refusal speaks of a whole file, an issue of a place in a workbook. `refuse(TOO_LARGE, size=31,
limit=20)` makes the exception that ends the reading of one file; nothing but the file boundary
catches it. The rule: each message ends with a single action that its reader can take alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.texts import Text


@dataclass(frozen=True, slots=True)
class Refusal:
    """One named reason. `title` quotes nothing of the file; `message` is for who sent it."""

    code: str
    title: Text
    message: Text


class Refused(Exception):
    """The file cannot be read as a workbook; `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal

    def __str__(self) -> str:
        return f"{self.refusal.code} {self.refusal.title.en}"


def refuse(refusal: Refusal, **values: object) -> Refused:
    """Return the exception for `refusal`, the placeholders of its message filled.

    >>> str(refuse(TOO_LARGE, size=31, limit=20))
    'F-08 File too large'
    """
    return Refused(replace(refusal, message=refusal.message.format(**values)))


_RESAVE = Text(
    "请在自己的电脑上打开原表，确认能看到内容，另存为“Excel 工作簿（*.xlsx）”后重新放入。",
    "Open your own copy, check that it shows what you filled in, save it as an Excel workbook "
    "(*.xlsx) and drop it again.",
)
_USE_FORM = Text(
    "请把内容填在下发的空白表里，存为 .xlsx 后重新放入。",
    "Please fill in the blank workbook you were sent, save it as .xlsx and drop that.",
)


def _refusal(code: str, title: Text, what: Text, action: Text) -> Refusal:
    return Refusal(code, title, Text(what.zh + action.zh, f"{what.en} {action.en}"))


# The file did not arrive whole.
EMPTY = _refusal(
    "F-01",
    Text("空文件", "Empty file"),
    Text("这个文件是空的（0 字节），多半是没有复制完。", "This file is empty (0 bytes)."),
    _RESAVE,
)
SYNCING = _refusal(
    "F-02",
    Text("文件没有同步完", "File not fully synchronised"),
    Text(
        "文件里有一大段空白数据，网盘或共享盘还没有把它传完。",
        "A stretch of this file is blank: the shared drive has not finished copying it.",
    ),
    Text(
        "请等同步完成、在本机能打开后，重新放入。",
        "Wait until it is synchronised and opens on your computer, then drop it again.",
    ),
)
TRUNCATED = _refusal(
    "F-03",
    Text("文件不完整", "File cut off"),
    Text(
        "文件后半部分缺失，多半是复制或上传中断了。",
        "The end of this file is missing: copying or uploading was interrupted.",
    ),
    _RESAVE,
)
DAMAGED = _refusal(
    "F-04",
    Text("文件损坏", "File damaged"),
    Text(
        "文件内部有损坏，读不出可靠的内容。", "This file is damaged inside and cannot be trusted."
    ),
    _RESAVE,
)
NOT_OPENED = _refusal(
    "F-05",
    Text("文件打不开", "File could not be opened"),
    Text(
        "系统没有打开这个文件：它正被别人使用，或者没有读取权限。",
        "The system could not open this file: it is in use or may not be read.",
    ),
    Text(
        "请关闭正在打开它的程序，另复制一份重新放入。",
        "Close the program that has it open and drop a fresh copy.",
    ),
)

# The file is locked.
PASSWORD = _refusal(
    "F-06",
    Text("文件加了密码", "Password-protected"),
    Text("文件设置了打开密码，无法读取。", "This file needs a password to open."),
    Text(
        "请在“文件－信息－保护工作簿”里去掉密码，保存后重新放入。",
        "Remove the password under File – Info – Protect Workbook, save, and drop it again.",
    ),
)
RIGHTS = _refusal(
    "F-07",
    Text("文件被加密软件锁住", "Locked by encryption software"),
    Text(
        "文件被单位的加密或权限软件锁住，离开本机就打不开。",
        "Encryption or rights-management software locked this file; only your computer opens it.",
    ),
    Text(
        "请用加密软件的“解密”或“外发”功能导出后重新放入。",
        "Export it with that software's decrypt or send-out function and drop it again.",
    ),
)

# There is too much of it.
TOO_LARGE = _refusal(
    "F-08",
    Text("文件太大", "File too large"),
    Text(
        "文件有 {size} MB，超过上限 {limit} MB，多半是插入了图片。",
        "This file has {size} MB; the limit is {limit} MB. Pictures are the usual cause.",
    ),
    Text("请删去图片后另存，重新放入。", "Delete the pictures, save, and drop it again."),
)
UNPACKED_TOO_LARGE = _refusal(
    "F-09",
    Text("展开后太大", "Too large when unpacked"),
    Text(
        "文件展开后超过上限 {limit} MB，正常填写的表不会这样大。",
        "Unpacked, this file exceeds {limit} MB, which no filled form does.",
    ),
    _USE_FORM,
)
TOO_MANY_ROWS = _refusal(
    "F-10",
    Text("行数太多", "Too many rows"),
    Text(
        "工作表“{sheet}”有内容的行超过 {limit} 行。",
        "Sheet “{sheet}” holds more than {limit} rows.",
    ),
    Text(
        "请只保留本期的行，另存后重新放入。",
        "Keep only the rows of this period, save, and drop it again.",
    ),
)
TOO_MANY_CELLS = _refusal(
    "F-11",
    Text("单元格太多", "Too many cells"),
    Text(
        "表格占用的单元格超过 {limit} 个，多半是在很远的行列里留下了内容。",
        "This workbook spans more than {limit} cells; something was left in far rows or columns.",
    ),
    _USE_FORM,
)

# It is another kind of file, whatever its name says.
WEB_PAGE = _refusal(
    "F-12",
    Text("是网页，不是工作簿", "A web page, not a workbook"),
    Text(
        "这是网页，只是改了后缀名；从网上系统导出的“Excel”常是这样。",
        "This is a web page under a workbook's name, as some systems export it.",
    ),
    _RESAVE,
)
PLAIN_TEXT = _refusal(
    "F-13",
    Text("是文本或 CSV，不是工作簿", "Text or CSV, not a workbook"),
    Text("这是纯文本或 CSV 文件，不是工作簿。", "This is a plain text or CSV file."),
    _USE_FORM,
)
XML_TABLE = _refusal(
    "F-14",
    Text("是 XML 表格", "An XML spreadsheet"),
    Text(
        "这是“XML 表格”格式，不是 Excel 工作簿。",
        "This is an XML spreadsheet, not an Excel workbook.",
    ),
    _RESAVE,
)
BINARY_WORKBOOK = _refusal(
    "F-15",
    Text("是二进制工作簿 xlsb", "A binary workbook (xlsb)"),
    Text(
        "这是“Excel 二进制工作簿（xlsb）”，本系统不读这种格式。",
        "This is an Excel binary workbook (xlsb), a format not read here.",
    ),
    _RESAVE,
)
NUMBERS = _refusal(
    "F-16",
    Text("是苹果 Numbers 表格", "An Apple Numbers file"),
    Text("这是苹果电脑的 Numbers 表格。", "This is an Apple Numbers spreadsheet."),
    Text(
        "请在 Numbers 里选“文件－导出为－Excel”，把导出的 .xlsx 重新放入。",
        "In Numbers choose File – Export To – Excel and drop the .xlsx it makes.",
    ),
)
WORD = _refusal(
    "F-17",
    Text("是文字文档", "A text document"),
    Text("这是 Word 一类的文字文档，不是工作簿。", "This is a text document such as Word's."),
    _USE_FORM,
)
SLIDES = _refusal(
    "F-18",
    Text("是演示文稿", "A presentation"),
    Text("这是演示文稿（PPT），不是工作簿。", "This is a presentation, not a workbook."),
    _USE_FORM,
)
PAGES = _refusal(
    "F-19",
    Text("是 PDF 或 OFD", "A PDF or OFD file"),
    Text("这是 PDF 或 OFD 版面文件，不是工作簿。", "This is a PDF or OFD file, not a workbook."),
    _USE_FORM,
)
PICTURE = _refusal(
    "F-20",
    Text("是图片", "A picture"),
    Text("这是图片（截图或照片），不是工作簿。", "This is a picture, not a workbook."),
    _USE_FORM,
)
ARCHIVE = _refusal(
    "F-21",
    Text("是压缩包", "An archive"),
    Text("这是压缩包（zip、rar 一类）。", "This is an archive such as zip or rar."),
    Text("请解压后把里面的工作簿逐个放入。", "Unpack it and drop the workbooks one by one."),
)
SHORTCUT = _refusal(
    "F-22",
    Text("是快捷方式", "A shortcut"),
    Text(
        "这只是一个快捷方式，文件本身还在您的电脑上。",
        "This is only a shortcut; the file itself is still on your computer.",
    ),
    Text("请把文件本身复制进来。", "Please copy the file itself here."),
)
MAIL_MESSAGE = _refusal(
    "F-23",
    Text("是邮件", "A mail message"),
    Text("这是保存下来的邮件，不是工作簿。", "This is a saved mail message, not a workbook."),
    Text("请把邮件里的附件另存后放入。", "Save its attachment and drop that."),
)
UNKNOWN_KIND = _refusal(
    "F-24",
    Text("不是工作簿", "Not a workbook"),
    Text("认不出这是什么文件，它不是工作簿。", "This is not a workbook of any known kind."),
    _USE_FORM,
)
NO_SHEETS = _refusal(
    "F-25",
    Text("没有普通工作表", "No ordinary sheets"),
    Text(
        "文件里只有图表或宏，没有填写内容的工作表。",
        "This file holds only charts or macros, no sheet with cells.",
    ),
    _USE_FORM,
)

# It is a workbook, but nobody's: raised by the reader of submissions.
NOT_OURS = _refusal(
    "F-26",
    Text("不是下发的表", "Not one of our forms"),
    Text("没有找到“封面”工作表，看来不是下发的表。", "It has no cover sheet (封面)."),
    _USE_FORM,
)
WRONG_WORKBOOK = _refusal(
    "F-27",
    Text("认不出是哪种表", "Unknown form"),
    Text(
        "有封面，但其余工作表与下发的各种表都对不上。",
        "It has a cover, but its other sheets belong to none of our forms.",
    ),
    _USE_FORM,
)
NO_UNIT = _refusal(
    "F-28",
    Text("没有单位编码", "No unit code"),
    Text(
        "封面上读不出“单位编码”，不知道是哪个单位报的。",
        "The cover gives no unit code (单位编码), so we cannot tell whose report it is.",
    ),
    Text(
        "请在封面“单位编码”右边一格填写编码，保存后重新放入。",
        "Fill in the cell beside 单位编码 on the cover, save, and drop it again.",
    ),
)
NO_PERIOD = _refusal(
    "F-29",
    Text("没有报告期", "No period"),
    Text(
        "封面上读不出“报告期”，不知道报的是哪一期。",
        "The cover gives no period (报告期), so we cannot tell which one it reports.",
    ),
    Text(
        "请在封面“报告期”右边一格填写，例如 2026Q3，保存后重新放入。",
        "Fill in the cell beside 报告期 on the cover, for example 2026Q3, save, and drop it again.",
    ),
)

# Reading it failed on our side: raised by the workers.
CRASHED = _refusal(
    "F-30",
    Text("读取中断", "Reading broke off"),
    Text("读这个文件时程序异常中断。", "The reader broke down on this file."),
    _RESAVE,
)
OUT_OF_MEMORY = _refusal(
    "F-31",
    Text("读取占用内存过多", "Reading took too much memory"),
    Text("读这个文件需要的内存超过上限。", "Reading this file takes more memory than allowed."),
    _USE_FORM,
)
TIMED_OUT = _refusal(
    "F-32",
    Text("读取超时", "Reading took too long"),
    Text(
        "读这个文件超过 {seconds} 秒还没有读完。",
        "Reading this file took more than {seconds} seconds.",
    ),
    _USE_FORM,
)

CATALOGUE = (
    *(EMPTY, SYNCING, TRUNCATED, DAMAGED, NOT_OPENED),
    *(PASSWORD, RIGHTS),
    *(TOO_LARGE, UNPACKED_TOO_LARGE, TOO_MANY_ROWS, TOO_MANY_CELLS),
    *(WEB_PAGE, PLAIN_TEXT, XML_TABLE, BINARY_WORKBOOK, NUMBERS, WORD, SLIDES, PAGES),
    *(PICTURE, ARCHIVE, SHORTCUT, MAIL_MESSAGE, UNKNOWN_KIND, NO_SHEETS),
    *(NOT_OURS, WRONG_WORKBOOK, NO_UNIT, NO_PERIOD),
    *(CRASHED, OUT_OF_MEMORY, TIMED_OUT),
)
