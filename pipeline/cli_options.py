"""The options that several commands share, each said once."""

from __future__ import annotations

import click

period_option = click.option(
    "--period", default="", metavar="P", help="报告期，如 2026Q3。 The period, such as 2026Q3."
)
required_period = click.option(
    "--period",
    required=True,
    metavar="P",
    help="报告期，如 2026Q3；汇总也可 2026H1、2026、2025-2026S1。 The period; summaries take longer ones too.",
)
unit_option = click.option(
    "--unit", default="", metavar="U", help="只做这个单位（编码）。 Only this unit, by its code."
)
json_option = click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="只输出一个 JSON。 Print one JSON value and nothing else.",
)
dry_run_option = click.option(
    "--dry-run",
    is_flag=True,
    help="只演练，磁盘上什么都不改。 Change nothing on disk, send nothing.",
)
as_sent_option = click.option(
    "--as-sent",
    default="",
    metavar="WHEN",
    help="不重做，取出当时发布的原件（日期、时刻或 SHA-256 开头）。 Give back what was published then.",
)
