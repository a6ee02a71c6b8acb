"""Sixteen strings that become something else where a program takes them for more than text."""

HOSTILE = (
    "=1+1",
    '=HYPERLINK("http://evil.example","x")',
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1:A9)",
    "{=SUM(A1)}",
    "http://evil.example/a",
    "mailto:a@evil.example",
    "internal:封面!A1",
    "external:C:\\evil.xlsx",
    "<b onload='x'>粗</b><script>alert(1)</script><img src=http://evil.example/x.png>",
    "]]>&amp;&lt;!--<!DOCTYPE x>",
    "{{ 7*7 }}{% raw %}{# x #}{0}{unit}%s%n",
    "行一\r\nBcc: spy@evil.example\n\n<html>",
    '甲&P&D&"Arial"&G乙_x0041_\x0b\x01',
    "\u202egnp.xslx\u2028'\"',;|`$(x)",
)
