"""What is about persons stays where it belongs: canaries planted in every field, looked for everywhere.

A canary is a word or number that exists once in the world. They may be in `state/` and in what goes
back to the unit itself; nowhere under `outputs/<period>/`, in a log, on a screen, or in a letter to
anybody else. Passwords may be nowhere at all.

What a narrative quotes (activities, results, problems, plans) holds a word that may be told, with a
person's name and telephone number in the middle of it; only narratives tell the word.
"""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from email import policy
from email.parser import BytesParser
from itertools import count
from pathlib import Path
from typing import Any

import nights
import pytest
from aiosmtpd.smtp import AuthResult
from books import COVER, PLAN_COVER, ROWS
from conftest import CONFIG
from mailserver import Mailbox, serving
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from workspaces import (
    NARRATED,
    SETTINGS,
    drop,
    make_workspace,
    opened,
    quarterly,
    records,
    run_once,
    write_settings,
)

from pipeline.cli import main
from pipeline.config import PASSWORD_VARIABLE
from pipeline.errors import SystemFault
from pipeline.forms.load import read_forms
from pipeline.forms.model import Form
from pipeline.forms.workbook import write_template
from pipeline.nightly import decide_period
from pipeline.orgunits import OrgUnit
from pipeline.periods import parse_period
from pipeline.records.engines import insert_rows
from pipeline.workers import Brief, Job, Outcome, judge_file

UNITS = """code,name,parent,reports,email,contact,aliases,active_from,active_to
U0,某区教育工会,,否,u0@example.com,,,,
S,城区片,U0,是,s@example.com,,,,
U1,甲小学工会,S,是,u1@example.com,金丝雀联系人,,,
U2,乙中学工会,S,是,u2@example.com,,,,
"""
_FORMS = read_forms(CONFIG)
_NUMBERS = count(1001)
PERSON, TELEPHONE = "雀小鸣", "13900007788"
PLANTED: list[str] = ["金丝雀联系人", PERSON, TELEPHONE]
QUOTED = {"activities": ("title", "place", "result", "problem"), "plan": ("item",)}
TOLD: list[str] = []


def canary() -> str:
    """Return a word that exists once; its digits alone would be found, too."""
    PLANTED.append(f"雀{next(_NUMBERS)}鸣")
    return PLANTED[-1]


def wage() -> float:
    """Return an amount that exists once."""
    amount = next(_NUMBERS) * 100 + 31.37
    PLANTED.append(f"{amount:.2f}")
    return amount


def quoted() -> str:
    """Return a text that may be told but for the person in it."""
    TOLD.append(f"鹊{next(_NUMBERS)}报")
    return f"{TOLD[-1]}：{PERSON} 主讲，电话{TELEPHONE}"


def planted(form: Form, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with a canary in every free text and every sensitive amount."""
    texts = {
        f.key: quoted() if f.key in QUOTED.get(form.key, ()) else canary()
        for f in form.fields
        if f.type == "text" and not f.prefill
    }
    amounts = {f.key: wage() for f in form.fields if f.sensitive and f.type == "money"}
    return {**row, **texts, **amounts}


def workbook(key: str, code: str = "2026Q3", unit: str = "U1", **change: Any) -> bytes:
    kind, period = _FORMS.workbooks[key], parse_period(code)
    assert period is not None
    base = COVER if key == "quarterly" else PLAN_COVER
    cover = {**planted(kind.cover, base), "unit": unit, "unit_name": canary(), "year": code}
    cover = {k: v for k, v in cover.items() if k in kind.cover.positions} | {"preparer": PERSON}
    rows = {
        f.key: [planted(f, ROWS[f.key]), planted(f, ROWS[f.key]) | again(f, change)]
        for f in kind.ledgers
    }
    if key == "quarterly":
        cover["period"] = change.get("stated", code)
    owner = OrgUnit(unit, cover["unit_name"], "S", True)
    return write_template(kind, owner, period, rows=4, cover=cover, records=rows)


def again(form: Form, change: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in change.items() if key in form.positions}


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A workspace through which files of every fate have gone, and all that was on the screen."""
    folder = make_workspace(
        tmp_path_factory.mktemp("canaries") / "ws", UNITS, NARRATED + "[score]\npublish = true\n"
    )
    screen = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.collect.judge_files", in_process)
        patch.setattr("pipeline.rebuild.judge_files", in_process)
        patch.setattr("sys.stdout", screen)
        patch.setattr("sys.stderr", screen)
        drop(folder, "好.xlsx", workbook("quarterly"))
        drop(folder, "计划.xlsx", workbook("plan", "2026"))
        night(folder, "2026-10-10")
        broken = {"cost": "雀钱", "paid": "12O", "persons": "若干", "month": "13月", "base": "不详"}
        drop(folder, "坏.xlsx", workbook("quarterly", **broken))
        drop(folder, "U2/错放.xlsx", workbook("quarterly"))
        drop(folder, "无期.xlsx", workbook("quarterly", stated="2026Q5"))
        drop(folder, "乱.xlsx", "雀".encode() + b"<html>")
        drop(folder, "再.xlsx", workbook("quarterly"))
        drop(folder, "U2.xlsx", quarterly("U2"))
        night(folder, "2026-10-11")
        decide_period(opened(folder), datetime(2026, 10, 12), "2026Q2", "close")
        drop(folder, "旧.xlsx", workbook("quarterly", "2026Q2"))
        night(folder, "2026-10-12")
        for command in (["status"], ["doctor"], ["rebuild", "--dry-run"], ["send", "--dry-run"]):
            main(["--workspace", str(folder), "--today", "2026-10-12", *command])
    return folder, screen.getvalue()


def night(folder: Path, day: str) -> None:
    for json in ((), ("--json",)):
        main(["--workspace", str(folder), "--today", day, "run", *json])


def pieces(content: bytes) -> Iterator[str]:
    """Yield a file's text, with and without its tags, that of a package part by part."""
    text = content.decode("utf-8", "replace")
    yield text
    if text.startswith("<"):
        yield re.sub("<[^>]+>", "", text)
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            for name in package.namelist():
                yield name
                yield from pieces(package.read(name))


def found_in(*contents: bytes, words: Iterable[str] = ()) -> set[str]:
    text = "\n".join(piece for content in contents for piece in pieces(content))
    if words:
        return {word for word in words if word in text}
    return {bird for bird in PLANTED if bird in text or f">{bird.rstrip('0')}<" in text}


def letters(folder: Path) -> Iterator[tuple[str, str, list[bytes]]]:
    """Yield unit, kind and all parts of each letter, the head first."""
    with records(folder, rehearse=True) as store, store.reading() as connection:
        rows = connection.execute(select(store.tables.messages)).mappings().all()
    for row in rows:
        message = BytesParser(policy=policy.default).parsebytes(bytes(row["content"]))
        bodies = [p.get_payload(decode=True) for p in message.walk() if not p.is_multipart()]
        heads = "\n".join(f"{k}: {v}" for part in message.walk() for k, v in part.items())
        yield row["unit"], row["kind"], [heads.encode(), *map(bytes, bodies)]


@pytest.mark.sqlite_file
def test_the_canaries_have_been_taken_in(lived: tuple[Path, str]) -> None:
    folder, _ = lived
    assert len(PLANTED) > 100
    database = b"".join(p.read_bytes() for p in (folder / "state").glob("records.sqlite*"))
    assert len(found_in(database)) > 60
    receipts = (folder / "outputs/receipts/U1").iterdir()
    assert len(found_in(*(p.read_bytes() for p in receipts))) > 30


def test_none_is_anywhere_under_the_outputs_of_a_period(lived: tuple[Path, str]) -> None:
    folder, _ = lived
    periods = [p for p in (folder / "outputs").iterdir() if p.name != "receipts"]
    files = [p for period in periods for p in period.rglob("*") if p.is_file()]
    assert {p.name for p in periods} >= {"2026Q3"} and len(files) >= 2
    for path in files:
        assert found_in(path.read_bytes(), path.name.encode()) == set(), path
    shown = b"".join(path.read_bytes() for path in files if path.name.startswith("summary_S_"))
    text = "\n".join(pieces(shown))
    assert "五有自查" in text and "会费台账明细" in text  # the sheets nearest to persons are there


def test_only_narratives_quote_and_they_do(lived: tuple[Path, str]) -> None:
    folder, screen = lived
    told = {path: found_in(path.read_bytes(), words=TOLD) for path in folder.glob("outputs/2*/*")}
    assert [path for path, words in told.items() if words and path.suffix != ".docx"] == []
    narratives = [path for path in told if path.suffix == ".docx"]
    assert narratives and all(len(told[path]) >= 4 for path in narratives)
    assert found_in(screen.encode(), words=TOLD) == set()


def test_none_is_in_a_log_or_on_a_screen(lived: tuple[Path, str]) -> None:
    folder, screen = lived
    logs = [p.read_bytes() for p in (folder / "state/logs").iterdir()]
    assert b"file: " in logs[0]
    assert found_in(*logs) == set()
    assert "已收下" in screen and '"files"' in screen
    assert found_in(screen.encode()) <= {"金丝雀联系人"}  # whom to call is what `status` is for


def test_none_is_in_a_letter_or_a_receipt_of_anybody_else(lived: tuple[Path, str]) -> None:
    folder, _ = lived
    by_unit = list(letters(folder))
    assert {(unit, kind) for unit, kind, _ in by_unit} >= {
        ("U0", "summary"), ("S", "summary"), ("U1", "receipt"), ("U2", "receipt"),
    }  # fmt: skip
    for unit, kind, parts in by_unit:
        if (unit, kind) != ("U1", "receipt"):
            assert found_in(*parts) == set(), (unit, kind)
    others = [p for p in (folder / "outputs/receipts").rglob("*") if p.parent.name in ("U2", "S")]
    assert others
    assert found_in(*(p.read_bytes() for p in others)) == set()


def in_process(jobs: Iterable[Job], brief: Brief, _workers: int) -> Iterator[Outcome]:
    return (judge_file(job, brief) for job in jobs)


def test_a_fault_of_ours_is_logged_without_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_workspace(tmp_path / "ws")
    monkeypatch.setattr("pipeline.collect.judge_files", in_process)

    def stumble(*_: object) -> None:
        raise ValueError("cannot read 金丝雀")

    monkeypatch.setattr("pipeline.workers.judge_book", stumble)
    drop(folder, "1.xlsx", quarterly())
    run_once(folder)
    log = (folder / "state/logs/pipeline.log").read_text("utf-8")
    assert "ValueError" in log and "in stumble" in log
    assert "金丝雀\n" not in log.replace('raise ValueError("cannot read 金丝雀")', "")


def test_an_error_of_the_database_does_not_quote_a_row(tmp_path: Path) -> None:
    columns = ("file_id", "row", "unit", "period", "name")
    with nights.opened(_FORMS, tmp_path) as store:
        table, refused = store.tables.records["dues"], (IntegrityError, SystemFault)
        with pytest.raises(refused) as raised, store.writing() as connection:
            insert_rows(connection, table, columns, [(1, 1, "U1", "2026Q3", "金丝雀")] * 2)
    assert "金丝雀" not in str(raised.value)


PASSWORD = "Kanarie-4711/geheim"


def everything(folder: Path) -> bytes:
    return b"\0".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def spellings() -> list[bytes]:
    spoken = (PASSWORD.encode(), f"\0post\0{PASSWORD}".encode())
    return [PASSWORD.encode(), *(base64.b64encode(form) for form in spoken)]


@pytest.mark.parametrize("command", [["run"], ["send"], ["doctor"]])
def test_the_mail_password_is_nowhere(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    command: list[str],
) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    folder = make_workspace(tmp_path / "ws")
    drop(folder, "1.xlsx", quarterly())
    run_once(folder, mail=False)

    def refuse(*_: Any) -> AuthResult:
        return AuthResult(success=False, handled=False, message=f"535 no such {PASSWORD}")

    tried = Mailbox()
    with serving(tried, authenticator=refuse, auth_require_tls=False) as port:
        mail = f'[mail]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
        mail += 'sender = "a@example.com"\nusername = "post"\n'
        write_settings(folder, SETTINGS + mail)
        status = main(["--workspace", str(folder), "--today", "2026-10-10", *command])
    assert (status, tried.connections) == (1, 1)
    out, err = capfd.readouterr()
    seen = everything(folder) + out.encode() + err.encode()
    for spelling in spellings():
        assert spelling not in seen


@pytest.mark.parametrize("command", [["run"], ["status"], ["doctor"], ["rebuild"]])
def test_a_database_password_is_on_no_screen_and_in_no_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], command: list[str]
) -> None:
    folder = make_workspace(tmp_path / "ws")
    drop(folder, "1.xlsx", quarterly())
    run_once(folder)
    url = f"postgresql+psycopg://u:{PASSWORD.replace('/', '%2F')}@127.0.0.1:1/x"
    write_settings(folder, SETTINGS + f'[database]\nurl = "{url}"\n')
    capfd.readouterr()
    assert main(["--workspace", str(folder), *command]) != 0
    out, err = capfd.readouterr()
    logs = (folder / "state/logs/pipeline.log").read_text("utf-8")
    assert "Kanarie" not in out + err + logs
