"""The tables of the database: fixed ones for files, issues, runs, outputs and messages, and one a
form, derived from its fields.

Values are kept as `forms.storing` says. A record carries its file, unit and period beside its fields; it counts
where its file is `current`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table
from sqlalchemy import Text as AnyText
from sqlalchemy.ext.compiler import compiles

from pipeline.forms.model import Field, FieldType, Form, Forms

RECORD_PREFIX = "rec_"
WHOLE: tuple[FieldType, ...] = ("int", "money", "flag")  # kept as whole numbers


class Text(AnyText):
    """Text that sorts by code point on both engines, whatever the language of the database."""


@compiles(Text, "postgresql")
def _declare_text(_type: Text, _compiler: Any, **_: Any) -> str:
    # Where the column is declared and nowhere else: PostgreSQL takes no COLLATE within BETWEEN.
    return 'TEXT COLLATE "C"'


@dataclass(frozen=True)
class Tables:
    """All tables of a workspace's database; `records` maps a form's key to its table."""

    metadata: MetaData
    meta: Table
    files: Table
    issues: Table
    runs: Table
    decisions: Table
    outputs: Table
    editions: Table
    trees: Table
    messages: Table
    records: Mapping[str, Table]


def build_tables(forms: Forms) -> Tables:
    """Return the tables for these forms."""
    metadata = MetaData()
    return Tables(
        metadata=metadata,
        meta=Table(
            "meta",
            metadata,
            Column("key", Text, primary_key=True),
            Column("value", Text, nullable=False),
        ),
        files=_files(metadata),
        issues=_issues(metadata),
        runs=Table(
            "runs",
            metadata,
            Column("run_id", Text, primary_key=True),
            Column("started_at", Text, nullable=False),
            Column("scanned_at", Text),
            Column("finished_at", Text),
        ),
        decisions=Table(
            "decisions",
            metadata,
            Column("id", Integer, primary_key=True),
            Column("period", Text, nullable=False),
            Column("action", Text, nullable=False),  # close | reopen
            Column("at", Text, nullable=False),
            Column("who", Text, nullable=False),
        ),
        outputs=Table(
            "outputs",
            metadata,
            Column("path", Text, primary_key=True),
            Column("period", Text, nullable=False),
            Column("unit", Text, nullable=False),
            Column("digest", Text, nullable=False),  # of the numbers it was rendered from
            Column("sha256", Text, nullable=False),
        ),
        editions=_editions(metadata),
        trees=Table(
            "trees",
            metadata,
            Column("digest", Text, primary_key=True),
            Column("units", Text, nullable=False),  # JSON, see `records.editions`
        ),
        messages=_messages(metadata),
        records={form.key: _records(metadata, form) for form in forms.forms.values()},
    )


def _files(metadata: MetaData) -> Table:
    return Table(
        "files",
        metadata,
        Column("id", Integer, primary_key=True),  # in the order in which files were taken
        Column("run_id", Text, nullable=False),
        Column("path", Text, nullable=False),  # relative to the inbox, `/` between folders
        Column("sha256", Text, nullable=False, index=True),
        Column("size", BigInteger, nullable=False),
        Column("mtime_ns", BigInteger, nullable=False),  # to know the file again in the inbox
        Column("received_at", Text, nullable=False),
        Column("taken_at", Text, nullable=False),
        Column("unit", Text),
        Column("period", Text),
        Column("workbook", Text),
        Column("version", Integer),
        Column("status", Text, nullable=False),
        Column("errors", Integer, nullable=False),
        Column("warnings", Integer, nullable=False),
        Column("nil", Integer, nullable=False),  # 1 where every nil tick is set
        Column("on_time", Integer, nullable=False),
        Column("current", Integer, nullable=False),  # 1 for the version that counts
        Column("duplicate_of", Integer),
        Column("judged_under", Text, nullable=False),  # see `lifecycle.Judging`
        Column("receipt", Text, nullable=False),  # relative to the outputs folder
        Column("settled", Integer, nullable=False),  # 1 once the file has left the inbox
        Index("files_by_period", "period", "unit", "workbook"),
    )


def _issues(metadata: MetaData) -> Table:
    return Table(
        "issues",
        metadata,
        Column("file_id", Integer, primary_key=True),
        Column("seq", Integer, primary_key=True),
        Column("code", Text, nullable=False),
        Column("severity", Text, nullable=False),
        Column("sheet", Text, nullable=False),
        Column("cell", Text, nullable=False),
        Column("row", Integer),
        Column("field", Text, nullable=False),
        Column("column_label", Text, nullable=False),
        Column("value", Text, nullable=False),
        Column("title_zh", Text, nullable=False),
        Column("title_en", Text, nullable=False),
        Column("message_zh", Text, nullable=False),
        Column("message_en", Text, nullable=False),
    )


def _editions(metadata: MetaData) -> Table:
    return Table(
        "editions",
        metadata,
        Column("id", Integer, primary_key=True),  # in the order in which they were published
        Column("path", Text, nullable=False),  # relative to the outputs folder
        Column("period", Text, nullable=False),
        Column("unit", Text, nullable=False),
        Column("at", Text, nullable=False),
        Column("files", Integer, nullable=False),  # the newest file then
        Column("tree", Text, nullable=False),  # digest of the tree then
        Column("sha256", Text, nullable=False),  # of its bytes
        Column("message", Text),  # the mail that carries it
        Index("editions_by_period", "period", "unit"),
    )


def _messages(metadata: MetaData) -> Table:
    return Table(
        "messages",
        metadata,
        Column("message_id", Text, primary_key=True),
        Column("kind", Text, nullable=False),  # receipt | summary
        Column("topic", Text, nullable=False),  # what a newer message of the same topic replaces
        Column("revision", Integer, nullable=False),  # of the topic: 1, then updates from 2 on
        Column("recipient", Text, nullable=False),
        Column("unit", Text, nullable=False),
        Column("period", Text, nullable=False),
        Column("content", LargeBinary, nullable=False),  # as it goes out; then its headers only
        # queued | sending | sent | refused | unsure | replaced
        Column("state", Text, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("queued_at", Text, nullable=False),
        Column("tried_at", Text),
        Column("sent_at", Text),  # when it was handed over, for certain or perhaps
        Column("error", Text),
    )


def _records(metadata: MetaData, form: Form) -> Table:
    name = RECORD_PREFIX + form.key
    return Table(
        name,
        metadata,
        Column("file_id", Integer, primary_key=True),
        Column("row", Integer, primary_key=True),  # the sheet's own row number; 0 for a cover
        Column("unit", Text, nullable=False),
        Column("period", Text, nullable=False),
        Column("places", Text),  # a cover's rows, as JSON {field: row}
        *(_column(field) for field in form.fields if form.kind == "ledger" or not _is_head(field)),
        Index(f"{name}_by_period", "period", "unit"),
    )


def _is_head(field: Field) -> bool:
    return field.key in ("unit", "period")


def _column(field: Field) -> Column[Any]:
    return Column(field.key, BigInteger if field.type in WHOLE else Text)
