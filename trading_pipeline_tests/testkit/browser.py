"""A real browser, steered over its own protocol (https://chromedevtools.github.io/devtools-protocol/)."""

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from trading_pipeline.runtime.supervision.embedded import free_port

_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((found for name in _NAMES if (found := shutil.which(name))), "")
"""Empty where there is none."""
_START_S, _PATIENCE_S = 60.0, 30.0


class Page:
    """One tab."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._asked = socket, 0

    def open(self, url: str) -> None:
        """Go there."""
        self._ask("Page.navigate", url=url)

    def says(self, script: str) -> Any:
        """What an expression comes to, once it is settled; ``None`` while the page is between two."""
        told = self._ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        return told.get("result", {}).get("value")

    def wait_for(self, script: str) -> None:
        """Until an expression holds."""
        deadline = time.monotonic() + _PATIENCE_S
        while not self.says(script):
            assert time.monotonic() < deadline, f"{script} does not come true at {self.says('location.href')}"
            time.sleep(0.1)

    def forget_cookies(self) -> None:
        """As after a long time."""
        self._ask("Network.clearBrowserCookies")

    def _ask(self, method: str, **params: object) -> dict[str, Any]:
        self._asked += 1
        self._socket.send(json.dumps({"id": self._asked, "method": method, "params": params}))
        while True:
            told = json.loads(self._socket.recv(_PATIENCE_S))
            if told.get("id") == self._asked:
                found: dict[str, Any] = told.get("result", {})
                return found


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """One with an empty profile, for as long as the block lasts."""
    port = free_port()
    command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", f"--remote-debugging-port={port}"]
    process = subprocess.Popen(
        [*command, f"--user-data-dir={folder}", "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        with connect(_page_at(port), max_size=None) as socket:
            yield Page(socket)
    finally:
        process.kill()
        process.wait(20)


def _page_at(port: int) -> str:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as told:
                pages = [one for one in json.load(told) if one["type"] == "page"]
            return str(pages[0]["webSocketDebuggerUrl"])
        except (OSError, IndexError):
            assert time.monotonic() < deadline
            time.sleep(0.1)
