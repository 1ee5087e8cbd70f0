"""Proving a bundle before it is put in place: golden frames are made and their check is passed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from belisha.bundle import Bundle, write_bundle
from belisha.detector import Detector
from belisha.engines import REFERENCE
from belisha.errors import EngineError, UsageError
from belisha.frames import Image
from belisha.golden import GoldenVerdict, check_golden
from belisha.manifest import Flavour, Manifest
from export.golden import Picture, make_golden
from export.scratch import scratch


@dataclass(frozen=True, eq=False)
class Proven:
    """A bundle that works on this machine, still in memory.

    Attributes:
        manifest, files: of the bundle, golden frames included.
        verdicts: of the golden check, one a frame.
    """

    manifest: Manifest
    files: dict[str, bytes]
    verdicts: tuple[GoldenVerdict, ...]

    def write(self, out: Path) -> Bundle:
        """Put the bundle in place, whole or not at all.

        Raises:
            UsageError: the place cannot be written.
        """
        try:
            return write_bundle(out, self.manifest, self.files)
        except OSError as error:
            raise UsageError(f"--out {out}: cannot be written: {error.strerror}") from error


def prove(
    manifest: Manifest,
    files: dict[str, bytes],
    pictures: Sequence[Picture],
    check: Callable[[Detector, Image], None],
    without: Collection[Flavour] = (),
) -> Proven:
    """Make golden frames with the float model, and check the flavour that this machine prefers.

    Args:
        manifest: its golden tolerances hold; its golden frames are filled in here.
        files: path in the bundle -> content, among them the float model.
        pictures: to become golden frames.
        check: raises if the model, given a network input, gives what it must not.
        without: flavours that are needed here and left out of the bundle, to save space.

    Raises:
        EngineError: a model does not run, or the two find different people.
        UsageError: there is no room for the drafts.
    """
    tolerances = manifest.golden
    with scratch("proof") as folder:
        alone = replace(manifest, models={"float": manifest.models["float"]})
        draft = write_bundle(folder / "draft.bundle", alone, files)
        with Detector.open(draft.path, engine=REFERENCE) as detector:
            check(detector, detector.prepare(pictures[0].image_bgr)[0])
            made, frames = make_golden(detector, pictures)
        golden = replace(tolerances, threshold=made.threshold, frames=made.frames)
        left_out = {manifest.models[flavour] for flavour in without}
        models = {key: path for key, path in manifest.models.items() if key not in without}
        manifest = replace(manifest, golden=golden, models=models)
        files = {path: data for path, data in {**files, **frames}.items() if path not in left_out}
        whole = write_bundle(folder / "whole.bundle", manifest, files)
        with Detector.open(whole.path, engine=REFERENCE) as detector:
            check(detector, detector.prepare(pictures[0].image_bgr)[0])
            verdicts = check_golden(detector)
            flavour = detector.info.engine.flavour
    if not all(verdict.passed for verdict in verdicts):
        raise EngineError(
            f"{manifest.name}: the {flavour} model does not find on the golden frames what the "
            "float model found a moment before: it is not deterministic on this machine, or its "
            "quantisation lost too much; calibrate on more frames or train longer"
        )
    return Proven(manifest, files, verdicts)
