"""Real detectors on real pictures: the bundle against a plain decoding of the original file."""

from __future__ import annotations

from pathlib import Path

import pytest

import belisha
from belisha.cameras.picture import read_picture
from belisha.golden import check_golden
from export.adopt import Request, adopt
from tests.export.plain_decoding import find_people
from tests.export.test_heads import assert_equal

THRESHOLD = 0.3
PEERS = {
    "nanodet_m": "nanodet",
    "picodet_s_320_coco": "picodet",
    "picodet_s_416_coco": "picodet",
    "FastestDet": "fastestdet",
}
PICTURES_PER_FOLDER = 8


@pytest.mark.shared
@pytest.mark.parametrize("peer", PEERS)
def test_real_detectors_find_what_a_plain_decoding_finds(
    shared: Path, tmp_path: Path, peer: str
) -> None:
    model = shared / "peers" / f"{peer}.onnx"
    if not model.is_file():
        pytest.skip(f"needs {model}")
    request = Request(model=model, head=PEERS[peer], threshold=THRESHOLD)
    path = adopt(request, tmp_path / "x.bundle").bundle.path
    original, total = model.read_bytes(), 0
    with belisha.Detector.open(path) as detector:
        assert all(verdict.passed for verdict in check_golden(detector))
        for picture in pictures(shared):
            frame = read_picture(picture)
            expected = find_people(original, PEERS[peer], frame, 0, THRESHOLD)
            assert_equal(detector(frame), expected, pixels=0.01)
            total += len(expected)
    assert total > 50


def pictures(shared: Path) -> list[Path]:
    """Some of each folder, evenly spread."""
    chosen: list[Path] = []
    for folder in ("camvid", "pennfudan", "inria"):
        found = sorted((shared / "data" / folder / "images").glob("*.*"))
        chosen += found[:: max(len(found) // PICTURES_PER_FOLDER, 1)]
    return chosen
