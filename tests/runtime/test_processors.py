"""A processor without VNNI computes what one with it does: under emulation, as few own both."""

from __future__ import annotations

import platform
import shutil

import pytest

from belisha.engines.onnx_runtime import EXACT
from tests.interpreter import run_python

OLD_PROCESSOR = "Haswell"  # AVX2, but neither AVX-512 nor VNNI: int8 products saturate
CODE = """\
import hashlib
import belisha
from belisha.golden import golden_image
state = hashlib.sha256()
with belisha.Detector.open(threads=1) as detector:
    for frame in detector.bundle.manifest.golden.frames:
        picture = golden_image(detector.bundle, frame)
        for array in detector.infer(detector.prepare(picture)[0]).values():
            state.update(array.tobytes())
    print(detector.info.engine.arithmetic)
print(state.hexdigest())
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        platform.machine() != "x86_64" or not shutil.which("qemu-x86_64"),
        reason="needs an x86-64 machine and its emulator: apt-get install qemu-user",
    ),
]


def outputs(*emulator: str) -> tuple[str, str]:
    """What the champion multiplies, and a digest of its raw outputs on its golden frames."""
    done = run_python(CODE, emulator=emulator)
    assert done.returncode == 0, done.stderr
    *_, arithmetic, digest = done.stdout.splitlines()
    return arithmetic, digest


def test_an_old_processor_finds_out_that_it_saturates_and_computes_the_same_bits() -> None:
    arithmetic, digest = outputs("qemu-x86_64", "-cpu", OLD_PROCESSOR)
    assert arithmetic.startswith(EXACT)
    assert digest == outputs()[1]
