"""A draft as the bytes that go out.

In: a `Draft` and the time at which it was queued. Out: a whole message but for its `From`, which
is put before it when it is sent, so that a message queued before the mail server was set up (or
under a wrong sender) still goes out rightly. The same input gives the same bytes.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from pathlib import PurePosixPath

from pipeline.deliver.compose import PICTURE_ID, Attachment, Draft, Picture
from pipeline.safe_text import one_line
from pipeline.summaries.picture import draw_png

_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?"
)
_OFFICE = "application/vnd.openxmlformats-officedocument."
_TYPES = {
    ".xlsx": _OFFICE + "spreadsheetml.sheet",
    ".docx": _OFFICE + "wordprocessingml.document",
    ".txt": "text/plain",
}
_SUBJECT = "subject-stands-here"
_FORBIDDEN = re.compile(r'[<>:"|?*;]')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)
_NAME_BYTES = 150  # most systems allow 255; a long name makes a header that some mail programs cut


def is_address(text: str) -> bool:
    """Tell whether `text` is one plain mail address that any server can be given.

    >>> [is_address(a) for a in ("zu01@union.example", "a@b.cn; c@d.cn", "张@union.example")]
    [True, False, False]
    """
    return _ADDRESS.fullmatch(text) is not None and ".." not in text


def message_id(draft: Draft, revision: int) -> str:
    """Return the identity of a message: period, recipient, content and how many went before it.

    The revision tells a figure that went from A to B and back from a message sent twice.
    """
    parts = (draft.kind, draft.unit, draft.period, draft.recipient, draft.digest, str(revision))
    identity = sha256("\0".join(parts).encode()).hexdigest()[:32]
    period = re.sub(r"[^0-9A-Za-z]", "", draft.period) or "none"
    return f"<{period}.{identity}@union-pipeline>"


def write_message(draft: Draft, revision: int, now: datetime) -> bytes:
    """Return the message as it goes out, all ASCII; revisions after the first are updates."""
    identity = message_id(draft, revision)
    wording = draft.wording if revision == 1 else draft.updated
    message = EmailMessage(policy=SMTP)
    if is_address(draft.recipient):  # any other is refused before the server is asked
        message["To"] = draft.recipient
    message["Subject"] = _SUBJECT
    message["Date"] = format_datetime(now if now.tzinfo else now.astimezone())
    message["Message-ID"] = identity
    message["Auto-Submitted"] = "auto-generated"  # keeps absence notes from coming back (RFC 3834)
    message.set_content(wording.text, cte="base64")
    message.add_alternative(wording.html, subtype="html", cte="base64")
    if draft.picture is not None:
        _show(message, draft.picture)
    for attachment in draft.attachments:
        _attach(message, attachment)
    _fix_boundaries(message, identity)
    content = message.as_bytes()
    return content.replace(_SUBJECT.encode(), encode_subject(wording.subject).encode(), 1)


def encode_subject(subject: str) -> str:
    """Return a subject as ASCII, in lines that mail programs join again without a gap.

    `EmailMessage` loses a space where it happens to fold between two encoded words.
    """
    return Header(one_line(subject), "utf-8", header_name="Subject").encode(linesep="\r\n")


def from_header(name: str, sender: str) -> bytes:
    """Return the `From` line; `name` is what mail programs show beside the address."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(one_line(name), addr_spec=sender)
    return message.as_bytes().removesuffix(b"\r\n")  # the empty line that would end the headers


def headers_only(content: bytes) -> bytes:
    """Return a stored message without its body and attachments."""
    return content.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def attachment_name(name: str) -> str:
    r"""Return `name` as a plain file name that every system can save.

    >>> attachment_name("../../etc/回执\r\n.xlsx"), attachment_name("C:\\a\\con.txt")
    ('回执 .xlsx', '_con.txt')
    """
    name = unicodedata.normalize("NFC", one_line(name)).replace("\\", "/").rsplit("/", 1)[-1]
    name = _FORBIDDEN.sub("_", name).strip(" .") or "attachment"
    if _RESERVED.match(name):
        name = "_" + name
    path = PurePosixPath(name)
    suffix = path.suffix if len(path.suffix) <= 6 else ""
    stem = name.removesuffix(suffix).encode()[: _NAME_BYTES - len(suffix.encode())]
    return stem.decode(errors="ignore").rstrip(" .") + suffix


def _attach(message: EmailMessage, attachment: Attachment) -> None:
    name = attachment_name(attachment.name)
    kind = _TYPES.get(PurePosixPath(name).suffix.lower(), "application/octet-stream")
    maintype, _, subtype = kind.partition("/")
    message.add_attachment(
        attachment.content,
        maintype=maintype,
        subtype=subtype,
        filename=name,
        params={"charset": "utf-8"} if maintype == "text" else None,
    )


def _show(message: EmailMessage, picture: Picture) -> None:
    """Put a picture beside the HTML, where the mail program finds it by its id."""
    html = message.get_body(("html",))
    if html is not None:
        html.add_related(
            draw_png(picture.svg),
            maintype="image",
            subtype="png",
            cid=f"<{PICTURE_ID}>",
            disposition="inline",
            filename="chart.png",
        )


def _fix_boundaries(message: EmailMessage, identity: str) -> None:
    # Left alone they are random, and two identical nights would store different bytes.
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{sha256(f'{identity}{number}'.encode()).hexdigest()[:40]}")
