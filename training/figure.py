"""Figures: the one importer of matplotlib."""

from __future__ import annotations

import io
from typing import Any

from belisha.errors import MissingLibraryError


def new_figure(width: float, height: float) -> Any:
    """An empty figure of `width` x `height` inches, tied to no screen.

    Raises:
        MissingLibraryError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingLibraryError(
            f"expected matplotlib ({error}): install it with pip install -e '.[train]'"
        ) from error
    return Figure(figsize=(width, height), layout="constrained")


def as_png(figure: Any) -> bytes:
    """The figure as a PNG."""
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=120)
    return picture.getvalue()
