"""The wheel is the device: it holds belisha and nothing of the factory."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(importlib.util.find_spec(name) for name in ("build", "hatchling")),
        reason="building offline needs the packages build and hatchling in this environment",
    ),
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*command, str(ROOT)], check=True, capture_output=True)
    (path,) = folder.iterdir()
    return path


def test_the_wheel_holds_the_runtime_and_its_metadata_alone(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    runtime = {name for name in names if name.startswith("belisha/")}
    metadata = {name.partition(".dist-info/")[2] for name in names} - {""}
    assert len(runtime) + len(metadata) == len(names)
    assert metadata == {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
    package = ROOT / "runtime" / "belisha"
    sources = (*package.rglob("*.py"), *package.rglob("static/*"))
    assert {path.relative_to(ROOT / "runtime").as_posix() for path in sources} <= runtime
    assert not [name for name in runtime if name.endswith((".pyc", ".onnx.data", "~"))]


def test_the_wheel_runs_from_where_it_lies(wheel: Path, tmp_path: Path) -> None:
    """Unpacked into an empty folder, it answers without the checkout."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.argv = ['belisha', '--version']\n"
        "from belisha.cli import main; import belisha; print(belisha.__file__); sys.exit(main())"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    place, version = done.stdout.splitlines()
    assert place == str(tmp_path / "belisha" / "__init__.py")
    assert version.startswith("belisha ")
