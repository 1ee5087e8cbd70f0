"""Render streets with people whose boxes are exactly known.

Examples:
  python -m training scenes --out data/rendered --n 500
  python -m training scenes --out data/bad --conditions night,rain --n 500 --seed 7
  python -m training scenes --out data/dirt --scenario dirty-lens --n 120
  python -m training scenes clip --out runtime/belisha/champion

A data set in COCO's form: pictures by hour, weather and glass, and for each person the whole
box, the visible one, how much is visible, the distance and a track. `--conditions` takes any of
day, low_sun, dusk, night, overcast, rain, fog, drops, dirt, reflection, or all.

`--scenario` films instead, half a second a frame, while something goes wrong: dirty-lens (little by
little), nightfall, or knocked-camera (half way).

`clip` makes the ten seconds that the wheel ships, demo.webm and demo_truth.json, always the same;
it also needs vpxenc (apt-get install -y vpx-tools).

No GPU is needed: Mesa's software OpenGL draws. On Debian or Ubuntu:
  apt-get install -y libegl1 libgl1-mesa-dri libgles2
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from belisha.cli.dispatch import Outcome
from belisha.errors import UsageError
from training.scenes.clip import write_clip
from training.scenes.dataset import Order, chosen_conditions, rendered, write_dataset
from training.scenes.scenario import SCRIPTS, Filming, filmed

_SIDES = range(64, 4097)


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
    parser.add_argument(
        "--scenario", choices=list(SCRIPTS), help="film a trouble instead; see above"
    )
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
        made: dict[str, Any] = write_clip(arguments.out)
        print(f"written: {arguments.out}: {made['frames']} frames, {made['bytes']} bytes")
    else:
        begun = time.perf_counter()
        made = _dataset(arguments)
        rate = made["pictures"] / (time.perf_counter() - begun)
        made = {**made, "pictures_per_second": round(rate, 3)}
        print(
            f"written: {arguments.out}: {made['pictures']} pictures, {made['people']} people, "
            f"{made['dont_care']} don't-care regions; {rate:.1f} pictures/s"
        )
    return Outcome({"out": str(arguments.out), **made})


def _dataset(arguments: argparse.Namespace) -> dict[str, int]:
    if arguments.n < 1:
        raise UsageError(f"expected --n of at least 1, got {arguments.n}")
    count, seed = arguments.n, arguments.seed
    width, height = _size(arguments.size)
    if arguments.scenario:
        filming = Filming(arguments.scenario, count, seed, width, height)
        return write_dataset(filmed(filming), count, arguments.out)
    order = Order(
        pictures=count,
        conditions=chosen_conditions(arguments.conditions),
        seed=seed,
        width=width,
        height=height,
        spoil=arguments.spoil,
        crowd=arguments.crowd,
    )
    return write_dataset(rendered(order), count, arguments.out)


def _size(text: str) -> tuple[int, int]:
    sides = text.split("x")
    if len(sides) == 2 and all(side.isdigit() and int(side) in _SIDES for side in sides):
        return int(sides[0]), int(sides[1])
    raise UsageError(f"expected --size such as 640x480, each side 64 to 4096, got {text!r}")
