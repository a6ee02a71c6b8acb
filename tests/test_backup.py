"""Before the tables of a database change, a copy is made; any of them can be put back."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from nights import Nights, opened, report
from test_store import count_files, with_form

from pipeline.errors import ConfigError
from pipeline.forms.model import Forms
from pipeline.records.backup import BACKUPS, KEPT, back_up
from pipeline.records.store import FILE_NAME, open_store

pytestmark = pytest.mark.sqlite_file
NOW = datetime(2026, 10, 10, 2, 0)


def grown(forms: Forms) -> Forms:
    """Return the forms with one ledger more."""
    return with_form(forms, replace(forms.forms["activities"], key="gifts"))


def backups(state: Path) -> list[str]:
    return sorted(path.name for path in (state / BACKUPS).glob("*"))


def test_a_database_in_use_is_copied_before_its_tables_change(forms: Forms, tmp_path: Path) -> None:
    with opened(forms, tmp_path) as store:
        Nights(store, forms).take("A", report(forms))
    open_store("", grown(forms), tmp_path, now=NOW).close()
    assert backups(tmp_path) == ["records-1-20261010T020000.sqlite"]


def test_nothing_is_copied_where_nothing_changes(forms: Forms, tmp_path: Path) -> None:
    open_store("", forms, tmp_path, now=NOW).close()
    open_store("", forms, tmp_path, now=NOW).close()
    open_store("", grown(forms), tmp_path, now=NOW, rehearse=True).close()
    assert not (tmp_path / BACKUPS).exists()


def test_a_backup_is_put_back_by_copying_it(forms: Forms, tmp_path: Path) -> None:
    with opened(forms, tmp_path) as store:
        Nights(store, forms).take("A", report(forms))
    with opened(grown(forms), tmp_path) as store:
        Nights(store, grown(forms)).take("B", report(forms, unit="U2"))
        assert count_files(store) == 2
    for suffix in ("-wal", "-shm"):
        (tmp_path / f"{FILE_NAME}{suffix}").unlink(missing_ok=True)
    (copy,) = (tmp_path / BACKUPS).iterdir()
    shutil.copyfile(copy, tmp_path / FILE_NAME)
    with opened(forms, tmp_path) as store:
        assert count_files(store) == 1
        taken = Nights(store, forms).take("A", report(forms))
        assert taken.status == "duplicate"


def test_a_copy_holds_what_only_the_write_ahead_log_has(tmp_path: Path) -> None:
    database = tmp_path / FILE_NAME
    writer = sqlite3.connect(database)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("CREATE TABLE t (n)")
    writer.execute("INSERT INTO t VALUES (1)")
    writer.commit()
    assert (tmp_path / f"{FILE_NAME}-wal").stat().st_size
    copy = sqlite3.connect(back_up(database, tmp_path / BACKUPS, 1, NOW))
    assert copy.execute("SELECT n FROM t").fetchall() == [(1,)]
    copy.close()
    writer.close()


def test_only_the_newest_copies_are_kept_and_none_is_overwritten(tmp_path: Path) -> None:
    database = tmp_path / FILE_NAME
    sqlite3.connect(database).close()
    moments = [NOW + timedelta(days=day) for day in range(KEPT)]
    made = [back_up(database, tmp_path / BACKUPS, 1, now).name for now in (NOW, *moments)]
    assert len(set(made)) == KEPT + 1
    assert made[1] == "records-1-20261010T020000-2.sqlite"
    assert backups(tmp_path) == sorted(made[1:])


def test_without_a_backup_nothing_changes(forms: Forms, tmp_path: Path) -> None:
    with opened(forms, tmp_path) as store:
        Nights(store, forms).take("A", report(forms))
    (tmp_path / BACKUPS).write_bytes(b"in the way")
    with pytest.raises(ConfigError, match="nothing changed"):
        open_store("", grown(forms), tmp_path, now=NOW)
    (tmp_path / BACKUPS).unlink()
    names = sqlite3.connect(tmp_path / FILE_NAME)
    assert not names.execute("SELECT 1 FROM sqlite_master WHERE name = 'rec_gifts'").fetchall()
    names.close()
