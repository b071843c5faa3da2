"""The operators' tool through the real console script, on a data folder of its own."""

import asyncio
import io
import json
import os
import stat
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from deploy import cli
from services.customer.access import repository
from services.customer.access.gateways.argon2id import Argon2Hasher
from services.customer.archive import usecases as archive
from services.customer.directory import usecases as directory
from shared import clock
from shared.database import Database, insert_rows
from shared.keyring import KeyRing
from shared.ledger import DEAD_LETTERS, OUTBOX, RESYNCS
from shared.phones import PhoneBook
from shared.settings import SERVICES
from shared.testing.outboxes import said
from tests.customer.customers import a_command
from tests.customer.organisation import ORGANISATION
from tests.engines import databases

HALL = Path(sys.executable).parent / "hall"
CHEAP = {"HALL_CUSTOMER_ARGON2_TIME_COST": "1", "HALL_CUSTOMER_ARGON2_MEMORY_KIB": "8"}


@dataclass(frozen=True)
class Tool:
    """`hall` on one data folder."""

    data: Path

    def run(self, *arguments: str, typed: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
        given = {name: value for name, value in os.environ.items() if not name.startswith("HALL_")}
        return subprocess.run(
            [HALL, *arguments],
            env={**given, **CHEAP, "HALL_DATA": str(self.data), **environment},
            cwd=self.data,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def inside(self, *arguments: str, typed: str = "") -> tuple[int, str, str]:
        """The same entry without a process of its own, for the many small questions: code, output, errors."""
        with ThreadPoolExecutor(1) as thread:  # commands run a loop of their own, tests may be in one already
            return thread.submit(_inside, arguments, typed).result()

    def answer(self, *arguments: str) -> Any:
        code, out, err = self.inside(*arguments, "--json")
        assert (code, err) == (0, "")
        return json.loads(out)

    def database(self, service: str = "customer") -> Database:
        return Database(f"sqlite+aiosqlite:///{self.data}/{service}.sqlite3", service)


def _inside(arguments: tuple[str, ...], typed: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["hall", *arguments])
        patch.setattr(sys, "stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as stopped:
            cli.main()
    return int(stopped.value.code or 0), out.getvalue(), err.getvalue()


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tool:
    """The tool on an empty data folder."""
    for name, value in {**CHEAP, "HALL_DATA": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return Tool(tmp_path)


@pytest.fixture
async def hall(tool: Tool) -> Tool:
    """The tool on four migrated databases and a small organisation."""
    for service in SERVICES:
        databases.fresh_sqlite(service, tool.data)
    customer = tool.database()
    async with customer.transaction() as session:
        await directory.load_directory(session, ORGANISATION, now=clock.now())
    await customer.close()
    return tool


def test_help_is_in_chinese(tool: Tool) -> None:
    done = tool.run("--help")
    assert done.returncode == 0
    for command in (
        "run",
        "migrate",
        "clients",
        "users",
        "relay",
        "dead-letters",
        "resync",
        "demo",
        "config",
    ):
        assert f"  {command} " in done.stdout
    assert "营业厅客户经理平台的运维工具" in done.stdout


def test_migrating_makes_the_databases_and_twice_is_once(tool: Tool) -> None:
    first, again = tool.run("migrate", "--json"), tool.run("migrate", "--json")
    assert (first.returncode, first.stdout) == (0, again.stdout)
    assert set(json.loads(first.stdout)["migrated"]) == set(SERVICES)
    assert tool.answer("clients", "list") == []


async def test_the_secret_of_a_new_client_is_shown_once_and_kept_as_a_hash(hall: Tool) -> None:
    done = hall.run("clients", "create", "--role", "pos", "--hall", "ZZ01", "--name", "大十字 POS", "--json")
    made = json.loads(done.stdout)
    assert (made["role"], made["hall"], made["county"], made["name"]) == (
        "pos",
        "ZZ01",
        "zizhong",
        "大十字 POS",
    )
    assert made["client_id"].startswith("pos-zz01-")
    _, listed, _ = hall.inside("clients", "list", "--json")
    assert made["client_secret"] not in listed
    assert [row["client_id"] for row in json.loads(listed)] == [made["client_id"]]
    assert await secret_matches(hall, made["client_id"], made["client_secret"]) == [True]
    stored = b"".join(file.read_bytes() for file in hall.data.glob("customer.sqlite3*"))
    assert made["client_secret"].encode() not in stored


async def test_rotation_gives_a_second_secret_and_disabling_ends_both(hall: Tool) -> None:
    made = hall.answer("clients", "create", "--role", "gateway")
    rotated = hall.answer("clients", "rotate", made["client_id"], "--overlap-hours", "1")
    assert rotated["client_secret"] != made["client_secret"]
    assert await secret_matches(hall, made["client_id"], made["client_secret"]) == [False, True]
    assert hall.answer("clients", "list")[0]["secrets"] == 2
    assert hall.answer("clients", "disable", made["client_id"])["disabled_at"] is not None


async def secret_matches(hall: Tool, client_id: str, secret: str) -> list[bool]:
    hasher, customer = Argon2Hasher(time_cost=1, memory_kib=8, threads=1), hall.database()
    async with customer.reading() as session:
        hashes = [
            row.secret_hash for row in await repository.valid_secrets(session, client_id, datetime.now(UTC))
        ]
    await customer.close()
    return [await hasher.verify(hashed, secret) for hashed in hashes]


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (("clients", "create", "--role", "pos"), 1, "角色 pos 需要指定：营业厅（hall）。"),
        (
            ("clients", "create", "--role", "pos", "--hall", "XX99"),
            1,
            "内容中的区县或营业厅不存在，请核对编码。",
        ),
        (("clients", "create", "--role", "boss"), 1, "没有 boss 这个角色"),
        (("clients", "disable", "nobody"), 1, "没有这个客户端"),
        (("users", "disable", "nobody"), 1, "没有这个用户"),
        (("clients", "create"), 2, "缺少 --role；用法见 hall clients create --help"),
        (("clients", "create", "--rolle", "pos"), 2, "没有 --rolle 这个选项"),
        (("clients", "rotate", "x", "--overlap-hours", "soon"), 2, "--overlap-hours 的值不对"),
        (("dead-letters", "replay"), 2, "请给出死信编号，或用 --all 重放全部。"),
        (("dead-letters", "list", "--service", "post"), 2, "没有 post 这个服务"),
        (("dead-letters", "show", str(uuid.UUID(int=7))), 1, "没有编号为"),
        (("resync", "everything"), 2, "不认识 everything"),
        (("service", "post"), 2, "没有 post 这个服务"),
    ],
)
def test_what_goes_wrong_is_one_line_in_chinese_and_an_exit_code(
    hall: Tool, arguments: tuple[str, ...], code: int, line: str
) -> None:
    returned, out, err = hall.inside(*arguments)
    assert (returned, out) == (code, "")
    assert err.startswith(line)
    assert err.count("\n") == 1


def test_the_console_script_returns_the_same_codes(hall: Tool) -> None:
    refused = hall.run("clients", "create", "--role", "pos")
    assert (refused.returncode, refused.stderr) == (1, "角色 pos 需要指定：营业厅（hall）。\n")
    misused = hall.run("clients", "create")
    assert (misused.returncode, misused.stderr) == (2, "缺少 --role；用法见 hall clients create --help\n")


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({"HALL_BUS_URL": "amqp://x"}, "HALL_BUS_URL 不正确：应为 embedded 或 kafka://主机:端口"),
        ({"HALL_BUS_URL": "kafka://127.0.0.1:9092"}, "使用 Kafka 时 HALL_DATABASE_URL 应指向 PostgreSQL"),
        ({"HALL_CUSTOMER_ARGON2_TIME_COST": "many"}, "HALL_CUSTOMER_ARGON2_TIME_COST 不正确"),
        ({"HALL_KEYRING": "/dev/null"}, "密钥文件 /dev/null 内容不是有效的密钥环"),
    ],
)
def test_wrong_settings_are_named_in_one_line(
    tool: Tool, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], line: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    code, out, err = tool.inside("config", "check")
    assert (code, out) == (2, "")
    assert line in err
    assert err.count("\n") == 1


def test_good_settings_are_said_to_be_good(hall: Tool) -> None:
    said_so = hall.answer("config", "check")
    assert (said_so["ok"], said_so["mode"], said_so["database"]) == (True, "embedded", "sqlite")


def test_before_migration_one_line_says_what_to_do(tool: Tool) -> None:
    assert tool.inside("clients", "list") == (1, "", "数据库还没有建好，请先运行 hall migrate。\n")


async def test_a_user_gets_a_password_that_fits_and_a_new_one_on_request(hall: Tool) -> None:
    made = hall.answer("users", "create", "--role", "clerk", "--staff-no", "ZZ0101")
    assert (made["username"], made["display"], made["hall"], made["county"]) == (
        "zz0101",
        "张强",
        "ZZ01",
        "zizhong",
    )
    assert await password_matches(hall, "zz0101", made["password"])
    reset = hall.run("users", "reset-password", "ZZ0101", "--password-stdin", typed="清风明月 2026\n")
    assert reset.returncode == 0
    assert "清风明月" not in reset.stdout
    assert await password_matches(hall, "zz0101", "清风明月 2026")


def test_a_name_that_is_taken_and_a_weak_password_are_refused(hall: Tool) -> None:
    create = ("users", "create", "zz0101", "--role", "clerk", "--hall", "ZZ01", "--generate")
    assert hall.inside(*create)[0] == 0
    assert hall.inside(*create) == (1, "", "用户名 zz0101 已经存在。\n")
    code, out, err = hall.inside("users", "reset-password", "zz0101", "--password-stdin", typed="12345\n")
    assert (code, out) == (1, "")
    assert err.startswith("密码应为 8 至 128 个字符")
    assert hall.inside("users", "disable", "zz0101") == (0, "已停用 zz0101。\n", "")
    assert hall.inside("users", "list")[1].startswith("用户名\t姓名\t角色")


async def password_matches(hall: Tool, username: str, password: str) -> bool:
    hasher, customer = Argon2Hasher(time_cost=1, memory_kib=8, threads=1), hall.database()
    async with customer.reading() as session:
        user = await repository.get_user(session, username)
    await customer.close()
    return await hasher.verify(user.password_hash, password)


async def test_the_tool_works_while_the_house_is_writing(hall: Tool) -> None:
    customer, stop = hall.database(), asyncio.Event()

    async def keep_writing() -> int:
        count = 0
        while not stop.is_set():
            async with customer.transaction() as session:
                await directory.load_directory(session, ORGANISATION, now=clock.now())
            count += 1
        return count

    writing = asyncio.create_task(keep_writing())
    try:
        done = await asyncio.to_thread(
            hall.run, "clients", "create", "--role", "pos", "--hall", "ZZ01", "--json"
        )
    finally:
        stop.set()
    assert (done.returncode, done.stderr) == (0, "")
    assert await writing > 1
    await customer.close()


async def test_relay_status_counts_what_waits_in_every_service(hall: Tool) -> None:
    rows = {row["service"]: row for row in hall.answer("relay", "status")}
    assert set(rows) == set(SERVICES)
    assert (rows["customer"]["waiting"], rows["kpi"]["waiting"]) == (8, 0)
    assert rows["customer"]["oldest_seconds"] > 0
    assert "customer\t8\t" in hall.inside("relay", "status")[1]


async def test_dead_letters_are_listed_shown_and_replayed_once(hall: Tool) -> None:
    first, second = [await a_dead_letter(hall, "messaging", offset) for offset in (1, 2)]
    listed = hall.answer("dead-letters", "list")
    assert [(row["id"], row["service"], row["topic"]) for row in listed] == [
        (str(second), "messaging", "hall.changed"), (str(first), "messaging", "hall.changed"),
    ]  # fmt: skip
    assert hall.answer("dead-letters", "list", "--service", "kpi") == []
    shown = hall.answer("dead-letters", "show", str(first))
    assert (shown["reason"], shown["value"], shown["headers"]) == (
        "no such county",
        '{"n": 1}',
        {"ce_id": "1"},
    )
    assert hall.answer("dead-letters", "replay", str(first)) == {"replayed": [str(first)], "not_found": []}
    code, out, _ = hall.inside("dead-letters", "replay", str(first), "--json")
    assert (code, json.loads(out)["replayed"]) == (1, [])
    assert hall.answer("dead-letters", "replay", "--all")["replayed"] == [str(second)]
    messaging = hall.database("messaging")
    assert [message.value for message in await said(messaging)] == [b'{"n": 1}', b'{"n": 2}']
    await messaging.close()


async def a_dead_letter(hall: Tool, service: str, number: int) -> uuid.UUID:
    letter = uuid.UUID(int=number)
    row = {
        "id": letter, "topic": "hall.changed", "partition": 0, "offset": number, "key": "ZZ01",
        "headers": json.dumps({"ce_id": str(number)}), "value": b'{"n": %d}' % number, "error": "LookupError",
        "reason": "no such county", "attempts": 5, "died_at": datetime(2026, 11, 25, number, tzinfo=UTC),
        "replayed_at": None,
    }  # fmt: skip
    database = hall.database(service)
    async with database.transaction() as session:
        await insert_rows(session, DEAD_LETTERS, [row])
    await database.close()
    return letter


async def test_resync_leaves_word_for_the_worker(hall: Tool) -> None:
    assert hall.answer("resync", "directory") == {"asked": ["directory"]}
    assert set(hall.answer("resync")["asked"]) >= {"directory", "customers"}
    customer = hall.database()
    async with customer.reading() as session:
        names = set(await session.scalars(sa.select(RESYNCS.c.name)))
    await customer.close()
    assert names >= {"directory", "customers"}


def test_the_key_file_is_made_for_its_owner_only_and_never_replaced(hall: Tool) -> None:
    path = Path(hall.answer("keys", "create")["path"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    code, _, err = hall.inside("keys", "create")
    assert (code, "已存在" in err) == (2, True)
    before = json.loads(path.read_bytes())
    kid = hall.answer("keys", "rotate-token-key")["kid"]
    after = json.loads(path.read_bytes())
    assert [key["kid"] for key in after["tokens"]] == [kid, before["tokens"][0]["kid"]]
    assert after["phone"] == before["phone"]


async def test_a_phone_key_is_rotated_resealed_and_retired_once_nothing_can_need_it(hall: Tool) -> None:
    path = hall.data / "keyring.json"
    ring = KeyRing.create(path)
    old, customer = PhoneBook(ring), hall.database()
    async with customer.transaction() as session:
        commands = [a_command(old, f"139{n:08d}") for n in range(3)]
        await archive.register_customers(session, commands, county="zizhong", now=clock.now())
    assert hall.answer("keys", "rotate")["current"] == "k2"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    resealed = hall.answer("keys", "reseal")
    assert resealed["places"] == [
        {"service": "customer", "place": "customers.phone_enc", "done": 3, "broken": 0}
    ]
    _, out, _ = hall.inside("keys", "reseal")
    assert out == "没有需要改用 k2 的号码。\n"
    code, _, err = hall.inside("keys", "retire", "k1")
    assert (code, err.startswith("总线上可能还有用 k1 加密的号码")) == (1, True)
    aged = KeyRing.load(path)
    replace(aged, sealing_since=clock.now() - timedelta(days=9)).save(path)
    code, _, err = hall.inside("keys", "retire", "k1")
    assert (code, err) == (1, "k1 还在使用：customer 3 处。请先运行 hall keys reseal。\n")
    async with customer.transaction() as session:
        await session.execute(sa.delete(OUTBOX))
    assert [row["customer"] for row in hall.answer("keys", "usage")] == [0, 3]
    assert hall.answer("keys", "retire", "k1")["retired"] == "k1"
    assert set(KeyRing.load(path).phone_keys) == {"k2"}
    async with customer.reading() as session:
        stored = (await session.scalars(sa.text("SELECT phone_enc FROM customers"))).all()
    await customer.close()
    assert {PhoneBook(KeyRing.load(path)).open(enc)[:4] for enc in stored} == {"+861"}


@pytest.mark.parametrize(
    ("key", "line"), [("k1", "k1 是现用或备用的密钥"), ("k2", "k2 是现用或备用"), ("k9", "密钥文件里没有 k9")]
)
def test_keys_in_use_are_not_retired(hall: Tool, key: str, line: str) -> None:
    KeyRing.create(hall.data / "keyring.json")
    assert hall.answer("keys", "rotate", "--prepare")["prepared"] == "k2"
    code, _, err = hall.inside("keys", "retire", key)
    assert (code, err.startswith(line)) == (1, True)
