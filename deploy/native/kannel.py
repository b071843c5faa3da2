"""Kannel (bearerbox and smsbox) with an SMS centre behind it that keeps what it is sent and can reply.

The centre speaks the line protocol of Kannel's fakesmsc; the gateway before it is the real one.
"""

import shutil
import socket
import threading
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

from deploy.native import packages
from deploy.native.processes import Program, answers, free_ports

CONFIGURATION = """group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = {password}
status-password = {password}
admin-deny-ip = "*.*.*.*"
admin-allow-ip = "127.0.0.1"
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
box-deny-ip = "*.*.*.*"
box-allow-ip = "127.0.0.1"
log-file = "{folder}/log/bearerbox.log"
log-level = 1
store-type = file
store-location = "{folder}/spool/kannel.store"
dlr-storage = internal
sms-incoming-queue-limit = 20000

group = smsc
smsc = fake
smsc-id = FAKE
port = {centre}
connect-allow-ip = 127.0.0.1
throughput = 0

group = smsbox
smsbox-id = smsbox1
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
sendsms-chars = "0123456789 +-"
log-file = "{folder}/log/smsbox.log"
access-log = "{folder}/log/smsbox-access.log"
log-level = 1
mo-recode = false
http-request-retry = 1000
http-queue-delay = 2

group = sendsms-user
username = {username}
password = {password}
concatenation = true
max-messages = 10
user-deny-ip = "*.*.*.*"
user-allow-ip = "127.0.0.1"

group = sms-service
keyword = default
catch-all = true
max-messages = 0
accept-x-kannel-headers = true
get-url = "{inbound_url}"

group = smsbox-route
smsbox-id = smsbox1
smsc-id = FAKE
"""
INBOUND = "from=%p&to=%P&text=%b&coding=%c&charset=%C&ts=%t&smsc=%i&id=%I&udh=%u"


@dataclass(frozen=True)
class Received:
    """One short message (or one part of a long one) as it left for the phone."""

    sender: str
    to: str
    kind: str
    body: bytes
    heading: bytes = b""

    @property
    def text(self) -> str:
        """The body in characters; parts of long messages are taken for Chinese, as ours are."""
        return self.body.decode("utf-8" if self.kind == "text" else "utf-16-be")


@dataclass
class Kannel:
    """A gateway on free ports of loopback that posts what phones send to `inbound_url`."""

    folder: Path
    inbound_url: str
    username: str = "hall"
    password: str = "only-on-loopback"  # noqa: S105 the gateway listens on loopback only
    ports: list[int] = field(default_factory=lambda: free_ports(4))

    def __post_init__(self) -> None:
        self.bearerbox = Program("bearerbox", self.folder)
        self.smsbox = Program("smsbox", self.folder)
        self.centre = SmsCentre(self.ports[2])

    @property
    def sendsms_url(self) -> str:
        return f"http://127.0.0.1:{self.ports[3]}/cgi-bin/sendsms"

    def start(self) -> None:
        """Write the configuration, start both boxes, connect the centre; what was spooled is sent."""
        for name in ("log", "spool"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        configuration = self.folder / "kannel.conf"
        configuration.write_text(self._configuration())
        configuration.chmod(0o600)
        self.bearerbox.start([packages.require("bearerbox"), "-v", "1", configuration])
        self.bearerbox.wait_until(lambda: answers(self.ports[1]), 20)
        self.smsbox.start([packages.require("smsbox"), "-v", "1", configuration])
        self.smsbox.wait_until(lambda: "smsbox1" in self.status(), 20)
        self.centre.connect()
        self.bearerbox.wait_until(lambda: "(online" in self.status(), 20)

    def stop(self) -> None:
        """Stop; bearerbox does not end by itself while replies wait for a smsbox, so it is killed."""
        self.centre.close()
        self.smsbox.stop(5)
        self.bearerbox.stop(3)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def status(self) -> str:
        """Kannel's own status page: queues and connections."""
        address = f"http://127.0.0.1:{self.ports[0]}/status.txt?password={self.password}"
        with suppress(OSError), urllib.request.urlopen(address, timeout=5) as page:
            return str(page.read().decode())
        return ""

    def _configuration(self) -> str:
        admin, boxes, centre, sendsms = self.ports
        joint = "&" if "?" in self.inbound_url else "?"
        return CONFIGURATION.format(
            admin=admin, boxes=boxes, centre=centre, sendsms=sendsms, folder=self.folder,
            username=self.username, password=self.password, inbound_url=f"{self.inbound_url}{joint}{INBOUND}",
        )  # fmt: skip


class SmsCentre:
    """The far side of the gateway: what phones got, and a way for a phone to answer."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.received: list[Received] = []
        self._socket: socket.socket | None = None

    def connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self.port))
        threading.Thread(target=self._read, args=(self._socket,), name="sms-centre", daemon=True).start()

    def close(self) -> None:
        if self._socket:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            self._socket = None

    def send(self, sender: str, to: str, text: str) -> None:
        """A phone sends a message to a number of the house; Chinese text goes as UCS-2."""
        kind, body = ("text", text) if text.isascii() else ("ucs2", quote(text.encode("utf-16-be"), safe=""))
        if self._socket is None:
            raise RuntimeError("短信中心未连接")
        self._socket.sendall(f"{sender} {to} {kind} {body}\n".encode())

    def wait_for(self, count: int, seconds: float = 20) -> list[Received]:
        """What arrived, once there are at least `count` messages or time is over."""
        deadline = time.monotonic() + seconds
        while len(self.received) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return list(self.received)

    def _read(self, connection: socket.socket) -> None:
        with suppress(OSError), connection.makefile("rb") as lines:
            for line in lines:
                self.received.append(parse_line(line.rstrip(b"\n").decode("ascii")))


def parse_line(line: str) -> Received:
    """`sender to text words…`, `sender to ucs-2 %XX…`, or a part: `sender to udh %XX… data %XX…`."""
    sender, to, kind, rest = line.split(" ", 3)
    if kind == "text":
        return Received(sender, to, kind, rest.encode())
    heading, _, body = rest.rpartition(" data ")
    return Received(sender, to, kind, _bytes(body), _bytes(heading))


def _bytes(encoded: str) -> bytes:
    """Kannel writes a byte 0x20 as `+`, also where it is half of a character such as 映."""
    return unquote_to_bytes(encoded.replace("+", " "))
