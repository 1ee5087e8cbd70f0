"""NanoDet (RangiLyu, the first generation, such as NanoDet-m).

A cell's centre is (i + 0.5) * stride in the continuous pixels of `belisha.boxes`, with no half
pixel taken off, as descriptions in whole pixel indices do. Seen on NanoDet-m 416: on a picture and
its mirror image half the difference of the centres is -0.06 +- 0.10 network pixels (mean and 95 %
interval, 407 people of Penn-Fudan; +0.02 +- 0.08, 317 of INRIA). Were half a pixel due, it would be
+0.5.

NanoDet-Plus joins all strides in one output and has another grid; it does not fit here.
"""

from __future__ import annotations

from export.heads import Conventions
from export.heads.binned import BinnedHead

MEAN_BGR = (103.53, 116.28, 123.675)
STD_BGR = (57.375, 57.12, 58.395)
"""The statistics of ImageNet, in bytes."""

HEAD = BinnedHead(
    name="nanodet",
    conventions=Conventions(
        colour="bgr",
        fit="letterbox",
        align="top_left",
        mean=MEAN_BGR,
        std=STD_BGR,
        threshold=0.4,
    ),
    strides=(8, 16, 32),
)
