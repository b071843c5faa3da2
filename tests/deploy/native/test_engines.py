"""The real engines start natively, keep what they were given, and say what a machine lacks."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from playwright.async_api import Page

from deploy.native import packages
from deploy.native.kafka import Kafka
from deploy.native.kannel import Received, parse_line
from deploy.native.postgres import Postgres
from tests.engines.fixtures import StartKannel


@pytest.mark.kafka
async def test_a_killed_broker_has_its_messages_after_the_restart(own_kafka: Kafka) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=own_kafka.servers)
    await admin.start()
    await admin.create_topics([NewTopic("t", 1, 1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=own_kafka.servers, acks="all")
    await producer.start()
    await producer.send_and_wait("t", b"kept")
    await producer.stop()
    own_kafka.kill()
    own_kafka.start()
    consumer = AIOKafkaConsumer("t", bootstrap_servers=own_kafka.servers, auto_offset_reset="earliest")
    await consumer.start()
    assert (await consumer.getone()).value == b"kept"
    await consumer.stop()


@pytest.mark.postgresql
def test_a_killed_postgresql_has_its_rows_after_the_restart(own_postgres: Postgres) -> None:
    own_postgres.ensure_database("kept")
    own_postgres.query("CREATE TABLE t AS SELECT 1 AS n", "kept")
    own_postgres.kill()
    own_postgres.start()
    assert own_postgres.query("SELECT n FROM t", "kept") == "1"
    assert own_postgres.query("SHOW fsync") == "on"


@pytest.mark.kannel
def test_a_message_reaches_the_phone_and_its_answer_comes_back(kannel: StartKannel) -> None:
    with Answers() as answers:
        gateway = kannel(answers.url)
        query = {
            "username": gateway.username, "password": gateway.password, "from": "106575", "to": "13800138000",
            "text": "【中国移动】您好", "coding": "2", "charset": "UTF-8",
        }  # fmt: skip
        assert httpx.get(gateway.sendsms_url, params=query).status_code == 202
        assert [message.text for message in gateway.centre.wait_for(1)] == ["【中国移动】您好"]
        gateway.centre.send("13800138000", "106575", "退订")
        assert "text=%90%00%8B%A2&coding=2&charset=UTF-16BE" in answers.first()


def test_a_line_of_the_sms_centre_is_read_whole() -> None:
    assert parse_line("106575 13800138000 text two words").text == "two words"
    assert parse_line("106575 13800138000 ucs-2 %60%A8Y%7D").text == "您好"
    part = parse_line("106575 13800138000 udh %05%00%03%01%02%01 data %60%A8Y%7D")
    assert part == Received(
        "106575", "13800138000", "udh", "您好".encode("utf-16-be"), b"\x05\x00\x03\x01\x02\x01"
    )


def test_a_missing_program_names_its_debian_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "PLACES", ())
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(packages.MissingProgram, match="openjdk-17-jre-headless"):
        packages.require("java")
    assert "maven" in packages.missing()


@pytest.mark.browser
async def test_the_browser_shows_chinese(page: Page) -> None:
    await page.set_content("<h1>营业厅</h1>")
    assert await page.locator("h1").inner_text() == "营业厅"


def test_no_test_reaches_beyond_this_machine() -> None:
    with socket.socket() as probe, pytest.raises(UserWarning, match="tried to use socket"):
        probe.connect(("192.0.2.1", 80))


class Answers:
    """A small HTTP server that keeps the addresses it was asked for."""

    def __enter__(self) -> "Answers":
        asked: list[str] = []
        arrived = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(200)
                self.end_headers()
                arrived.set()

            def log_message(self, *args: object) -> None:
                return None

        self._asked, self._arrived = asked, arrived
        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/inbound"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def first(self) -> str:
        assert self._arrived.wait(10)
        return self._asked[0]
