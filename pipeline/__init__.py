"""The nightly job of a union: workbooks in, quarterly summaries out. This is the map.

Data flows one way, and later stages import earlier ones, never the reverse (a test reads the
imports):

    ground      texts · errors · issues · tomltable · periods · orgunits · config
    forms       1  what is asked: fields, rules, the blank workbook
    books       2  bytes in, sheets out, whatever program wrote them
    intake      3  workbooks in: scan, locate, read, judge
    receipts    4  what goes back: the group's own workbook, marked
    workers        the three before, in processes that a bad file cannot take along,
                   here or on a cluster
    records     5  what was accepted: tables, archive, versions
    summaries   6  what it adds up to: indicators, figures, trace, charts, workbook, page, narrative
    deliver     7  messages out: composed, queued, sent
    copies         what is drawn, drawn side by side in copies of the process
    workspace   a folder opened: settings, forms, units, paths, clock, lock
    nightly     the job itself: take in → judge → store → add up → render → send
    ticker      the job at its time, night after night
    rebuild     the database made again from the archive
    doctor      everything that a night needs, looked over
    demo        a union of samples to try it on
    scoring     the self-check of units, asked for
    cli         the commands
"""

__version__ = "0.1.0"
