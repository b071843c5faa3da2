"""What an HTTP error proves. The transport calls a reset connection a connect timeout, so its cause is looked at.

Submissions are POSTs on purpose: the client repeats an idempotent request by itself when a kept connection turns out
to be closed, and a message sent twice is worse than one not sent.
"""

import aiohttp
import httpx

PROOF = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorDNSError)


def nothing_was_sent(error: httpx.TransportError) -> bool:
    """Whether the connection was never made, so that the other side cannot have the request."""
    if error.__cause__ is not None:
        return isinstance(error.__cause__, PROOF)
    return isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
