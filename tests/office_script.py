"""LibreOffice by remote control: jobs as JSON on standard input, what was read as JSON out.

Run by a Python that has LibreOffice's `uno` module, not by the one of the tests. A job opens a
workbook, does things to it as a person would, one after the other, and saves it under other names.
Cells are named as people name them, `B4`.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException
from com.sun.star.sheet.CellDeleteMode import COLUMNS as DELETE_COLUMNS
from com.sun.star.sheet.CellDeleteMode import ROWS as DELETE_ROWS
from com.sun.star.sheet.CellInsertMode import COLUMNS as INSERT_COLUMNS
from com.sun.star.sheet.CellInsertMode import ROWS as INSERT_ROWS

FILTERS = {
    ".xlsx": "Calc MS Excel 2007 XML",
    ".xls": "MS Excel 97",
    ".ods": "calc8",
    ".pdf": "calc_pdf_Export",
}
PIPE = "union-pipeline-tests-"
PATIENCE = 240  # times a quarter of a second


def main():
    order = json.load(sys.stdin)
    name = f"{PIPE}{os.getpid()}"
    command = [order["soffice"], "-env:UserInstallation=" + order["profile"], "--headless"]
    command += ["--norestore", "--nologo", "--nodefault", f"--accept=pipe,name={name};urp;"]
    office = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        context = connect(name, office)
        desktop = context.ServiceManager.createInstanceWithContext(
            "com.sun.star.frame.Desktop", context
        )
        json.dump([run(desktop, job) for job in order["jobs"]], sys.stdout)
        with contextlib.suppress(Exception):  # the bridge breaks while the office says yes
            desktop.terminate()
        office.wait(60)
    finally:
        office.kill()


def connect(name, office):
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext(
        "com.sun.star.bridge.UnoUrlResolver", local
    )
    for _ in range(PATIENCE):
        try:
            return resolver.resolve(f"uno:pipe,name={name};urp;StarOffice.ComponentContext")
        except NoConnectException:
            if office.poll() not in (None, 0):
                raise
            time.sleep(0.25)  # another program starts up; there is nothing else to wait for
    raise SystemExit("LibreOffice did not answer")


def run(desktop, job):
    document = desktop.loadComponentFromURL(url(job["open"]), "_blank", 0, hidden())
    try:
        for sheet in document.Sheets:
            sheet.unprotect("")
        read = [DO[name](document, *words) for name, *words in job.get("do", [])]
        for path in job.get("save", []):
            document.storeToURL(url(path), hidden(FilterName=FILTERS[Path(path).suffix]))
        return [value for value in read if value is not None]
    finally:
        document.close(True)


def type_text(document, sheet, cell, text):
    cell_of(document, sheet, cell).setString(text)


def type_number(document, sheet, cell, number):
    cell_of(document, sheet, cell).setValue(number)


def clear(document, sheet, cells):
    cell_of(document, sheet, cells).clearContents(1 | 2 | 4 | 16)


def read_text(document, sheet, cell):
    return cell_of(document, sheet, cell).getString()


def read_values(document, sheet):
    """Return the values of a sheet, row by row from A1 on."""
    there = document.Sheets.getByName(sheet)
    cursor = there.createCursor()
    cursor.gotoEndOfUsedArea(False)
    end = cursor.getRangeAddress()
    return there.getCellRangeByPosition(0, 0, end.EndColumn, end.EndRow).getDataArray()


def read_comments(document, sheet):
    """Return the comments of a sheet as pairs of cell and text."""
    found = document.Sheets.getByName(sheet).getAnnotations()
    pairs = []
    for number in range(found.getCount()):
        note = found.getByIndex(number)
        place = note.getPosition()
        pairs.append([f"{letters(place.Column)}{place.Row + 1}", note.getString()])
    return pairs


def mend(document, sheet, values):
    """Type the right value where a comment is, or else in its row; return the cells typed into.

    A comment on two rows that are alike cannot know which of their cells is the wrong one.
    """
    typed = []
    for cell, _ in read_comments(document, sheet):
        beside = [other for other in values if row_of(other) == row_of(cell)]
        for wrong in [cell] if cell in values else beside:
            value = values[wrong]
            (type_text if isinstance(value, str) else type_number)(document, sheet, wrong, value)
            typed.append(wrong)
    return typed


def read_colour(document, sheet, cell):
    return cell_of(document, sheet, cell).CellBackColor


def list_sheets(document):
    return list(document.Sheets.ElementNames)


def rename_sheet(document, sheet, name):
    document.Sheets.getByName(sheet).setName(name)


def move_sheet(document, sheet, place):
    document.Sheets.moveByName(sheet, place)


def copy_sheet(document, sheet, name, place):
    document.Sheets.copyByName(sheet, name, place)


def remove_sheet(document, sheet):
    document.Sheets.removeByName(sheet)


def insert(document, sheet, cells, what):
    there = document.Sheets.getByName(sheet)
    mode = {"columns": INSERT_COLUMNS, "rows": INSERT_ROWS}[what]
    there.insertCells(address(document, sheet, cells), mode)


def delete(document, sheet, cells, what):
    there = document.Sheets.getByName(sheet)
    mode = {"columns": DELETE_COLUMNS, "rows": DELETE_ROWS}[what]
    there.removeRange(address(document, sheet, cells), mode)


def cut(document, sheet, cells, to):
    """Cut cells and paste them elsewhere, as Ctrl-X and Ctrl-V do."""
    there = document.Sheets.getByName(sheet)
    there.moveRange(cell_of(document, sheet, to).getCellAddress(), address(document, sheet, cells))


def copy(document, sheet, cells, to):
    there = document.Sheets.getByName(sheet)
    there.copyRange(cell_of(document, sheet, to).getCellAddress(), address(document, sheet, cells))


def merge(document, sheet, cells):
    cell_of(document, sheet, cells).merge(True)


DO = {
    "type": type_text,
    "number": type_number,
    "clear": clear,
    "text": read_text,
    "values": read_values,
    "comments": read_comments,
    "colour": read_colour,
    "mend": mend,
    "sheets": list_sheets,
    "rename sheet": rename_sheet,
    "move sheet": move_sheet,
    "copy sheet": copy_sheet,
    "remove sheet": remove_sheet,
    "insert": insert,
    "delete": delete,
    "cut": cut,
    "copy": copy,
    "merge": merge,
}


def cell_of(document, sheet, name):
    there = document.Sheets.getByName(sheet).getCellRangeByName(name)
    return there if ":" in name else there.getCellByPosition(0, 0)


def address(document, sheet, name):
    return document.Sheets.getByName(sheet).getCellRangeByName(name).getRangeAddress()


def row_of(cell):
    return cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def letters(column):
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def url(path):
    return uno.systemPathToFileUrl(str(path))


def hidden(**values):
    return tuple(
        PropertyValue(name, 0, value, 0) for name, value in {"Hidden": True, **values}.items()
    )


if __name__ == "__main__":
    main()
