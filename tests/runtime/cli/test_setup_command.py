"""`belisha setup` without a browser: values from the command line, a picture, a safe file."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import cv2
import pytest

from belisha.cli import COMMANDS
from belisha.cli.dispatch import dispatch
from belisha.service.mounting import Mounting
from belisha.service.setup.car_file import read_mounting
from tests.interpreter import environment_of_tests
from tests.pictures import write_picture
from tests.toy import scene


def run(*arguments: object) -> int:
    return dispatch("belisha", "", COMMANDS, ["setup", *map(str, arguments)])


def test_values_are_written_and_the_rest_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "car.yaml"
    config.write_text("camera:\n  device: a  # front\n")
    values = ("--height", 1.4, "--fov", 70, "--horizon", 0.45, "--crop", 0.1, 0.9)
    assert run("--config", config, *values, "--write", "--json") == 0
    assert read_mounting(config) == Mounting(1.4, 70, 0.45, (0.1, 0.9))
    assert "device: a  # front" in config.read_text()
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["mounting"]["fov_deg"] == 70


def test_one_value_changes_one_value(tmp_path: Path) -> None:
    config = tmp_path / "car.yaml"
    assert run("--config", config, "--height", 1.5, "--write") == 0
    assert run("--config", config, "--horizon", 0.4, "--write") == 0
    assert read_mounting(config) == Mounting(height_m=1.5, horizon=0.4)


def test_a_picture_shows_what_the_values_mean(tmp_path: Path) -> None:
    source = write_picture(tmp_path / "a.png", scene(scale=8))
    out = tmp_path / "look.jpg"
    assert run(source, "--config", tmp_path / "car.yaml", "--horizon", 0.4, "--picture", out) == 0
    assert cv2.imread(str(out)).shape == (384, 512, 3)
    assert not (tmp_path / "car.yaml").exists()


def test_without_a_source_it_looks_through_the_cars_own_camera(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png", scene(scale=8))
    config = tmp_path / "car.yaml"
    config.write_text("camera: {source: a.png}\n")
    assert run("--config", config, "--picture", tmp_path / "look.jpg") == 0
    assert (tmp_path / "look.jpg").stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--height", "9", "--write"), "height_m: expected 0.3 to 4 m, got 9"),
        (("--height", "1.4"), "need --picture or --write"),
        (("--picture", "x.jpg"), "car.yaml is not there yet: name a source to look at"),
        ((), "car.yaml is not there yet: name a source to look at"),
    ],
)
def test_wrong_usage_is_a_message_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    config = tmp_path / "car.yaml"
    assert run("--config", config, *arguments) == 2
    assert message in capsys.readouterr().err
    assert not config.exists()


def test_the_page_is_served_until_ctrl_c(tmp_path: Path) -> None:
    source = write_picture(tmp_path / "a.png", scene(scale=4))
    command = "import sys; from belisha.cli import main; sys.exit(main())"
    process = subprocess.Popen(
        [
            sys.executable, "-c", command, "setup", str(source), "--port", "0", "--no-guess",
            "--config", str(tmp_path / "car.yaml"),
        ],
        stdout=subprocess.PIPE, text=True, env=environment_of_tests(),
    )  # fmt: skip
    assert process.stdout is not None
    address = process.stdout.readline().split()[1]
    with urllib.request.urlopen(address, timeout=20) as page:
        assert b"How does the camera sit?" in page.read()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "height_m: 1.3" in out
