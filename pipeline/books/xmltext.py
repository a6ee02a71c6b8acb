"""XML parts as text: decoded, without entities of their own, read once and thrown away.

In go the bytes of one part, out comes a string or a stream of elements. The rule: a part with a
DOCTYPE is refused, since no spreadsheet program writes one and entities are the way to make a
small file huge or to read files of ours.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from html.entities import html5
from typing import Any

from lxml import etree

from pipeline.books import refusals
from pipeline.books.refusals import refuse

_SAFELY: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}
_DECLARED = re.compile(r"\A\ufeff?\s*(?:<\?xml[^>]*\?>)?")
_DECLARATION = re.compile(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"'][^>]*>")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_NEVER = bytes({*range(32)} - {*b"\t\n\r"})  # no XML holds these, and in text they would pass
_ALLOWED = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCE = re.compile("&(#[0-9]{1,7};|#x[0-9A-Fa-f]{1,6};|[a-z]{2,4};)?")
_NAMED = {name: html5[name] for name in ("amp;", "lt;", "gt;", "quot;", "apos;")}


def decode_part(part: bytes) -> str:
    """Return a part as text with plain line ends; raise `Refused` where that cannot be done."""
    try:
        text = part.decode(encoding := encoding_of(part))
        plain = part if encoding in ("utf-8", "UTF-8") else text.encode()
    except (UnicodeError, LookupError) as error:
        raise refuse(refusals.DAMAGED) from error
    if any(map(plain.__contains__, _NEVER)) or ("!" in text and "<!DOCTYPE" in text):
        raise refuse(refusals.DAMAGED)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def encoding_of(part: bytes) -> str:
    """Return the name of the encoding that a part begins with or declares."""
    if part.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if part.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    declared = _DECLARATION.match(part)
    return declared[1].decode() if declared else "utf-8"


def parse_part(part: bytes) -> etree._Element:
    """Return the root of a small part; raise `lxml.etree.XMLSyntaxError` for what is not XML."""
    parser = etree.XMLParser(**_SAFELY)
    return etree.fromstring(undeclared(decode_part(part)), parser)


def stream_elements(text: str, tags: Sequence[str]) -> Iterator[etree._Element]:
    """Yield each of the named elements when it is complete; the caller forgets it after use.

    Raises `lxml.etree.XMLSyntaxError` for what is not XML.
    """
    for _, element in etree.iterparse(io.BytesIO(undeclared(text)), tag=tags, **_SAFELY):
        yield element


def undeclared(text: str) -> bytes:
    """Return the text as UTF-8, without the declaration that may name another encoding."""
    return _DECLARED.sub("", text, count=1).encode()


def forget(element: etree._Element) -> None:
    """Drop an element that was read and those before it, so that memory stays small."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def local_name(element: etree._Element) -> str:
    """Return the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def ends_cdata(text: str) -> bool:
    """Tell whether `]]>` is in a part, which is no XML but at the end of a CDATA section."""
    return "]" in text and "]]>" in text  # the one character is looked for far faster


def unescape_references(text: str) -> str:
    """Replace `&amp;` and its kind; raise KeyError or ValueError for what XML does not know.

    >>> unescape_references("&lt;&#24037;&#x4f1a;&gt;")
    '<工会>'
    """
    if "&" not in text:
        return text
    return _REFERENCE.sub(lambda found: _character(found[1] or ""), text)


def unescape_control(text: str) -> str:
    """Replace `_x000D_`, by which OOXML writes characters that XML cannot hold.

    >>> unescape_control("_x0041__x005F_x0041_")
    'A_x0041_'
    """
    return _ESCAPE.sub(_escaped, text) if "_x" in text else text


@lru_cache(maxsize=4096)  # some programs write every Chinese character as a number
def _character(name: str) -> str:
    if not name.startswith("#"):
        return _NAMED[name]
    character = chr(int(name[2:-1], 16) if name.startswith("#x") else int(name[1:-1]))
    if not _ALLOWED.match(character):  # half a surrogate pair could not be stored anywhere
        raise ValueError(name)
    return character


def _escaped(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    # Half a surrogate pair is no character and could not be stored anywhere.
    return match[0] if 0xD800 <= code <= 0xDFFF else chr(code)
