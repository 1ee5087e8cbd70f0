"""Wheels are pinned, and only what a device needs is taken out of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from belisha.errors import UsageError
from jetson.package.targets import TARGETS, find_target
from jetson.package.wheels import lock_path, open_built_wheel, open_wheel, requirements
from tests.jetson.libraries import draw_wheel


def files_of(tmp_path: Path, *names: str) -> set[str]:
    wheel = open_wheel(draw_wheel(tmp_path, "toy", dict.fromkeys(names, b"x")))
    return {name for name, _ in wheel.files() if "dist-info" not in name}


def test_what_only_developers_need_stays_out(tmp_path: Path) -> None:
    kept = {"toy/code.py", "toy/lib.so", "toy/data.yaml"}
    dropped = {"toy/tests/test_it.py", "toy/code.pyi", "toy/include/a.h", "toy/lib.a"}
    assert files_of(tmp_path, *kept, *dropped) == kept


def test_data_for_the_site_folder_goes_there_and_scripts_nowhere(tmp_path: Path) -> None:
    names = (
        "toy-1.0.data/purelib/toy/a.py",
        "toy-1.0.data/platlib/toy/b.so",
        "toy-1.0.data/scripts/toy",
    )
    assert files_of(tmp_path, *names) == {"toy/a.py", "toy/b.so"}


def test_a_path_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="sane files"):
        files_of(tmp_path, "toy/../../etc/passwd")


def test_a_file_that_is_no_wheel_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "toy.whl"
    path.write_bytes(b"not a zip")
    with pytest.raises(UsageError, match="expected a wheel"):
        open_wheel(path)


def test_the_processors_engine_is_required_and_the_factory_is_not(tmp_path: Path) -> None:
    needs = "numpy>=1|onnxruntime>=1.20; extra == 'cpu'|torch>=2; extra == 'train'"
    wheel = open_wheel(draw_wheel(tmp_path, "toy", {}, needs=needs))
    assert requirements(wheel) == ["numpy>=1", "onnxruntime>=1.20"]


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_has_its_wheels_pinned_by_digest(name: str) -> None:
    lines = lock_path(find_target(name)).read_text().splitlines()[1:]
    assert all(re.fullmatch(r"\S+==\S+ --hash=sha256:[0-9a-f]{64}", line) for line in lines)
    pinned = {line.partition("==")[0].lower() for line in lines}
    assert {"numpy", "onnxruntime", "opencv-python-headless", "msgspec", "pyyaml"} == pinned


def test_a_target_takes_wheels_up_to_its_own_c_library() -> None:
    platforms = find_target("jetpack6").platforms
    assert platforms[0] == "manylinux_2_35_aarch64"
    assert "manylinux_2_17_aarch64" in platforms
    assert "manylinux_2_36_aarch64" not in platforms


def test_an_unknown_target_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="jetpack6, jetpack7"):
        find_target("jetpack5")


def test_a_wheel_that_was_built_for_another_python_is_refused(tmp_path: Path) -> None:
    drawn = draw_wheel(tmp_path, "pycuda", {"pycuda/__init__.py": b""})
    wheel = drawn.rename(tmp_path / "pycuda-1.0-cp310-cp310-linux_aarch64.whl")
    assert open_built_wheel(wheel, TARGETS["jetpack6"]).name == "pycuda"
    with pytest.raises(
        UsageError, match="for jetpack7, whose name ends -cp312-cp312-linux_aarch64"
    ):
        open_built_wheel(wheel, TARGETS["jetpack7"])
