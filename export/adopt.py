"""Adopting: a foreign detector's ONNX file becomes a bundle. The weights stay as they are.

read the graph -> choose the person class -> rewrite outputs -> rewrite input
    -> run it on golden frames -> bundle, tried before it is put in place
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from belisha.bundle import Bundle
from belisha.decode import SCORES, HeadLayout
from belisha.detector import Detector
from belisha.errors import EngineError, UsageError
from belisha.frames import Image, Preprocessing
from belisha.golden import GoldenVerdict
from belisha.manifest import FORMAT, Golden, Manifest
from export.class_names import PersonClass, choose_person
from export.golden import (
    MAX_SCORE_DIFFERENCE,
    MIN_IOU,
    drawn_pictures,
    read_pictures,
)
from export.heads import Conventions, open_head
from export.onnx_graph import FLOATS, Graph, Tensor
from export.proof import prove

MODEL, CARD = "models/float.onnx", "model_card.md"
FRAME = "frame"
"""Name of an adopted model's input."""
UNKNOWN_LICENCE = "unknown: ask the author"
LICENCE_KEY = "license"
"""Where Ultralytics notes it in the ONNX file."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to adopt, and how.

    Attributes:
        model: the ONNX file.
        head: family of the detector, one of `export.heads.NAMES`.
        person: name or index of the class to keep.
        classes: file with the class names, one a line.
        name: of the model in the bundle; the file's, if absent.
        licence: of the weights.
        threshold: least score to report; the family's, if absent.
        golden: pictures for the golden check; drawn ones, if none.
        size: width and height for a file that leaves them open.
    """

    model: Path
    head: str
    person: str = "person"
    classes: Path | None = None
    name: str | None = None
    licence: str | None = None
    threshold: float | None = None
    golden: tuple[Path, ...] = ()
    size: tuple[int, int] | None = None


@dataclass(frozen=True)
class Adoption:
    """What came of it.

    Attributes:
        bundle: as it lies on disk.
        person: the class that was kept.
        outputs: of the model.
        verdicts: of the golden check, one a frame.
    """

    bundle: Bundle
    person: PersonClass
    outputs: tuple[Tensor, ...]
    verdicts: tuple[GoldenVerdict, ...]


def adopt(request: Request, out: Path) -> Adoption:
    """Make a bundle of a foreign detector, prove it, and write it to `out`.

    Raises:
        UsageError: an argument does not fit the file; the message says which and why.
        EngineError: the rewritten model does not run or gives no scores in [0, 1].
    """
    _check_arguments(request, out)
    head = open_head(request.head)
    pictures = read_pictures(request.golden) or drawn_pictures()
    graph = Graph.read(request.model)
    width, height = _fix_size(graph, request.size)
    classes = head.classes(graph)
    person = choose_person(request.person, classes, graph.metadata, request.classes)
    layout = head.rewrite(graph, person.index)
    conventions = head.conventions
    _take_camera_bytes(graph, conventions)
    preprocessing = conventions.preprocessing(width, height)
    manifest = _manifest(request, graph, person, preprocessing, layout, conventions.threshold)
    files = {MODEL: graph.serialise(), CARD: _model_card(manifest).encode()}
    proven = prove(manifest, files, pictures, _check_scores)
    bundle = proven.write(out)
    return Adoption(bundle, person, graph.outputs, proven.verdicts)


def _check_arguments(request: Request, out: Path) -> None:
    """What can be said before any file is read."""
    if request.threshold is not None and not 0 < request.threshold < 1:
        raise UsageError(f"expected a threshold between 0 and 1, got {request.threshold}")
    for option, text in (("name", request.name), ("licence", request.licence)):
        if text is not None and not (text.strip() and text.isprintable()):
            raise UsageError(f"expected --{option} as one line of text, got {text!r}")
    inputs = [request.model, *request.golden, *([request.classes] if request.classes else [])]
    if out.resolve() in [path.resolve() for path in inputs]:
        raise UsageError(f"--out {out} is one of the inputs: name another file")


def _fix_size(graph: Graph, size: tuple[int, int] | None) -> tuple[int, int]:
    """Settle the input's width and height, and with them all shapes of the graph."""
    inputs = graph.inputs
    shape = inputs[0].shape if inputs else ()
    if len(inputs) != 1 or len(shape) != 4 or shape[1] != 3 or inputs[0].dtype not in FLOATS:
        raise UsageError(
            f"{graph.name}: expected one float input (1, 3, height, width), got "
            f"{', '.join(map(str, inputs)) or 'none'}: export the detector for one picture, "
            "without its pre- and post-processing"
        )
    batch, _, height, width = shape
    if batch not in (None, 1):
        raise UsageError(f"{graph.name}: expected a batch of 1, got {batch}: export it for one")
    asked_width, asked_height = size or (width, height)
    if asked_width is None or asked_height is None:
        raise UsageError(
            f"{graph.name} leaves the size of its input open: choose one, such as --size 416x320; "
            "the camera's aspect wastes no pixels"
        )
    if (width or asked_width, height or asked_height) != (asked_width, asked_height):
        raise UsageError(
            f"{graph.name}: expected --size {width}x{height}, for which the file was made, got "
            f"{asked_width}x{asked_height}: leave --size out, or export the detector again"
        )
    graph.fix_input((1, 3, asked_height, asked_width))
    return asked_width, asked_height


def _take_camera_bytes(graph: Graph, conventions: Conventions) -> None:
    """Let the graph begin with the camera's bytes: uint8 (1, H, W, 3), then normalisation.

    Cast stands before Transpose, as TensorRT wants it; on a CPU the order makes no difference.
    Subtraction and division are those of the authors' own code, so the floats are equal.
    """
    (old,) = graph.inputs
    _, channels, height, width = old.shape
    planes = (1, 3, 1, 1)
    values = graph.leading_node("Transpose", graph.cast(FRAME, "float32"), perm=[0, 3, 1, 2])
    if any(conventions.mean):
        mean = graph.constant(np.array(conventions.mean, np.float32).reshape(planes))
        values = graph.leading_node("Sub", values, mean)
    std = graph.constant(np.array(conventions.std, np.float32).reshape(planes))
    exact = old.dtype == "float32"
    values = graph.leading_node("Div", values, std, output=old.name if exact else "")
    if not exact:
        graph.cast(values, old.dtype, output=old.name)
    graph.replace_input(Tensor(FRAME, "uint8", (1, height, width, channels)))


def _manifest(
    request: Request,
    graph: Graph,
    person: PersonClass,
    preprocessing: Preprocessing,
    head: HeadLayout,
    threshold: float,
) -> Manifest:
    """The manifest, still without golden frames."""
    kept = f"class {person.index} of {person.classes}" + (f" ({person.name})" * bool(person.name))
    return Manifest(
        format=FORMAT,
        name=request.name or _printable(request.model.stem),
        origin=(
            f"adopted, not trained here: {_printable(request.model.name)}, sha256 {graph.digest}, "
            f"head {request.head}, person is {_printable(kept)}"
        ),
        licence=request.licence or _stated_licence(graph),
        preprocessing=preprocessing,
        preprocessing_digest=preprocessing.digest,
        head=head,
        threshold=request.threshold or threshold,
        models={"float": MODEL},
        golden=Golden(
            threshold=0.5,
            min_iou=MIN_IOU,
            max_score_difference=MAX_SCORE_DIFFERENCE,
            frames=(),
        ),
        files={},
        model_card=CARD,
    )


def _stated_licence(graph: Graph) -> str:
    """What the ONNX file says of its licence."""
    stated = _printable(graph.metadata.get(LICENCE_KEY, "")).strip()
    return f"{stated} (as the ONNX file says)" if stated else UNKNOWN_LICENCE


def _printable(text: str) -> str:
    """Text from a foreign file, fit for a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:200])


def _model_card(manifest: Manifest) -> str:
    """The model card, in Markdown."""
    return (
        f"# {manifest.name}\n\n"
        f"- Origin: {manifest.origin}.\n"
        f"- Licence of the weights: {manifest.licence}.\n"
        "- Training data: not stated. Belisha did not train this model and has not measured it.\n\n"
        "The weights are those of the ONNX file. Its input was changed to the camera's bytes, its\n"
        "outputs to scores and boxes of the person class alone.\n\n"
        "Not a safety device.\n"
    )


def _check_scores(detector: Detector, network_input: Image) -> None:
    """Scores that are no probabilities betray a file exported without its last sigmoid."""
    scores = detector.infer(network_input)[SCORES]
    least, most = float(scores.min()), float(scores.max())
    if not (least >= 0 and most <= 1):
        raise EngineError(
            f"{detector.info.name}: expected scores between 0 and 1, got {least:.3g} to "
            f"{most:.3g}: choose another --head, or export the detector with its last sigmoid"
        )
