"""The sheets of the summary workbook, one module a kind of sheet.

`styles` and `canvas` are the tools, `tables` and `charts` the two things that sheets are made of;
`pipeline.summaries.workbook` puts the sheets in order.
"""
