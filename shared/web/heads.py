"""HEAD answered as GET without the body, for every address that GET knows."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# What routing notes about a request; the layers outside look for it on the scope they know.
_NOTED = ("route", "endpoint", "path_params", "state")


class HeadAsGet:
    """Pure ASGI, innermost: the layers outside still see a HEAD."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            return await self._app(scope, receive, send)

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                if message.get("more_body", False):
                    return
                message = {"type": "http.response.body", "body": b""}
            await send(message)

        asked = {**scope, "method": "GET"}
        try:
            await self._app(asked, receive, without_body)
        finally:
            scope.update({name: asked[name] for name in _NOTED if name in asked})
