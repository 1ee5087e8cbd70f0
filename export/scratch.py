"""A folder for drafts: it goes when it is not needed any more, and tells when the disk is full."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from belisha.errors import UsageError


@contextmanager
def scratch(purpose: str) -> Iterator[Path]:
    """An empty folder, removed at the end whatever happens.

    Args:
        purpose: a word for its name.

    Raises:
        UsageError: something in it could not be written.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=f"belisha-{purpose}-") as folder:
            yield Path(folder)
    except OSError as error:
        raise UsageError(
            f"{tempfile.gettempdir()}: a draft of the bundle cannot be written: {error.strerror}: "
            "free some space, or name another place in the environment's TMPDIR"
        ) from error
