"""One embedded house for all browser tests, and pages that remember what they asked for and complained about."""

import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.engines import shared_folder
from tests.journeys.houses import EmbeddedHouse

HERE = Path(__file__).parent
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)

# Chromium notes every refusal in its console; a form that is sent back is no mistake of the page.
_REFUSED = re.compile(
    r"Failed to load resource: the server responded with a status of (401|403|404|422|429) "
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They share one house, so they stay in one process."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def house() -> Iterator[EmbeddedHouse]:
    """`hall run --demo` with a small demo, kept for all the tests of this folder."""
    opened = EmbeddedHouse(shared_folder.folder() / "browser-house")
    opened.start()
    yield opened
    opened.kill()
    shutil.rmtree(opened.folder, ignore_errors=True)


@dataclass
class Visit:
    """A browser window at the house, with everything it asked for and everything it complained about."""

    house: EmbeddedHouse
    context: BrowserContext
    page: Page
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda said: self._note(said.type, said.text))

    def _note(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not _REFUSED.match(text):
            self.complaints.append(text)

    async def goto(self, path: str) -> None:
        await self.page.goto(self.house.url + path)

    async def sign_in(self, username: str, password: str | None = None) -> None:
        """By keyboard, from the focused field."""
        await self.goto("/customer/signin")
        await expect(self.page.get_by_label("用户名")).to_be_focused()
        await self.page.keyboard.type(username)
        await self.page.keyboard.press("Tab")
        await self.page.keyboard.type(self.password if password is None else password)
        await self.page.keyboard.press("Enter")
        if password is None:
            await expect(self.page.get_by_role("button", name="退出")).to_be_visible()

    async def access_key(self, key: str) -> None:
        """Alt and a key. Chromium takes access keys from the character, which has to be sent as such."""
        keyboard = await self.context.new_cdp_session(self.page)
        code = ord(key.upper())
        pressed = {"modifiers": 1, "key": key, "unmodifiedText": key, "windowsVirtualKeyCode": code}
        for kind in ("rawKeyDown", "char", "keyUp"):
            await keyboard.send("Input.dispatchKeyEvent", {"type": kind, **pressed})

    @property
    def password(self) -> str:
        told = orjson.loads((self.house.folder / "data" / "demo.json").read_bytes())
        return str(told["password"])

    def elsewhere(self) -> list[str]:
        """Requests that left the house."""
        return [url for url in self.asked if not url.startswith((f"{self.house.url}/", "data:"))]


Opener = Callable[..., Awaitable[Visit]]


@pytest.fixture
async def visit(chromium: Browser, house: EmbeddedHouse) -> AsyncIterator[Opener]:
    """`await visit(username)`: a window of its own, signed in. None of them may complain or ask anybody else."""
    opened: list[Visit] = []

    async def open_window(username: str | None = None, *, scripts: bool = True, width: int = 1280) -> Visit:
        context = await chromium.new_context(
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            java_script_enabled=scripts,
            viewport={"width": width, "height": 800},
        )
        context.set_default_timeout(PATIENCE_MS)
        window = Visit(house, context, await context.new_page())
        window.watch()
        opened.append(window)
        if username is not None:
            await window.sign_in(username)
        return window

    yield open_window
    for window in opened:
        await window.context.close()
    assert [complaint for window in opened for complaint in window.complaints] == []
    assert [url for window in opened for url in window.elsewhere()] == []
