"""A gateway that takes everything at once: `python -m bench.instant PORT`. It shares no code with what is measured."""

import asyncio
import re
import sys

import uvloop

LENGTH = re.compile(rb"(?i)content-length: (\d+)")
BODY = b'{"id":"%d","status":"accepted"}'


class Taking(asyncio.Protocol):
    """Answers each request as soon as its body is there."""

    taken = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self._buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            found = LENGTH.search(self._buffer, 0, end)
            whole = end + 4 + (int(found[1]) if found else 0)
            if len(self._buffer) < whole:
                return
            self._buffer = self._buffer[whole:]
            Taking.taken += 1
            body = BODY % Taking.taken
            head = (
                b"HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
                % len(body)
            )
            self._transport.write(head + body)  # type: ignore[attr-defined]


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Taking, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
