"""The database is made, grows with the forms, and commits all or nothing."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from databases import on_postgresql
from nights import Nights, at, opened, report
from sqlalchemy import func, insert, select

from pipeline.errors import ConfigError
from pipeline.forms.model import Field, Form, Forms
from pipeline.records import journal
from pipeline.records.engines import insert_rows
from pipeline.records.journal import Decision, Output
from pipeline.records.store import FILE_NAME, Store, open_store
from pipeline.texts import Text

pytestmark = pytest.mark.usefixtures("engine")


def with_form(forms: Forms, form: Form) -> Forms:
    return replace(forms, forms={**forms.forms, form.key: form})


def with_fields(forms: Forms, key: str, fields: tuple[Field, ...]) -> Forms:
    positions = {field.key: number for number, field in enumerate(fields)}
    return with_form(forms, replace(forms.forms[key], fields=fields, positions=positions))


def count_files(store: Store) -> int:
    with store.reading() as connection:
        return connection.scalar(select(func.count()).select_from(store.tables.files)) or 0


@pytest.mark.sqlite_file
def test_a_blank_url_is_sqlite_in_state_safe_against_power_cuts(
    forms: Forms, tmp_path: Path
) -> None:
    with opened(forms, tmp_path / "state") as store:
        assert (tmp_path / "state" / FILE_NAME).exists()
        with store.writing() as connection:
            pragmas = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous")
            ]
    assert pragmas == ["wal", 2]


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("postgresq+psycopg://x", "postgresq"),
        ("not a url", "数据库地址|写得不对"),
        ("sqlite:////nowhere/at/all/x.sqlite", "打不开"),
    ],
)
def test_a_database_that_cannot_be_used_is_said_in_one_line(
    forms: Forms, tmp_path: Path, url: str, named: str
) -> None:
    with pytest.raises(ConfigError, match=named) as raised:
        open_store(url, forms, tmp_path)
    assert "\n" not in str(raised.value)


def test_a_database_password_is_never_shown(forms: Forms, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        open_store("sqlite://user:geheim@host/x", forms, tmp_path)
    assert "geheim" not in str(raised.value)


def test_what_is_written_together_is_committed_together(forms: Forms, tmp_path: Path) -> None:
    with opened(forms, tmp_path) as store:
        runs = store.tables.runs
        row = {"run_id": "r", "started_at": "2026-10-10T02:00:00"}
        with pytest.raises(ZeroDivisionError), store.writing() as connection:
            connection.execute(insert(runs).values(row))
            raise ZeroDivisionError
        with store.reading() as connection:
            assert connection.execute(select(runs)).all() == []


def test_a_new_field_is_a_new_column_and_what_was_stored_stays(
    forms: Forms, tmp_path: Path
) -> None:
    with opened(forms, tmp_path) as store:
        Nights(store, forms).take("A", report(forms, costs=["1.00"]))
    added = Field("score", Text("得分", "Score"), "int")
    grown = with_fields(forms, "activities", (*forms.forms["activities"].fields, added))
    with opened(grown, tmp_path) as store:
        nights = Nights(store, grown)
        nights.take("B", report(grown, unit="U2", costs=["2.00"]))
        table = store.tables.records["activities"]
        with store.reading() as connection:
            query = select(table.c.cost, table.c.score).order_by(table.c.file_id)
            assert connection.execute(query).all() == [(100, None), (200, None)]


def test_a_new_ledger_is_a_new_table(forms: Forms, tmp_path: Path) -> None:
    with opened(forms, tmp_path):
        pass
    ledger = replace(forms.forms["activities"], key="gifts")
    with opened(with_form(forms, ledger), tmp_path) as store:
        table = store.tables.records["gifts"]
        with store.reading() as connection:
            assert connection.execute(select(table)).all() == []


def test_a_removed_field_keeps_its_column(forms: Forms, tmp_path: Path) -> None:
    with opened(forms, tmp_path) as store:
        Nights(store, forms).take("A", report(forms, costs=["1.00"]))
    fields = tuple(f for f in forms.forms["activities"].fields if f.key != "cost")
    less = with_fields(forms, "activities", fields)
    with opened(less, tmp_path) as store:
        Nights(store, less).take("B", report(less, unit="U2"))
    with opened(forms, tmp_path) as store:
        table = store.tables.records["activities"]
        with store.reading() as connection:
            query = select(table.c.cost).order_by(table.c.file_id)
            assert connection.scalars(query).all() == [100, None]


def test_a_field_of_another_type_is_refused(forms: Forms, tmp_path: Path) -> None:
    with opened(forms, tmp_path):
        pass
    fields = tuple(
        replace(f, type="int") if f.key == "title" else f for f in forms.forms["activities"].fields
    )
    with (
        pytest.raises(ConfigError, match=r"rec_activities 的 title"),
        opened(with_fields(forms, "activities", fields), tmp_path),
    ):
        pass


def test_a_database_of_a_newer_program_is_refused(forms: Forms, tmp_path: Path) -> None:
    with opened(forms, tmp_path) as store, store.writing() as connection:
        connection.execute(store.tables.meta.update().values(value="999"))
    with pytest.raises(ConfigError, match="newer program"), opened(forms, tmp_path):
        pass


def test_many_rows_go_in_at_once_in_the_order_of_the_columns(forms: Forms, tmp_path: Path) -> None:
    with opened(forms, tmp_path) as store:
        table = store.tables.decisions
        rows = [(n, f"张%s{n}", "close", "2026", "2026-10-10") for n in range(3)]
        with store.writing() as connection:
            insert_rows(connection, table, ("id", "who", "action", "period", "at"), rows)
            insert_rows(connection, table, ("id",), [])
            found = connection.execute(select(table.c.id, table.c.who).order_by(table.c.id)).all()
    assert found == [(0, "张%s0"), (1, "张%s1"), (2, "张%s2")]


@pytest.mark.sqlite_file
def test_a_rehearsal_makes_no_database(forms: Forms, tmp_path: Path) -> None:
    with opened(forms, tmp_path / "state", rehearse=True) as store:
        nights = Nights(store, forms)
        assert nights.take("A", nights.report()).status == "accepted"
        assert nights.take("A").status == "duplicate"
    assert not (tmp_path / "state").exists()


def test_a_rehearsal_leaves_the_database_as_it_was(forms: Forms, tmp_path: Path) -> None:
    with opened(forms, tmp_path) as store:
        Nights(store, forms).take("A", report(forms))
    content = b"" if on_postgresql() else (tmp_path / FILE_NAME).read_bytes()
    with opened(forms, tmp_path, rehearse=True) as store:
        nights = Nights(store, forms)
        assert nights.take("B", nights.report()).version == 2
        assert nights.take("C", nights.report()).version == 3
    with opened(forms, tmp_path) as store:
        assert count_files(store) == 1
    assert on_postgresql() or (tmp_path / FILE_NAME).read_bytes() == content


@pytest.mark.sqlite_file
def test_readers_do_not_wait_for_a_writer(forms: Forms, tmp_path: Path) -> None:
    with opened(forms, tmp_path) as store, store.writing() as writer:
        writer.execute(insert(store.tables.meta).values(key="k", value="v"))
        other = sqlite3.connect(tmp_path / FILE_NAME, timeout=0)
        assert other.execute("SELECT count(*) FROM meta WHERE key = 'k'").fetchone() == (0,)
        other.close()


def test_only_a_completed_scan_counts_and_none_in_the_future(forms: Forms, tmp_path: Path) -> None:
    with opened(forms, tmp_path) as store:
        assert journal.last_scan(store, at("10-10 02:00")) is None
        for number, day in enumerate(("10-08 02:00", "10-09 02:00", "12-31 02:00")):
            journal.begin_run(store, f"r{number}", at(day))
            journal.finish_scan(store, f"r{number}", at(day))
        journal.begin_run(store, "broke off", at("10-10 01:00"))
        assert journal.last_scan(store, at("10-10 02:00")) == at("10-09 02:00")
        assert journal.last_scan(store, at("10-09 02:00")) == at("10-09 02:00")


def test_an_intake_finishes_a_scan_but_no_run(forms: Forms, tmp_path: Path) -> None:
    with opened(forms, tmp_path) as store:
        journal.begin_run(store, "night", at("10-09 02:00"))
        journal.finish_scan(store, "night", at("10-09 02:00"))
        journal.finish_run(store, "night", at("10-09 02:05"))
        journal.begin_run(store, "intake", at("10-09 12:00"))
        journal.finish_scan(store, "intake", at("10-09 12:00"))
        assert journal.last_finish(store, at("10-10 02:00")) == at("10-09 02:05")
        with pytest.raises(LookupError, match="never begun"):
            journal.finish_run(store, "unknown", at("10-09 12:00"))


def test_periods_are_closed_and_reopened_on_the_record(forms: Forms, tmp_path: Path) -> None:
    with opened(forms, tmp_path) as store:
        assert journal.close_period(store, "2026Q2", "李", at("08-01 09:00"))
        assert not journal.close_period(store, "2026Q2", "王", at("08-01 10:00"))
        assert journal.close_period(store, "2026Q1", "李", at("08-02 09:00"))
        assert journal.reopen_period(store, "2026Q2", "王", at("08-03 09:00"))
        assert not journal.reopen_period(store, "2026Q3", "王", at("08-03 09:00"))
        assert journal.closed_periods(store) == {"2026Q1"}
        assert journal.read_decisions(store) == [
            Decision("2026Q2", "close", at("08-01 09:00"), "李"),
            Decision("2026Q1", "close", at("08-02 09:00"), "李"),
            Decision("2026Q2", "reopen", at("08-03 09:00"), "王"),
        ]


def test_a_period_is_touched_until_it_is_rendered(forms: Forms, tmp_path: Path) -> None:
    with opened(forms, tmp_path) as store:
        nights = Nights(store, forms)
        nights.take("A", nights.report())
        nights.take("plan", nights.report(quarter="2026"))
        nights.next_run()  # an intake broke off; its periods are still to be rendered
        assert journal.touched_periods(store) == ["2026", "2026Q3"]
        journal.mark_rendered(store, ["2026Q3"])
        assert journal.touched_periods(store) == ["2026"]
        nights.take("A")  # a duplicate changes nothing
        nights.take("closed", nights.report("closed"))
        nights.take("first", nights.report("rejected", quarter="2026Q1"))  # nothing to render yet
        assert journal.touched_periods(store) == ["2026"]
        nights.take("B", nights.report("rejected"))
        assert journal.touched_periods(store) == ["2026", "2026Q3"]
        journal.mark_rendered(store, ["2026Q3", "2026"])
        assert journal.touched_periods(store) == []


def test_outputs_are_noted_anew(forms: Forms, tmp_path: Path) -> None:
    old = Output("2026Q3/summary_U.xlsx", "2026Q3", "U", "digest-1", "sha-1")
    new = replace(old, digest="digest-2", sha256="sha-2")
    other = Output("2026Q2/summary_U.xlsx", "2026Q2", "U", "digest-1", "sha-3")
    with opened(forms, tmp_path) as store:
        for outputs in ([old, other], [new], []):
            with store.writing() as connection:
                journal.note_outputs(connection, store, outputs)
        assert journal.read_outputs(store, "2026Q3") == {new.path: new}
        assert journal.read_outputs(store, "2026Q2") == {other.path: other}
