"""`python -m jetson COMMAND`: what a device is given.

python -m jetson deb --target jetpack6
python -m jetson lock --target jetpack6
"""

from __future__ import annotations

import sys

from belisha.cli.dispatch import Command, dispatch

COMMANDS = {
    "deb": Command("jetson.commands.deb", "build the package of one JetPack, on any machine"),
    "lock": Command("jetson.commands.lock", "pin the wheels that go into the packages"),
    "compare": Command("jetson.commands.compare", "do two machines compute the same, bit by bit?"),
    "trials": Command("jetson.commands.trials", "what the virtual Jetson's trials found"),
}


def main() -> int:
    """Run the command that the arguments name."""
    return dispatch("python -m jetson", __doc__ or "", COMMANDS, sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
