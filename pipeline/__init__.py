"""The nightly job of a union: workbooks in, quarterly summaries out. This is the map.

Data flows one way, and later stages import earlier ones, never the reverse (a test reads the
imports):

    ground      texts · errors · issues · tomltable · periods · orgunits · config
    forms       1  what is asked: fields, rules, the blank workbook
    intake      2  workbooks in: scan, read, judge, receipts, workers
    records     3  what was accepted: tables, archive, versions
    summaries   4  what it adds up to: indicators, figures, trace, the summary workbook
    deliver     5  messages out: composed, queued, sent
    workspace   a folder opened: settings, forms, units, paths, clock, lock
    nightly     the job itself: take in → judge → store → add up → render → send
    ticker      the job at its time, night after night
    rebuild     the database made again from the archive
    doctor      everything that a night needs, looked over
    demo        a union of samples to try it on
    cli         the commands
"""

__version__ = "0.1.0"
