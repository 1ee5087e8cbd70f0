"""Fixtures of all tests about data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from training.data.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store, open."""
    with Store.open(tmp_path / "store", create=True) as store:
        yield store
