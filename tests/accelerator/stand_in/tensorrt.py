"""Stands for TensorRT where there is no GPU: an engine is the ONNX file, ONNX Runtime computes it.

It has the part of the interface that the runtime uses, and the shapes of TensorRT's answers: `None`
for failure, and words to the logger. An engine computes on the stream, by the driver's
`cuLaunchHostFunc`, on the device's addresses that it was given. `STAND_IN` in the environment tells
it what to do wrong, such as `slow,no_context`; `STAND_IN_VERSION` which version to be.
"""

from __future__ import annotations

import ctypes
import enum
import json
import os
import time

import numpy as np
import onnx
import onnxruntime

__version__ = os.environ.get("STAND_IN_VERSION", "10.3.0")
_HOST_FUNCTION = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def told_to(fault: str) -> bool:
    return fault in os.environ.get("STAND_IN", "").split(",")


def _driver() -> ctypes.CDLL:
    driver = ctypes.CDLL("libcuda.so.1")
    driver.fake_cuda_host.restype = ctypes.c_void_p
    driver.fake_cuda_host.argtypes = [ctypes.c_ulonglong, ctypes.c_size_t]
    return driver


class ILogger:
    INTERNAL_ERROR, ERROR, WARNING, INFO, VERBOSE = range(5)

    def __init__(self) -> None:
        pass


class IProgressMonitor:
    def __init__(self) -> None:
        pass


class TensorIOMode(enum.Enum):
    NONE, INPUT, OUTPUT = range(3)


class DataType(enum.Enum):
    FLOAT, HALF, INT8, INT32, BOOL, UINT8, INT64 = 0, 1, 2, 3, 4, 5, 8


class MemoryPoolType(enum.IntEnum):
    WORKSPACE = 0


class ProfilingVerbosity(enum.Enum):
    LAYER_NAMES_ONLY, NONE, DETAILED = range(3)


class LayerInformationFormat(enum.Enum):
    ONELINE, JSON = range(2)


class NetworkDefinitionCreationFlag(enum.IntEnum):
    EXPLICIT_BATCH, STRONGLY_TYPED = range(2)


class BuilderFlag(enum.IntEnum):
    FP16, INT8 = range(2)


_TYPES = {"tensor(uint8)": DataType.UINT8, "tensor(float)": DataType.FLOAT}


class Builder:
    def __init__(self, logger: ILogger) -> None:
        if told_to("no_gpu"):
            logger.log(ILogger.ERROR, "CUDA initialization failure with error: 35")
            raise TypeError("pybind11::init(): factory function returned nullptr")
        self._logger = logger

    def create_network(self, flags: int) -> dict[str, bytes]:
        return {}

    def create_builder_config(self) -> BuilderConfig:
        return BuilderConfig()

    def build_serialized_network(self, network: dict, config: BuilderConfig) -> bytes | None:
        if told_to("crash"):
            os.abort()
        if told_to("no_engine"):
            self._logger.log(ILogger.ERROR, "Could not find any implementation for node stem")
            return None
        monitor = config.progress_monitor
        monitor.phase_start("Building Engine", None, 4)
        for step in range(4):
            time.sleep(0.25 if told_to("slow") else 0)
            monitor.step_complete("Building Engine", step)
        monitor.phase_finish("Building Engine")
        config.cache.grown += b"a kernel took 3 us;"
        return network["model"]


class BuilderConfig:
    def __init__(self) -> None:
        self.flags: set[BuilderFlag] = set()
        self.progress_monitor = IProgressMonitor()

    def set_memory_pool_limit(self, pool: MemoryPoolType, size: int) -> None:
        self.workspace = size

    def set_flag(self, flag: BuilderFlag) -> None:
        self.flags.add(flag)

    def create_timing_cache(self, timings: bytes) -> TimingCache:
        return TimingCache(timings)

    def set_timing_cache(self, cache: TimingCache, ignore_mismatch: bool) -> bool:
        self.cache = cache
        return True

    def get_timing_cache(self) -> TimingCache:
        return self.cache


class TimingCache:
    def __init__(self, timings: bytes) -> None:
        self.grown = timings

    def serialize(self) -> bytes:
        return self.grown


class OnnxParser:
    def __init__(self, network: dict, logger: ILogger) -> None:
        self._network = network
        self.num_errors = 0

    def parse(self, model: bytes) -> bool:
        try:
            onnx.load_model_from_string(model)
        except Exception:
            self.num_errors = 1
            return False
        self._network["model"] = model
        return True

    def get_error(self, index: int) -> str:
        return "In node -1 (parse): failed to parse the model"


class Runtime:
    def __init__(self, logger: ILogger) -> None:
        self._logger = logger

    def deserialize_cuda_engine(self, serialised: bytes) -> CudaEngine | None:
        try:
            return CudaEngine(serialised)
        except Exception:
            self._logger.log(ILogger.ERROR, "Serialization assertion magicTagRead failed")
            return None


class CudaEngine:
    def __init__(self, serialised: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            serialised, options, providers=["CPUExecutionProvider"]
        )
        self.inputs = {one.name: one for one in self.session.get_inputs()}
        self.outputs = {one.name: one for one in self.session.get_outputs()}
        self.tensors = {**self.inputs, **self.outputs}
        self.num_io_tensors = len(self.tensors)

    def get_tensor_name(self, index: int) -> str:
        return list(self.tensors)[index]

    def get_tensor_mode(self, name: str) -> TensorIOMode:
        return TensorIOMode.INPUT if name in self.inputs else TensorIOMode.OUTPUT

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return tuple(self.tensors[name].shape)

    def get_tensor_dtype(self, name: str) -> DataType:
        return _TYPES[self.tensors[name].type]

    def create_execution_context(self) -> ExecutionContext | None:
        return None if told_to("no_context") else ExecutionContext(self)

    def create_engine_inspector(self) -> EngineInspector:
        return EngineInspector(self)


class ExecutionContext:
    def __init__(self, engine: CudaEngine) -> None:
        self._engine = engine
        self._addresses: dict[str, int] = {}
        self._driver = _driver()
        self._kernel = _HOST_FUNCTION(self._compute)

    def set_tensor_address(self, name: str, address: int) -> bool:
        self._addresses[name] = address
        return name in self._engine.tensors

    def execute_async_v3(self, stream_handle: int) -> bool:
        if set(self._addresses) != set(self._engine.tensors):
            return False
        stream = ctypes.c_void_p(stream_handle)
        return self._driver.cuLaunchHostFunc(stream, self._kernel, None) == 0

    def _compute(self, _: object) -> None:
        feed = {name: self._at(name, np.uint8) for name in self._engine.inputs}
        wrong = told_to("wrong_numbers")
        for name, array in zip(
            self._engine.outputs, self._engine.session.run(None, feed), strict=True
        ):
            self._at(name, np.float32)[...] = array - 9 if wrong else array

    def _at(self, name: str, dtype: type) -> np.ndarray:
        """The tensor in the device's memory."""
        shape = self._engine.get_tensor_shape(name)
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        place = self._driver.fake_cuda_host(self._addresses[name], size)
        assert place, f"{name}: {self._addresses[name]:#x} is no address of the device"
        buffer = (ctypes.c_char * size).from_address(place)
        return np.frombuffer(buffer, dtype).reshape(shape)


class EngineInspector:
    """TensorRT's two ways to describe the same engine."""

    def __init__(self, engine: CudaEngine) -> None:
        self._engine = engine

    def get_engine_information(self, form: LayerInformationFormat) -> str:
        names = list(self._engine.tensors)
        kind = {"Name": "stem", "LayerType": "CaskConvolution", "Metadata": "[ONNX Layer: stem]"}
        tensor = {"Name": names[0], "Dimensions": [1, 3, 8, 8]}
        if __version__.startswith("11"):
            layer = {**kind, "Inputs": [{**tensor, "DataType": "Int8", "Format": "Row major"}]}
            return json.dumps({"Layers": [layer], "I/O Tensors": [{"Name": n} for n in names]})
        layer = {**kind, "Inputs": [{**tensor, "Format/Datatype": "Row major Int8 format"}]}
        return json.dumps({"Layers": [layer], "Bindings": names})
