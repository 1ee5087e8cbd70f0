"""What is measured of every picture of a version, once: its thumbnail and its photometry.

Pictures are kept by content, so what was measured of one stays true: it is kept beside the store
and only new pictures are decoded.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from belisha.boxes import FloatArray
from belisha.bundle import write_whole
from belisha.cameras.picture import read_picture
from belisha.errors import DatasetError, FrameError
from training.data.near_duplicates import THUMBNAIL, thumbnail
from training.data.photometry import Photometry, photometry
from training.data.records import Record

FILE = "measurements-2.npz"
"""The number rises when something else is measured."""
_THREADS = 4
_FIGURES = 4


@dataclass(frozen=True, eq=False)
class Measurements:
    """What was measured of N pictures.

    Attributes:
        keys: (N) sha256.
        thumbnails: (N, 720) as of `training.data.near_duplicates`.
        figures: (N, 4) the fields of `Photometry`.
    """

    keys: tuple[str, ...]
    thumbnails: FloatArray
    figures: NDArray[np.float32]

    @property
    def photometry(self) -> Mapping[str, Photometry]:
        """sha256 -> how the picture looks."""
        rows = self.figures.tolist()
        return {key: Photometry(*row) for key, row in zip(self.keys, rows, strict=True)}


def measure_pictures(
    records: Sequence[Record], path_of: Callable[[str], Path], cache: Path | None = None
) -> Measurements:
    """Measure the pictures of records, each once.

    Args:
        records: whose pictures.
        path_of: sha256 -> file.
        cache: folder where measurements are kept; nowhere if absent.

    Raises:
        DatasetError: a picture cannot be read.
    """
    known = _read(cache / FILE) if cache else {}
    wanted = sorted({record.sha256 for record in records})
    new = [sha256 for sha256 in wanted if sha256 not in known]
    with ThreadPoolExecutor(_THREADS) as pool:
        measured = pool.map(lambda sha256: _measure(path_of(sha256)), new)
        shown = tqdm(measured, "measure", len(new), unit="image", leave=False, disable=None)
        known |= dict(zip(new, shown, strict=True))
    if cache and new:
        write_whole(cache / FILE, _as_bytes(known))
    rows = np.reshape([known[key] for key in wanted], (-1, THUMBNAIL + _FIGURES))
    return Measurements(tuple(wanted), rows[:, :THUMBNAIL], rows[:, THUMBNAIL:])


def _measure(path: Path) -> FloatArray:
    try:
        image = read_picture(path)
    except FrameError as error:
        raise DatasetError(f"a picture of the data set cannot be measured: {error}") from error
    row: FloatArray = np.concatenate(
        [thumbnail(image), astuple(photometry(image))], dtype=np.float32
    )
    return row


def _as_bytes(known: Mapping[str, FloatArray]) -> bytes:
    keys = sorted(known)
    buffer = io.BytesIO()
    np.savez(buffer, keys=np.array(keys, "U64"), rows=np.stack([known[key] for key in keys]))
    return buffer.getvalue()


def _read(path: Path) -> dict[str, FloatArray]:
    """What is known; nothing if there is no file, or one that cannot be used."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as content:
            keys, rows = content["keys"].tolist(), content["rows"]
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return {}
    if rows.shape != (len(keys), THUMBNAIL + _FIGURES):
        return {}
    return dict(zip(keys, rows.astype(np.float32), strict=True))
