"""`belisha COMMAND`: the device's command line. One file a command, imported when it is called."""

from __future__ import annotations

import sys

from belisha import __version__
from belisha.cli.dispatch import Command, Group, dispatch

DESCRIPTION = """\
Belisha finds people in the pictures of a car's small camera.

  belisha demo
  belisha detect street.jpg --save out/
  belisha run drive.mp4 --save drive.webm --bundle my.bundle
  belisha check"""

COMMANDS: dict[str, Command | Group] = {
    "demo": Command("belisha.cli.demo", "the shipped detector on a shipped drive, and a page"),
    "detect": Command("belisha.cli.detect", "find people in pictures and videos, write JSON"),
    "run": Command("belisha.cli.run", "run the loop on a source, or as the service in the car"),
    "bench": Command("belisha.cli.bench", "measure latency, cold start and memory here"),
    "check": Command("belisha.cli.check", "prove that a bundle works on this machine"),
    "doctor": Command("belisha.cli.doctor", "what is wrong with this device, and what to do"),
    "info": Command("belisha.cli.info", "say what is in a bundle, and which engines work here"),
    "engine": Group(
        {
            "build": Command("belisha.cli.engine.build", "build a bundle's engine for this GPU"),
            "list": Command("belisha.cli.engine.list", "which engines are there"),
            "clean": Command("belisha.cli.engine.clean", "delete those that fit no more"),
            "verify": Command("belisha.cli.engine.verify", "prove TensorRT on this machine"),
        },
        "engines that are built on the device (TensorRT)",
    ),
    "log": Group(
        {
            "verify": Command("belisha.cli.log.verify", "tell whether a log was changed"),
            "export": Command("belisha.cli.log.export", "write its entries as JSON lines or CSV"),
            "stats": Command("belisha.cli.log.stats", "add it up, as tables and as a page"),
        },
        "the activity log: is it whole, what is in it, what does it add up to",
    ),
    "setup": Command("belisha.cli.setup", "set crop, height and horizon on the live picture"),
    "rules": Group(
        {
            "check": Command("belisha.cli.rules.check", "prove that every rule can apply"),
            "why": Command("belisha.cli.rules.why", "what is decided for some signals, and why"),
        },
        "which bundle runs when, where and for whom",
    ),
}


def main() -> int:
    """Run the command that the arguments name."""
    return dispatch("belisha", DESCRIPTION, COMMANDS, sys.argv[1:], __version__)
