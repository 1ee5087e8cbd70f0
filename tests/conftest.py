"""Fixtures that all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from belisha.bundle import Bundle
from tests.toy import toy_bundle

# The same examples on every run, and no verdict by the clock of a busy machine.
settings.register_profile(
    "belisha",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("belisha")

SHARED = Path(os.environ.get("BELISHA_SHARED", Path(__file__).parents[2] / "shared"))
"""Where data sets and peer models lie, if they are there."""


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The toy bundle, for tests that only read it."""
    return toy_bundle(tmp_path_factory.mktemp("toy") / "toy.bundle")


@pytest.fixture
def shared() -> Path:
    """The folder of shared data; the test is skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the shared data, which are not at {SHARED} (set BELISHA_SHARED)")
    return SHARED
