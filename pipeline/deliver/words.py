"""The wording of the mails, Chinese first; the templates beside this file hold only layout.

A status has three wordings: `label` for the chip, `subject` for the subject line and `action`, the
one thing to do, for the body.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.texts import Text


@dataclass(frozen=True, slots=True)
class StatusWords:
    """How a mail speaks of one status of a file; `tone` names its colour in the template."""

    label: Text
    subject: Text
    action: Text
    tone: str


# The most urgent first: a subject line speaks of the most urgent file of the message.
STATUSES = {
    "rejected": StatusWords(
        Text("已退回", "Returned"),
        Text("需要修改", "please correct"),
        Text(
            "有 {errors} 处错误，没有计入汇总。请打开附件，照里面写的逐处改好，再把改好的文件放回收件文件夹。",
            "It has {errors} error(s) and was not counted. Please open the attachment, correct what "
            "it lists and put the corrected file back into the shared folder.",
        ),
        "bad",
    ),
    "quarantined": StatusWords(
        Text("没有收下", "Not taken in"),
        Text("有文件读不出来", "a file cannot be read"),
        Text(
            "这个文件读不出一份报表，没有计入汇总。原因和办法见附件。",
            "No report can be read from this file, so it was not counted. "
            "The attachment says why and what to do.",
        ),
        "bad",
    ),
    "closed": StatusWords(
        Text("没有计入", "Not counted"),
        Text("本期已结账", "period is closed"),
        Text(
            "这个报告期已经结账，没有计入汇总。如需更正，请联系上级工会重新开放。",
            "This period is closed, so it was not counted. "
            "To correct it, please ask the union above to reopen it.",
        ),
        "plain",
    ),
    "accepted_with_warnings": StatusWords(
        Text("已收下，请核对", "Accepted, please check"),
        Text("已收下，请核对", "accepted, please check"),
        Text(
            "已计入汇总，有 {warnings} 处请核对：打开附件看标黄的地方。写错了就改好再交，没有错就不用再交。",
            "It is counted; {warnings} place(s) need a look: please open the attachment. If one is "
            "wrong, correct it and hand it in again; if not, nothing more is needed.",
        ),
        "check",
    ),
    "duplicate": StatusWords(
        Text("重复文件", "Duplicate"),
        Text("重复文件，没有再次计入", "duplicate, not counted again"),
        Text(
            "与以前交来的文件完全相同，没有再次计入。与哪一份相同，见附件。",
            "It is identical to a file handed in before and was not counted again. "
            "The attachment says which one.",
        ),
        "plain",
    ),
    "accepted": StatusWords(
        Text("已收下", "Accepted"),
        Text("已收下", "accepted"),
        Text("已计入汇总，不用再做什么。", "It is counted; nothing more is needed."),
        "good",
    ),
}

RECEIPT_SUBJECT = Text(
    "报表回执：{unit} {period}（{verdict}）", "Receipt: {unit} {period} ({verdict})"
)
SUMMARY_SUBJECT = Text("汇总表：{unit} {period}", "Summary: {unit} {period}")
UPDATE_MARK = Text("【更新】{subject}", "[Update] {subject}")

GREETING = Text(
    "您好！{unit}交来的 {count} 个文件已经处理完，结果如下。",
    "Hello! The {count} file(s) handed in by {unit} have been processed; here is the result.",
)
RECEIVED = Text("收到时间：{at}", "Received: {at}")
ATTACHED = Text("附件：{name}", "Attachment: {name}")
INTRODUCTION = Text(
    "您好！{unit}{period}的汇总表在附件里，主要数字如下。",
    "Hello! The summary of {unit} for {period} is attached; these are its key figures.",
)
FIGURE = Text("{label}：{value}", "{label}: {value}")
FIGURE_CHANGED = Text("{label}：{value}（{changes}）", "{label}: {value} ({changes})")
SINCE_QUARTER = Text("比上季度 {change}", "{change} vs last quarter")
SINCE_YEAR = Text("比去年同期 {change}", "{change} vs last year")
COMMA = Text("，", ", ")
NEWS = Text("{label}：{before} → {after}", "{label}: {before} → {after}")
CHART = Text("{title}：{told}。", "{title}: {told}.")
PICTURE = Text("报送情况和主要比率", "Reporting and key rates")
REPORTED = Text(
    "应报 {expected} 个单位，已报 {reported} 个。", "{reported} of {expected} units have reported."
)
MISSING = Text("还没有交表的 {count} 个单位：", "The {count} unit(s) that have not reported yet:")
MORE_MISSING = Text("……另有 {count} 个，见汇总表。", "… and {count} more, listed in the summary.")
MORE_RESTATED = Text("……另有 {count} 处。", "… and {count} more.")
SENT_BY = Text(
    "这封信由{union}的报表程序自动发出，请不要直接回复。",
    "This message was sent by the reporting program of {union}; please do not reply to it.",
)
SENT_BY_PROGRAM = Text(
    "这封信由报表程序自动发出，请不要直接回复。",
    "This message was sent by a reporting program; please do not reply to it.",
)

# Sentences without a value in them: the templates know them as `say.<name>`.
SAYINGS = {
    "language": Text("zh-CN", "en"),
    "receipt": Text("报表回执", "Receipt"),
    "summary": Text("汇总表", "Summary"),
    "figure": Text("主要数字", "Key figure"),
    "value": Text("本期", "This period"),
    "change": Text("比上季度", "vs last quarter"),
    "over_year": Text("比去年同期", "vs last year"),
    "news": Text("和上次寄给您的相比：", "Compared with the last message to you:"),
    "picture": Text("图里的数：", "The numbers of the picture:"),
    "updated": Text(
        "这是更新：这一期的汇总表以前发过，现在内容有变化，请以这一封为准。",
        "This is an update: the summary of this period was sent before and has changed. "
        "Please use this one.",
    ),
    "restated": Text(
        "以前发过的数字有变动（迟报或更正）：",
        "Figures that were sent before have changed (late or corrected workbooks):",
    ),
    "remind": Text(
        "请提醒它们尽快补交。补交以后，汇总表会更新并再发给您。",
        "Please remind them. Once they have reported, the updated summary is sent to you.",
    ),
    "complete": Text("全部单位都已交表。", "Every unit has reported."),
}
