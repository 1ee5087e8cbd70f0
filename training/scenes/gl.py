"""OpenGL without a window: the only importer of moderngl."""

from __future__ import annotations

import os
from importlib import resources
from typing import Any

from belisha.errors import MissingLibraryError

_INSTALL = "apt-get install -y libegl1 libgl1-mesa-dri libgles2"


def open_context() -> Any:
    """An OpenGL 3.3 context on Mesa's software rasteriser; one core is enough, a GPU is not used.

    Equal scenes give equal pixels on one machine only while the rasteriser stays the same, so a
    GPU that happens to be there is passed over.

    Raises:
        MissingLibraryError: moderngl or EGL is absent; says what installs it.
    """
    os.environ.setdefault("LIBGL_ALWAYS_SOFTWARE", "1")
    os.environ.setdefault("EGL_PLATFORM", "surfaceless")
    try:
        import moderngl
    except ImportError as error:
        raise MissingLibraryError(
            "rendering needs moderngl: pip install 'belisha[train]', or pip install moderngl"
        ) from error
    try:
        # Its annotations want a dictionary here, its documentation and code a name.
        backend: Any = "egl"
        return moderngl.create_standalone_context(require=330, backend=backend)
    except Exception as error:
        # moderngl raises bare Exceptions and ImportErrors for whatever EGL lacks.
        raise MissingLibraryError(
            f"rendering needs EGL and Mesa's software rasteriser ({error}): on Debian or Ubuntu, "
            f"{_INSTALL}"
        ) from error


def shader(name: str) -> str:
    """The text of a shader in this package, its `#include "name"` lines replaced."""
    text = resources.files("training.scenes").joinpath("shaders", name).read_text("utf-8")
    lines = []
    for line in text.splitlines():
        if line.startswith("#include "):
            line = shader(line.split('"')[1])
        lines.append(line)
    return "\n".join(lines)
