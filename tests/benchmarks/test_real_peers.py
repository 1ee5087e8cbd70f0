"""The real public detectors take turns through the runtime's own path."""

from __future__ import annotations

from pathlib import Path

import pytest

from belisha.bench.result import read_result
from belisha.cli.dispatch import dispatch
from benchmarks.__main__ import COMMANDS


@pytest.mark.shared
def test_public_detectors_take_turns_in_float_and_int8(shared: Path, tmp_path: Path) -> None:
    if not (shared / "peers" / "FastestDet.onnx").is_file():
        pytest.skip(f"needs {shared / 'peers'}")
    pictures = str(shared / "data" / "camvid" / "images")
    words = ["--peers", str(shared / "peers"), "--source", pictures, "--frames", "60"]
    options = ["--int8-peers", "--out", str(tmp_path)]
    assert dispatch("", "", COMMANDS, ["peers", *words, *options]) in (0, 4)
    measured = [one for one in read_result(tmp_path / "peers.json").subjects if one.closed]
    labels = {subject.label for subject in measured}
    for name in ("FastestDet", "nanodet_m", "picodet_s_320_coco", "picodet_s_416_coco"):
        assert {f"{name} float", f"{name} int8_cpu"} <= labels
    medians = {one.name: one.closed.stages["total"].p50 for one in measured if one.closed}
    assert all(median and median.value > 0.5 for median in medians.values())
