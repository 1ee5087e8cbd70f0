"""The examples work: the configuration is valid, the reader reads what the service sends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from belisha.boxes import Boxes, as_xyxy
from belisha.service.config import read_config
from belisha.service.outlets.sink import OutletSettings, open_outlets
from tests.doubles import Told, frame_of, result_of, wait_until
from tests.toy import scene

EXAMPLES = Path(__file__).parents[2] / "runtime" / "examples"


def test_the_configuration_with_everything_is_valid() -> None:
    config = read_config(EXAMPLES / "car.yaml")
    assert config.camera.mounting is not None
    assert config.sinks.can is not None
    assert config.sinks.can.id == 0x300
    assert config.rules is not None
    assert (EXAMPLES / config.rules).exists()


def test_the_reader_says_what_the_service_sends(tmp_path: Path) -> None:
    path = tmp_path / "decisions.sock"
    reader = subprocess.Popen(
        [sys.executable, str(EXAMPLES / "read_decisions.py"), str(path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert wait_until(path.exists)
        outlets = open_outlets(OutletSettings(unix=(str(path),)), "car", tmp_path, Told())
        one = Boxes(as_xyxy([(16, 8, 24, 16)]), np.array([0.75], np.float32))
        outlets.write(result_of(frame_of(scene(), "cam", 3), one))
        outlets.tell_state({"camera": "no frame comes"}, trouble=True)
        outlets.close()
        assert reader.stdout is not None
        assert reader.stdout.readline() == "frame 3: 1 people, 5 ms old\n"
        assert reader.stdout.readline() == "camera: no frame comes: nothing is known\n"
        assert reader.stdout.readline() == "the service is silent: nothing is known\n"
    finally:
        reader.kill()
        reader.communicate()


@pytest.mark.parametrize("name", ["mqtt_bridge.py", "ros2_bridge.py"])
def test_bridges_are_python_whatever_is_installed(name: str) -> None:
    """They are not run here: there is no broker and no ROS."""
    script = f"import runpy; runpy.run_path({str(EXAMPLES / name)!r}, run_name='bridge')"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(EXAMPLES)!r}); {script}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
