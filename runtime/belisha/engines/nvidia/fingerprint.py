"""What an engine depends on. An engine runs where its fingerprint is the same, and nowhere else."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass

from belisha.engines.nvidia.board import read_kernel_driver, read_l4t
from belisha.engines.nvidia.builder import BuildOptions
from belisha.engines.nvidia.driver import CudaDevice

FORMAT = 1
"""Raised when the builder changes so that older engines must not be used."""


@dataclass(frozen=True)
class Machine:
    """The part that is the same for every model.

    Attributes:
        gpu, capability: name and compute capability of the device.
        tensorrt: its version.
        cuda, driver: newest CUDA that the driver knows; version of the driver, if it is told.
        l4t: release of NVIDIA's Linux on a Jetson.
    """

    gpu: str
    capability: str
    tensorrt: str
    cuda: str
    driver: str | None
    l4t: str | None

    @property
    def digest(self) -> str:
        """16 hex digits."""
        return _digest(dataclasses.asdict(self))


@dataclass(frozen=True)
class Fingerprint:
    """All that an engine depends on.

    Attributes:
        format: `FORMAT`.
        model: sha256 of the ONNX file.
        machine: where it was built.
        options: how.
    """

    format: int
    model: str
    machine: Machine
    options: BuildOptions

    @property
    def digest(self) -> str:
        """16 hex digits: the engine's name in the cache."""
        return _digest(dataclasses.asdict(self))

    def differences(self, other: Fingerprint) -> tuple[str, ...]:
        """In words, what is not the same: `tensorrt 10.3.0 there, 10.7.0 here`."""
        there, here = _flat(self), _flat(other)
        return tuple(
            f"{key} {there[key]} there, {here[key]} here" for key in here if there[key] != here[key]
        )


def read_machine(device: CudaDevice, tensorrt: str) -> Machine:
    """This machine."""
    return Machine(
        device.name, device.capability, tensorrt, device.cuda, read_kernel_driver(), read_l4t()
    )


def fingerprint(model_sha256: str, machine: Machine, options: BuildOptions) -> Fingerprint:
    """Of a model on a machine."""
    return Fingerprint(FORMAT, model_sha256, machine, options)


def _flat(one: Fingerprint) -> dict[str, object]:
    return {
        "format": one.format,
        "model": one.model[:12],
        **dataclasses.asdict(one.machine),
        **dataclasses.asdict(one.options),
    }


def _digest(document: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:16]
