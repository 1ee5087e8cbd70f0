"""Which of a foreign detector's classes is the person."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from belisha.errors import UsageError

_COCO = (
    "person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,"
    "stop sign,parking meter,bench,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,"
    "backpack,umbrella,handbag,tie,suitcase,frisbee,skis,snowboard,sports ball,kite,baseball bat,"
    "baseball glove,skateboard,surfboard,tennis racket,bottle,wine glass,cup,fork,knife,spoon,bowl,"
    "banana,apple,sandwich,orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,"
    "potted plant,bed,dining table,toilet,tv,laptop,mouse,remote,keyboard,cell phone,microwave,"
    "oven,toaster,sink,refrigerator,book,clock,vase,scissors,teddy bear,hair drier,"
    "toothbrush"
)
COCO = tuple(_COCO.split(","))
"""The 80 classes of COCO (Lin et al. 2014), in the order that detectors number them."""

METADATA_KEY = "names"
"""Where Ultralytics notes them in the ONNX file, as {0: 'person', ...}."""
MAX_BYTES = 100_000


@dataclass(frozen=True)
class PersonClass:
    """The class that is kept.

    Attributes:
        index: among the detector's classes.
        name: of the class; empty where nothing names it.
        classes: how many there are.
        source: where the names come from, for people.
    """

    index: int
    name: str
    classes: int
    source: str


@dataclass(frozen=True)
class ClassNames:
    """Names by index, and where they come from, for people."""

    names: tuple[str, ...]
    source: str


def choose_person(
    wanted: str, classes: int, metadata: Mapping[str, str], file: Path | None
) -> PersonClass:
    """Find the person class.

    Args:
        wanted: its name or its index.
        classes: how many classes the detector has.
        metadata: of the ONNX file.
        file: names, one a line; goes before what the ONNX file says and before COCO's order.

    Raises:
        UsageError: there is no such class, or the names are not as many as the classes.
    """
    known = _known_names(classes, metadata, file)
    if known.names and len(known.names) != classes:
        raise UsageError(
            f"expected {classes} class names, as many as the detector has classes, got "
            f"{len(known.names)} from {known.source}: pass the right ones with --classes"
        )
    index = int(wanted) if wanted.isdecimal() else _index_of(wanted, classes, known)
    if index >= classes:
        raise UsageError(f"expected a class index from 0 to {classes - 1}, got --person {wanted}")
    return PersonClass(index, known.names[index] if known.names else "", classes, known.source)


def _known_names(classes: int, metadata: Mapping[str, str], file: Path | None) -> ClassNames:
    """The names from the best source there is; none if there is none."""
    if file is not None:
        return ClassNames(_read_names(file), file.name)
    if METADATA_KEY in metadata:
        return ClassNames(_parse_metadata(metadata[METADATA_KEY]), "the ONNX file's metadata")
    if classes == len(COCO):
        return ClassNames(COCO, "COCO's order, as the ONNX file names none")
    return ClassNames((), "nowhere: the ONNX file names none")


def _read_names(file: Path) -> tuple[str, ...]:
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
        text = data.decode()
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: expected class names, one a line, in UTF-8: {error}") from error
    if len(data) > MAX_BYTES:
        raise UsageError(f"{file}: expected at most {MAX_BYTES} bytes of class names")
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _parse_metadata(text: str) -> tuple[str, ...]:
    """{0: 'person', ...} or ['person', ...], written as Python would."""
    try:
        value = ast.literal_eval(text[:MAX_BYTES])
        names = [value[index] for index in range(len(value))]
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError) as error:
        raise UsageError(
            f"expected class names such as {{0: 'person'}} in the ONNX file's metadata, got "
            f"{text[:60]!r}: pass them with --classes"
        ) from error
    return tuple(map(str, names))


def _index_of(wanted: str, classes: int, known: ClassNames) -> int:
    """The index of a name."""
    folded = [name.casefold() for name in known.names]
    if wanted.casefold() in folded:
        return folded.index(wanted.casefold())
    if not known.names:
        raise UsageError(
            f"the detector has {classes} classes and the ONNX file does not name them: "
            "say which is the person with --person INDEX, or name them with --classes FILE"
        )
    close = difflib.get_close_matches(wanted.casefold(), folded, n=1)
    near = f"did you mean {known.names[folded.index(close[0])]!r}? " if close else ""
    some = ", ".join(known.names[:10]) + (", ..." if len(known.names) > 10 else "")
    raise UsageError(
        f"expected --person to be one of {classes} classes ({some}; from {known.source}), got "
        f"{wanted!r}: {near}pass another name, an index, or the names with --classes"
    )
