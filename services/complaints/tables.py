"""The base every table of the complaints service is declared on."""

from sqlmodel import SQLModel

from shared.columns import tables_of


class Table(SQLModel, registry=tables_of("complaints")):
    """One MetaData for the service: four services may share a process."""
