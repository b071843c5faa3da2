"""The countable facts: one append-only row for each thing an event says that an indicator may count.

Hears nearly every topic of the house through one table of rules; speaks nothing. Holds no name and no phone: subjects
are the other services' ids, so that a purge there moves no figure here.
"""
