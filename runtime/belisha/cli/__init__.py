"""`belisha COMMAND`: the device's command line. One file a command, imported when it is called."""

from __future__ import annotations

import sys

from belisha import __version__
from belisha.cli.dispatch import Command, dispatch

DESCRIPTION = """\
Belisha finds people in the pictures of a car's small camera.

  belisha detect street.jpg --bundle my.bundle --save out/
  belisha run drive.mp4 --bundle my.bundle --save drive.webm
  belisha check my.bundle"""

COMMANDS = {
    "detect": Command("belisha.cli.detect", "find people in pictures and videos, write JSON"),
    "run": Command("belisha.cli.run", "run the loop on a source, with a latency table"),
    "bench": Command("belisha.cli.bench", "measure latency, cold start and memory here"),
    "check": Command("belisha.cli.check", "prove that a bundle works on this machine"),
    "info": Command("belisha.cli.info", "say what is in a bundle"),
}


def main() -> int:
    """Run the command that the arguments name."""
    return dispatch("belisha", DESCRIPTION, COMMANDS, sys.argv[1:], __version__)
