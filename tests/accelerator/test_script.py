"""jetson/verify_on_device.sh, as a user of a board would run it; here on the stand-ins."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import belisha
from belisha.bundle import Bundle

pytestmark = pytest.mark.accelerator
SCRIPT = Path(__file__).parents[2] / "jetson" / "verify_on_device.sh"


def run_script(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    folder = str(Path(belisha.__file__).parents[1])
    paths = os.pathsep.join([folder, os.environ.get("PYTHONPATH", "")])
    settings = {"PYTHON": sys.executable, "PYTHONPATH": paths, "SECONDS_EACH": "0.3", **environment}
    return subprocess.run(
        [str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **settings},
    )


def test_one_verdict_and_one_document(both: Bundle, cache_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "verdict.json"
    done = run_script(str(both.path), OUT=str(out))
    assert done.returncode == 0, done.stderr
    assert "PASSED: TensorRT on this machine" in done.stdout
    document = json.loads(out.read_text())
    assert document["verdict"] == "passed"
    assert document["engine"]["fingerprint"]["machine"]["gpu"] == "Imaginary"


def test_a_failure_is_a_verdict_too(both: Bundle, cache_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "verdict.json"
    done = run_script(str(both.path), OUT=str(out), STAND_IN="wrong_numbers")
    assert done.returncode == 3
    assert "FAIL golden: 0 of 1 frames as on the exporting machine" in done.stdout
    assert "FAILED: TensorRT on this machine; the CPU serves instead" in done.stdout
    assert json.loads(out.read_text())["verdict"] == "failed"


def test_what_cannot_be_tried_says_what_is_missing(tmp_path: Path) -> None:
    done = run_script(PYTHON="/absent/python")
    assert (done.returncode, "set PYTHON" in done.stderr) == (2, True)
    done = run_script("a.bundle", "b.bundle")
    assert (done.returncode, "at most one bundle" in done.stderr) == (2, True)
