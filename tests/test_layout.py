"""The house keeps its own rules: names, import contracts for every capability, locks that name no machine."""

import configparser
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
UNNAMEABLE = {"service.py", "utils.py", "helpers.py", "common.py", "manager.py"}
MAKE_TARGETS = (
    "help run test cluster-up cluster-down run-distributed service worker format lint types imports migration migrate "
    "events check demo bench chaos"
)


def capabilities() -> list[str]:
    found = (ROOT / "services").glob("*/*/__init__.py")
    return sorted(
        ".".join(path.parent.relative_to(ROOT).parts) for path in found if path.parent.name != "migrations"
    )


def contracts() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / ".importlinter", encoding="utf-8")
    return parser


def test_every_capability_is_held_to_the_order_of_its_floors() -> None:
    listed = contracts()["importlinter:contract:floors"]["containers"].split()
    assert sorted(listed) == capabilities()


def test_every_service_is_held_to_the_order_of_its_rooms() -> None:
    rooms = {
        section.removesuffix("-rooms").rpartition(":")[2]
        for section in contracts()
        if section.endswith("-rooms")
    }
    assert rooms == {name.split(".")[1] for name in capabilities()}


def test_no_file_has_a_name_that_says_nothing() -> None:
    code = (path for folder in ("services", "shared", "deploy") for path in (ROOT / folder).rglob("*.py"))
    assert [path for path in code if path.name in UNNAMEABLE] == []


def test_the_locks_name_packages_and_hashes_only() -> None:
    for lock in ("requirements.lock", "requirements-dev.lock"):
        lines = (ROOT / lock).read_text().splitlines()
        assert all("==" in line or line.lstrip().startswith("--hash=sha256:") for line in lines)


def test_the_locks_hold_every_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = {name_of(requirement) for requirement in project["project"]["dependencies"]}
    locked = {
        line.partition("==")[0]
        for line in (ROOT / "requirements.lock").read_text().splitlines()
        if "==" in line
    }
    assert declared <= locked


def name_of(requirement: str) -> str:
    return requirement.partition("[")[0].partition(">")[0].partition("=")[0].partition("<")[0].strip()


def test_the_makefile_has_the_targets_people_know() -> None:
    targets = [
        line.partition(":")[0]
        for line in (ROOT / "Makefile").read_text().splitlines()
        if ":" in line and " ## " in line
    ]
    assert targets == MAKE_TARGETS.split()


def test_the_containers_origin_is_the_servers_origin_with_other_names() -> None:
    ours = (ROOT / "deploy/nginx/hall.conf").read_text().splitlines()[1:]
    theirs = (ROOT / "deploy/compose/nginx.conf").read_text().splitlines()[1:]
    for name, port in {"customer": 8001, "messaging": 8002, "complaints": 8003, "kpi": 8004}.items():
        ours = [line.replace(f"127.0.0.1:{port}", f"{name}:{port}") for line in ours]
    assert theirs == ours
