"""The wording of the page; what it shares with the workbook is said there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pipeline.summaries.bridge import Kind
from pipeline.texts import Text

TITLE = Text("{unit} {period} 工会工作汇总", "{unit} {period} union summary")
MISSING = Text("未报 {n} 个单位", "{n} missing")
MORE = Text("另有 {n} 个", "{n} more")
STANDING = Text("报送情况", "Reporting")
RATES = Text("主要比率", "Key rates")
BY_MEMBERS = Text("{label}：按{by}", "{label} by {by}")
BY_UNITS = Text("{label}：各单位", "{label} by unit")
REST = Text("其余 {n} 项较小，见分项。", "{n} smaller ones under Breakdowns.")
REST_UNITS = Text("另有 {n} 个单位，见下表。", "{n} more units in the table below.")
IN_UNIT = Text("{what}（{unit}）", "{what} ({unit})")
BEFORE = Text("上季度汇总", "Last summary")
NOW = Text("本期", "Now")
REASONS: Final[Mapping[Kind, Text]] = {
    "both": Text("两季都报的", "In both"),
    "new": Text("本季新报的", "Newly in"),
    "missing": Text("本季未报的", "Missing now"),
    "corrected": Text("上季更正补报", "Corrected"),
    "tree": Text("单位变动", "Units changed"),
}
MOVED_BY = Text("影响最大：{units}", "Moved most by: {units}")
MEMBERS_COVERED = Text("，会员覆盖 {share}%", ", {share}% of members")
TEN_THOUSAND = Text("万元", "10,000 yuan")

# Sentences and labels without a value in them: the template knows them as `say.<name>`.
SAYINGS: Final = {
    "language": Text("语言", "Language"),
    "choose_unit": Text("单位", "Unit"),
    "skip": Text("跳到正文", "Skip to content"),
    "path": Text("上级单位", "Units above"),
    "summary": Text("工会工作汇总", "Union summary"),
    "workbook": Text("下载汇总表", "Download workbook"),
    "standing": Text("谁报了，谁没报", "Who has reported"),
    "all_reported": Text("全部单位都已报送。", "Every unit has reported."),
    "nobody": Text("还没有单位报送。", "No unit has reported yet."),
    "key_figures": Text("主要数字", "Key figures"),
    "charts": Text("图表", "Charts"),
    "trends": Text("走势", "Trends"),
    "bridges": Text("数字为什么变", "Why figures have changed"),
    "units": Text("各单位对比", "Units compared"),
    "indicators": Text("全部指标", "All indicators"),
    "breakdowns": Text("分项", "Breakdowns"),
    "reports": Text("逐个单位的报送", "Reports, unit by unit"),
    "issues": Text("待处理问题", "Open issues"),
    "no_issues": Text("没有待处理的问题。", "No open issues."),
    "filter": Text("查找", "Find"),
    "filter_hint": Text("输入几个字", "type a few letters"),
    "show": Text("显示", "Show"),
    "all": Text("全部", "All"),
    "expected": Text("应报", "Expected"),
    "reported": Text("已报", "Reported"),
    "on_time": Text("按时", "On time"),
    "late": Text("迟报", "Late"),
    "nil": Text("零报告", "Nil returns"),
    "missing": Text("未报", "Missing"),
    "group": Text("类别", "Group"),
    "unit": Text("单位", "Unit"),
    "severity": Text("级别", "Severity"),
    "problem": Text("问题", "Problem"),
    "rule": Text("规则", "Rule"),
    "sheet": Text("工作表", "Sheet"),
    "units_with": Text("单位数", "Units"),
    "places": Text("处数", "Places"),
    "which": Text("哪些单位", "Which units"),
    "sorts": Text(
        "点列名可以排序；表宽时可以左右滑动。",
        "Choose a column heading to sort; wide tables scroll sideways.",
    ),
}
NOTES = Text(
    "各数是已报单位的合计，比率由分子、分母分别相加后再相除。“—” 表示没有数，与 0 不同。金额以元为单位。"
    "本页不含个人姓名、电话和工资。",
    "Figures are sums over the units that reported; rates are pooled. “—” is no value, which is not 0. "
    "Amounts are in yuan. No names, phones or wages of persons.",
)
WITHHELD = Text(
    "“*” 是不公布的人数：不足 {k} 人，或能由它推算出这样的人数。",
    "“*” is a count of persons that is withheld: below {k}, or telling of one that is.",
)

# What the script says; it fills in the numbers.
SPOKEN: Final = {
    "rest": Text("显示其余 {n} 行", "Show {n} more rows"),
    "found": Text("{n} / {all} 行", "{n} of {all} rows"),
}
