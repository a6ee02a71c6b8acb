"""Charts put into a Word file: the picture's place in a line, and the parts that hold the pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lxml import etree

from pipeline.summaries.narrative.charts import Chart

_RELATIONS: Final = "word/_rels/document.xml.rels"
_TYPES: Final = "[Content_Types].xml"
_RELATION: Final = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_DEFAULT: Final = "{http://schemas.openxmlformats.org/package/2006/content-types}Default"
_IMAGE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"
_WIDTH: Final = 110 * 36_000  # 110 mm, in EMU
_DRAWING: Final = (
    '<w:drawing xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    ' xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
    ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    ' xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"'
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent/><wp:docPr/><a:graphic>'
    '<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic>'
    '<pic:nvPicPr><pic:cNvPr id="0" name=""/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip/>'
    "<a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm>"
    '<a:off x="0" y="0"/><a:ext/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
    "</pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing>"
)


def drawing(number: int, chart: Chart) -> Any:
    """Return what stands in a line for a chart; its title is what a screen reader says."""
    root = etree.fromstring(_DRAWING)
    for tag in ("{*}extent", "{*}ext"):
        found = next(root.iter(tag))
        found.set("cx", str(_WIDTH))
        found.set("cy", str(round(_WIDTH * chart.ratio)))
    about = next(root.iter("{*}docPr"))
    about.set("id", str(number + 1))
    about.set("name", f"chart{number + 1}")
    about.set("descr", chart.title)
    embed = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}embed"
    next(root.iter("{*}blip")).set(embed, f"rIdChart{number}")
    return root


def with_charts(parts: Mapping[str, bytes], charts: Sequence[Chart]) -> dict[str, bytes]:
    """Return the parts of a Word file that hold charts: pictures, where they are, what they are."""
    relations, types = (etree.fromstring(parts[name]) for name in (_RELATIONS, _TYPES))
    found = {}
    for number, chart in enumerate(charts):
        name = f"media/union_chart{number}.png"
        found[f"word/{name}"] = chart.png
        values = {"Id": f"rIdChart{number}", "Type": _IMAGE, "Target": name}
        etree.SubElement(relations, _RELATION, values)
    if not any(kind.get("Extension") == "png" for kind in types.iter(_DEFAULT)):
        types.insert(0, etree.Element(_DEFAULT, {"Extension": "png", "ContentType": "image/png"}))
    for name, root in ((_RELATIONS, relations), (_TYPES, types)):
        found[name] = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return found
