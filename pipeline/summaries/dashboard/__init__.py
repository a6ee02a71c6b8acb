"""The page of a period: all its summaries in one file that opens without a server or network.

`sections` and `charts` say what a unit's part of the page shows, `page` writes it; how it looks and
moves is in the template, the style sheet and the script beside them.
"""
