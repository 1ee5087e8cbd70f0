"""The building process where TensorRT is not installed; 'make test-tensorrt' has the rest."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from belisha.engines.nvidia.building import Build, BuildLimits, BuildStoppedError
from belisha.engines.nvidia.cache import EngineCache
from belisha.errors import EngineError
from tests.interpreter import run_python
from tests.runtime.engines.records import FINGERPRINT

LITTLE = BuildLimits(least_free_mb=1)


@pytest.fixture
def cache(tmp_path: Path) -> EngineCache:
    return EngineCache(tmp_path / "engines")


@pytest.mark.skipif(find_spec("tensorrt") is not None, reason="TensorRT is installed")
def test_the_process_tells_its_parent_what_is_missing(cache: EngineCache) -> None:
    build = Build(b"a model", "toy", FINGERPRINT, cache, LITTLE)
    with pytest.raises(
        EngineError, match=r"tensorrt cannot be loaded.*apt-get install python3-libnv"
    ):
        build.run()
    assert not cache.folder.exists()


def test_a_build_that_was_stopped_before_it_began_ends_at_once(cache: EngineCache) -> None:
    build = Build(b"a model", "toy", FINGERPRINT, cache, LITTLE)
    build.stop()
    build.stop()
    with pytest.raises(BuildStoppedError, match="the build was stopped"):
        build.run()
    assert not cache.folder.exists()


def test_a_request_that_nobody_understands_is_an_answer_too(tmp_path: Path) -> None:
    request = tmp_path / "request.json"
    request.write_text(json.dumps({"library": "tensorflow"}))
    code = "import sys; from belisha.engines.nvidia.worker import main; sys.exit(main(sys.argv[1]))"
    done = run_python(code, str(request))
    assert done.returncode == 2
    assert "the request" in json.loads(done.stdout)["error"]


def test_others_go_before_the_building_process() -> None:
    code = (
        "import os; from belisha.engines.nvidia import worker; worker._step_back();"
        "print(os.nice(0))"
    )
    assert int(run_python(code).stdout) >= 15
