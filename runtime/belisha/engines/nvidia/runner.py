"""Runs a TensorRT engine: one stream, page-locked buffers, no allocation once it runs."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from belisha.boxes import FloatArray
from belisha.decode import HeadLayout
from belisha.engines import EngineInfo
from belisha.engines.nvidia.driver import CapturedGraph, CudaDevice, Driver
from belisha.engines.nvidia.library import message_log, reasons
from belisha.engines.nvidia.memory import Buffer, CudaContext
from belisha.errors import EngineError
from belisha.frames import Image, Preprocessing


class TensorRtEngine:
    """A deserialised engine and its buffers; see `belisha.engines.Engine`.

    A frame is copied into page-locked memory; upload, kernels and download are one CUDA graph on
    one stream; then the outputs are read where they are. On a device that shares the processor's
    memory there is neither upload nor download. Where TensorRT's work cannot be captured as a graph
    it is enqueued for every frame, and `info.device` says so.
    """

    def __init__(
        self,
        trt: Any,
        driver: Driver,
        serialised: bytes,
        preprocessing: Preprocessing,
        head: HeadLayout,
    ) -> None:
        """Load the engine; the caller has verified its bytes.

        Raises:
            MissingLibraryError: pycuda is absent.
            EngineError: it is no engine for this machine, or not what the manifest says, or does
                not fit into memory.
        """
        self._trt, self._driver = trt, driver
        self._device = driver.device()
        self._shape = (1, preprocessing.height, preprocessing.width, 3)
        self._names = head.outputs
        self._runtime: Any = None
        self._engine: Any = None
        self._context: Any = None
        self._stream: Any = None
        self._graph: CapturedGraph | None = None
        self._input: Any = None
        self._buffers: dict[str, Buffer] = {}
        self._outputs: dict[str, FloatArray] = {}
        self._failed = ""
        self._cuda: CudaContext | None = CudaContext(driver)
        try:
            with self._cuda.current("load the engine"):
                self._load(serialised)
                self._allocate(self._device.zero_copy)
                self._warm_up()
        except BaseException:
            self.close()
            raise

    @property
    def info(self) -> EngineInfo:
        """See `Engine.info`."""
        return EngineInfo(
            name="tensorrt",
            library=f"TensorRT {self._trt.__version__}",
            device=_words(self._device, self._graph is not None),
            flavour="int8_tensorrt",
            threads=1,
        )

    def run(self, network_input: Image) -> Mapping[str, FloatArray]:
        """See `Engine.run`."""
        if self._cuda is None:
            raise RuntimeError("run() after close()")
        if self._failed:
            raise EngineError(f"the engine failed before and stays off: {self._failed}")
        if network_input.shape != self._shape or network_input.dtype != np.uint8:
            raise EngineError(
                f"expected uint8 of shape {self._shape}, "
                f"got {network_input.dtype} of shape {network_input.shape}"
            )
        try:
            with self._cuda.current("run the engine"):
                np.copyto(self._input.host, network_input)
                if self._graph is None:
                    self._enqueue()
                else:
                    self._graph.launch()
                self._stream.synchronize()
        except EngineError as error:
            self._failed = str(error)
            raise
        return self._outputs

    def close(self) -> None:
        """See `Engine.close`. What a lost device no longer frees is its driver's to free."""
        cuda, self._cuda = self._cuda, None
        if cuda is None:
            return
        with contextlib.suppress(EngineError), cuda.current("free the engine"):
            with contextlib.suppress(EngineError):
                if self._graph is not None:
                    self._graph.close()
            self._graph = self._context = self._engine = self._runtime = None
            self._stream = self._input = None
            self._outputs = {}
            self._buffers.clear()
        with contextlib.suppress(EngineError):
            cuda.close()

    def _load(self, serialised: bytes) -> None:
        log = message_log(self._trt)
        self._runtime = runtime = self._trt.Runtime(log)
        self._engine = engine = runtime.deserialize_cuda_engine(serialised)
        if engine is None:
            raise EngineError(f"TensorRT cannot load the engine: {reasons(log)}")
        self._check_tensors(engine)
        self._context = engine.create_execution_context()
        if self._context is None:
            raise EngineError(f"TensorRT has no memory to run the engine: {reasons(log)}")

    def _check_tensors(self, engine: Any) -> None:
        """One uint8 input of our size; outputs of float32 under the head's names."""
        trt = self._trt
        names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
        inputs = [n for n in names if engine.get_tensor_mode(n) == trt.TensorIOMode.INPUT]
        shapes = [tuple(engine.get_tensor_shape(name)) for name in inputs]
        types = [engine.get_tensor_dtype(name) for name in inputs]
        if shapes != [self._shape] or types != [trt.DataType.UINT8]:
            raise EngineError(
                f"expected an engine with one uint8 input of shape {self._shape}, got {types} of "
                f"shapes {shapes}: build it again from this bundle"
            )
        absent = [name for name in self._names if name not in names]
        if absent:
            raise EngineError(f"the engine lacks the outputs {absent}; it has {names}")
        for name in (name for name in names if name not in inputs):
            if engine.get_tensor_dtype(name) != trt.DataType.FLOAT:
                raise EngineError(f"expected the output {name} in float32: build the engine again")
            if any(side < 0 for side in engine.get_tensor_shape(name)):
                raise EngineError(f"expected the output {name} with a fixed shape")

    def _allocate(self, zero_copy: bool) -> None:
        engine, context, cuda = self._engine, self._context, self._cuda
        assert cuda is not None  # noqa: S101  # for the type checker
        self._stream = cuda.stream()
        for index in range(engine.num_io_tensors):
            name = engine.get_tensor_name(index)
            is_input = engine.get_tensor_mode(name) == self._trt.TensorIOMode.INPUT
            shape = tuple(engine.get_tensor_shape(name))
            buffer = cuda.buffer(shape, np.uint8 if is_input else np.float32, zero_copy)
            if not context.set_tensor_address(name, buffer.address):
                raise EngineError(f"TensorRT refuses the buffer of {name}")
            if is_input:
                self._input = buffer
            else:
                self._buffers[name] = buffer
        self._outputs = {name: self._buffers[name].host for name in self._names}

    def _warm_up(self) -> None:
        """One run, which also proves the engine; then record it as a graph, if that is allowed."""
        self._input.host[:] = 128
        self._enqueue()
        self._stream.synchronize()
        try:
            self._graph = CapturedGraph(self._driver, self._stream.handle, self._enqueue)
        except EngineError:
            self._graph = None

    def _enqueue(self) -> None:
        """Upload, kernels, download, in this order on the stream."""
        self._input.upload(self._stream)
        if not self._context.execute_async_v3(self._stream.handle):
            raise EngineError("TensorRT could not enqueue the engine")
        for buffer in self._buffers.values():
            buffer.download(self._stream)


def _words(device: CudaDevice, graph: bool) -> str:
    """For people: `Orin, compute 8.7, CUDA 12.6, zero copy, CUDA graph`."""
    memory = "zero copy" if device.zero_copy else "page-locked copies"
    launch = "CUDA graph" if graph else "no CUDA graph: kernels are launched one by one"
    return f"{device.name}, compute {device.capability}, CUDA {device.cuda}, {memory}, {launch}"
