"""Mail of whole runs against a real server: who gets what, never twice, updates, recovery."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from mailserver import Mailbox, serving
from workspaces import (
    NOW,
    SETTINGS,
    activity,
    drop,
    make_workspace,
    opened,
    quarterly,
    run_once,
    write_settings,
)

from pipeline.nightly import send_waiting
from pipeline.queries import ask_status


def mail_settings(port: int) -> str:
    return (
        SETTINGS + f'[mail]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
        'sender = "night@example.com"\n'
    )


def workspace_for(folder: Path, port: int) -> Path:
    return make_workspace(folder / "ws", settings=mail_settings(port))


def got(mailbox: Mailbox) -> list[tuple[str, str, list[str]]]:
    """Return recipient, subject and attachment names of all mail, sorted."""
    found = []
    for message in mailbox.received:
        names = [part.get_filename() or "" for part in message.iter_attachments()]
        found.append((str(message["To"]), str(message["Subject"]), names))
    return sorted(found)


def test_units_get_receipts_and_inner_units_their_own_summary(tmp_path: Path) -> None:
    mailbox = Mailbox()
    with serving(mailbox) as port:
        workspace = workspace_for(tmp_path, port)
        drop(workspace, "1.xlsx", quarterly(activities=[activity()]))
        drop(workspace, "2.xlsx", quarterly("U3", activities=[activity(attended=99)]))
        report = run_once(workspace)
    assert (report.mail.sent, report.mail.failed, report.mail.queued) == (4, 0, 0)
    by_recipient = {to: (subject, names) for to, subject, names in got(mailbox)}
    assert set(by_recipient) == {f"{n}@example.com" for n in ("u0", "s", "u1", "u3")}
    assert by_recipient["u0@example.com"][1] == ["summary_U0_2026Q3.xlsx"]
    assert by_recipient["s@example.com"][1] == ["summary_S_2026Q3.xlsx"]
    assert by_recipient["u1@example.com"][1][0].endswith(".txt")
    assert by_recipient["u3@example.com"][1][0].endswith(".xlsx")


def test_nobody_gets_the_same_twice_and_a_changed_summary_is_an_update(tmp_path: Path) -> None:
    mailbox = Mailbox()
    with serving(mailbox) as port:
        workspace = workspace_for(tmp_path, port)
        drop(workspace, "1.xlsx", quarterly(activities=[activity()]))
        run_once(workspace)
        mailbox.received.clear()
        assert run_once(workspace, NOW + timedelta(days=1)).mail.sent == 0
        assert mailbox.received == []
        drop(workspace, "2.xlsx", quarterly("U3", activities=[activity()]))
        run_once(workspace, NOW + timedelta(days=2))
    subjects = {to: subject for to, subject, _ in got(mailbox)}
    # U3 hangs below the root alone, so the summary of S has not changed.
    assert set(subjects) == {"u0@example.com", "u3@example.com"}
    assert "更新" in subjects["u0@example.com"]


def test_an_update_says_what_has_changed_since_the_last_letter(tmp_path: Path) -> None:
    mailbox = Mailbox()
    with serving(mailbox) as port:
        workspace = workspace_for(tmp_path, port)
        drop(workspace, "1.xlsx", quarterly(activities=[activity(attended=20)]))
        run_once(workspace)
        mailbox.received.clear()
        drop(workspace, "2.xlsx", quarterly("U3", activities=[activity(attended=15)]))
        run_once(workspace, NOW + timedelta(days=2))
        assert run_once(workspace, NOW + timedelta(days=3)).mail.sent == 0
    (letter,) = [m for m in mailbox.received if m["To"] == "u0@example.com"]
    for kind in ("plain", "html"):
        part = letter.get_body((kind,))
        assert part is not None
        said = part.get_content().replace("&gt;", ">")
        assert "和上次寄给您的相比：" in said
        assert "已报：1 个 → 2 个" in said
        assert "参与人次：20 人次 → 35 人次" in said
        assert "会员数" in said


def test_a_summary_carries_a_picture_that_every_reader_can_see(tmp_path: Path) -> None:
    mailbox = Mailbox()
    with serving(mailbox) as port:
        workspace = workspace_for(tmp_path, port)
        drop(workspace, "1.xlsx", quarterly(activities=[activity()]))
        run_once(workspace)
    (letter,) = [m for m in mailbox.received if m["To"] == "u0@example.com"]
    (picture,) = [part for part in letter.walk() if part.get_content_type() == "image/png"]
    width, height = (int.from_bytes(picture.get_content()[at : at + 4]) for at in (16, 20))
    assert 600 < width < 900 < 2 * height
    assert len(picture.get_content()) < 150_000
    html = letter.get_body(("html",))
    assert html is not None
    (alt,) = re.findall(r'alt="(.*?)"', html.get_content())
    assert alt.startswith("报送情况：本期: 按时 1, 迟报 0, 未报 3。 主要比率：报送率: 本期 25.0%")


def test_mail_that_could_not_go_goes_with_the_next_run(tmp_path: Path) -> None:
    mailbox = Mailbox()
    with serving(mailbox) as port:
        pass  # nobody listens on this port any more
    workspace = workspace_for(tmp_path, port)
    drop(workspace, "1.xlsx", quarterly(activities=[activity()]))
    report = run_once(workspace)
    assert (report.mail.sent, report.mail.failed, report.mail.queued) == (0, 3, 3)
    assert len(ask_status(opened(workspace), NOW, "").outbox) == 3
    with serving(mailbox) as port:
        write_settings(workspace, mail_settings(port))
        report = run_once(workspace, NOW + timedelta(hours=1))
    assert (report.mail.sent, report.mail.failed, report.mail.queued) == (3, 0, 0)
    assert len(mailbox.received) == 3


def test_no_mail_only_queues_and_send_empties_the_outbox(tmp_path: Path) -> None:
    mailbox = Mailbox()
    with serving(mailbox) as port:
        workspace = workspace_for(tmp_path, port)
        drop(workspace, "1.xlsx", quarterly(activities=[activity()]))
        assert run_once(workspace, mail=False).mail.queued == 3
        assert mailbox.received == []
        assert send_waiting(opened(workspace), NOW, dry_run=True).queued == 3
        assert mailbox.received == []
        assert send_waiting(opened(workspace), NOW).sent == 3
    assert len(mailbox.received) == 3


def test_a_summary_replaced_before_it_went_out_is_not_sent(tmp_path: Path) -> None:
    mailbox = Mailbox()
    with serving(mailbox) as port:
        workspace = workspace_for(tmp_path, port)
        drop(workspace, "1.xlsx", quarterly(activities=[activity()]))
        run_once(workspace, mail=False)
        drop(workspace, "2.xlsx", quarterly(activities=[activity(attended=37)]))
        run_once(workspace, NOW + timedelta(days=1))
    summaries = [subject for to, subject, _ in got(mailbox) if to == "u0@example.com"]
    assert len(summaries) == 1
    assert "更新" not in summaries[0]


@pytest.mark.parametrize("content", [b"not a workbook", b""])
def test_a_file_of_nobody_is_told_to_nobody(tmp_path: Path, content: bytes) -> None:
    mailbox = Mailbox()
    with serving(mailbox) as port:
        workspace = workspace_for(tmp_path, port)
        drop(workspace, "1.xlsx", content)
        report = run_once(workspace)
    assert (report.counts["quarantined"], report.mail.sent) == (1, 0)
