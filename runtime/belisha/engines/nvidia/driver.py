"""CUDA's driver by its C functions: which device is there, and graphs, which pycuda cannot make."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from belisha.errors import EngineAbsentError, EngineError

LIBRARY = "libcuda.so.1"
_NO_DEVICE = 100
_CAPTURE_OF_THIS_THREAD = 1
_MAJOR, _MINOR, _INTEGRATED, _CAN_MAP = 75, 76, 18, 19
"""Numbers of a device's attributes."""


@dataclass(frozen=True)
class CudaDevice:
    """A device, as the driver describes it.

    Attributes:
        name: such as Orin.
        capability: compute capability, such as 8.7.
        cuda: newest CUDA that the driver knows, such as 12.6.
        zero_copy: whether it shares the processor's memory, so that nothing need be copied.
    """

    name: str
    capability: str
    cuda: str
    zero_copy: bool


class Driver:
    """The driver, initialised.

    Raises:
        EngineAbsentError: there is no driver, or no device.
        EngineError: the driver cannot start.
    """

    def __init__(self) -> None:
        try:
            self._library = ctypes.CDLL(LIBRARY)
        except OSError as error:
            raise EngineAbsentError(
                f"expected a machine with an NVIDIA GPU, found no driver ({LIBRARY})"
            ) from error
        result = self._library.cuInit(0)
        if result == _NO_DEVICE:
            raise EngineAbsentError(
                "expected an NVIDIA GPU; the driver is there and sees no device"
            )
        self._check(result, "cuInit")

    def call(self, function: str, *arguments: Any) -> None:
        """Call a function of the driver.

        Raises:
            EngineError: it failed, or this driver is too old to have it.
        """
        if not hasattr(self._library, function):
            raise EngineError(f"CUDA's driver has no {function}: it is too old; update it")
        self._check(getattr(self._library, function)(*arguments), function)

    def device(self, ordinal: int = 0) -> CudaDevice:
        """Facts of a device."""
        handle, name = ctypes.c_int(), ctypes.create_string_buffer(256)
        self.call("cuDeviceGet", ctypes.byref(handle), ordinal)
        self.call("cuDeviceGetName", name, len(name), handle)
        version = ctypes.c_int()
        self.call("cuDriverGetVersion", ctypes.byref(version))
        major, minor, integrated, can_map = (
            self._attribute(number, handle) for number in (_MAJOR, _MINOR, _INTEGRATED, _CAN_MAP)
        )
        return CudaDevice(
            name=name.value.decode(errors="replace"),
            capability=f"{major}.{minor}",
            cuda=f"{version.value // 1000}.{version.value % 1000 // 10}",
            zero_copy=bool(integrated and can_map),
        )

    def _attribute(self, number: int, device: ctypes.c_int) -> int:
        value = ctypes.c_int()
        self.call("cuDeviceGetAttribute", ctypes.byref(value), number, device)
        return value.value

    def _check(self, result: int, function: str) -> None:
        if result == 0:
            return
        text = ctypes.c_char_p()
        self._library.cuGetErrorString(result, ctypes.byref(text))
        reason = (text.value or b"an unknown error").decode(errors="replace")
        raise EngineError(f"CUDA's {function} failed: {reason} ({result})")


class CapturedGraph:
    """Work on a stream, recorded once and launched as a whole: one call instead of dozens.

    Small networks wait for launches more than for arithmetic.
    """

    def __init__(self, driver: Driver, stream: int, enqueue: Callable[[], None]) -> None:
        """Record what `enqueue` puts on the stream; nothing of it is executed.

        Args:
            driver: CUDA's.
            stream: handle of the stream.
            enqueue: puts the work on the stream; it may not allocate or wait.

        Raises:
            EngineError: something in the work cannot be recorded; the stream is as before.
        """
        self._driver, self._stream = driver, ctypes.c_void_p(stream)
        self._graph, self._executable = ctypes.c_void_p(), ctypes.c_void_p()
        driver.call("cuStreamBeginCapture_v2", self._stream, _CAPTURE_OF_THIS_THREAD)
        try:
            enqueue()
        except BaseException:
            self._end_quietly()
            raise
        driver.call("cuStreamEndCapture", self._stream, ctypes.byref(self._graph))
        try:
            driver.call(
                "cuGraphInstantiateWithFlags",
                ctypes.byref(self._executable),
                self._graph,
                ctypes.c_ulonglong(0),
            )
        except EngineError:
            self.close()
            raise

    def launch(self) -> None:
        """Put the recorded work on the stream."""
        self._driver.call("cuGraphLaunch", self._executable, self._stream)

    def close(self) -> None:
        """Free it; twice is fine."""
        if self._executable:
            self._driver.call("cuGraphExecDestroy", self._executable)
            self._executable = ctypes.c_void_p()
        if self._graph:
            self._driver.call("cuGraphDestroy", self._graph)
            self._graph = ctypes.c_void_p()

    def _end_quietly(self) -> None:
        """Leave the recording after an error that is told already."""
        try:
            self._driver.call("cuStreamEndCapture", self._stream, ctypes.byref(self._graph))
            self.close()
        except EngineError:
            return
