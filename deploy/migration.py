"""Writes a migration from the difference between a service's newest migration and its tables in code."""

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from alembic import command

from shared import migrations
from shared.settings import SERVICES


def write(service: str, message: str) -> list[Path]:
    """Autogenerate against a throwaway SQLite database; the result is a draft to read and to make portable."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{folder}/draft.sqlite3"
        migrations.upgrade(service, url)
        config = migrations.config_of(service, url)
        config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
        made = command.revision(config, message, autogenerate=True, rev_id=next_revision(service))
    scripts = made if isinstance(made, list) else [made]
    return [Path(script.path) for script in scripts if script]


def next_revision(service: str) -> str:
    """Revisions are named by day and a number that counts through the service's life: `2026_11_25_0002`."""
    newest = migrations.head(service) or "0000"
    return f"{datetime.now(UTC):%Y_%m_%d}_{int(newest[-4:]) + 1:04d}"


def main() -> None:
    """`python -m deploy.migration customer "what changes"`."""
    if len(sys.argv) != 3 or sys.argv[1] not in SERVICES or not sys.argv[2]:
        sys.exit(f'用法：make migration S={"|".join(SERVICES)} M="改了什么"')
    for path in write(sys.argv[1], sys.argv[2]):
        sys.stdout.write(f"已生成 {path}，请检查后提交\n")


if __name__ == "__main__":
    main()
