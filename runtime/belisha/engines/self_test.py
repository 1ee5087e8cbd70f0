"""Does this processor multiply int8 as it should? Found out by trying, at load.

Old x86 processors add products of uint8 and int8 with saturation: sums that are too large are cut
off, silently, and a detector scores otherwise than on the next machine. Processors' feature flags
tell which they are, but neither emulators nor new libraries keep to them. So the model itself is
tried on the bundle's golden frames, in its fast form and in one that is exact everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import cv2
import numpy as np

from belisha.boxes import FloatArray
from belisha.bundle import Bundle
from belisha.frames import Image

Run = Callable[[Image], Mapping[str, FloatArray]]


def trial_inputs(bundle: Bundle) -> list[Image]:
    """Network inputs to try a model on, (1, H, W, 3) uint8: the golden frames, and a harsh one.

    The harsh one is black and white in coarse grains: sums come out larger than in any photograph.
    A golden frame that cannot be decoded is left out; to complain of it is the golden check's work.
    """
    preprocessing = bundle.manifest.preprocessing
    inputs = []
    for frame in bundle.manifest.golden.frames:
        image = cv2.imdecode(np.frombuffer(bundle.read(frame.file), np.uint8), cv2.IMREAD_COLOR)
        if image is not None:
            transform = preprocessing.for_frame(image.shape[1], image.shape[0])
            inputs.append(transform.apply(cast(Image, image)))
    return [*inputs, _harsh(preprocessing.height, preprocessing.width)]


def agree(first: Run, second: Run, inputs: Sequence[Image]) -> bool:
    """Whether two forms of a model give the same bits on all inputs."""
    for network_input in inputs:
        outputs, others = first(network_input), second(network_input)
        if any(not np.array_equal(outputs[name], others[name]) for name in outputs):
            return False
    return True


def _harsh(height: int, width: int) -> Image:
    """(1, H, W, 3) uint8, the same on every machine."""
    grains = np.random.default_rng(0).integers(0, 2, (height // 8 + 1, width // 8 + 1), np.uint8)
    picture = (grains * 255).repeat(8, axis=0).repeat(8, axis=1)[:height, :width]
    return np.ascontiguousarray(np.broadcast_to(picture[None, :, :, None], (1, height, width, 3)))
