"""A union of samples to try the whole job on: `make_demo` in, a workspace and a story out.

    samples      the tables beside this file: units, plan items, kinds of visits, results
    units        who reports: the tree of the demo
    people       members, plainly invented, as they come and go
    plans        what a unit plans for a year, drawn from real plans of real unions
    activities   what became of the plans
    dues, visits the other two ledgers
    reports      all of it as the workbooks of a unit, still values
    slips        what people get wrong
    foreign      a workbook that was not made from our template
    timeline     the quarters, and when workbooks come in
    drops        the files as they are put into the inbox, a batch a run
    story        the demo as a whole

Everything follows from the day given: no clock, and no chance but a seeded one.
"""

from pipeline.demo.drops import Batch, Drop, Role, drop_files
from pipeline.demo.story import DemoStory, Scene, make_demo

__all__ = ["Batch", "DemoStory", "Drop", "Role", "Scene", "drop_files", "make_demo"]
