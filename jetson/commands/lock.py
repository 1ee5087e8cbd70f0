"""Pin the wheels that go into the packages: the newest ones that fit each system, by digest.

Examples:
  python -m jetson lock
  python -m jetson lock --target jetpack6

Writes jetson/package/locks/TARGET.txt. Commit it: every build takes exactly these wheels.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from belisha.cli.dispatch import Outcome
from jetson.commands.deb import CACHE, CHECKOUT
from jetson.package.targets import TARGETS, find_target
from jetson.package.wheels import build_own_wheel, lock, requirements


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--target", metavar="NAME", help=f"of {', '.join(TARGETS)} (default: all)")
    parser.add_argument(
        "--cache", type=Path, default=CACHE, metavar="DIR", help="where wheels are kept"
    )


def run(arguments: argparse.Namespace) -> Outcome:
    """Pin, say what."""
    targets = [find_target(arguments.target)] if arguments.target else list(TARGETS.values())
    wanted = requirements(build_own_wheel(CHECKOUT, arguments.cache / "own"))
    document = {}
    for target in targets:
        wheels = lock(target, wanted, arguments.cache)
        document[target.name] = {wheel.name: wheel.version for wheel in wheels}
        pinned = ", ".join(f"{wheel.name} {wheel.version}" for wheel in wheels)
        print(f"{target.name}: {pinned}")
    return Outcome(document)
