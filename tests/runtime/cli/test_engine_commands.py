"""`belisha engine` on a machine where no engine can be built; 'make test-tensorrt' has the rest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from belisha.bundle import Bundle
from belisha.cli import COMMANDS
from belisha.cli.dispatch import dispatch
from belisha.engines.nvidia.cache import EngineCache
from belisha.engines.nvidia.driver import Driver
from belisha.errors import EXIT_OK, EXIT_REFUSED, EXIT_USAGE, EngineAbsentError, EngineError
from export.__main__ import COMMANDS as EXPORT
from tests.runtime.engines.records import record_of


def has_device() -> bool:
    try:
        Driver()
    except EngineAbsentError:
        return False
    except EngineError:
        return True
    return True


pytestmark = pytest.mark.skipif(has_device(), reason="tells what happens without an NVIDIA GPU")
Run = tuple[int, dict]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EngineCache:
    monkeypatch.setenv("BELISHA_CACHE", str(tmp_path))
    return EngineCache(tmp_path / "engines")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> Run:
    code = dispatch("belisha", "", COMMANDS, [*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out.splitlines()[-1])


def test_building_says_that_there_is_no_gpu(
    toy: Bundle, cache: EngineCache, capsys: pytest.CaptureFixture[str]
) -> None:
    code, document = run(capsys, "engine", "build", str(toy.path))
    assert code == EXIT_REFUSED
    assert "expected a machine with an NVIDIA GPU" in document["error"]
    assert dispatch("python -m export", "", EXPORT, ["compile", str(toy.path)]) == EXIT_REFUSED


def test_engines_that_lie_there_fit_no_machine_without_a_gpu_and_can_be_cleaned(
    cache: EngineCache, capsys: pytest.CaptureFixture[str]
) -> None:
    path = cache.store(b"engine", record_of(b"engine"))
    code, listed = run(capsys, "engine", "list")
    assert (code, listed["engines"][0]["fits"]) == (EXIT_OK, False)
    assert run(capsys, "engine", "clean")[1] == {"deleted": [str(path)]}
    assert not path.exists()


def test_verify_fails_at_the_first_question_and_asks_no_more(
    toy: Bundle, cache: EngineCache, capsys: pytest.CaptureFixture[str]
) -> None:
    code, document = run(capsys, "engine", "verify", str(toy.path))
    assert (code, document["verdict"]) == (EXIT_REFUSED, "failed")
    assert [check["passed"] for check in document["checks"]] == [False, None, None, None]


def test_info_tells_of_each_engine_why_it_cannot_be_used(
    toy: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    engines = run(capsys, "info", str(toy.path))[1]["engines"]
    assert [(one["name"], one["absent"]) for one in engines] == [
        ("tensorrt", True),
        ("onnxruntime-tensorrt", True),
        ("onnxruntime-cuda", True),
        ("onnxruntime", False),
    ]
    assert engines[3]["info"]["device"] == "CPU"


@pytest.mark.parametrize("engine", ["tensorrt", "onnxruntime-cuda", "onnxruntime-tensorrt"])
def test_asking_for_an_engine_by_name_does_not_fall_back(
    toy: Bundle, capsys: pytest.CaptureFixture[str], engine: str
) -> None:
    code, document = run(capsys, "check", str(toy.path), "--engine", engine)
    assert (code, "NVIDIA GPU" in document["error"]) == (EXIT_REFUSED, True)


@pytest.mark.parametrize("option", [["--level", "6"], ["--workspace", "0"], ["--timeout", "0"]])
def test_an_option_out_of_range_is_wrong_usage(
    toy: Bundle, cache: EngineCache, capsys: pytest.CaptureFixture[str], option: list[str]
) -> None:
    assert run(capsys, "engine", "build", str(toy.path), *option)[0] == EXIT_USAGE
