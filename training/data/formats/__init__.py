"""Formats: how other people's annotations become records.

One file a format. A reader takes a path and options and gives a `Reading`: drafts of records, and
findings about what was mapped, dropped, or made a don't-care region. It looks at image files only
where the format does not say their size. Whatever stands in the files, it raises nothing but
`DatasetError`, which names file and line (in JSON: the entry).
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Protocol

from belisha.errors import UsageError
from training.data.formats.reading import Options, Reading

_MODULES = {
    "citypersons": "training.data.formats.citypersons",
    "coco": "training.data.formats.coco",
    "cvat": "training.data.formats.cvat",
    "eurocity": "training.data.formats.eurocity",
    "kitti": "training.data.formats.kitti",
    "label_studio": "training.data.formats.label_studio",
    "voc": "training.data.formats.voc",
    "yolo": "training.data.formats.yolo",
}

NAMES = tuple(_MODULES)
"""What `--format` may be."""


class Reader(Protocol):
    """Reads one format."""

    def __call__(self, path: Path, options: Options) -> Reading:
        """Read a source.

        Raises:
            DatasetError: it cannot be read; the message names file and line.
        """
        ...


def open_reader(name: str) -> Reader:
    """The reader of a format.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in _MODULES:
        raise UsageError(f"expected a format of {', '.join(NAMES)}; got {name!r}")
    reader: Reader = import_module(_MODULES[name]).read
    return reader
