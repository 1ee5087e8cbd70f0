"""Render streets with people whose boxes are exactly known.

Examples:
  python -m training scenes --out data/rendered --n 500
  python -m training scenes --out data/bad --conditions night,rain --n 500 --seed 7
  python -m training scenes clip --out runtime/belisha/champion

A data set in COCO's form: pictures by hour, weather and glass, and for each person the whole box, the
visible one, how much is visible, the distance and a track. `--conditions` takes any of day, low_sun,
dusk, night, overcast, rain, fog, drops, dirt, reflection, or all.

`clip` makes the ten seconds that the wheel ships, demo.webm and demo_truth.json, always the same; it also
needs vpxenc (apt-get install -y vpx-tools).

It needs no GPU: Mesa's software OpenGL draws. On Debian or Ubuntu:
  apt-get install -y libegl1 libgl1-mesa-dri libgles2
"""

from __future__ import annotations

import argparse
from pathlib import Path

from belisha.cli.dispatch import Outcome
from belisha.errors import UsageError
from training.scenes.clip import write_clip
from training.scenes.dataset import Order, default_conditions, write_dataset


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "what", nargs="?", choices=["dataset", "clip"], default="dataset", help="(default: dataset)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to")
    parser.add_argument("--n", type=int, default=100, metavar="N", help="pictures (default: 100)")
    parser.add_argument(
        "--conditions", nargs="+", default=["all"], metavar="WORDS",
        help="hours, weathers and glasses, with commas or spaces (default: all)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of everything")
    parser.add_argument(
        "--size", default="640x480", metavar="WxH", help="of the pictures (default: 640x480)"
    )
    parser.add_argument(
        "--spoil", type=float, default=0.5, metavar="S",
        help="strength of the camera degradation that training uses, 0 to 2 (default: 0.5)",
    )  # fmt: skip
    parser.add_argument(
        "--crowd", type=float, default=1.0, metavar="C", help="people, against a dozen (default: 1)"
    )


def run(arguments: argparse.Namespace) -> Outcome:
    """Render and write."""
    if arguments.what == "clip":
        made = write_clip(arguments.out)
        print(f"written: {arguments.out}: {made['frames']} frames, {made['bytes']} bytes")
        return Outcome({"out": str(arguments.out), **made})
    if arguments.n < 1:
        raise UsageError(f"expected --n of at least 1, got {arguments.n}")
    width, height = _size(arguments.size)
    order = Order(
        pictures=arguments.n,
        conditions=default_conditions(arguments.conditions),
        seed=arguments.seed,
        width=width,
        height=height,
        spoil=arguments.spoil,
        crowd=arguments.crowd,
    )
    counts = write_dataset(order, arguments.out)
    print(
        f"written: {arguments.out}: {counts['pictures']} pictures, {counts['people']} people, "
        f"{counts['dont_care']} don't-care regions"
    )
    return Outcome({"out": str(arguments.out), **counts})


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit() and 32 <= int(width) <= 4096 and 32 <= int(height) <= 4096):
        raise UsageError(f"expected --size such as 640x480, each side 32 to 4096, got {text!r}")
    return int(width), int(height)
