"""What several tests of the export share: training takes seconds, so it is done once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.export.coloured_network import train_on_coloured_streets


@pytest.fixture(scope="session")
def coloured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoint of a small network that finds people in coloured streets."""
    return train_on_coloured_streets(tmp_path_factory.mktemp("coloured"))
