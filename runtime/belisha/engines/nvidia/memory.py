"""A GPU's primary context, a stream, buffers that both sides see. The only importer of pycuda."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from belisha.engines.nvidia.driver import Driver
from belisha.errors import EngineError, MissingLibraryError


class CudaContext:
    """The device's primary context, which other libraries share. It is current only while used.

    One thread at a time: a second one that enters is a bug. A context that another library has
    made current is current again afterwards.

    Raises:
        MissingLibraryError: pycuda is not installed.
        EngineError: the device gives no context.
    """

    def __init__(self, driver: Driver, ordinal: int = 0) -> None:
        self._cuda, self._driver = _pycuda(), driver
        self._busy = threading.Lock()
        with self._errors("open the device"):
            self._cuda.init()
            self._context = self._cuda.Device(ordinal).retain_primary_context()

    @contextmanager
    def current(self, doing: str) -> Iterator[None]:
        """Make the context current in this thread for a while.

        Args:
            doing: what is being done, for the message of an error.

        Raises:
            EngineError: CUDA failed meanwhile.
        """
        if not self._busy.acquire(blocking=False):
            raise RuntimeError("a CUDA context is used by two threads at once")
        try:
            with self._errors(doing):
                self._context.push()
                try:
                    yield
                finally:
                    self._cuda.Context.pop()
        finally:
            self._busy.release()

    def stream(self) -> Any:
        """A stream of work, with `handle` and `synchronize()`; call it while current."""
        return self._cuda.Stream()

    def buffer(self, shape: tuple[int, ...], dtype: type, zero_copy: bool) -> Buffer:
        """A buffer on both sides; call it while current."""
        return Buffer(self._cuda, shape, dtype, zero_copy)

    def close(self) -> None:
        """Let go of the context; other libraries may go on using it. Free all buffers before.

        pycuda must be asked while the context is current, else it would detach a primary context,
        which is wrong, and it does not take the context off the driver's stack.
        """
        with self._errors("release the device"):
            former = self._cuda.Context.get_current()
            self._context.push()
            self._context.detach()
            self._driver.call("cuCtxPopCurrent_v2", None)
            if former is not None:  # pycuda has pushed it again, upon ours
                self._driver.call("cuCtxPopCurrent_v2", None)
                self._driver.call("cuCtxPushCurrent_v2", ctypes.c_void_p(former.handle))

    @contextmanager
    def _errors(self, doing: str) -> Iterator[None]:
        """CUDA's errors as one of ours."""
        try:
            yield
        except self._cuda.Error as error:
            raise EngineError(
                f"CUDA could not {doing}: {error}{_advice(error, self._cuda)}"
            ) from error


class Buffer:
    """Page-locked memory of the processor, and its place as the device sees it.

    Attributes:
        host: the array.
        address: on the device.
    """

    def __init__(self, cuda: Any, shape: tuple[int, ...], dtype: type, zero_copy: bool) -> None:
        self._cuda = cuda
        flags = cuda.host_alloc_flags.DEVICEMAP if zero_copy else 0
        self.host: NDArray[Any] = cuda.pagelocked_empty(shape, np.dtype(dtype), mem_flags=flags)
        try:
            self._device = None if zero_copy else cuda.mem_alloc(self.host.nbytes)
        except cuda.Error:
            del self.host  # while the context is there; the error's traceback keeps `self`
            raise
        self.address = int(
            self.host.base.get_device_pointer() if self._device is None else self._device
        )

    def upload(self, stream: Any) -> None:
        """Put the copy to the device on the stream; nothing where the memory is shared."""
        if self._device is not None:
            self._cuda.memcpy_htod_async(self._device, self.host, stream)

    def download(self, stream: Any) -> None:
        """Put the copy from the device on the stream; nothing where the memory is shared."""
        if self._device is not None:
            self._cuda.memcpy_dtoh_async(self.host, self._device, stream)


def _pycuda() -> Any:
    try:
        import pycuda.driver
    except ImportError as error:
        raise MissingLibraryError(
            f"pycuda cannot be loaded ({error}): pip install 'belisha[tensorrt]'; it is built "
            "against the CUDA of this machine"
        ) from error
    return pycuda.driver


def _advice(error: Exception, cuda: Any) -> str:
    if isinstance(error, cuda.MemoryError):
        return ": stop what else uses the GPU, or use a smaller detector"
    return (
        ": the context is lost; restart the process" if isinstance(error, cuda.LaunchError) else ""
    )
