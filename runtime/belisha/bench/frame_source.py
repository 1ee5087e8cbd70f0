"""Where frames to measure with come from; all are decoded before anything is timed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from belisha import champion
from belisha.bench.drawn_frames import draw_frames
from belisha.cameras.recordings import Recordings, find_recordings
from belisha.errors import SourceError
from belisha.frames import Image

MAX_FRAMES = 300
MAX_BYTES = 1_000_000_000


def frames_at_hand(sources: Sequence[str]) -> tuple[tuple[Image, ...], str]:
    """The user's frames, else the shipped clip's, else drawn ones.

    Returns:
        (H, W, 3) uint8 BGR each, all of one size, and in words where they come from.

    Raises:
        SourceError: there is no frame, or two are of different sizes.
        FrameError: one cannot be decoded.
    """
    if sources:
        return read_frames(sources), ", ".join(Path(source).name for source in sources)
    if champion.CLIP.is_file():
        return read_frames([str(champion.CLIP)]), "the shipped clip"
    return draw_frames(), "drawn"


def read_frames(sources: Sequence[str], limit: int = MAX_FRAMES) -> tuple[Image, ...]:
    """The first frames of recordings, (H, W, 3) uint8 BGR each, all of the first one's size.

    Args:
        sources: pictures, videos, folders, patterns.
        limit: the most frames; they are gone through again and again.

    Raises:
        SourceError: there is no frame, or two are of different sizes.
        FrameError: one cannot be decoded.
    """
    camera = Recordings(find_recordings(sources))
    try:
        frames: list[Image] = []
        for frame in islice(iter(camera.read, None), limit):
            image = frame.image_bgr
            if frames and image.shape != frames[0].shape:
                raise SourceError(
                    f"expected frames of one size, got {frames[0].shape[1]}x{frames[0].shape[0]} "
                    f"and {image.shape[1]}x{image.shape[0]} ({frame.source}): a camera has one size"
                )
            frames.append(image)
            if image.nbytes * len(frames) > MAX_BYTES:
                break
    finally:
        camera.close()
    if not frames:
        raise SourceError(f"expected frames in {', '.join(sources)}, got none")
    return tuple(frames)
