"""The Word narrative of a unit and quarter: what its summary says, in words.

`accounts` reads what units tell, `content` turns it and the figures into the fields of a layout,
`marks` gives every number its identity, and `document` fills the layout, which is a Word file.
"""
