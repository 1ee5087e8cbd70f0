"""The switches and counters of the fake driver, which the tests' process has loaded as libcuda."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

HELD = ("device_bytes", "host_bytes", "streams", "graphs", "retained")
"""What a runner must give back."""


def library() -> ctypes.CDLL:
    driver = ctypes.CDLL("libcuda.so.1")
    driver.fake_cuda_get.restype = ctypes.c_long
    driver.fake_cuda_set.argtypes = [ctypes.c_char_p, ctypes.c_long]
    return driver


def count(counter: str) -> int:
    return library().fake_cuda_get(counter.encode())


def held() -> dict[str, int]:
    """What is still allocated, opened or retained."""
    return {counter: count(counter) for counter in HELD}


@contextmanager
def switched(**switches: int) -> Iterator[None]:
    """Turn switches, and back."""
    before = {name: count(name) for name in switches}
    for name, value in switches.items():
        library().fake_cuda_set(name.encode(), value)
    try:
        yield
    finally:
        for name, value in {**before, "lost": 0}.items():
            library().fake_cuda_set(name.encode(), value)


@contextmanager
def foreign_context() -> Iterator[ctypes.c_void_p]:
    """A context of another library, current in this thread."""
    driver, context = library(), ctypes.c_void_p()
    assert driver.cuInit(0) == 0
    assert driver.cuCtxCreate_v2(ctypes.byref(context), 0, 0) == 0
    try:
        yield context
    finally:
        assert driver.cuCtxPopCurrent_v2(None) == 0
        driver.cuCtxDestroy_v2(context)


def current_context() -> int | None:
    """The context that is current in this thread."""
    context = ctypes.c_void_p()
    library().cuCtxGetCurrent(ctypes.byref(context))
    return context.value
