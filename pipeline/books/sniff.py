"""What a file really is, told by its first bytes and never by its name.

In go the bytes, out comes how they are packed, "zip" or "ole"; anything that cannot be a workbook
is refused by the name of what it is. The rule: text is looked at last, since nearly every other
kind would pass for some text.
"""

from __future__ import annotations

import re
from typing import Literal

from pipeline.books import refusals
from pipeline.books.refusals import Refusal, refuse

Packing = Literal["zip", "ole", "biff"]

OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
WORKBOOK_STREAMS = {"workbook", "book"}  # in lower case
_ZIP = b"PK\x03\x04"
_BIFF = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08")

_SIGNATURES = (
    (rb"%PDF-", refusals.PAGES),
    (rb"\{\\rtf", refusals.WORD),
    (rb"\x89PNG|\xff\xd8\xff|GIF8|II\*\0|MM\0\*|BM.{4}\0{4}|RIFF.{4}WEBP", refusals.PICTURE),
    (rb".{4}ftyp", refusals.PICTURE),
    (rb"PK\x05\x06|PK\x07\x08|Rar!|7z\xbc\xaf|\x1f\x8b|BZh|\xfd7zXZ|MSCF", refusals.ARCHIVE),
    (rb"L\0\0\0\x01\x14\x02\0|book\0\0\0\0mark", refusals.SHORTCUT),
    (rb"%TSD-Header|.{0,64}E-SafeNet", refusals.RIGHTS),
)
_TEXTS = (
    (r"<!doctype\s+html|<html|<table|<head|<meta|<style|<body|<div", refusals.WEB_PAGE),
    (r"mime-version:[^<]*multipart/related", refusals.WEB_PAGE),
    (
        r"(return-path|received|delivered-to|from|date|message-id|mime-version):",
        refusals.MAIL_MESSAGE,
    ),
    (r"\[internetshortcut\]", refusals.SHORTCUT),
    (r"<\?xml.*?<html", refusals.WEB_PAGE),
    (r"<\?xml.*?(office:spreadsheet|opendocument:xmlns|mso-application)", refusals.XML_TABLE),
)
_HEAD = 4096


def sniff(data: bytes) -> Packing:
    """Return how a possible workbook is packed; raise `Refused` for every other kind of file."""
    if not data:
        raise refuse(refusals.EMPTY)
    head = data[:_HEAD]
    if head.startswith(_ZIP):
        return "zip"
    if head.startswith(OLE_SIGNATURE):
        return "ole"
    if head.startswith(_BIFF):
        return "biff"
    if not head.strip(b"\0"):
        raise refuse(refusals.SYNCING)
    raise refuse(_by_signature(head) or _by_text(head) or refusals.UNKNOWN_KIND)


def ends_blank(data: bytes) -> bool:
    """Tell whether the tail is NUL bytes: what a copy that is still under way looks like."""
    return not data[-1024:].strip(b"\0")


def ole_refusal(names: set[str], root: set[str]) -> Refusal | None:
    """Return why an OLE container is no readable workbook, None if it may be one.

    `names` are all its storages and streams, `root` those at the top: a Word file with a table
    embedded has a `Workbook` too, but further down. Some programs write `WORKBOOK`.
    """
    if any("DRM" in name for name in names):
        return refusals.RIGHTS
    if root & {"EncryptedPackage", "EncryptionInfo"}:
        return refusals.PASSWORD
    if {name.lower() for name in root} & WORKBOOK_STREAMS:
        return None
    if "WordDocument" in root:
        return refusals.WORD
    if "PowerPoint Document" in root:
        return refusals.SLIDES
    if "__properties_version1.0" in root:
        return refusals.MAIL_MESSAGE
    return refusals.UNKNOWN_KIND


def zip_refusal(names: set[str], mimetype: bytes) -> Refusal | None:
    """Return why a zip is no readable workbook, None if it may be one; names are lower-case."""
    if mimetype.startswith(b"application/vnd.oasis.opendocument.spreadsheet"):
        return None
    if mimetype.startswith(b"application/vnd.oasis.opendocument.presentation"):
        return refusals.SLIDES
    if mimetype.startswith(b"application/vnd.oasis.opendocument"):
        return refusals.WORD
    if any(name.endswith("/workbook.bin") for name in names):
        return refusals.BINARY_WORKBOOK
    if "word/document.xml" in names:
        return refusals.WORD
    if "ppt/presentation.xml" in names:
        return refusals.SLIDES
    if "[content_types].xml" in names:
        return None
    if "ofd.xml" in names:
        return refusals.PAGES
    if names & {"index/document.iwa", "index.zip"}:
        return refusals.NUMBERS
    return refusals.ARCHIVE


def _by_signature(head: bytes) -> Refusal | None:
    for pattern, refusal in _SIGNATURES:
        if re.match(pattern, head, re.DOTALL):
            return refusal
    return None


def _by_text(head: bytes) -> Refusal | None:
    text = _as_text(head)
    if text is None:
        return None
    start = re.sub(r"^(\s|<!--.*?-->)+", "", text.lower(), flags=re.DOTALL)
    for pattern, refusal in _TEXTS:
        if re.match(pattern, start, re.DOTALL):
            return refusal
    return refusals.PLAIN_TEXT


def _as_text(head: bytes) -> str | None:
    """Decode the start of a text file; None if it is no text in any encoding in use here."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "ignore").lstrip("\ufeff")
    if re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", head):
        return None
    for encoding in ("utf-8-sig", "gb18030"):
        # The head may end inside a character: up to three bytes are given up.
        for end in range(len(head), max(len(head) - 4, 0), -1):
            try:
                return head[:end].decode(encoding)
            except UnicodeDecodeError:
                continue
    return None
