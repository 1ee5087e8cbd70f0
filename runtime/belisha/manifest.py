"""What a bundle says about itself: the typed manifest."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from belisha.boxes import Boxes, as_xyxy
from belisha.decode import HeadLayout, count_cells
from belisha.documents import convert, load_json
from belisha.errors import BundleError, BundleVersionError, ConfigError
from belisha.frames import Preprocessing

FORMAT = 2
"""Version of the bundle format; raised when an older runtime could misread a new bundle. Since 2 a
head may be calibrated; bundles of format 1 are not."""
MAX_CELLS = 1_000_000
"""No small detector has more; a decoder allocates memory for each."""

Flavour = Literal["float", "int8_cpu", "int8_tensorrt"]
"""What one of a bundle's models is made for; all of them have the same inputs and outputs."""


@dataclass(frozen=True)
class FileRecord:
    """Length in bytes and sha256 (64 hex digits) of one file in the bundle."""

    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ExpectedBox:
    """One detection that the exporting host saw: xyxy in pixels of the golden frame, and score."""

    xyxy: tuple[float, float, float, float]
    score: float


@dataclass(frozen=True, kw_only=True)
class GoldenFrame:
    """A frame whose detections are known, so that any device can repeat the check.

    Attributes:
        file: the frame's path in the bundle, a PNG.
        origin: where the frame comes from, for people.
        boxes: what the float model finds on it, at `Golden.threshold`, on the exporting host.
    """

    file: str
    origin: str
    boxes: tuple[ExpectedBox, ...]

    @property
    def expected(self) -> Boxes:
        """The expected detections in pixels of the golden frame."""
        scores = np.array([box.score for box in self.boxes], np.float32)
        return Boxes(as_xyxy([box.xyxy for box in self.boxes]), scores)


@dataclass(frozen=True, kw_only=True)
class Golden:
    """The golden check: frames, and how far a device may be off.

    Attributes:
        threshold: score above which detections are compared.
        min_iou: least overlap of a detection with the expected one.
        max_score_difference: largest difference of their scores.
        frames: the frames.
    """

    threshold: float
    min_iou: float
    max_score_difference: float
    frames: tuple[GoldenFrame, ...]


@dataclass(frozen=True, kw_only=True)
class Parity:
    """What the parity gate said when the bundle was made, and who overruled it.

    Attributes:
        passed: whether every flavour found whom the trained network finds.
        compared: what was compared, on how many frames, for people.
        failures: why it did not pass, one sentence each; the first of them, if there are many.
        forced_by, forced_because: who put the bundle in place all the same, and why.
    """

    passed: bool
    compared: str
    failures: tuple[str, ...] = ()
    forced_by: str = ""
    forced_because: str = ""

    def __str__(self) -> str:
        if self.passed:
            return f"passed: {self.compared}"
        return (
            f"FAILED and FORCED by {self.forced_by} ({self.forced_because}): "
            f"{'; '.join(self.failures)}; {self.compared}"
        )


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A figure, and the ends of its 95 % interval where it has one."""

    value: float
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, kw_only=True)
class Performance:
    """What a flavour does from the threshold on.

    Attributes:
        recall: share of the people that it found.
        false_positives_per_image: boxes that hold nobody whom the data know.
    """

    recall: Seen
    false_positives_per_image: Seen

    def __str__(self) -> str:
        return f"recall {self.recall}, false positives per image {self.false_positives_per_image}"


@dataclass(frozen=True, kw_only=True)
class ThresholdRecord:
    """Why the threshold is what it is, and what it was seen to give when the bundle was made.

    Attributes:
        data: on which frames, for people.
        images, people: how many there were.
        asked: false positives per image that the threshold was chosen for, on these very frames
            and the float model; nothing where somebody gave the threshold.
        flavours: what each of them did.
    """

    data: str
    images: int
    people: int
    asked: float | None
    flavours: dict[Flavour, Performance]

    def __str__(self) -> str:
        why = "given" if self.asked is None else f"for {self.asked:g} false positives per image"
        return f"{why}, on {self.images} images with {self.people} people of {self.data}"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Everything that a runtime must know about a bundle.

    Attributes:
        format: version of this format, `FORMAT`.
        name: of the model, for people.
        origin: how the bundle was made and from what, for people.
        licence: of the weights.
        preprocessing: how a frame becomes the model's input.
        preprocessing_digest: sha256 of `preprocessing`; a runtime that computes another refuses.
        head: what the model's outputs mean.
        threshold: score from which a box is reported unless the user says otherwise.
        models: flavour -> path of the ONNX file in the bundle; at least one.
        golden: the golden check.
        files: path -> length and digest, for every file but the manifest itself.
        model_card, evaluation: paths of these documents in the bundle, or nothing.
        data_fingerprints: data set -> fingerprint of what the model was trained on.
        parity: what the parity gate said; nothing where no gate was asked, as for adopted models.
        compiler: what NVIDIA's compiler said of the TensorRT flavour, for people; empty where it
            was not asked.
        lineage: path of the record of how the bundle was made, or nothing.
        at_threshold: what the threshold was seen to give; nothing where it was not measured.
    """

    format: int
    name: str
    origin: str
    licence: str
    preprocessing: Preprocessing
    preprocessing_digest: str
    head: HeadLayout
    threshold: float
    models: dict[Flavour, str]
    golden: Golden
    files: dict[str, FileRecord]
    model_card: str | None = None
    evaluation: str | None = None
    data_fingerprints: dict[str, str] = field(default_factory=dict)
    parity: Parity | None = None
    compiler: str = ""
    lineage: str | None = None
    at_threshold: ThresholdRecord | None = None

    def to_json(self) -> bytes:
        """Canonical bytes: equal manifests give equal bytes.

        Raises:
            BundleError: a field is not of its type.
        """
        try:
            # Through the schema, so that an nms_iou of 1 is written as the 1.0 that it is read as.
            exact = convert(dataclasses.asdict(self), Manifest, f"{self.name}: manifest")
        except ConfigError as error:
            raise BundleError(str(error)) from error
        return json.dumps(dataclasses.asdict(exact), indent=1, sort_keys=True).encode() + b"\n"


def digest(data: bytes) -> str:
    """sha256 in 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def parse_manifest(data: bytes, name: str) -> Manifest:
    """Read and check a manifest; `name` stands for the bundle in error messages.

    Raises:
        BundleVersionError: the bundle is newer than this runtime.
        BundleError: the manifest breaks its schema, or asks for what cannot be honoured.
    """
    try:
        document = load_json(data, f"{name}: manifest")
        _check_format(document, name)
        manifest = convert(document, Manifest, f"{name}: manifest")
    except ConfigError as error:
        raise BundleError(str(error)) from error
    _check_sense(manifest, name)
    return manifest


def _check_format(document: Any, name: str) -> None:
    """Look at the version before anything else: a newer format may have any shape."""
    version = document.get("format") if isinstance(document, dict) else None
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise BundleError(f"{name}: expected a manifest with a format number, got {version!r}")
    if version > FORMAT:
        raise BundleVersionError(
            f"{name}: expected bundle format {FORMAT} or older, got {version}: "
            "update belisha on this machine, or export the bundle with this version"
        )


def _check_sense(manifest: Manifest, name: str) -> None:
    """What types cannot say."""
    actual = manifest.preprocessing.digest
    if manifest.preprocessing_digest != actual:
        raise BundleError(
            f"{name}: expected preprocessing {manifest.preprocessing_digest[:12]}, but its "
            f"parameters hash to {actual[:12]}: the bundle was edited; export it again"
        )
    if not manifest.models:
        raise BundleError(f"{name}: expected at least one model, got none: export it again")
    if (cells := count_cells(manifest.head, manifest.preprocessing)) > MAX_CELLS:
        raise BundleError(f"{name}: expected at most {MAX_CELLS} cells, got {cells}: refused")
    if not 0 < manifest.threshold < 1:
        raise BundleError(f"{name}: expected a threshold in (0, 1), got {manifest.threshold}")
    _check_golden(manifest.golden, name)
    _check_parity(manifest.parity, name)
    origins = [frame.origin for frame in manifest.golden.frames]
    words = [manifest.name, manifest.origin, manifest.licence, manifest.compiler, *origins]
    for text in [*words, str(manifest.parity), str(manifest.at_threshold)]:
        if not text.isprintable():  # it is shown on terminals
            raise BundleError(f"{name}: expected one line of printable text, got {text[:80]!r}")
    named = [*manifest.models.values(), *(frame.file for frame in manifest.golden.frames)]
    documents = (manifest.model_card, manifest.evaluation, manifest.lineage)
    named += [path for path in documents if path]
    for path in named:
        if path not in manifest.files:
            raise BundleError(f"{name}: the manifest names {path!r}, which is not in the bundle")


def _check_parity(parity: Parity | None, name: str) -> None:
    """A gate that did not pass stops the export, unless somebody answers for it."""
    if parity and not parity.passed and not (parity.forced_by and parity.forced_because):
        raise BundleError(
            f"{name}: the parity gate did not pass, and nobody forced it: the bundle was edited; "
            "export it again"
        )


def _check_golden(golden: Golden, name: str) -> None:
    """Tolerances that can be met, and can be missed."""
    if not 0 < golden.threshold < 1:
        raise BundleError(f"{name}: expected golden.threshold in (0, 1), got {golden.threshold}")
    if not 0 < golden.min_iou <= 1:
        raise BundleError(f"{name}: expected golden.min_iou in (0, 1], got {golden.min_iou}")
    if not 0 <= golden.max_score_difference <= 1:
        raise BundleError(
            f"{name}: expected golden.max_score_difference in [0, 1], "
            f"got {golden.max_score_difference}"
        )
