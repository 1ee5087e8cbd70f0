"""Who takes part: ours in each of its flavours, adopted peers, Ultralytics, HOG.

Whoever cannot take part becomes a subject with the reason; nobody is left out in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from belisha.bench.result import Subject
from belisha.bundle import Bundle
from belisha.detector import Detector
from belisha.engines import REFERENCE
from belisha.engines.onnx_runtime import PREFERENCE
from belisha.errors import BelishaError
from belisha.frames import Image
from benchmarks import hog, quantised, ultralytics
from benchmarks.contender import BundleContender, Contender
from benchmarks.hog import HogContender
from benchmarks.one_flavour import with_one_flavour
from benchmarks.own_environment import check_python, python_of
from benchmarks.quantised import quantise
from benchmarks.ultralytics import MODELS, ultralytics_bundle
from export.adopt import Request, adopt

PEERS = {
    "FastestDet": "fastestdet",
    "picodet_s_320_coco": "picodet",
    "picodet_s_416_coco": "picodet",
    "nanodet_m": "nanodet",
}
"""ONNX file -> the head it has."""
AUTO = "auto"
"""Instead of an interpreter: make an environment."""
CALIBRATION = 32
"""Frames for peers that are quantised here."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Who was asked for.

    Attributes:
        bundles: our own; each runs in every flavour that the engine knows.
        peers: folder of the public detectors' ONNX files.
        ultralytics: an interpreter, `auto`, or nothing to leave them out.
        ultralytics_sizes: width and height of their inputs.
        hog: likewise an interpreter, `auto`, or nothing.
        int8_peers: whether peers take part once more, quantised here.
        threads: of every engine.
    """

    bundles: tuple[Path, ...]
    peers: Path | None
    ultralytics: str | None
    ultralytics_sizes: tuple[tuple[int, int], ...]
    hog: str | None
    int8_peers: bool
    threads: int


@dataclass
class LineUp:
    """Contenders in order, and those who could not come."""

    contenders: list[Contender] = field(default_factory=list)
    absent: list[Subject] = field(default_factory=list)


@contextmanager
def line_up(
    wanted: Wanted, frames: Sequence[Image], folder: Path, say: Callable[[str], None]
) -> Iterator[LineUp]:
    """Bring them in; they are closed at the end.

    Args:
        wanted: who.
        frames: (H, W, 3) uint8 BGR each, for all.
        folder: for bundles made on the way.
        say: is told what is being done.
    """
    line = LineUp()
    try:
        for path in wanted.bundles:
            for bundle in _flavours(Bundle.open(path), folder):
                line.contenders.append(_contender(bundle, frames, wanted.threads))
        for name, head in PEERS.items() if wanted.peers else ():
            say(f"adopting {name}")
            _add_peer(line, wanted, name, head, frames, folder)
        _add_ultralytics(line, wanted, frames, folder, say)
        _add_hog(line, wanted, frames, say)
        yield line
    finally:
        for contender in line.contenders:
            contender.close()


def _flavours(bundle: Bundle, folder: Path) -> list[Bundle]:
    """The bundle once for each flavour that the engine can run."""
    known = [flavour for flavour in PREFERENCE if flavour in bundle.manifest.models]
    return [with_one_flavour(bundle, flavour, folder) for flavour in known] or [bundle]


def _contender(bundle: Bundle, frames: Sequence[Image], threads: int) -> BundleContender:
    return BundleContender(Detector.open(bundle.path, engine=REFERENCE, threads=threads), frames)


def _add_peer(
    line: LineUp, wanted: Wanted, name: str, head: str, frames: Sequence[Image], folder: Path
) -> None:
    path = (wanted.peers or Path()) / f"{name}.onnx"
    try:
        bundle = adopt(Request(model=path, head=head), folder / f"{name}.bundle").bundle
    except BelishaError as error:
        line.absent.append(Subject(name=name, skipped=str(error)))
        return
    _add_adopted(line, wanted, bundle, frames, folder)


def _add_adopted(
    line: LineUp,
    wanted: Wanted,
    bundle: Bundle,
    frames: Sequence[Image],
    folder: Path,
    notes: tuple[str, ...] = (),
    *,
    trained: bool = True,
) -> None:
    """A foreign detector in float, and in INT8 if that was asked for."""
    detector = Detector.open(bundle.path, engine=REFERENCE, threads=wanted.threads)
    line.contenders.append(BundleContender(detector, frames, notes=notes, trained=trained))
    if not wanted.int8_peers:
        return
    try:
        made = quantise(bundle, frames[:CALIBRATION], folder)
        detector = Detector.open(made.path, engine=REFERENCE, threads=wanted.threads)
    except BelishaError as error:
        name = bundle.manifest.name
        line.absent.append(Subject(name=name, flavour="int8_cpu", skipped=str(error)))
        return
    notes = (quantised.NOTE, *notes)
    line.contenders.append(BundleContender(detector, frames, notes=notes, trained=trained))


def _add_ultralytics(
    line: LineUp,
    wanted: Wanted,
    frames: Sequence[Image],
    folder: Path,
    say: Callable[[str], None],
) -> None:
    """Each network at each size; one that fails does not take the others along."""
    if wanted.ultralytics is None:
        why = "not asked for: --ultralytics PYTHON, or --ultralytics auto to make an environment"
        line.absent += [Subject(name=name, skipped=why) for name in MODELS]
        return
    try:
        python = _python(wanted.ultralytics, ultralytics.ENVIRONMENT, ultralytics.PACKAGES)
    except BelishaError as error:
        line.absent += [Subject(name=name, skipped=str(error)) for name in MODELS]
        return
    for name in MODELS:
        for size in wanted.ultralytics_sizes:
            say(f"exporting {name} {size[0]}x{size[1]}")
            try:
                bundle = ultralytics_bundle(python, name, size, folder)
            except BelishaError as error:
                line.absent.append(Subject(name=name, skipped=str(error)))
                continue
            notes = (ultralytics.NOTE,)
            _add_adopted(line, wanted, bundle, frames, folder, notes, trained=False)


def _add_hog(
    line: LineUp, wanted: Wanted, frames: Sequence[Image], say: Callable[[str], None]
) -> None:
    why = "not asked for: --hog PYTHON with opencv-python-headless<5, or --hog auto"
    if wanted.hog is not None:
        say("starting OpenCV's HOG")
        try:
            python = _python(wanted.hog, hog.ENVIRONMENT, hog.PACKAGES)
            line.contenders.append(HogContender(python, frames))
            return
        except BelishaError as error:
            why = str(error)
    line.absent.append(Subject(name="OpenCV HOG", skipped=why))


def _python(named: str, environment: str, packages: Sequence[str]) -> Path:
    """The interpreter that the user named, or a made one."""
    return python_of(environment, packages) if named == AUTO else check_python(Path(named))
