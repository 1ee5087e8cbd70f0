"""A real browser without a window: what it sees of a page, and what the page says of itself."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
OFFLINE = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
)
_DARK = "--blink-settings=preferredColorScheme=0"
_ASK = """<script>addEventListener("load", () => setTimeout(() => {{
document.body.innerHTML = "<pre id=answer>" + JSON.stringify({question}) + "</pre>"; }}, 1500));
</script>"""


def screenshot(page: Path, out: Path, width: int, height: int, *, dark: bool = False) -> Path:
    """A PNG of the page as a window of this size shows it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    _run(page, f"--window-size={width},{height}", f"--screenshot={out}", *[_DARK] * dark)
    return out


def ask(page: Path, question: str, width: int = 1000) -> Any:
    """The value of a JavaScript expression in the page, once it has loaded."""
    asking = page.with_name(f"asked-{page.name}")
    asking.write_text(page.read_text() + _ASK.format(question=question))
    size = f"--window-size={width},900"
    dom = _run(asking, size, "--virtual-time-budget=8000", "--dump-dom")
    answer = dom.partition('<pre id="answer">')[2].partition("</pre>")[0]
    return json.loads(answer)


def _run(page: Path, *arguments: str) -> str:
    with tempfile.TemporaryDirectory() as profile:
        command = [str(CHROMIUM), *OFFLINE, f"--user-data-dir={profile}", *arguments]
        done = subprocess.run(
            [*command, page.resolve().as_uri()],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
    return done.stdout
