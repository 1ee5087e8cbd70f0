"""Ending several things at once within a time, whatever hangs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping


def close_within(seconds: float, closings: Mapping[str, Callable[[], object]]) -> tuple[str, ...]:
    """End everything at once, a thread each; what has not ended by then is left behind.

    Args:
        seconds: for all together.
        closings: what is ended -> how.

    Returns:
        A sentence for each that did not end, or failed.
    """
    until = time.monotonic() + seconds
    failed: dict[str, str] = {}

    def close(name: str, end: Callable[[], object]) -> None:
        try:
            end()
        except Exception as error:  # the others must end, and somebody must hear of it
            failed[name] = f"{name} failed at its end: {type(error).__name__}: {error}"

    threads = {
        name: threading.Thread(target=close, args=(name, end), name=f"end {name}", daemon=True)
        for name, end in closings.items()
    }
    for thread in threads.values():
        thread.start()
    for name, thread in threads.items():
        thread.join(max(until - time.monotonic(), 0.0))
        if thread.is_alive():
            failed[name] = f"{name} does not end and is left behind"
    return tuple(failed.values())
