"""What holds for every test: engines per session, both databases for tests that ask, no socket beyond loopback."""

import os

import pytest
from _pytest.nodeid import coerce_node_id

from tests.engines import shared_folder

pytest_plugins = ["tests.engines.fixtures", "tests.journeys.fixtures"]

DATABASES = ("sqlite", "postgresql")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--every-database", action="store_true", help="run every test that uses `database` on both engines"
    )


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shared_folder.open_session()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shared_folder.close_session()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of one `xdist_group` go to one process: pytest-xdist 3.8 marks them in a way pytest 9.2 no longer reads."""
    if not getattr(config.option, "loadgroup", False):
        return
    for item in items:
        mark = item.get_closest_marker("xdist_group")
        if mark is not None and "@" not in item.nodeid:
            item._id = coerce_node_id(f"{item.nodeid}@{mark.args[0]}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests that use a database run on SQLite; those marked `both_databases` on PostgreSQL as well."""
    if not {"database", "database_url", "database_kind"} & set(metafunc.fixturenames):
        return
    both = metafunc.definition.get_closest_marker("both_databases") or metafunc.config.option.every_database
    if "database_kind" not in metafunc.fixturenames:
        metafunc.fixturenames.append("database_kind")
    marks = {"postgresql": [pytest.mark.postgresql], "sqlite": []}
    kinds = DATABASES if both else DATABASES[:1]
    metafunc.parametrize("database_kind", [pytest.param(kind, marks=marks[kind]) for kind in kinds])


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own HALL_ settings reach no test."""
    for name in list(os.environ):
        if name.startswith("HALL_") and name not in {shared_folder.VARIABLE, "HALL_ENGINES"}:
            monkeypatch.delenv(name)
