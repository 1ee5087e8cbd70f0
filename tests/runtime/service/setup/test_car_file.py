"""car.yaml after a setup: the mounting is new, every other character is as it was."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from belisha.documents import load_yaml
from belisha.errors import ConfigError
from belisha.service.mounting import Mounting
from belisha.service.setup.car_file import read_mounting, with_mounting, write_mounting

NEW = Mounting(height_m=1.35, fov_deg=62.5, horizon=0.4725, crop=(0.15, 0.9))
VALUES = {"height_m": 1.35, "fov_deg": 62.5, "horizon": 0.4725, "crop": [0.15, 0.9]}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("# only a comment\n", id="a comment"),
        pytest.param("sinks: []", id="no camera, no line end"),
        pytest.param("camera:\n  device: /dev/video0  # front\n\n# sinks\nsinks: []\n", id="block"),
        pytest.param("camera: {device: a}\nsinks: []  # none\n", id="flow"),
        pytest.param("camera: {}\nsinks: []\n", id="empty flow"),
        pytest.param(
            "camera:\n    mounting:\n        horizon: 0.5 # guess\n    device: a\n", id="part"
        ),
        pytest.param(
            "camera:\n  mounting:\n    crop:\n      - 0.0  # sky\n      - 1.0\n    # end\n"
            "    height_m: 1\n  device: a\nsinks: [x]\n",
            id="a crop in lines",
        ),
        pytest.param("camera: {mounting: {crop: [0.1, 1.0], fov_deg: 60}, device: a}", id="inline"),
        pytest.param("a: &x 1\ncamera:\n  device: *x\n", id="anchors elsewhere"),
        pytest.param("camera:\r\n  device: a\r\nsinks: []\r\n", id="windows"),
        pytest.param('name: "Zebrastreifen über die Straße"\ncamera: {device: ä}\n', id="letters"),
    ],
)
def test_only_the_mounting_changes(text: str) -> None:
    changed = with_mounting(text, NEW, "car.yaml")
    before, _ = load_yaml(text, "")
    after, _ = load_yaml(changed, "")
    assert after["camera"].pop("mounting") == VALUES
    rest = dict(before.get("camera") or {})
    rest.pop("mounting", None)
    assert after == {**before, "camera": rest}
    for comment in (line.partition("#")[2] for line in text.splitlines() if "#" in line):
        assert comment in changed or "sky" in comment
    assert with_mounting(changed, NEW, "car.yaml") == changed, "once more changes nothing"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("camera: &c {device: a}\nother: *c\n", "cannot be changed without touching something"),
        ("camera:\n", "write this into it yourself:\ncamera:\n  mounting:\n    height_m: 1.35"),
        ("camera: [a]\n", "expected keys under"),
        ("- a\n", "expected keys such as camera:, got list"),
        ("camera: {a: 1, a: 2}\n", "the key 'a' stands twice"),
        ("camera: {", "not valid YAML"),
    ],
)
def test_what_cannot_be_changed_safely_stays_as_it_is(
    text: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "car.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=re.escape(message)):
        write_mounting(path, NEW)
    assert path.read_text() == text


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "car.yaml"
    assert read_mounting(path) == Mounting()
    write_mounting(path, NEW)
    assert read_mounting(path) == NEW


def test_a_wrong_mounting_in_the_file_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "car.yaml"
    path.write_text("camera:\n  mounting:\n    height_m: 12\n")
    with pytest.raises(ConfigError, match=r"height_m: expected 0.3 to 4 m, got 12"):
        read_mounting(path)
    path.write_text("camera:\n  mounting:\n    heigth_m: 1.2\n")
    with pytest.raises(ConfigError, match="unknown key 'heigth_m': did you mean 'height_m'"):
        read_mounting(path)
