"""SQLite and PostgreSQL: the same numbers, the same bytes, and one writer at a time."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import databases
import psycopg
import pytest
from conftest import CONFIG, ROOT
from generated_union import PERIOD, generate_union, store_union
from mailserver import Mailbox, serving
from nights import Nights, opened, report
from sqlalchemy import event, func, inspect, select
from workspaces import (
    NOW,
    SETTINGS,
    activity,
    drop,
    make_workspace,
    plan,
    quarterly,
    records,
    run_once,
)
from workspaces import opened as opened_workspace

from pipeline.cli import main
from pipeline.deliver.sending import send_outbox
from pipeline.deliver.smtp import MailServer, Outcome
from pipeline.errors import ConfigError, SystemFault, WorkspaceBusy
from pipeline.forms.model import Forms
from pipeline.nightly import send_waiting
from pipeline.queries import ask_status
from pipeline.records.engines import insert_rows
from pipeline.records.store import Store, open_store
from pipeline.records.tables import build_tables
from pipeline.summaries.aggregate import figures
from pipeline.summaries.read_indicators import read_indicators

SECRET = "Kanarie7788"


@pytest.fixture
def on_postgresql(postgresql: str) -> Iterator[str]:
    with databases.on_server(postgresql):
        yield postgresql


@contextmanager
def two_opened(forms: Forms, folder: Path) -> Iterator[tuple[Store, str]]:
    """Give the store of one machine, and the URL by which another one finds the same database."""
    with opened(forms, folder) as store:
        yield store, databases.url_of(folder)


@pytest.mark.parametrize("seed", range(3))
def test_every_figure_of_a_generated_union_is_the_same(
    forms: Forms, postgresql: str, seed: int
) -> None:
    union, tables = generate_union(seed), build_tables(forms)
    indicators = read_indicators(CONFIG / "indicators.toml", forms)
    found = []
    for server in ("", postgresql):
        with (
            databases.on_server(server),
            databases.empty_database(tables.metadata) as connection,
        ):
            store_union(connection, tables, forms, union)
            found.append(figures(connection, tables, forms, indicators, union.tree, PERIOD))
    assert list(found[0]) == list(found[1])
    assert found[0] == found[1]
    assert any(number.value for unit in found[0].values() for number in unit.numbers.values())


def test_the_outputs_are_the_same_byte_for_byte(tmp_path: Path, postgresql: str) -> None:
    left = []
    for name, server in (("one", ""), ("two", postgresql)):
        with databases.on_server(server):
            root = make_workspace(tmp_path / name)
            two_nights(root)
            assert bool(server) != (root / "state/records.sqlite").exists()
        outputs = sorted(p for p in (root / "outputs").rglob("*") if p.is_file())
        left.append({p.relative_to(root).as_posix(): p.read_bytes() for p in outputs})
    assert len(left[0]) > 6
    assert list(left[0]) == list(left[1])
    assert [path for path in left[0] if left[0][path] != left[1][path]] == []


def two_nights(root: Path) -> None:
    """Live through versions, a refusal, a duplicate, a plan and something unreadable."""
    first = quarterly(activities=[activity(cost=120.5, fund="会费"), activity(title="另一场")])
    drop(root, "1.xlsx", first)
    drop(root, "坏.xlsx", quarterly("U2", activities=[activity(attended="若干")]))
    drop(root, "乱.xlsx", b"<html></html>")
    item = {"plan_id": "P1", "item": "运动会", "category": "文体活动", "target": 1}
    drop(
        root,
        "计划.xlsx",
        plan("U1", "2026", [{**item, "month_start": "2026-09", "month_end": "2026-09"}]),
    )
    run_once(root)
    drop(root, "2.xlsx", quarterly(activities=[activity(attended=39, result="圆满成功")]))
    drop(root, "再.xlsx", first)
    run_once(root, NOW + timedelta(days=1))


def test_rows_come_out_of_the_bulk_load_as_they_went_in(
    forms: Forms, tmp_path: Path, on_postgresql: str
) -> None:
    hard = [
        "张%s三",
        "a\tb",
        "甲\n乙",
        "\\N",
        "\\.",
        '"',
        "",
        "'; DROP TABLE files; --",
        "𠮷",
        None,
    ]
    rows = [(n, 5, "U", "2026Q3", text, 2**62 + n) for n, text in enumerate(hard)]
    names = ("file_id", "row", "unit", "period", "note", "cost")
    with opened(forms, tmp_path) as store:
        table, statements = store.tables.records["activities"], []
        event.listen(
            store.engine, "before_cursor_execute", lambda *a: statements.append(a[2]), named=False
        )
        with store.writing() as connection:
            insert_rows(connection, table, names, rows)
        with store.reading() as connection:
            query = select(*(table.c[name] for name in names)).order_by(table.c.file_id)
            assert [tuple(row) for row in connection.execute(query)] == rows
    assert not [words for words in statements if "INSERT" in words]  # it was a COPY


def test_what_a_bulk_load_refuses_is_not_quoted(
    forms: Forms, tmp_path: Path, on_postgresql: str
) -> None:
    with opened(forms, tmp_path) as store:
        table = store.tables.records["activities"]
        rows = [(1, 5, "U", "2026Q3", f"{SECRET}\0")]
        with pytest.raises(SystemFault) as raised, store.writing() as connection:
            insert_rows(connection, table, ("file_id", "row", "unit", "period", "note"), rows)
    assert SECRET not in str(raised.value)
    assert raised.value.__cause__ is None and raised.value.__suppress_context__


def test_text_sorts_by_code_point_whatever_the_language_of_the_database(
    forms: Forms, tmp_path: Path, on_postgresql: str
) -> None:
    with opened(forms, tmp_path) as store, store.reading() as connection:
        declared = {
            (table, column["name"]): getattr(column["type"], "collation", None)
            for table in store.tables.metadata.tables
            for column in inspect(connection).get_columns(table)
            if "TEXT" in str(column["type"])
        }
    assert len(declared) > 50
    assert set(declared.values()) == {"C"}


def test_a_reader_sees_one_state_while_another_machine_writes(
    forms: Forms, tmp_path: Path, on_postgresql: str
) -> None:
    with two_opened(forms, tmp_path) as (store, url):
        looking = open_store(url, forms, tmp_path / "other", rehearse=True)
        count = select(func.count()).select_from(store.tables.files)
        with looking.reading() as connection:
            assert connection.scalar(count) == 0
            Nights(store, forms).take("A", report(forms))
            assert connection.scalar(count) == 0
        looking.close()


def test_a_second_machine_may_look_but_not_write(
    forms: Forms, tmp_path: Path, on_postgresql: str
) -> None:
    with two_opened(forms, tmp_path) as (_, url):
        open_store(url, forms, tmp_path / "other", rehearse=True).close()
        with pytest.raises(WorkspaceBusy, match="另一台电脑"):
            open_store(url, forms, tmp_path / "other")
    open_store(url, forms, tmp_path / "other").close()


def test_a_dry_run_is_not_beside_a_run_on_another_machine(
    tmp_path: Path, on_postgresql: str
) -> None:
    root = make_workspace(tmp_path / "ws")
    drop(root, "1.xlsx", quarterly(activities=[activity()]))
    with records(root), pytest.raises(WorkspaceBusy, match="另一台电脑"):
        run_once(root, dry_run=True)
    with records(root, rehearse=True, alone=True):
        ask_status(opened_workspace(root), NOW, "2026Q3")
        with pytest.raises(WorkspaceBusy, match="另一台电脑"):
            run_once(root)
    assert [stored.version for stored in run_once(root, dry_run=True).files] == [1]
    assert [stored.version for stored in run_once(root).files] == [1]


def test_a_machine_that_loses_the_lock_writes_no_more(
    forms: Forms, tmp_path: Path, on_postgresql: str
) -> None:
    with two_opened(forms, tmp_path) as (store, url):
        Nights(store, forms).take("A", report(forms))
        lose_the_lock(tmp_path)
        other = open_store(url, forms, tmp_path / "other")
        with pytest.raises(SystemFault, match="nothing is lost"):
            Nights(store, forms).take("B", report(forms))
        Nights(other, forms).take("B", report(forms))
        other.close()


NIGHT = """
import sys
from pathlib import Path
from typing import Any
from pipeline.cli import main
from pipeline import collect, nightly

if __name__ == "__main__":
    root, other = sys.argv[1:]
    judge = collect.judge_files

    def judge_slowly(*arguments):
        Path(root, "reading").touch()
        sys.stdin.readline()  # until the other one has tried
        return judge(*arguments)

    if other == "first":
        collect.judge_files = judge_slowly
    sys.exit(main(["--workspace", root, "--today", "2026-10-10", "run", "--no-mail"]))
"""


def test_of_two_machines_at_once_one_works_and_the_other_says_so(
    tmp_path: Path, on_postgresql: str
) -> None:
    """Each has a state folder of its own, so no lock of a file keeps them apart."""
    first = make_workspace(tmp_path / "first")
    second = make_workspace(tmp_path / "second")
    settings = first / "config/union.toml"
    shared = f'{settings.read_text("utf-8")}[paths]\ninbox = "{(first / "inbox").as_posix()}"\n'
    settings.write_text(shared, "utf-8")
    (second / "config/union.toml").write_text(shared, "utf-8")
    for number in range(3):
        drop(first, f"{number}.xlsx", quarterly(f"U{number + 1}", activities=[activity()]))
    script = tmp_path / "night.py"
    script.write_text(NIGHT, "utf-8")
    command = [sys.executable, str(script)]
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT}
    with subprocess.Popen([*command, str(first), "first"], **pipes) as one:
        wait_for(first / "reading", one)
        two = subprocess.run(
            [*command, str(second), "second"],
            input="",
            **(pipes | {"stdin": None, "stderr": None}),
            capture_output=True,
        )
        one.communicate("go on\n", timeout=60)
    assert (one.returncode, two.returncode) == (0, 3)
    assert "另一台电脑的任务正在用这个数据库" in two.stderr and "Traceback" not in two.stderr
    status = ask_status(opened_workspace(first), NOW, "2026Q3").period
    assert [(u.state, u.version) for u in status.units if u.version] == [("on_time", 1)] * 3
    assert run_once(second, NOW + timedelta(days=1)).files == ()


def test_a_machine_that_loses_the_lock_sends_no_more(
    tmp_path: Path, on_postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one takes over while a letter is on its way; each letter goes out once."""
    mailbox = Mailbox()
    with serving(mailbox) as port:
        mail = f'[mail]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
        root = make_workspace(
            tmp_path / "ws", settings=f'{SETTINGS}{mail}sender = "a@example.com"\n'
        )
        drop(root, "1.xlsx", quarterly(activities=[activity()]))
        run_once(root, mail=False)
        offer, taken_over = MailServer.send, []

        def lose_then_offer(self: MailServer, *message: Any) -> Outcome:
            if not taken_over:
                taken_over.append(True)
                lose_the_lock(root / "state")
                assert send_waiting(opened_workspace(root), NOW).sent == 3
            return offer(self, *message)

        monkeypatch.setattr(MailServer, "send", lose_then_offer)
        with records(root) as store, pytest.raises(SystemFault, match="nothing is lost"):
            send_outbox(store, opened_workspace(root).settings.mail, "", NOW)
    assert len(mailbox.received) == 3


def lose_the_lock(state: Path) -> None:
    """Cut off whoever may write to the database of this state folder, and nobody else."""
    of_ours = "objid = (hashtext(current_schema())::bigint & 4294967295)::oid"
    with psycopg.connect(databases.url_of(state), autocommit=True) as connection:
        cut = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND "
        connection.execute(cut + of_ours)


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    while not path.exists():
        assert process.poll() is None, process.communicate()


def test_without_the_driver_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_workspace(tmp_path / "ws", settings=settings_with("postgresql://u@127.0.0.1/x"))
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert main(["--workspace", str(root), "run"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "pip install 'union-pipeline[postgres]'" in said
    assert main(["--workspace", str(root), "doctor"]) == 1
    assert "pip install 'union-pipeline[postgres]'" in "".join(capsys.readouterr().out.split("\n"))


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://union:{SECRET}@127.0.0.1:1/x",
        f"postgresql://union:{SECRET}@x@127.0.0.1:1/x",  # the sign in it is not written as %40
        f"postgresql://127.0.0.1:{SECRET}/x",
        f"postgresql://127.0.0.1:1/x?user=union&password={SECRET}",
        f"postgresql:union:{SECRET}@127.0.0.1",
        f"mysql://union:{SECRET}@127.0.0.1/x",
    ],
)
def test_a_password_is_on_no_screen_and_in_no_log(
    tmp_path: Path, url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    root = make_workspace(tmp_path / "ws", settings=settings_with(url))
    for command, status in (("run", 2), ("status", 2), ("doctor", 1)):
        assert main(["--workspace", str(root), command]) == status
    out, err = capfd.readouterr()
    logs = [path.read_text("utf-8") for path in root.rglob("*.log")]
    assert SECRET not in "".join([out, err, *logs])
    assert "Traceback" not in err
    assert len(err.splitlines()) == 2


def test_a_password_is_in_no_traceback_of_a_night_that_breaks_off(
    forms: Forms, tmp_path: Path, on_postgresql: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The server of these tests asks for none, but is told one."""
    url = databases.url_of(tmp_path).replace("union@", f"union:{SECRET}@")
    root = make_workspace(tmp_path / "ws", settings=settings_with(url))
    drop(root, "1.xlsx", quarterly())
    caplog.set_level(logging.DEBUG)
    with databases.on_server(on_postgresql), pytest.raises(SystemFault) as raised:
        run_and_lose_the_server(root, tmp_path)
    logged = (root / "state/logs/pipeline.log").read_text("utf-8")
    assert "Traceback" in logged
    assert SECRET not in "".join([logged, caplog.text, str(raised.value)])


def run_and_lose_the_server(root: Path, state: Path) -> None:
    from pipeline.nightly import Options, run

    def cut(_done: int, _all: int) -> None:
        lose_the_lock(state)

    run(opened_workspace(root), NOW, Options(), cut)


def settings_with(url: str) -> str:
    return f'[union]\nname = "某区教育工会"\n[workers]\ncount = 1\n[intake]\nsettle_seconds = 0\n[database]\nurl = "{url}"\n'


def test_a_url_that_is_none_says_how_one_is_written(forms: Forms, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="postgresql://用户@主机/库名"):
        open_store("oracle://x", forms, tmp_path)
