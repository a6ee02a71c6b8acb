"""The demo: right workbooks are right, wrong ones wrong as intended, and every day gives the same."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import CONFIG

from pipeline.books.read import read_book
from pipeline.books.refusals import Refused
from pipeline.books.screen import Limits
from pipeline.config import Settings, read_settings
from pipeline.demo import Batch, DemoStory, Drop, drop_files, make_demo
from pipeline.demo.drops import CAST, EARLIER
from pipeline.demo.foreign import foreign_workbook
from pipeline.demo.reports import quarterly_reports
from pipeline.demo.timeline import demo_quarters, due_days, window_of
from pipeline.demo.units import demo_units, person_name
from pipeline.forms.model import Form, Forms
from pipeline.forms.workbook import write_template
from pipeline.intake.judge import Setup, judge_book
from pipeline.intake.submission import Submission
from pipeline.orgunits import read_orgunits
from pipeline.workspace import Workspace, open_workspace

TODAY = datetime(2026, 10, 25, 9, 30)
NAME = re.compile("[甲乙丙丁戊己庚辛壬癸][一二三四五六七八九十]{1,3}")
GROUPS = re.compile("(岗位|班组|维修队|职工|代表)$")


@dataclass(frozen=True)
class Judged:
    """A file of the demo with what became of it; None where it cannot be read."""

    batch: Batch
    drop: Drop
    submission: Submission | None

    @property
    def codes(self) -> list[str]:
        assert self.submission is not None
        return sorted(f"{issue.code} {issue.severity[0]}" for issue in self.submission.issues)


@dataclass(frozen=True)
class Demo:
    """The demo, judged."""

    story: DemoStory
    workspace: Workspace
    files: tuple[Judged, ...]

    def told(self, role: str) -> Judged:
        (found,) = (f for f in self.files if f.drop.role == role and f.batch in self.newest)
        return found

    @property
    def newest(self) -> tuple[Batch, ...]:
        return self.story.batches[-2:]

    def rows(self, key: str) -> Iterator[tuple[Submission, dict[str, Any]]]:
        """Yield every row of a ledger that is counted, by field key."""
        form = self.workspace.forms.forms[key]
        for file in self.files:
            submission = file.submission
            if submission is None or submission.status == "rejected" or file.drop.role == "twice":
                continue
            for record in (submission.ledgers or {}).get(key, ()):
                yield submission, by_key(form, record.values)


def by_key(form: Form, values: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip((field.key for field in form.fields), values, strict=True))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo") / "workspace"
    story = make_demo(folder, TODAY)
    workspace = open_workspace(folder)
    return Demo(story, workspace, tuple(judged(story, workspace)))


def judged(story: DemoStory, workspace: Workspace) -> Iterator[Judged]:
    for batch in story.batches:
        setup = Setup(workspace.forms, workspace.tree, batch.moment.date())
        for drop in batch.drops:
            try:
                yield Judged(batch, drop, judge_book(read_book(drop.data, Limits()), setup))
            except Refused:
                yield Judged(batch, drop, None)


# the workbooks


def test_what_is_simply_right_is_accepted_without_a_word(demo: Demo) -> None:
    right = [f for f in demo.files if f.drop.role in (None, "late", "twice", "nil")]
    assert len(right) > 70
    assert {f.drop.path: f.codes for f in right if f.codes} == {}
    assert {f.submission.status for f in right if f.submission} == {"accepted"}


def test_the_rejected_one_has_an_error_of_every_common_kind(demo: Demo) -> None:
    assert demo.told("rejected").codes == [
        "A-02 e", "A-03 e", "A-05 e", "C-03 e", "D-02 e", "D-04 e",
        "R-01 e", "R-02 e", "R-02 e", "R-02 e", "R-03 e", "V-04 e",
    ]  # fmt: skip
    submission = demo.told("rejected").submission
    assert submission is not None
    assert {i.value for i in submission.issues if i.code == "R-02"} == {"12O0", "13月", "若干"}


def test_the_one_with_warnings_has_one_of_every_common_kind(demo: Demo) -> None:
    assert demo.told("warnings").codes == [
        "A-06 w",
        "A-07 w",
        "D-05 w",
        "R-07 w",
        "V-05 w",
        "V-06 w",
    ]


def test_earlier_warnings_are_visits_paid_late(demo: Demo) -> None:
    earlier = [f for f in demo.files if f.drop.role == "warnings" and f.batch not in demo.newest]
    assert len(earlier) == sum("warnings" in roles.values() for roles in EARLIER)
    assert {tuple(f.codes) for f in earlier} == {("V-05 w",)}


def test_the_foreign_one_is_read_and_every_reading_noted(demo: Demo) -> None:
    codes = Counter(demo.told("foreign").codes)
    assert codes.keys() == {"R-07 w", "R-08 i", "R-13 i", "R-14 i", "R-15 i"}
    assert codes["R-07 w"] == codes["R-13 i"] == 1


def test_the_foreign_one_reads_as_the_same_figures(demo: Demo, forms: Forms) -> None:
    workbook, newest = forms.workbooks["quarterly"], demo.story.newest
    (unit,) = (u for u in demo_units(newest) if CAST.get(u.org.code) == "foreign")
    report = quarterly_reports(unit, demo.story.quarters)[-1].filled_on(TODAY.date())
    ours = write_template(
        workbook, unit.org, newest, rows=1, cover=report.cover, records=report.records
    )
    setup = Setup(forms, demo.workspace.tree, TODAY.date())
    both = [
        judge_book(read_book(data, Limits()), setup)
        for data in (ours, foreign_workbook(report, workbook))
    ]
    records = [
        {key: [r.values for r in rows] for key, rows in s.ledgers.items()}
        for s in both
        if s.ledgers
    ]
    assert len(records) == 2
    assert records[0] == records[1]


def test_the_spoilt_one_cannot_be_read(demo: Demo) -> None:
    assert [f.drop.role for f in demo.files if f.submission is None] == ["spoilt"]


def test_what_was_refused_comes_again_and_is_on_time(demo: Demo) -> None:
    due = demo.story.newest.due(demo.workspace.settings.periods.due_days)
    again = {unit for unit, role in CAST.items() if role in ("rejected", "spoilt")}
    second = [f for f in demo.files if f.batch is demo.newest[1]]
    found = {f.submission.unit: f for f in second if f.submission and f.submission.unit in again}
    assert found.keys() == again
    assert all(f.submission and f.submission.status == "accepted" for f in found.values())
    assert all(f.drop.received_at <= due for f in found.values())


def test_the_nil_one_ticks_all_three(demo: Demo) -> None:
    submission = demo.told("nil").submission
    assert submission is not None
    assert submission.nil


def test_twice_means_the_same_bytes_under_another_name(demo: Demo) -> None:
    copy = demo.told("twice").drop
    first = [d for d in demo.newest[0].drops if d.data == copy.data]
    assert len(first) == 1
    assert first[0].path != copy.path


def test_the_missing_send_nothing(demo: Demo) -> None:
    missing = {(demo.story.newest.code, unit) for unit, role in CAST.items() if role == "missing"}
    for quarter, roles in zip(demo.story.quarters, EARLIER, strict=False):
        missing |= {(quarter.code, unit) for unit, role in roles.items() if role == "missing"}
    sent = {(s.period.code, s.unit) for f in demo.files if (s := f.submission) and s.period}
    owed = {
        (quarter.code, unit.code)
        for quarter in demo.story.quarters
        for unit in demo.workspace.tree.reporting("QZ", quarter.end)
    }
    assert owed - sent == missing


# the story


def test_equal_days_give_equal_bytes(demo: Demo, tmp_path: Path) -> None:
    again = make_demo(tmp_path / "again", TODAY)
    assert again == demo.story
    configs = [
        {path.name: path.read_bytes() for path in (root / "config").glob("*.*")}
        for root in (demo.workspace.paths.root, tmp_path / "again")
    ]
    assert configs[0] == configs[1]


def test_the_union_has_three_levels_and_about_a_dozen_that_report(demo: Demo) -> None:
    tree, day = demo.workspace.tree, demo.story.newest.end
    assert [unit.code for unit in tree.inner(day)] == ["QZ", "JY", "QY"]
    reporting = tree.reporting("QZ", day)
    assert len(reporting) == 13
    assert [unit.code for unit in reporting if tree.children(unit.code, day)] == ["JY"]
    assert all(unit.email.endswith("@example.invalid") for unit in tree.units.values())
    assert demo.workspace.settings.union.name == tree.root.name


def test_five_quarters_end_with_the_one_last_ended(demo: Demo) -> None:
    codes = [quarter.code for quarter in demo.story.quarters]
    assert codes == ["2025Q3", "2025Q4", "2026Q1", "2026Q2", "2026Q3"]


def test_batches_are_in_order_and_lie_before_their_runs(demo: Demo) -> None:
    moments = [batch.moment for batch in demo.story.batches]
    assert moments == sorted(moments)
    assert moments[-1] <= TODAY
    assert all(d.received_at < b.moment for b in demo.story.batches for d in b.drops)


def test_only_the_late_are_late(demo: Demo) -> None:
    days = demo.workspace.settings.periods.due_days
    late = {
        (f.submission.period.code, f.submission.unit)
        for f in demo.files
        if f.submission and f.submission.period and f.submission.workbook == "quarterly"
        and f.drop.received_at > f.submission.period.due(days)
    }  # fmt: skip
    casts = (*EARLIER, CAST)
    assert late == {
        (quarter.code, unit)
        for quarter, roles in zip(demo.story.quarters, casts, strict=True)
        for unit, role in roles.items()
        if role == "late"
    }


def test_every_role_is_told_in_both_languages_with_its_file(demo: Demo) -> None:
    paths = {d.path for b in demo.newest for d in b.drops}
    assert [scene.role for scene in demo.story.scenes] == list(CAST.values())
    for scene in demo.story.scenes:
        assert scene.unit.name in scene.what.zh
        assert scene.unit.name in scene.what.en
        assert scene.file in paths or (scene.role == "missing" and not scene.file)


def test_files_lie_in_the_inbox_with_their_times(demo: Demo, tmp_path: Path) -> None:
    batch = demo.newest[0]
    drop_files(tmp_path, batch)
    for drop in batch.drops:
        path = tmp_path / drop.path
        assert path.read_bytes() == drop.data
        stamp = datetime.fromtimestamp(path.stat().st_mtime)  # local, as a file's time is shown
        assert abs(stamp - drop.received_at) < timedelta(milliseconds=1)


@pytest.mark.parametrize(
    "today",
    [
        datetime(2026, 10, 1, 0, 10),
        datetime(2026, 10, 1, 1, 0),
        datetime(2026, 10, 1, 8, 0),
        datetime(2026, 10, 3, 8, 0),
        datetime(2026, 10, 16, 0, 0),
        datetime(2026, 12, 31, 23, 59, 59),
        datetime(2027, 1, 5, 9, 0),
    ],
)
def test_on_any_day_there_is_time_to_be_on_time_and_to_be_late(today: datetime) -> None:
    quarters = demo_quarters(today)
    days = due_days(quarters[-1], today)
    assert 0 <= days <= 15
    for quarter in quarters:
        window = window_of(quarter, days, today)
        assert quarter.end == window.opening.date()
        assert window.opening < window.before_first_run(0.05) < window.first_run
        assert window.first_run < window.before_due(0.95) <= window.due
        assert window.due < window.late(0.5) < window.last_run <= today


# what it says


def test_persons_are_plainly_invented(demo: Demo) -> None:
    names = {row["name"] for _, row in demo.rows("dues")}
    names |= {name for _, row in demo.rows("visits") for name in row["visitors"].split("、")}
    names |= {row["owner"] for _, row in demo.rows("plan")}
    targets = {row["target_name"].removesuffix("家属") for _, row in demo.rows("visits")}
    names |= {name for name in targets if not GROUPS.search(name)}
    assert len(names) > 200
    assert [name for name in sorted(names) if not NAME.fullmatch(name)] == []


def test_every_person_has_a_name_of_their_own(demo: Demo) -> None:
    named: dict[str, set[str]] = {}
    for _, row in demo.rows("dues"):
        named.setdefault(row["name"], set()).add(row["member_id"])
    assert {name: ids for name, ids in named.items() if len(ids) > 1} == {}
    assert [person_name(0, n) for n in (0, 9, 10, 99, 100, 110)] == [
        "甲一", "癸一", "甲二", "癸十", "甲十一", "甲十二",
    ]  # fmt: skip


def test_activities_carry_ids_of_their_units_plans_and_keep_to_the_months(demo: Demo) -> None:
    plans = {(s.unit, row["plan_id"]): row for s, row in demo.rows("plan")}
    carried = [(s.unit, row) for s, row in demo.rows("activities") if row["plan_id"]]
    assert len(carried) > 200
    for unit, row in carried:
        item = plans[unit, row["plan_id"]]
        assert row["title"] == item["item"]
        assert item["month_start"] <= f"{row['date_end']:%Y-%m}" <= item["month_end"]


def test_most_of_what_was_planned_is_done(demo: Demo) -> None:
    done: Counter[tuple[str, str]] = Counter()
    for submission, row in demo.rows("activities"):
        done[submission.unit, row["plan_id"]] += row["sessions"]
    last = demo.story.newest.months[-1]
    due = [(s.unit, row) for s, row in demo.rows("plan") if row["month_end"] <= last]
    kept = sum(done[unit, row["plan_id"]] >= row["target"] for unit, row in due)
    assert 0.7 < kept / len(due) < 0.95


def test_dues_tell_a_life(demo: Demo) -> None:
    rows = [row for _, row in demo.rows("dues")]
    assert {row["status"] for row in rows} >= {"正常", "新入会", "退休", "转出"}
    owed = {(row["member_id"], row["month"]) for row in rows if row["reason"]}
    repaid = [row for row in rows if row["pay_type"] == "补缴"]
    assert len(repaid) > 10
    assert {(row["member_id"], row["month"]) for row in repaid} <= owed
    paid = sum(row["paid"] for row in rows if row["pay_type"] == "当月")
    assert 0.9 < paid / sum(row["due"] for row in rows if row["pay_type"] == "当月") < 0.99


def test_visits_fit_the_season(demo: Demo) -> None:
    months: dict[str, set[int]] = {}
    for _, row in demo.rows("visits"):
        months.setdefault(row["visit_type"], set()).add(row["date"].month)
    assert months["送清凉"] <= {6, 7, 8}
    assert months["送温暖"] <= {12, 1, 2}
    assert len(months["生病住院"]) > 6


def test_members_grow_from_year_to_year(demo: Demo) -> None:
    form = demo.workspace.forms.forms["cover"]
    members: dict[str, dict[str, int]] = {}
    for file in demo.files:
        submission = file.submission
        if submission and submission.cover and submission.workbook == "quarterly":
            assert submission.period is not None
            counted = by_key(form, submission.cover.values)["members"]
            members.setdefault(submission.period.code, {})[submission.unit] = counted
    first, last = members["2025Q3"], members["2026Q3"]
    both = first.keys() & last.keys()
    assert sum(first[unit] for unit in both) < sum(last[unit] for unit in both)


# what `init` starts from


def test_the_shipped_settings_are_the_defaults() -> None:
    settings, default = read_settings(CONFIG / "union.toml"), Settings()
    assert settings.union.name
    for section in fields(Settings):
        for setting in fields(getattr(default, section.name)):
            if (section.name, setting.name) != ("union", "name"):
                found = getattr(getattr(settings, section.name), setting.name)
                assert found == getattr(getattr(default, section.name), setting.name)


def test_every_setting_is_shipped_with_a_line_of_each_language() -> None:
    text = (CONFIG / "union.toml").read_text(encoding="utf-8")
    for section in fields(Settings):
        part = text.split(f"\n[{section.name}]\n")[1].split("\n[")[0]
        for setting in fields(getattr(Settings(), section.name)):
            comment = re.search(rf"^# (.+)\n# (.+)\n{setting.name} = ", part, re.MULTILINE)
            assert comment, setting.name
            assert re.search("[一-鿿]", comment[1])
            assert comment[2].isascii()


def test_the_shipped_tree_is_plainly_a_sample() -> None:
    tree = read_orgunits(CONFIG / "orgunits.csv")
    assert all(unit.name.startswith("示例") for unit in tree.units.values())
    assert all(unit.email.endswith("@example.com") for unit in tree.units.values())
    assert len(tree.reporting(tree.root.code, date(2026, 9, 30))) == 5
