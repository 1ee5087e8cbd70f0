"""TensorRT on an NVIDIA GPU: the engine that the INT8 flavour for it is made for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from belisha.bundle import Bundle
from belisha.engines import EngineBuild
from belisha.engines.nvidia.builder import DEFAULT_OPTIONS, BuildOptions
from belisha.engines.nvidia.building import DEFAULT_LIMITS, Build, BuildLimits
from belisha.engines.nvidia.cache import EngineCache, default_folder
from belisha.engines.nvidia.driver import CudaDevice, Driver
from belisha.engines.nvidia.fingerprint import Fingerprint, fingerprint, read_machine
from belisha.engines.nvidia.library import load_tensorrt
from belisha.engines.nvidia.runner import TensorRtEngine
from belisha.errors import EngineError
from belisha.manifest import Flavour

FLAVOUR: Flavour = "int8_tensorrt"


@dataclass(frozen=True)
class Site:
    """A machine on which TensorRT runs: driver, device, library."""

    trt: Any
    driver: Driver
    device: CudaDevice

    def fingerprint(self, bundle: Bundle, options: BuildOptions) -> Fingerprint:
        """What the bundle's engine depends on here.

        Raises:
            EngineError: the bundle has no model for TensorRT.
        """
        manifest = bundle.manifest
        if FLAVOUR not in manifest.models:
            raise EngineError(
                f"{bundle.path}: expected a model of flavour {FLAVOUR}, got "
                f"{', '.join(manifest.models)}: export the bundle with it"
            )
        digest = manifest.files[manifest.models[FLAVOUR]].sha256
        machine = read_machine(self.device, str(self.trt.__version__))
        return fingerprint(digest, machine, options)


def open_site() -> Site:
    """This machine.

    Raises:
        EngineAbsentError: no NVIDIA GPU.
        MissingLibraryError: TensorRT is not installed.
        EngineError: it is too old, or the driver fails.
    """
    driver = Driver()
    return Site(load_tensorrt(), driver, driver.device())


def load(bundle: Bundle, threads: int | None) -> TensorRtEngine:
    """Load the engine that was built last for exactly this model and machine; no `threads`.

    Raises:
        EngineAbsentError: no NVIDIA GPU.
        EngineNotBuiltError: there is no such engine, or it is damaged.
        MissingLibraryError: TensorRT or pycuda is not installed.
        EngineError: it cannot be used.
    """
    site = open_site()
    cache = EngineCache(default_folder())
    newest = cache.newest(site.fingerprint(bundle, DEFAULT_OPTIONS))
    return load_built(bundle, site, cache, newest)


def load_built(
    bundle: Bundle, site: Site, cache: EngineCache, wanted: Fingerprint
) -> TensorRtEngine:
    """Load the one engine with this fingerprint; raises as `load` does."""
    serialised, _ = cache.read(wanted)
    manifest = bundle.manifest
    return TensorRtEngine(site.trt, site.driver, serialised, manifest.preprocessing, manifest.head)


def plan_build(
    bundle: Bundle,
    options: BuildOptions = DEFAULT_OPTIONS,
    limits: BuildLimits = DEFAULT_LIMITS,
    cache: EngineCache | None = None,
) -> Build:
    """The build of a bundle's engine on this machine; nothing is done yet.

    Raises:
        EngineError: as `open_site`; or the bundle has no model for TensorRT.
    """
    wanted = open_site().fingerprint(bundle, options)
    model = bundle.model(FLAVOUR)
    return Build(
        model, bundle.manifest.name, wanted, cache or EngineCache(default_folder()), limits
    )


class _BackgroundBuild:
    """See `EngineBuild`."""

    def __init__(self, bundle: Bundle, threads: int | None) -> None:
        self._bundle, self._threads = bundle, threads
        self._build = plan_build(bundle)
        self.progress = ""

    def run(self) -> TensorRtEngine:
        """Build, then load."""
        self._build.run(self._tell)
        return load(self._bundle, self._threads)

    def stop(self) -> None:
        """Give up."""
        self._build.stop()

    def _tell(self, phase: str, done: int, steps: int) -> None:
        self.progress = f"{phase} {done} of {steps}"


def build(bundle: Bundle, threads: int | None) -> EngineBuild:
    """Make ready to build the engine that `load` misses."""
    return _BackgroundBuild(bundle, threads)
