"""Renderers for the tests, made once; without OpenGL the tests are skipped, with the reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from belisha.errors import MissingLibraryError
from training.scenes.gl import open_context
from training.scenes.renderer import Renderer

WIDTH, HEIGHT = 192, 144


@pytest.fixture(scope="session")
def opengl() -> None:
    """Skips what needs OpenGL where there is none."""
    try:
        open_context().release()
    except MissingLibraryError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def renderer(opengl: None) -> Iterator[Renderer]:
    """A renderer of small pictures."""
    with Renderer(WIDTH, HEIGHT) as opened:
        yield opened
