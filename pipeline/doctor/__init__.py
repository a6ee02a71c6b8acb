"""`doctor`: everything that a night needs, looked at before it is needed.

check     one finding: how grave, what it is, what to do
folders   folders, permissions, disk space
records   database, archive, what an interrupted run left, the outbox
crew      the workers of a cluster
mail      the server, as far as one gets without sending anything
clock     time, time zone, the clock of the shared folder
examine   all of it, in the order in which one mends it

Nothing is changed: what is written to try a folder is taken away again.
"""
