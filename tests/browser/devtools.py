"""A real browser that a test talks to: it clicks, asks, and takes pictures of pages that live."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.browser.chromium import CHROMIUM, OFFLINE

PATIENCE_S = 120.0
"""A busy machine needs long to start a browser."""


class Browser:
    """Chromium without a window, driven through a pipe by its own protocol.

    Args:
        width, height: of the window, in pixels of CSS.
        phone: whether the page is shown as a phone would.
    """

    def __init__(self, width: int, height: int, *, phone: bool = False) -> None:
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        ours, theirs = os.pipe(), os.pipe()
        arguments = [
            *(str(CHROMIUM), *OFFLINE, "--remote-debugging-pipe"),
            *(f"--user-data-dir={self._profile.name}", "about:blank"),
        ]
        redirected = f'exec "$@" 3<&{ours[0]} 4>&{theirs[1]}'
        self._process = subprocess.Popen(
            ["bash", "-c", redirected, "chromium", *arguments],
            pass_fds=(ours[0], theirs[1]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(ours[0])
        os.close(theirs[1])
        self._to, self._from = os.fdopen(ours[1], "wb"), os.fdopen(theirs[0], "rb")
        self._number, self._rest, self._session = 0, b"", ""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )

    def open(self, url: str) -> None:
        """Go to a page and wait until it is read; pictures load while the test goes on."""
        before = self.ask("performance.timeOrigin")
        self._call("Page.navigate", url=url)
        self.wait_for(f"performance.timeOrigin !== {before} && document.readyState !== 'loading'")

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page; a promise is waited for."""
        answer = self._call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, expression: str, timeout_s: float = PATIENCE_S) -> Any:
        """Ask until the answer is true."""
        end = time.monotonic() + timeout_s
        while not (answer := self.ask(expression)):
            assert time.monotonic() < end, f"never true: {expression}"
            time.sleep(0.1)
        return answer

    def dark(self, dark: bool) -> None:
        """Show pages as at night, or by day."""
        value = "dark" if dark else "light"
        feature = {"name": "prefers-color-scheme", "value": value}
        self._call("Emulation.setEmulatedMedia", features=[feature])

    def screenshot(self, path: Path) -> Path:
        """A PNG of the whole page, however long."""
        path.parent.mkdir(parents=True, exist_ok=True)
        answer = self._call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(answer["data"]))
        return path

    def close(self) -> None:
        """End the browser."""
        self._process.kill()
        self._process.wait()
        self._to.close()
        self._from.close()
        self._profile.cleanup()

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command and its answer; what the browser tells unasked is passed over."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._to.write(json.dumps(message).encode() + b"\0")
        self._to.flush()
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                result: dict[str, Any] = answer["result"]
                return result

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            data = os.read(self._from.fileno(), 1 << 20)
            assert data, "the browser has gone"
            self._rest += data
        message, _, self._rest = self._rest.partition(b"\0")
        parsed: dict[str, Any] = json.loads(message)
        return parsed
