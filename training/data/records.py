"""What is known of an image and of the people in it: the form in which data are kept.

Readers make records, the store keeps them, splits and coverage look at them; training and
evaluation see them as `training.data.coco.Sample`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in continuous pixels of the image as it is stored."""


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """A person, or a region where nobody is asked for an answer.

    Attributes:
        xyxy: the whole person, hidden parts included as far as the source draws them.
        kind: `dont_care` costs nothing in the loss and nothing in any metric.
        reason: why a region is don't care: `iscrowd`, `ignore`, `rider`, `group`, ...; else empty.
        visible_xyxy: the part that can be seen; absent if the source does not say.
        occlusion: share of the person that is hidden, 0 to 1; absent if the source does not say.
        truncated: whether the image's border cuts the person; absent if the source does not say.
        label: the source's own category.
        annotator: who drew it; empty for ground truth.
        track: identity through a sequence; empty if the source does not say.
    """

    xyxy: Box
    kind: Literal["person", "dont_care"] = "person"
    reason: str = ""
    visible_xyxy: Box | None = None
    occlusion: float | None = None
    truncated: bool | None = None
    label: str = "person"
    annotator: str = ""
    track: str = ""


@dataclass(frozen=True, kw_only=True)
class Record:
    """An image and all that is known of it.

    Attributes:
        sha256: of the image file's bytes, in hexadecimal; its address in the store.
        name: within its source, with the folder if the source has folders.
        source: the data set it came from.
        width, height: in pixels.
        sequence: the drive, city or recording; images of one sequence never part.
        time: when it was taken, as the source says; for people.
        licence: of the image.
        conditions: what is known of the scene: `light` (day, dusk, night), `weather` (clear, rain,
            fog), `glass`, `camera`, `place`, ...; given by the source or measured.
        annotations: of the image.
        annotators: who looked at the image, those who found nobody included, while their answers
            are still apart; empty once there is one truth.
    """

    sha256: str
    name: str
    source: str
    width: int
    height: int
    sequence: str = ""
    time: str = ""
    licence: str = ""
    conditions: Mapping[str, str] = field(default_factory=dict)
    annotations: tuple[Annotation, ...] = ()
    annotators: tuple[str, ...] = ()
