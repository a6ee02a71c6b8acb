"""Mail: what a message says, what the outbox keeps, and what a real server gets of it."""

from __future__ import annotations

import email
import email.policy
import logging
import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult
from databases import url_of
from hypothesis import example, given
from hypothesis import strategies as st
from mailserver import Mailbox, serving
from sqlalchemy import select

from pipeline.config import MailSettings
from pipeline.deliver import outbox, words
from pipeline.deliver.compose import (
    Addressee,
    Attachment,
    Draft,
    KeyFigure,
    Picture,
    ReceiptNote,
    Standing,
    receipt_message,
    summary_message,
)
from pipeline.deliver.mime import attachment_name, is_address, message_id, write_message
from pipeline.deliver.sending import MailResult, send_outbox
from pipeline.forms.model import Forms
from pipeline.records.engines import make_engine
from pipeline.records.store import Store
from pipeline.records.tables import build_tables
from pipeline.texts import Lang

NOW = datetime(2026, 10, 16, 2, 0, tzinfo=timezone(timedelta(hours=8)))
PASSWORD = "open-sesame-4711"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="{n}" height="4"></svg>'
HOSTILE = (
    "=HYPERLINK(\"http://evil.example\")", "+1+1", "@SUM(A1)", "<script>alert(1)</script>",
    "<img src=http://evil.example/x.png>", "\"><b>x", "' onload='x", "{{ 7*7 }}", "{% raw %}",
    "a\r\nBcc: spy@evil.example", "a\n\n<html>", "\x00\x08\x1b[31m", "\u202egnp.xslx", "../../etc/x",
    "&lt;b&gt;", "\udc80\ud800",
)  # fmt: skip


# ---------------------------------------------------------------- a message and its outbox


def receipt(unit: str = "A01", file: str = "第一小组.xlsx", **changes: Any) -> Draft:
    values: dict[str, Any] = {
        "file": file,
        "status": "rejected",
        "received_at": datetime(2026, 10, 8, 9, 15),
        "errors": 3,
        "warnings": 1,
        "receipt": Attachment("回执_A01_2026Q3.xlsx", b"PK\x03\x04 marked"),
    }
    to = Addressee(unit, "城关小学工会小组", f"{unit.lower()}@union.example")
    note = ReceiptNote(**values | changes)
    return receipt_message(to, "2026Q3", [note], union="县总工会", lang="zh")


def summary(
    members: str = "1,284", workbook: bytes = b"PK numbers", unit: str = "A", lang: Lang = "zh",
    email: str = "a@union.example", name: str = "城关片区工会", missing: tuple[str, ...] = ("东街组",),
    coverage: str = "", news: tuple[str, ...] = (), picture: Picture | None = None,
) -> Draft:  # fmt: skip
    return summary_message(
        Addressee(unit, name, email),
        "2026Q3",
        [KeyFigure("会员数", members, "+1.2%", "-0.4%"), KeyFigure("走访人次", "—")],
        standing=Standing(12, 12 - len(missing), missing, coverage),
        news=news,
        picture=picture,
        attachments=[Attachment(f"summary_{unit}_2026Q3.xlsx", workbook)],
        union="县总工会",
        lang=lang,
    )


class Outbox:
    """A database with a table of messages, and the few things that tests do with it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.engine = store.engine
        self.messages = store.tables.messages

    def queue(self, *drafts: Draft, now: datetime = NOW) -> list[str | None]:
        with self.engine.begin() as connection:
            return [outbox.queue(connection, self.messages, draft, now) for draft in drafts]

    def send(self, mail: MailSettings, now: datetime = NOW, **options: Any) -> MailResult:
        options = {"sender_name": "县总工会"} | options
        password = options.pop("password", PASSWORD)
        return send_outbox(self.store, mail, password, now, **options)

    def rows(self) -> list[Any]:
        columns = self.messages.c
        ordered = select(self.messages).order_by(columns.unit, columns.revision, columns.message_id)
        with self.engine.connect() as connection:
            return list(connection.execute(ordered))

    def states(self) -> dict[str, str]:
        return {row.unit: row.state for row in self.rows()}


@pytest.fixture
def box(tmp_path: Path, forms: Forms) -> Iterator[Outbox]:
    tables = build_tables(forms)
    engine = make_engine(url_of(tmp_path), tmp_path, rehearse=False)
    tables.metadata.create_all(engine, tables=[tables.messages])
    yield Outbox(Store(engine, tables, forms))
    engine.dispose()


def settings(port: int, **changes: Any) -> MailSettings:
    plain = MailSettings(
        host="127.0.0.1", port=port, security="none", sender="report@union.example"
    )
    return replace(plain, **changes)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def mail(mailbox: Mailbox) -> Iterator[MailSettings]:
    with serving(mailbox) as port:
        yield settings(port)


@pytest.fixture
def dead_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
    return port


def parsed(draft: Draft, revision: int = 1) -> EmailMessage:
    message = email.message_from_bytes(
        write_message(draft, revision, NOW), policy=email.policy.default
    )
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


# ------------------------------------------------------------------------ what a message says


@pytest.mark.parametrize(
    ("status", "subject", "says"),
    [
        ("accepted", "已收下", "不用再做什么"),
        ("accepted_with_warnings", "已收下，请核对", "有 1 处请核对"),
        ("rejected", "需要修改", "有 3 处错误，没有计入汇总"),
        ("duplicate", "重复文件，没有再次计入", "完全相同"),
        ("quarantined", "有文件读不出来", "读不出一份报表"),
        ("closed", "本期已结账", "联系上级工会重新开放"),
    ],
)
def test_a_receipt_says_what_became_of_the_file_and_what_to_do(
    status: str, subject: str, says: str
) -> None:
    message = parsed(receipt(status=status))
    assert message["Subject"] == f"报表回执：城关小学工会小组 2026年第三季度（{subject}）"
    for kind in ("plain", "html"):
        assert says in body(message, kind)
        assert "第一小组.xlsx" in body(message, kind)
        assert "收到时间：2026-10-08 09:15" in body(message, kind)


def test_several_receipts_of_a_unit_make_one_message_that_speaks_of_the_worst() -> None:
    received = datetime(2026, 10, 8, 9, 15)
    notes = [
        ReceiptNote(f"{status}.xlsx", status, received, 1, 1, Attachment(f"{status}.txt", b"x"))
        for status in ("accepted", "rejected", "duplicate")
    ]
    to = Addressee("A01", "东街组", "a01@union.example")
    message = parsed(receipt_message(to, "2026Q3", notes, union="", lang="en"))
    assert message["Subject"] == "Receipt: 东街组 Q3 2026 (please correct)"
    names = [part.get_filename() for part in message.iter_attachments()]
    assert names == ["accepted.txt", "rejected.txt", "duplicate.txt"]


def test_a_receipt_without_a_period_has_none_in_its_subject() -> None:
    note = ReceiptNote(
        "x.xlsx", "quarantined", datetime(2026, 10, 8), 0, 0, Attachment("x.txt", b"")
    )
    to = Addressee("A01", "东街组", "a01@union.example")
    draft = receipt_message(to, "", [note], union="", lang="zh")
    assert parsed(draft)["Subject"] == "报表回执：东街组 （有文件读不出来）"
    assert message_id(draft, 1).startswith("<none.")


def test_a_summary_tells_the_key_figures_and_who_is_missing() -> None:
    message = parsed(summary())
    assert message["Subject"] == "汇总表：城关片区工会 2026年第三季度"
    assert body(message, "plain").splitlines() == [
        "您好！城关片区工会2026年第三季度的汇总表在附件里，主要数字如下。",
        "",
        "- 会员数：1,284（比上季度 +1.2%，比去年同期 -0.4%）",
        "- 走访人次：—",
        "",
        "应报 12 个单位，已报 11 个。",
        "还没有交表的 1 个单位：",
        "- 东街组",
        "请提醒它们尽快补交。补交以后，汇总表会更新并再发给您。",
        "",
        "-- ",
        "这封信由县总工会的报表程序自动发出，请不要直接回复。",
    ]
    html = body(message, "html")
    for said in ("会员数", "1,284", "+1.2%", "应报 12 个单位，已报 11 个。", "东街组"):
        assert said in html
    assert [part.get_content() for part in message.iter_attachments()] == [b"PK numbers"]


def test_a_summary_of_a_complete_period_says_so_and_a_long_list_is_cut() -> None:
    assert "全部单位都已交表" in body(parsed(summary(missing=())), "plain")
    long = body(parsed(summary(missing=tuple(f"{n}组" for n in range(40)))), "plain")
    assert "29组" in long
    assert "30组" not in long
    assert "另有 10 个" in long


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_wording_renders_in_both_languages(lang: Lang) -> None:
    for draft in (summary(lang=lang), summary(lang=lang, missing=())):
        for wording in (draft.wording, draft.updated):
            assert wording.subject
            assert words.SAYINGS["language"][lang] in wording.html
    assert summary(lang="en").updated.subject.startswith("[Update] Summary: ")
    assert "[Update]" not in summary(lang="en").wording.subject


def test_the_html_asks_for_nothing_from_outside() -> None:
    picture = Picture(SVG.format(n=4), ("本期: 按时 11",))
    for draft in (summary(), receipt(), summary(picture=picture)):
        html = draft.wording.html.replace('src="cid:chart@union-pipeline"', "")
        assert not re.search(r"https?:|src=|<link|<script|url\(|@import", html)


def test_the_picture_is_in_the_message_and_its_words_in_both_bodies() -> None:
    draft = summary(
        picture=Picture(SVG.format(n=4), ("本期: 按时 11, 未报 1",)), coverage="会员覆盖 96%"
    )
    message = parsed(draft)
    (picture,) = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert picture["Content-ID"] == "<chart@union-pipeline>"
    assert picture.get_content_disposition() == "inline"
    assert picture.get_content().startswith(b"\x89PNG")
    assert [part.get_content() for part in message.iter_attachments()] == [b"PK numbers"]
    for kind in ("plain", "html"):
        assert "本期: 按时 11, 未报 1" in body(message, kind)
        assert "会员覆盖 96%" in body(message, kind)
    assert write_message(draft, 1, NOW) == write_message(draft, 1, NOW)


def test_a_picture_drawn_otherwise_makes_no_other_message() -> None:
    drafts = [summary(picture=Picture(SVG.format(n=n), ("x",))) for n in (4, 5)]
    assert drafts[0].digest == drafts[1].digest


def test_what_has_changed_is_told_by_an_update_alone() -> None:
    draft = summary(news=("会员数：1,200 → 1,284",))
    for kind in ("plain", "html"):
        assert "1,200 → 1,284" not in body(parsed(draft), kind)
        assert "和上次寄给您的相比：" in body(parsed(draft, revision=2), kind)
        assert "会员数：1,200 → 1,284" in body(parsed(draft, revision=2), kind)
    assert draft.digest == summary().digest


# ------------------------------------------------------------------------- the bytes of it


def test_a_message_is_final_when_it_is_queued() -> None:
    message = parsed(receipt())
    assert message["Date"] == "Fri, 16 Oct 2026 02:00:00 +0800"
    assert message["To"] == "a01@union.example"
    assert message["Auto-Submitted"] == "auto-generated"
    assert write_message(receipt(), 1, NOW) == write_message(receipt(), 1, NOW)
    raw = write_message(receipt(), 1, NOW)
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) < 100  # servers may cut at 998


@pytest.mark.parametrize(
    "change",
    [
        {"members": "1,285"},
        {"workbook": b"PK other numbers"},
        {"unit": "B"},
        {"email": "b@union.example"},
    ],
)
def test_the_message_id_is_made_from_recipient_and_content(change: dict[str, Any]) -> None:
    assert message_id(summary(), 1) == message_id(summary(), 1)
    assert message_id(summary(**change), 1) != message_id(summary(), 1)


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("回执.xlsx", "回执.xlsx"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\表.xlsx", "表.xlsx"),
        ("a\r\nContent-Type: text/html", "html"),
        ("con.xlsx", "_con.xlsx"),
        ("a<b>:\"|?*;.xlsx", "a_b_______.xlsx"),
        ("  ..hidden. ", "hidden"),
        ("", "attachment"),
        ("..", "attachment"),
        ("/", "attachment"),
        ("\u202egnp.xlsx", "gnp.xlsx"),
        ("汇" * 200 + ".xlsx", "汇" * 48 + ".xlsx"),
    ],
)  # fmt: skip
def test_an_attachment_gets_a_plain_file_name(given: str, safe: str) -> None:
    assert attachment_name(given) == safe


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_stays_text(hostile: str) -> None:
    note = ReceiptNote(
        hostile, "rejected", datetime(2026, 10, 8), 1, 0, Attachment(hostile + ".xlsx", b"x")
    )
    to = Addressee("A01", hostile, "a01@union.example")
    harmless = summary(name="城关片区工会")
    for draft, model in (
        (receipt_message(to, "2026Q3", [note], union=hostile, lang="zh"), receipt()),
        (summary(name=hostile, members=hostile, missing=(hostile,)), harmless),
    ):
        message = parsed(draft)
        assert message.keys() == parsed(model).keys()
        assert _tags(body(message, "html")) == _tags(body(parsed(model), "html"))
        lines = body(parsed(model), "plain").splitlines()
        assert len(body(message, "plain").splitlines()) == len(lines)
        for part in message.iter_attachments():
            assert not re.search(r"[/\\\x00-\x1f]", part.get_filename() or "")
        assert "49" not in body(message, "html")


def _tags(html: str) -> list[str]:
    return re.findall(r"<[^>]*>", html.split("</head>")[1])


@given(st.text(max_size=80))
@example("000000¡¡¡¡¡¡𐀀𐀀𐀀\n¡")  # a space where a header is folded
def test_any_name_survives_in_a_subject_and_adds_no_header(name: str) -> None:
    draft = summary(name=name)
    message = parsed(draft)
    assert message["Subject"] == draft.wording.subject
    assert message.keys() == parsed(summary()).keys()


@pytest.mark.parametrize(
    "text",
    ["", "无", "a@b.cn; c@d.cn", "a@b.cn,c@d.cn", "张@union.example", "a b@c.cn", "a@", "@b.cn",
     "a@b.cn\r\nRCPT TO:<x@y.cn>", "a@b..cn", "<a@b.cn>", "a@b.cn>"],
)  # fmt: skip
def test_what_is_not_one_address_is_known(text: str) -> None:
    assert not is_address(text)


# ------------------------------------------------------------------------------ the outbox


def test_the_same_message_is_queued_once(box: Outbox) -> None:
    draft = summary()
    assert box.queue(draft, draft) == [message_id(draft, 1), None]
    assert [row.state for row in box.rows()] == ["queued"]


def test_a_newer_summary_replaces_one_that_waits_and_is_no_update(
    box: Outbox, mailbox: Mailbox, mail: MailSettings
) -> None:
    box.queue(summary("1"), summary("2"))
    assert sorted(row.state for row in box.rows()) == ["queued", "replaced"]
    assert box.send(mail) == MailResult(queued=0, sent=1)
    assert mailbox.received[0]["Subject"] == "汇总表：城关片区工会 2026年第三季度"
    assert "- 会员数：2" in body(mailbox.received[0], "plain")


def test_an_unchanged_summary_is_not_sent_again_and_a_changed_one_is_an_update(
    box: Outbox, mailbox: Mailbox, mail: MailSettings
) -> None:
    box.queue(summary("1"))
    box.send(mail)
    assert box.queue(summary("1")) == [None]
    assert box.send(mail) == MailResult(queued=0)
    box.queue(summary("2"))
    assert box.send(mail) == MailResult(queued=0, sent=1)
    subjects = [message["Subject"] for message in mailbox.received]
    assert subjects == [
        "汇总表：城关片区工会 2026年第三季度",
        "【更新】汇总表：城关片区工会 2026年第三季度",
    ]
    assert "请以这一封为准" in body(mailbox.received[1], "plain")
    assert "请以这一封为准" in body(mailbox.received[1], "html")


def test_numbers_that_went_and_came_back_are_told_each_time(
    box: Outbox, mailbox: Mailbox, mail: MailSettings
) -> None:
    for members in ("1", "2", "1", "2"):
        box.queue(summary(members))
        box.send(mail)
    assert len({message["Message-ID"] for message in mailbox.received}) == 4


def test_an_update_that_is_taken_back_before_it_went_out_is_not_sent(
    box: Outbox, mailbox: Mailbox, mail: MailSettings
) -> None:
    box.queue(summary("1"))
    box.send(mail)
    assert box.queue(summary("2"), summary("1"))[1] is None
    assert box.send(mail) == MailResult(queued=0)
    assert box.queue(summary("2")) != [None]
    assert box.send(mail) == MailResult(queued=0, sent=1)
    assert len(mailbox.received) == 2


def test_receipts_do_not_replace_each_other(
    box: Outbox, mailbox: Mailbox, mail: MailSettings
) -> None:
    box.queue(receipt(file="一.xlsx"), receipt(file="二.xlsx"))
    assert box.send(mail) == MailResult(queued=0, sent=2)


def test_what_has_gone_out_keeps_its_headers_only(box: Outbox, mail: MailSettings) -> None:
    box.queue(receipt())
    before = len(box.rows()[0].content)
    box.send(mail)
    row = box.rows()[0]
    assert b"Subject:" in row.content
    assert len(row.content) < before / 4
    assert (row.state, row.attempts, row.error) == ("sent", 1, None)
    assert row.sent_at == "2026-10-16T02:00:00+08:00"


# ----------------------------------------------------------------------- a server that works


def test_many_messages_go_over_one_connection_each_to_one_recipient(
    box: Outbox, mailbox: Mailbox, mail: MailSettings
) -> None:
    box.queue(*(receipt(f"A{n:02d}") for n in range(20)), summary())
    assert box.send(mail) == MailResult(queued=0, sent=21)
    assert sorted(mailbox.recipients) == sorted([f"a{n:02d}@union.example" for n in range(20)] + ["a@union.example"])  # fmt: skip
    assert mailbox.connections == 1
    assert {str(message["From"]) for message in mailbox.received} == {
        "县总工会 <report@union.example>"
    }


def test_what_arrives_is_what_was_queued(box: Outbox, mailbox: Mailbox, mail: MailSettings) -> None:
    box.queue(receipt())
    stored = box.rows()[0].content
    box.send(mail)
    sender, _, rest = mailbox.raw[0].partition(b"\r\n")
    assert sender.startswith(b"From: ")
    assert rest == stored


def test_nobody_gets_the_same_message_twice(
    box: Outbox, mailbox: Mailbox, mail: MailSettings
) -> None:
    for _ in range(3):
        box.queue(receipt(), summary())
        box.send(mail, retry="all")
    assert len(mailbox.received) == 2


def test_a_dry_run_sends_nothing_and_changes_nothing(
    box: Outbox, mailbox: Mailbox, mail: MailSettings
) -> None:
    box.queue(receipt(), summary())
    before = box.rows()
    assert box.send(mail, dry_run=True) == MailResult(queued=2)
    assert box.rows() == before
    assert mailbox.connections == 0


def test_without_a_host_messages_wait_and_nothing_has_failed(
    box: Outbox, mailbox: Mailbox, mail: MailSettings
) -> None:
    box.queue(receipt())
    assert box.send(MailSettings()) == MailResult(queued=1)
    assert box.rows()[0].attempts == 0
    assert box.send(mail) == MailResult(queued=0, sent=1)
    assert mailbox.received[0]["From"] == "县总工会 <report@union.example>"


# --------------------------------------------------------------------- a server that does not


def test_with_nothing_listening_all_stay_queued_and_go_out_later(
    box: Outbox, mailbox: Mailbox, mail: MailSettings, dead_port: int
) -> None:
    box.queue(receipt("A01"), receipt("A02"))
    result = box.send(settings(dead_port))
    assert (result.queued, result.sent, result.failed) == (2, 0, 2)
    assert len(result.errors) == 1
    assert f"连不上邮件服务器 127.0.0.1:{dead_port}" in result.errors[0]
    assert [row.attempts for row in box.rows()] == [1, 1]
    assert box.send(mail) == MailResult(queued=0, sent=2)


@pytest.mark.parametrize("where", ["rcpt", "end", "mail"])
def test_a_refusal_for_now_keeps_the_message_and_the_next_run_sends_it(
    box: Outbox, mailbox: Mailbox, mail: MailSettings, where: str
) -> None:
    box.queue(receipt("A01"), receipt("A02"))
    answer = "451 try again later"
    if where == "rcpt":
        mailbox.at_rcpt = {"a01@union.example": answer}
    elif where == "end":
        mailbox.at_end = [answer]
    else:
        mailbox.at_mail = answer
    result = box.send(mail)
    failed = 2 if where == "mail" else 1
    assert (result.queued, result.sent, result.failed) == (failed, 2 - failed, failed)
    assert answer in result.errors[0]
    mailbox.at_rcpt, mailbox.at_mail = {}, ""
    assert box.send(mail) == MailResult(queued=0, sent=failed)
    assert sorted(mailbox.recipients) == ["a01@union.example", "a02@union.example"]


@pytest.mark.parametrize("where", ["rcpt", "end"])
def test_a_refusal_for_good_is_marked_and_tried_again_only_by_send(
    box: Outbox, mailbox: Mailbox, mail: MailSettings, where: str
) -> None:
    box.queue(*(receipt(f"A0{n}") for n in range(4)))
    first = box.rows()[0]
    if where == "rcpt":
        mailbox.at_rcpt = {first.recipient: f"550 {first.recipient}: no such user"}
    else:
        mailbox.at_end = ["554 looks like spam"]
    result = box.send(mail)
    assert (result.queued, result.sent, result.failed) == (1, 3, 1)
    [refused] = [row for row in box.rows() if row.state == "refused"]
    assert refused.error.startswith("55")
    assert "@" not in result.errors[0]
    assert box.send(mail) == MailResult(queued=1)
    mailbox.at_rcpt = {}
    assert box.send(mail, retry="all") == MailResult(queued=0, sent=1)
    assert len(set(mailbox.recipients)) == len(mailbox.recipients) == 4


@pytest.mark.parametrize("address", ["无", "a@b.cn; c@d.cn", "张老师@union.example"])
def test_an_address_that_is_none_is_refused_before_the_server_is_asked(
    box: Outbox, mailbox: Mailbox, mail: MailSettings, address: str
) -> None:
    box.queue(summary(email=address), receipt("A01"))
    result = box.send(mail)
    assert (result.queued, result.sent, result.failed) == (1, 1, 1)
    assert box.states() == {"A": "refused", "A01": "sent"}
    assert "单位表里的 email" in result.errors[0]


def test_a_mended_address_brings_the_refused_summary_out(
    box: Outbox, mailbox: Mailbox, mail: MailSettings
) -> None:
    box.queue(summary(email="无"))
    box.send(mail)
    box.queue(summary())
    assert box.send(mail) == MailResult(queued=0, sent=1)
    assert not mailbox.received[0]["Subject"].startswith("【更新】")


def test_a_refused_sender_is_a_matter_of_settings_and_marks_nobody(
    box: Outbox, mailbox: Mailbox, mail: MailSettings
) -> None:
    box.queue(receipt("A01"), receipt("A02"))
    mailbox.at_mail = "553 not your address"
    result = box.send(mail)
    assert (result.queued, result.failed) == (2, 2)
    assert "[mail] sender" in result.errors[0]
    assert set(box.states().values()) == {"queued"}
    mailbox.at_mail = ""
    assert box.send(mail) == MailResult(queued=0, sent=2)


def test_a_lost_connection_is_opened_again_for_the_others(
    box: Outbox, mailbox: Mailbox, mail: MailSettings
) -> None:
    box.queue(*(receipt(f"A0{n}") for n in range(4)))
    mailbox.at_end = ["421 closing for the night"]
    result = box.send(mail)
    assert (result.queued, result.sent, result.failed) == (1, 3, 1)
    assert mailbox.connections == 2


def test_a_server_that_hangs_up_again_and_again_is_left_alone(
    box: Outbox, mailbox: Mailbox, mail: MailSettings
) -> None:
    box.queue(*(receipt(f"A0{n}") for n in range(9)))
    mailbox.at_end = ["421 no"] * 9
    result = box.send(mail)
    assert (result.queued, result.sent, result.failed) == (9, 0, 9)
    assert mailbox.connections == 3
    assert "6 封信留在发件箱" in result.errors[-1]


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(1, 5), (2, 15), (3, 45), (4, 135), (5, 405), (6, 720), (99, 720)]
)
def test_a_failed_message_is_due_again_after_its_back_off(
    box: Outbox, dead_port: int, attempts: int, minutes: int
) -> None:
    box.queue(receipt())
    box.send(settings(dead_port))
    with box.engine.begin() as connection:
        [letter] = outbox.waiting(connection, box.messages)
        outbox.mark(connection, box.messages, letter.message_id, attempts=attempts)

        def is_due(after: timedelta) -> bool:
            return bool(outbox.to_send(connection, box.messages, "due", NOW + after))

        assert not is_due(timedelta(minutes=minutes, seconds=-1))
        assert is_due(timedelta(minutes=minutes))
        assert is_due(timedelta(hours=-1))  # the clock was set back


def test_a_run_does_not_wait_for_the_back_off_as_the_rounds_between_do(
    box: Outbox, mail: MailSettings, dead_port: int
) -> None:
    box.queue(receipt())
    box.send(settings(dead_port))
    assert box.send(mail, retry="due") == MailResult(queued=1)
    assert box.send(mail) == MailResult(queued=0, sent=1)


# ------------------------------------------------------------------------------ crashes


@contextmanager
def dying_at(monkeypatch: pytest.MonkeyPatch, state: str) -> Iterator[None]:
    """Die, as by a signal, where a message would be marked with `state`."""
    mark = outbox.mark

    def die(*arguments: Any, **values: Any) -> None:
        if values.get("state") == state:
            raise KeyboardInterrupt
        mark(*arguments, **values)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(outbox, "mark", die)
        yield


def test_a_crash_before_the_message_is_handed_over_loses_and_doubles_nothing(
    box: Outbox, mailbox: Mailbox, mail: MailSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.queue(receipt("A01"), receipt("A02"))
    with dying_at(monkeypatch, "sending"):
        box.send(mail)
    assert mailbox.received == []
    assert box.send(mail) == MailResult(queued=0, sent=2)
    assert len(mailbox.received) == 2


def test_a_crash_between_sending_and_noting_is_marked_and_not_guessed(
    box: Outbox, mailbox: Mailbox, mail: MailSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.queue(receipt("A01"), receipt("A02"))
    with dying_at(monkeypatch, "sent"):
        box.send(mail)
    assert sorted(box.states().values()) == ["queued", "sending"]
    result = box.send(mail)
    assert (result.queued, result.sent, result.failed) == (1, 1, 0)
    assert "1 封信不知对方是否收到" in result.errors[0]
    assert sorted(box.states().values()) == ["sent", "unsure"]
    assert len(set(mailbox.recipients)) == len(mailbox.received) == 2
    assert box.send(mail) == MailResult(queued=1)
    assert box.send(mail, retry="all") == MailResult(queued=0, sent=1)
    assert len({message["Message-ID"] for message in mailbox.received}) == 2


def test_a_connection_that_breaks_before_the_answer_leaves_the_message_unsure(
    box: Outbox, mailbox: Mailbox, mail: MailSettings
) -> None:
    box.queue(receipt("A01"), receipt("A02"))
    mailbox.at_end = [""]
    result = box.send(mail)
    assert (result.queued, result.sent, result.failed) == (1, 1, 1)
    assert sorted(box.states().values()) == ["sent", "unsure"]
    assert box.send(mail) == MailResult(queued=1)


def test_an_unsure_message_stays_so_until_the_server_has_surely_taken_it(
    box: Outbox, mailbox: Mailbox, mail: MailSettings, dead_port: int
) -> None:
    box.queue(receipt())
    mailbox.at_end = ["", "451 later"]
    box.send(mail)
    for server in (settings(dead_port), mail):
        assert box.send(server, retry="all").failed == 1
        assert box.states() == {"A01": "unsure"}
    assert box.send(mail, retry="all") == MailResult(queued=0, sent=1)


def test_a_newer_summary_after_an_unsure_one_is_an_update_and_takes_its_place(
    box: Outbox, mailbox: Mailbox, mail: MailSettings
) -> None:
    box.queue(summary("1"))
    mailbox.at_end = [""]
    box.send(mail)
    assert box.queue(summary("1")) == [None]
    box.queue(summary("2"))
    assert box.send(mail, retry="all") == MailResult(queued=0, sent=1)
    assert [row.state for row in box.rows()] == ["replaced", "sent"]
    assert mailbox.received[-1]["Subject"].startswith("【更新】")


def test_so_is_one_after_a_crash_in_the_middle_of_sending(
    box: Outbox, mailbox: Mailbox, mail: MailSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.queue(summary("1"))
    with dying_at(monkeypatch, "sent"):
        box.send(mail)
    assert box.queue(summary("1")) == [None]
    box.queue(summary("2"))
    assert box.send(mail, retry="all") == MailResult(queued=0, sent=1)
    assert mailbox.received[-1]["Subject"].startswith("【更新】")


# ----------------------------------------------------------------- encryption and passwords


@pytest.fixture(scope="session")
def certificate(openssl: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A throw-away certificate with its key, good for this machine's loopback."""
    path = tmp_path_factory.mktemp("tls") / "loopback.pem"
    made = subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost", "-keyout", "-", "-out", "-"],
        check=True, capture_output=True,
    )  # fmt: skip
    path.write_bytes(made.stdout)
    return path


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


def check_login(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
    login = (given.login, given.password)
    return AuthResult(success=login == (b"report", PASSWORD.encode()), handled=False)


def test_starttls_encrypts_and_then_logs_in(
    box: Outbox, mailbox: Mailbox, server_tls: ssl.SSLContext, trusted: None
) -> None:
    box.queue(receipt())
    options: dict[str, Any] = {
        "tls_context": server_tls, "require_starttls": True, "auth_required": True
    }  # fmt: skip
    with serving(mailbox, authenticator=check_login, **options) as port:
        mail = settings(port, host="localhost", security="starttls", username="report")
        assert box.send(mail) == MailResult(queued=0, sent=1)


def test_tls_from_the_first_byte(
    box: Outbox, mailbox: Mailbox, server_tls: ssl.SSLContext, trusted: None
) -> None:
    box.queue(receipt())
    with serving(mailbox, tls=server_tls) as port:
        mail = settings(port, host="localhost", security="tls")
        assert box.send(mail) == MailResult(queued=0, sent=1)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_without_the_encryption_asked_for_nothing_is_sent(
    box: Outbox, mailbox: Mailbox, mail: MailSettings, security: Any
) -> None:
    box.queue(receipt("A01"), receipt("A02"))
    result = box.send(replace(mail, security=security, username="report"))
    assert (result.queued, result.sent, result.failed) == (2, 0, 2)
    assert "没有发送" in result.errors[0]
    assert mailbox.received == []
    assert set(box.states().values()) == {"queued"}


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_that_is_not_trusted_or_of_another_host_stops_everything(
    box: Outbox, mailbox: Mailbox, server_tls: ssl.SSLContext, certificate: Path,
    monkeypatch: pytest.MonkeyPatch, security: str, host: str,
) -> None:  # fmt: skip
    if host == "127.0.0.1":  # trusted, but made out to another name
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    box.queue(receipt())
    options: dict[str, Any] = (
        {"tls": server_tls} if security == "tls" else {"tls_context": server_tls}
    )
    with serving(mailbox, **options) as port:
        result = box.send(settings(port, host=host, security=security))
    assert (result.queued, result.failed) == (1, 1)
    assert "证书通不过验证" in result.errors[0]
    assert mailbox.received == []


@pytest.mark.parametrize(
    ("password", "says"),
    [("wrong-4711", "不让登录"), ("", "没有密码"), ("密码-4711", "不让登录")],
)
def test_a_refused_login_stops_everything_and_tells_no_password(
    box: Outbox, mailbox: Mailbox, caplog: pytest.LogCaptureFixture, password: str, says: str
) -> None:
    def echo(*given: Any) -> AuthResult:
        said = given[-1].password.decode()
        return AuthResult(success=False, handled=False, message=f"535 wrong password {said}")

    caplog.set_level(logging.DEBUG, logger="pipeline")
    box.queue(receipt())
    with serving(mailbox, authenticator=echo, auth_require_tls=False) as port:
        mail = settings(port, username="report")
        result = box.send(mail, password=password)
    assert (result.queued, result.failed) == (1, 1)
    assert says in result.errors[0]
    assert set(box.states().values()) == {"queued"}
    told = f"{result}{box.rows()}"
    assert "4711" not in told
    assert mailbox.received == []


def test_without_encryption_a_login_is_made_where_the_settings_say_so(
    box: Outbox, mailbox: Mailbox
) -> None:
    logins = []

    def note_login(*given: Any) -> AuthResult:
        logins.append(given[-1].login)
        return check_login(*given)

    box.queue(receipt())
    with serving(mailbox, authenticator=note_login, auth_require_tls=False) as port:
        assert box.send(settings(port, username="report")) == MailResult(queued=0, sent=1)
    assert logins == [b"report"]


def test_a_server_without_login_is_not_used_where_one_is_asked_for(
    box: Outbox, mailbox: Mailbox, mail: MailSettings
) -> None:
    box.queue(receipt())
    assert "不提供登录" in box.send(replace(mail, username="report")).errors[0]
    assert mailbox.received == []


@pytest.mark.parametrize("host", ["a..b", "a\x00b", "x" * 300])  # none is ever looked up
def test_a_host_that_is_none_is_said_and_not_raised(box: Outbox, host: str) -> None:
    box.queue(receipt())
    assert "连不上邮件服务器" in box.send(settings(25, host=host)).errors[0]


def test_a_time_without_a_zone_is_the_machines_own(box: Outbox) -> None:
    box.queue(receipt(), now=datetime(2026, 10, 16, 2, 0))
    queued = datetime.fromisoformat(box.rows()[0].queued_at)
    assert queued.astimezone(UTC) == datetime(2026, 10, 16, 2, 0).astimezone(UTC)
