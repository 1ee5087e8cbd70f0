"""`--size WxH`, as several commands take it."""

from __future__ import annotations

import argparse


def parse_size(text: str) -> tuple[int, int]:
    """`416x320` -> (416, 320).

    Raises:
        ArgumentTypeError: argparse makes a message of it.
    """
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"expected WIDTHxHEIGHT such as 416x320, got {text!r}")
    return int(width), int(height)
