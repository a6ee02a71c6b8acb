"""The wording of the shipped layouts, Chinese and English, by the name of their file.

A line of wording is `style: text`; a line that begins with `{%` steers and is a paragraph of its
own; `table: name` puts in one of the tables. What may stand between braces is told by
`pipeline/summaries/narrative/content.py`; `make.py` gives it all its form.
"""

from __future__ import annotations

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

WORDINGS = {
    "narrative_zh.docx": (_ZH, "zh"),
    "narrative_en.docx": (_EN, "en"),
    "narrative_short_zh.docx": (_SHORT_ZH, "zh"),
    "narrative_short_en.docx": (_SHORT_EN, "en"),
}
KEY_HEADS = {
    "zh": ("指标", "本季度", "上季度", "去年同期", "比上季度", "比去年同期"),
    "en": ("Figure", "Now", "Quarter before", "Year ago", "Change", "Change on year"),
}
UNIT_HEAD = {"zh": "单位", "en": "Unit"}
