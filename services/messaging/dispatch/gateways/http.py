"""What an HTTP error proves. The transport calls a reset connection a connect timeout, so its cause is looked at.

Submissions are POSTs on purpose: the client repeats an idempotent request by itself when a kept connection turns out
to be closed, and a message sent twice is worse than one not sent.
"""

from collections.abc import Mapping

import aiohttp
import httpx

PROOF = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorDNSError)


async def post(
    http: httpx.AsyncClient, url: httpx.URL, content: bytes, headers: Mapping[str, str], timeout: float
) -> httpx.Response:
    """One request over the client's connections, past its cookies, redirects and hooks, which cost time."""
    transport = http._transport_for_url(url)  # noqa: SLF001
    extensions = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), timeout)}
    request = httpx.Request("POST", url, headers=headers, content=content, extensions=extensions)
    answer = await transport.handle_async_request(request)
    await answer.aread()
    return answer


def nothing_was_sent(error: httpx.TransportError) -> bool:
    """Whether the connection was never made, so that the other side cannot have the request."""
    if error.__cause__ is not None:
        return isinstance(error.__cause__, PROOF)
    return isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
