"""Fixtures of the tests that run the real runner on the fake driver; see install.sh."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from belisha.bundle import Bundle
from tests.accelerator.fake_driver import held
from tests.toy import toy_bundle

BOTH = {"float": "models/float.onnx", "int8_tensorrt": "models/float.onnx"}
"""Flavours of the toy that runs on both sides: the same model."""


@pytest.fixture
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of engines, as a user would choose one."""
    monkeypatch.setenv("BELISHA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "engines"


@pytest.fixture
def both(tmp_path: Path) -> Bundle:
    """The toy, for TensorRT and for the CPU."""
    return toy_bundle(tmp_path / "both.bundle", models=BOTH)


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Whatever a test does, the device is as before."""
    before = held()
    yield
    assert held() == before
    assert "STAND_IN" not in os.environ
