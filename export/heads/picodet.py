"""PicoDet (Yu et al. 2021, PaddleDetection), exported without its suppression.

NanoDet's form with a fourth stride. A cell's centre is (i + 0.5) * stride; seen on PicoDet-S 416
and Penn-Fudan: AP75 is 0.905 so and 0.892 with half a pixel taken off, boxes lie 0.05 pixels
too far right so and 0.48 too far left with it.
"""

from __future__ import annotations

from export.heads import Conventions
from export.heads.binned import BinnedHead
from export.heads.nanodet import MEAN_BGR, STD_BGR

HEAD = BinnedHead(
    name="picodet",
    conventions=Conventions(
        colour="bgr",
        fit="letterbox",
        align="top_left",
        mean=MEAN_BGR,
        std=STD_BGR,
        threshold=0.4,
    ),
    strides=(8, 16, 32, 64),
)
