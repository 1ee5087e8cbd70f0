"""Do two machines compute the same, bit by bit, at every step from picture to boxes?

Examples:
  python jetson/virtual/outputs.py pictures 120 drive.npy
  python jetson/virtual/outputs.py run drive.npy > here.jsonl
  python -m jetson compare here.jsonl device.jsonl
  python -m jetson compare here.jsonl device.jsonl --at-least 100 --json

Says for each step in how many frames both agree. Fails if one differs, if fewer frames were
compared than asked for, or if the two did not run the same bundle.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from belisha.cli.dispatch import Outcome
from belisha.errors import EXIT_OK, EXIT_SOME_FAILED, UsageError

MAX_BYTES = 64 * 1024 * 1024
_MUST_AGREE = ("bundle", "flavour")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("first", type=Path, metavar="FILE", help="of one machine")
    parser.add_argument("second", type=Path, metavar="FILE", help="of the other")
    parser.add_argument(
        "--at-least", type=int, default=100, metavar="N",
        help="frames that both must have (default: 100)",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> Outcome:
    """Compare, print a line a step."""
    (first, here), (second, there) = map(_read, (arguments.first, arguments.second))
    for key in _MUST_AGREE:
        if first.get(key) != second.get(key):
            raise UsageError(f"expected the same {key}, got {first.get(key)} and {second.get(key)}")
    frames = min(len(here), len(there))
    if frames < arguments.at_least:
        raise UsageError(
            f"expected at least {arguments.at_least} frames of both, got {len(here)} and "
            f"{len(there)}"
        )
    steps = [step for step in here[0] if step != "frame"]
    equal = {
        step: sum(one.get(step) == other.get(step) for one, other in zip(here, there, strict=False))
        for step in steps
    }
    print(f"{_words(first)} and {_words(second)}, flavour {first.get('flavour')}")
    for step in steps:
        print(f"  {step:20} equal in {equal[step]} of {frames} frames")
    people = sum(int(frame.get("people", 0)) for frame in here[:frames])
    passed = all(count == frames for count in equal.values())
    print(f"{people} people; {'bit-identical' if passed else 'DIFFERENT'}")
    document = {
        "passed": passed, "frames": frames, "equal": equal, "people": people,
        "machines": [first, second],
    }  # fmt: skip
    return Outcome(document, EXIT_OK if passed else EXIT_SOME_FAILED)


def _words(head: dict[str, Any]) -> str:
    return f"{head.get('machine')} (Python {head.get('python')})"


def _read(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The machine, and the frames."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{path}: expected at most {MAX_BYTES} bytes")
        lines = [json.loads(line) for line in path.read_text().splitlines()]
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: expected what outputs.py prints: {error}") from error
    if not lines or not all(isinstance(line, dict) for line in lines):
        raise UsageError(f"{path}: expected what outputs.py prints, got none of it")
    return lines[0], lines[1:]
