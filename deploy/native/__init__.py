"""Kafka, PostgreSQL and Kannel started on a Debian machine without containers, for the house and its tests.

The engines need the standard library only: a machine can be asked what it lacks before anything is installed.
"""
