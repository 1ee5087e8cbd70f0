"""The device loads no more than it needs. Modules are counted, so that a busy clock has no say."""

from __future__ import annotations

import json
import pkgutil

import pytest

import belisha
from belisha.bundle import Bundle
from tests.interpreter import run_python

FACTORY = {"matplotlib", "onnx", "pycocotools", "scipy", "torch", "tqdm"}
"""What the device never has."""
HEAVY = {"cv2", "msgspec", "numpy", "onnxruntime", "yaml"}
"""What the device has, and loads only when it is used."""
MODULES = sorted(
    module.name for module in pkgutil.walk_packages(belisha.__path__, prefix="belisha.")
)


def loaded_by(code: str, *arguments: str) -> set[str]:
    """The modules that some code adds to those of a bare interpreter."""
    script = (
        "import sys; before = set(sys.modules)\n"
        f"{code}\n"
        "loaded = sorted(set(sys.modules) - before); import json; print(json.dumps(loaded))"
    )
    done = run_python(script, *arguments)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def libraries(modules: set[str]) -> set[str]:
    """The packages of the house's lists among loaded modules."""
    return {name.partition(".")[0] for name in modules} & (FACTORY | HEAVY)


def test_importing_belisha_loads_one_module_and_no_library() -> None:
    loaded = loaded_by("import belisha")
    assert {name for name in loaded if name.startswith("belisha")} == {"belisha"}
    assert libraries(loaded) == set()


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["nonsense"], []])
def test_help_needs_no_library_and_few_modules(arguments: list[str]) -> None:
    loaded = loaded_by(
        "import contextlib, io\n"
        "from belisha.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()): main()",
        *arguments,
    )
    assert libraries(loaded) == set()
    assert {name for name in loaded if name.startswith("belisha")} == {
        "belisha",
        "belisha.cli",
        "belisha.cli.dispatch",
        "belisha.errors",
    }
    assert len(loaded) <= 65


@pytest.mark.parametrize("module", MODULES)
def test_a_module_loads_nothing_of_the_factory_and_no_engine(module: str) -> None:
    assert libraries(loaded_by(f"import {module}")) <= HEAVY - {"onnxruntime", "yaml"}


def test_a_detector_loads_its_engine_and_nothing_of_the_factory(toy: Bundle) -> None:
    loaded = loaded_by("import belisha; belisha.Detector.open(sys.argv[1])", str(toy.path))
    assert libraries(loaded) == HEAVY - {"yaml"}
