"""Many workbooks out of one: the parts of a template with other values in their cells."""

from __future__ import annotations

import io
import zipfile


def parts_of(data: bytes) -> dict[str, bytes]:
    """Return the parts of a zipped workbook in their order."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: dict[str, bytes], level: int = 1) -> bytes:
    """Return a zip of the parts, by default packed as fast as can be."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return data.getvalue()


def with_unit(data: bytes, known: str, unit: str) -> bytes:
    """Return the workbook with another unit's code in the place of the one it has."""
    parts = parts_of(data)
    return packed(
        {name: part.replace(known.encode(), unit.encode()) for name, part in parts.items()}
    )
