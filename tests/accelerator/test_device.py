"""A whole device without a GPU: cache, building process, switch and commands, with the stand-in."""

from __future__ import annotations

import contextlib
import io
import json
import time
from pathlib import Path

import numpy as np
import pytest

from belisha.bundle import Bundle
from belisha.cli import COMMANDS
from belisha.cli.dispatch import dispatch
from belisha.detector import Detector
from belisha.engines.choice import open_engine, survey
from belisha.engines.nvidia.builder import BuildOptions
from belisha.engines.nvidia.building import BuildLimits
from belisha.engines.nvidia.cache import EngineCache
from belisha.engines.tensorrt import plan_build
from belisha.errors import EXIT_OK, EXIT_REFUSED, EngineError, EngineNotBuiltError
from tests.accelerator.conftest import BOTH
from tests.accelerator.fake_driver import switched
from tests.toy import cell_box, rows, scene, toy_bundle

pytestmark = pytest.mark.accelerator
LITTLE = BuildLimits(least_free_mb=1)


def command(*arguments: str) -> tuple[int, dict]:
    """Run `belisha engine`; exit code and document."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        code = dispatch("belisha", "", COMMANDS, ["engine", *arguments, "--json"])
    return code, json.loads(output.getvalue().splitlines()[-1])


def wait_for(detector: Detector, engine: str) -> None:
    end = time.monotonic() + 60
    while detector.info.engine.name != engine or detector.info.building:
        assert time.monotonic() < end, detector.info
        detector(scene())
        time.sleep(0.01)


def test_a_build_tells_its_progress_and_leaves_engine_record_and_timings(
    both: Bundle, cache_folder: Path
) -> None:
    phases: list[tuple[str, int, int]] = []
    record = plan_build(both, limits=LITTLE).run(lambda *told: phases.append(told))
    assert phases[0] == ("Building Engine", 0, 4)
    assert record.inspection is not None
    assert (record.inspection.convolutions, record.inspection.int8) == (1, 1)
    assert record.fingerprint.machine.gpu == "Imaginary"
    assert record.peak_mb > 10
    assert sorted(file.suffix for file in cache_folder.iterdir()) == [
        ".engine",
        ".json",
        ".timings",
    ]
    cache = EngineCache(cache_folder)
    assert cache.read(record.fingerprint)[0] == both.model("int8_tensorrt")
    plan_build(both, BuildOptions(level=5), LITTLE).run()
    assert cache.timings(record.fingerprint.machine).count(b"a kernel took") == 2


@pytest.mark.parametrize("version", ["10.13.3", "11.4.0"])
def test_the_inspector_is_understood_in_every_version(
    both: Bundle, cache_folder: Path, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_VERSION", version)  # read by the building process
    record = plan_build(both, limits=LITTLE).run()
    assert record.inspection is not None
    assert (record.inspection.int8, len(record.inspection.tensors)) == (1, 3)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("no_gpu", "TensorRT cannot start, .* CUDA initialization failure with error: 35"),
        ("no_engine", "could not build an engine: Could not find any implementation for node stem"),
        ("crash", "the build ended with code -6"),
    ],
)
def test_a_build_that_fails_says_why_and_leaves_nothing(
    both: Bundle, cache_folder: Path, fault: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as environment:
        environment.setenv("STAND_IN", fault)
        with pytest.raises(EngineError, match=message):
            plan_build(both, limits=LITTLE).run()
    assert not cache_folder.exists()


def test_a_build_that_takes_too_long_is_killed(
    both: Bundle, cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as environment:
        environment.setenv("STAND_IN", "slow")
        limits = BuildLimits(least_free_mb=1, timeout_s=0.2)
        with pytest.raises(EngineError, match=r"was killed: .* more than 0\.2 s"):
            plan_build(both, limits=limits).run()
    assert not cache_folder.exists()


def test_too_little_memory_begins_no_build(both: Bundle, cache_folder: Path) -> None:
    with pytest.raises(EngineError, match="expected 99999999 MB of free memory"):
        plan_build(both, limits=BuildLimits(least_free_mb=99_999_999)).run()


def test_the_cpu_serves_while_tensorrt_builds_then_takes_over_and_the_next_start_is_ready(
    both: Bundle, cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as environment:
        environment.setenv("STAND_IN", "slow")
        detector = Detector.open(both.path)
        assert detector.info.engine.name == "onnxruntime"
        assert detector.info.building.startswith("tensorrt")
        assert rows(detector(scene((2, 1)))) == [cell_box(2, 1)]
        wait_for(detector, "tensorrt")
    assert rows(detector(scene((2, 1)))) == [cell_box(2, 1)]
    assert "it serves from now on" in detector.info.passed_over[-1][1]
    detector.close()
    with Detector.open(both.path) as again:
        assert again.info.engine.name == "tensorrt"
        assert again.info.passed_over == ()


def test_closing_in_the_middle_of_a_build_leaves_nothing_behind(
    both: Bundle, cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as environment:
        environment.setenv("STAND_IN", "slow")
        detector = Detector.open(both.path)
        detector(scene())
        begun = time.monotonic()
        detector.close()
    assert time.monotonic() - begun < 5
    assert not cache_folder.exists()


def test_a_device_lost_in_the_middle_costs_no_frame(both: Bundle, cache_folder: Path) -> None:
    plan_build(both, limits=LITTLE).run()
    with Detector.open(both.path) as detector, switched(lose_after=2):
        found = [rows(detector(scene((2, 1)))) for _ in range(5)]
        assert found == [[cell_box(2, 1)]] * 5
        assert detector.info.engine.name == "onnxruntime"
        assert "onnxruntime serves instead" in detector.info.passed_over[-1][1]


def test_an_engine_that_computes_something_else_is_never_used(
    both: Bundle, cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_build(both, limits=LITTLE).run()
    with monkeypatch.context() as environment:
        environment.setenv("STAND_IN", "wrong_numbers")
        with Detector.open(both.path) as detector:
            assert detector.info.engine.name == "onnxruntime"
            assert "does not find what the exporter found" in detector.info.passed_over[0][1]


def test_an_engine_damaged_on_disk_is_built_again(both: Bundle, cache_folder: Path) -> None:
    plan_build(both, limits=LITTLE).run()
    (engine,) = cache_folder.glob("*.engine")
    engine.write_bytes(engine.read_bytes()[:-1])
    with pytest.raises(EngineNotBuiltError, match="damaged"):
        open_engine(both, "tensorrt")
    with Detector.open(both.path) as detector:
        wait_for(detector, "tensorrt")


def test_a_bundle_without_a_model_for_tensorrt_runs_on_the_cpu(
    toy: Bundle, cache_folder: Path
) -> None:
    with Detector.open(toy.path) as detector:
        assert detector.info.engine.name == "onnxruntime"
        assert (
            "expected a model of flavour int8_tensorrt"
            in dict(detector.info.passed_over)["tensorrt"]
        )


def test_an_old_tensorrt_is_refused_by_its_version(
    both: Bundle, cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorrt

    monkeypatch.setattr(tensorrt, "__version__", "8.6.1")
    reports = survey(both)
    assert "expected TensorRT 10.3 or later, got 8.6.1" in reports[0].reason


def test_onnx_runtime_without_its_gpu_provider_says_which_package_has_it(
    both: Bundle, cache_folder: Path
) -> None:
    reports = {report.name: report for report in survey(both)}
    assert "pip install onnxruntime-gpu" in reports["onnxruntime-cuda"].reason
    assert "pip install onnxruntime-gpu" in reports["onnxruntime-tensorrt"].reason
    assert not reports["onnxruntime-cuda"].absent  # there is a GPU that it could use


def test_build_list_and_clean_by_command(both: Bundle, cache_folder: Path) -> None:
    build = ("build", str(both.path), "--least-memory", "1")
    code, document = command(*build)
    assert (code, document["is_new"], document["passed"]) == (EXIT_OK, True, True)
    assert command(*build)[1]["is_new"] is False
    assert command(*build, "--force")[1]["is_new"] is True
    (listed,) = command("list")[1]["engines"]
    assert (listed["path"], listed["fits"]) == (document["engine"], True)
    assert command("clean")[1]["deleted"] == []
    Path(document["engine"]).write_bytes(b"")
    assert "damaged" in command("list")[1]["engines"][0]["problem"]
    assert command("clean")[1]["deleted"] == [document["engine"]]


def test_an_engine_that_fails_the_golden_check_is_deleted_by_the_command(
    both: Bundle, cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as environment:
        environment.setenv("STAND_IN", "wrong_numbers")
        code, document = command("build", str(both.path), "--least-memory", "1")
    assert (code, document["passed"]) == (EXIT_REFUSED, False)
    assert list(cache_folder.glob("*.engine")) == []


def test_verify_gives_one_verdict_and_a_latency_for_both_engines(
    both: Bundle, cache_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "verdict.json"
    arguments = ("verify", str(both.path), "--seconds", "0.3", "--least-memory", "1")
    code, document = command(*arguments, "--out", str(out))
    assert (code, document["verdict"]) == (EXIT_OK, "passed")
    assert [check["name"] for check in document["checks"]] == [
        "machine",
        "engine",
        "inspector",
        "golden",
    ]
    assert len(document["latency"]["subjects"]) == 2
    assert json.loads(out.read_text()) == document


def test_verify_fails_where_a_check_fails_and_measures_nothing(
    both: Bundle, cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as environment:
        environment.setenv("STAND_IN", "no_engine")
        code, document = command("verify", str(both.path), "--least-memory", "1")
    assert (code, document["verdict"], document["latency"]) == (EXIT_REFUSED, "failed", None)
    assert [check["passed"] for check in document["checks"]] == [True, False, None, None]


def test_without_a_device_everything_is_refused_in_words(both: Bundle, cache_folder: Path) -> None:
    with switched(devices=0):
        code, document = command("build", str(both.path))
        assert (code, "sees no device" in document["error"]) == (EXIT_REFUSED, True)
        assert command("list")[0] == EXIT_OK
        with Detector.open(both.path) as detector:
            assert detector.info.passed_over == ()
            assert np.isfinite(detector(scene((2, 1))).scores).all()


def test_bundles_of_the_same_model_share_its_engine(
    both: Bundle, tmp_path: Path, cache_folder: Path
) -> None:
    plan_build(both, limits=LITTLE).run()
    copy = toy_bundle(tmp_path / "copy.bundle", models=BOTH, name="another name")
    engine = open_engine(copy, "tensorrt").engine
    assert engine.info.name == "tensorrt"
    engine.close()
